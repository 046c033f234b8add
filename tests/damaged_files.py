"""Files with a photo's name that are damaged, foreign or hostile: of each type as many as are wanted, all different."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from imagelake.samples.damage import DAMAGES
from imagelake.vision.errors import Reason
from imagelake.vision.limits import Limits

LIMITS = Limits(max_pixels=2_000_000, max_bytes=12_000_000, timeout_s=0.5)
"""With which each of the types has the reason that it is listed with."""


class DamageType(NamedTuple):
    """One type of damage.

    Attributes:
        name: of the type, for messages.
        extension: of its files.
        reason: why the file cannot be used.
        make: the bytes of the file of a number.
        costly: whether a file takes megabytes or tenths of a second, so that a few are enough.
    """

    name: str
    extension: str
    reason: Reason
    make: Callable[[int], bytes]
    costly: bool = False


def picture(number: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A picture of smooth random colours, another for each number."""
    coarse = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    """An image as a file's bytes."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def repeated_scans(side: int, times: int, grey: int = 128) -> bytes:
    """A grey progressive JPEG whose last scan is repeated: every repetition visits every pixel for a few bytes."""
    content = encoded(Image.new("L", (side, side), grey), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * times + content[-2:]


def claiming(content: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header claims another size: the frame marker, its length, 8 bits, height, width."""
    (frame,) = (match.start() for match in re.finditer(rb"\xff[\xc0-\xc2]\x00.\x08", content, re.DOTALL))
    return content[: frame + 5] + struct.pack(">HH", height, width) + content[frame + 9 :]


def slow(number: int, side: int = 1400) -> bytes:
    """A plain-text image, which takes its decoder seconds."""
    return b"P3 # %d\n%d %d 255\n" % (number, side, side) + b"9 " * (3 * side * side)


def cut(file_format: str, **options: object) -> Callable[[int], bytes]:
    """Files that end in the middle."""

    def make(number: int) -> bytes:
        content = encoded(picture(number), file_format, **options)
        return content[: len(content) // 2]

    return make


def marked(content: bytes) -> Callable[[int], bytes]:
    """Files that differ behind some bytes."""
    return lambda number: content + b" %d" % number


def _sample_damage(type_: str) -> Callable[[int], bytes]:
    (damage,) = (one for one in DAMAGES if one.type == type_)
    return lambda number: damage.spoil(picture(number), str(number))


def _changed_pixels(number: int) -> bytes:
    """A PNG in whose compressed pixels bytes are others, so that neither they nor their checksum are right."""
    content = bytearray(encoded(picture(number), "PNG"))
    at = content.index(b"IDAT") + 40
    content[at : at + 8] = bytes(byte ^ 0x5A for byte in content[at : at + 8])
    return bytes(content)


def _wrong_checksum(number: int) -> bytes:
    """A PNG whose header does not have the checksum that stands behind it."""
    content = bytearray(encoded(picture(number), "PNG"))
    content[29] ^= 0xFF
    return bytes(content)


def _no_tables(number: int) -> bytes:
    """A JPEG whose tables of quantisation are comments."""
    return encoded(picture(number), "JPEG").replace(b"\xff\xdb", b"\xff\xfe")


def _large(number: int) -> bytes:
    """A JPEG with so much behind it that the file is above the limit."""
    return encoded(picture(number), "JPEG") + bytes(LIMITS.max_bytes)


def _archive(number: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("photo.jpg", encoded(picture(number), "JPEG"))
    return file.getvalue()


def _film(number: int) -> bytes:
    return struct.pack(">I4s4s", 20, b"ftyp", b"isom") + struct.pack(">Q", number) + zlib.compress(bytes(500))


DAMAGE_TYPES = (
    DamageType("JPEG cut off", "jpg", "truncated", cut("JPEG")),
    DamageType("progressive JPEG cut off", "jpg", "truncated", cut("JPEG", progressive=True)),
    DamageType("PNG cut off", "png", "truncated", cut("PNG")),
    DamageType("WebP cut off", "webp", "truncated", cut("WEBP")),
    DamageType("TIFF cut off", "tif", "truncated", cut("TIFF")),
    DamageType("GIF cut off", "gif", "truncated", cut("GIF")),
    DamageType("BMP cut off", "bmp", "truncated", cut("BMP")),
    DamageType(
        "JPEG that claims more pixels than it has",
        "jpg",
        "truncated",
        lambda number: claiming(encoded(picture(number), "JPEG"), 160, 1200),
    ),
    DamageType("no bytes", "jpg", "empty", lambda _: b""),
    DamageType("zeros", "jpg", "not_an_image", lambda number: bytes(1000 + number)),
    DamageType("random bytes", "jpg", "not_an_image", _sample_damage("garbage")),
    DamageType("a page of a server", "jpg", "not_an_image", _sample_damage("html")),
    DamageType("SVG", "jpg", "not_an_image", _sample_damage("svg")),
    DamageType("a ZIP archive", "jpg", "not_an_image", _archive),
    DamageType("PDF", "jpg", "not_an_image", marked(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%")),
    DamageType("PostScript", "jpg", "unsupported_format", _sample_damage("eps")),
    DamageType("a film", "jpg", "unsupported_format", _film),
    DamageType("an icon", "jpg", "unsupported_format", lambda number: encoded(picture(number, (32, 32)), "ICO")),
    DamageType("30,000 x 30,000 pixels in some bytes", "png", "too_many_pixels", _sample_damage("pixel_bomb")),
    DamageType("a file above the limit", "jpg", "too_many_bytes", _large, costly=True),
    DamageType(
        "JPEG of 500 scans",
        "jpg",
        "too_many_scans",
        lambda number: repeated_scans(300 + number % 200, 500, number // 200 % 256),
    ),
    DamageType("a comment that unpacks to megabytes", "png", "decode_error", _sample_damage("text_bomb")),
    DamageType("PNG with other bytes in its pixels", "png", "decode_error", _changed_pixels),
    DamageType("PNG with a wrong checksum", "png", "decode_error", _wrong_checksum),
    DamageType("JPEG without tables", "jpg", "decode_error", _no_tables),
    DamageType("a file that takes its decoder seconds", "ppm", "timeout", slow, costly=True),
)
