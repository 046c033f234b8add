"""JPEG checks that Pillow lacks: the number of scans, and whether all pixels are there."""

import re
import struct

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from PIL import Image

JPEG_FORMATS = frozenset({"JPEG", "MPO"})  # Pillow's names; an MPO holds several JPEGs
_SOS, _EOI = 0xDA, 0xD9
# Within the data of a scan 0xFF stands before 0x00 (a data byte of 0xFF), a restart marker or another 0xFF (a filler).
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, the restart markers, the start of the image
# libjpeg gives blocks without data the middle level; an inverted CMYK has 127 there.
_MIDDLE_LEVELS = frozenset({127, 128})
_ENDS_EARLY = "premature end of data"


def count_scans(content: bytes) -> int:
    """The scans of the first image of a JPEG file; data after its end, such as a film, does not count.

    Source: ITU-T T.81, B.1.1: a segment is 0xFF, its marker, and a length of 2 bytes that counts itself.
    """
    scans, position = 0, 2
    while found := _NEXT_MARKER.search(content, position):
        marker, position = content[found.end() - 1], found.end()
        if marker == _EOI:
            break
        if marker in _WITHOUT_LENGTH:
            continue
        scans += marker == _SOS
        if position + 2 > len(content):
            break
        position += struct.unpack_from(">H", content, position)[0]
    return scans


def ends_early(image: Image.Image, content: bytes) -> bool:
    """Whether a decoded JPEG's header claims more pixels than its data holds.

    libjpeg fills what is missing with the middle grey, without an error that Pillow passes on. Few whole images end in
    exactly that grey; only those are decoded again, at an eighth of their size, by a strict decoder.

    Args:
        image: decoded, as stored.
        content: its file.
    """
    corner = np.asarray(image.getpixel((image.width - 1, image.height - 1)))
    if not np.isin(corner, list(_MIDDLE_LEVELS)).all():
        return False
    space = "CMYK" if image.mode == "CMYK" else "GRAY"
    try:
        simplejpeg.decode_jpeg(content, space, fastdct=True, min_height=1, min_width=1, min_factor=1, strict=True)
    except ValueError as error:
        return _ENDS_EARLY in str(error)
    return False
