"""Image headers, read without decoding pixels."""

import struct
from dataclasses import dataclass

from PIL import ExifTags, Image, TiffImagePlugin

from imagelake.vision.limits import Limits
from imagelake.vision.opening import opened


@dataclass(frozen=True)
class ImageHeader:
    """The header of one image.

    Attributes:
        width: pixels, as stored: before the EXIF orientation is applied.
        height: pixels, as stored.
        format: Pillow's name; a JPEG that holds several pictures is MPO.
        mode: Pillow's name of the stored pixel type, such as RGB, L, P, CMYK or I;16.
        exif_orientation: 1 to 8 as EXIF defines them; 1 where absent, unreadable or out of range.
    """

    width: int
    height: int
    format: str
    mode: str
    exif_orientation: int

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height as displayed: orientations 5 to 8 lie on their side."""
        return (self.height, self.width) if self.exif_orientation >= 5 else (self.width, self.height)


def read_header(content: bytes | None, limits: Limits) -> ImageHeader:
    """Reads the header of an image file.

    Args:
        content: the file's bytes; None counts as empty.
        limits: what the image may cost; its pixel limit holds here already.

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    with opened(content, limits) as image:
        width, height = _stored_size(image)
        return ImageHeader(width, height, image.format or "", image.mode, stored_orientation(image, content or b""))


def stored_orientation(image: Image.Image, content: bytes) -> int:
    """The EXIF orientation of an opened image whose pixels are not loaded yet, 1 to 8; 1 where there is none."""
    if image.format == "PNG" and "exif" not in image.info and (late := _exif_behind_pixels(content)):
        image.info["exif"] = late
    try:
        # The method of PngImageFile would decode the whole image to find EXIF after the pixels.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except Exception:  # bad metadata must not reject an image, and can raise anything
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _stored_size(image: Image.Image) -> tuple[int, int]:
    if isinstance(image, TiffImagePlugin.TiffImageFile):  # the one decoder that gives the upright size
        tags = image.tag_v2
        return tags[ExifTags.Base.ImageWidth], tags[ExifTags.Base.ImageLength]
    return image.size


def _exif_behind_pixels(content: bytes) -> bytes | None:
    """The EXIF chunk of a PNG, at any position: 4 bytes of length, 4 of type, the data, 4 of checksum."""
    start = 8
    while start + 8 <= len(content):
        length, chunk_type = struct.unpack_from(">I4s", content, start)
        if chunk_type == b"eXIf":
            return content[start + 8 : start + 8 + length]
        start += 12 + length
    return None
