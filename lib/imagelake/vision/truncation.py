"""The detection of truncated files, for formats whose decoders do not report them."""

import struct

from PIL import ExifTags, Image, TiffImagePlugin

_RIFF_HEADER_BYTES = 8
_BOX_HEADER_BYTES = 16  # of a long box
_LONG_BOX = 1
_TIFF_BYTE_ORDER = {b"II*\x00": "<", b"MM\x00*": ">"}


def is_cut_short(content: bytes, image: Image.Image | None) -> bool:
    """Whether a WebP, TIFF, HEIC or AVIF file is shorter than its header says; False for other formats.

    Sources: the RIFF container of WebP (RFC 9649, 2.4) announces its length; TIFF 6.0 announces the offset of its
    directory, and the offset and length of each strip or tile; an ISO media file is a row of boxes of known lengths.

    Args:
        content: the file's bytes.
        image: the file as Pillow opened it; None where it could not.
    """
    if len(content) < _RIFF_HEADER_BYTES:
        return False
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        (announced,) = struct.unpack_from("<I", content, 4)
        return int(announced) + _RIFF_HEADER_BYTES > len(content)
    if content[:4] in _TIFF_BYTE_ORDER:
        (directory,) = struct.unpack_from(f"{_TIFF_BYTE_ORDER[content[:4]]}I", content, 4)
        return max(int(directory) + 1, _end_of_strips(image)) > len(content)
    return content[4:8] == b"ftyp" and _end_of_boxes(content) > len(content)


def _end_of_boxes(content: bytes) -> int:
    """The byte behind the last box of an ISO media file, as far as boxes can be followed (ISO/IEC 14496-12, 4.2)."""
    end = 0
    while end + _BOX_HEADER_BYTES <= len(content):
        (size,) = struct.unpack_from(">I", content, end)
        if size == _LONG_BOX:
            (size,) = struct.unpack_from(">Q", content, end + 8)
        if size < _BOX_HEADER_BYTES:  # 0: the box goes on to the end of the file
            return len(content)
        end += int(size)
    return end


def _end_of_strips(image: Image.Image | None) -> int:
    """The byte behind the last strip or tile of a TIFF; 0 where it names none."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    base = ExifTags.Base
    for offsets, lengths in ((base.StripOffsets, base.StripByteCounts), (base.TileOffsets, base.TileByteCounts)):
        starts, counts = (_numbers(image.tag_v2.get(tag)) for tag in (offsets, lengths))
        if starts and counts:
            return max(start + count for start, count in zip(starts, counts, strict=False))
    return 0


def _numbers(value: object) -> tuple[int, ...]:
    values = value if isinstance(value, tuple) else (value,)
    return tuple(number for number in values if isinstance(number, int))
