"""Files with an image's name that cannot be decoded: broken, of another format, or hostile."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from .encoders import encode_jpeg


@dataclass(frozen=True, slots=True)
class Damage:
    """One type of damage.

    Attributes:
        type: its name in the planted facts.
        extension: of the file.
        spoil: makes the bytes from the intact picture and a unique text.
        partly_decodable: a decoder with relaxed settings gets some or all of the picture.
    """

    type: str
    extension: str
    spoil: Callable[[Image.Image, str], bytes]
    partly_decodable: bool = False


def _truncated_jpeg(picture: Image.Image, _mark: str) -> bytes:
    data = encode_jpeg(picture, 85).data
    return data[: int(len(data) * 0.6)]


def _truncated_png(picture: Image.Image, _mark: str) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    data = buffer.getvalue()
    return data[: len(data) // 2]


def _garbage(_picture: Image.Image, mark: str) -> bytes:
    return np.random.default_rng(list(mark.encode())).bytes(2048)


def _empty(_picture: Image.Image, _mark: str) -> bytes:
    return b""


def _html(_picture: Image.Image, mark: str) -> bytes:
    body = f"<head><title>404 Not Found</title></head><body><p>No photo {mark} here.</p></body>"
    return f"<!DOCTYPE html><html>{body}</html>\n".encode()


def _svg(_picture: Image.Image, mark: str) -> bytes:
    shape = '<circle cx="50" cy="50" r="40"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><title>{mark}</title>{shape}</svg>\n'.encode()
    )


def _eps(_picture: Image.Image, mark: str) -> bytes:
    """PostScript is a program: a decoder that accepts it may run it, unless the formats it may open are listed."""
    head = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%Title: {mark}\n%%EndComments\n"
    return (head + "newpath 10 10 moveto 90 90 lineto stroke\nshowpage\n%%EOF\n").encode()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _png_file(size: tuple[int, int], text: bytes, pixels: bytes) -> bytes:
    """An RGB PNG with a compressed text chunk ahead of its pixels."""
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    comment = b"Comment\x00\x00" + zlib.compress(text)
    chunks = ((b"IHDR", header), (b"zTXt", comment), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _pixel_bomb(_picture: Image.Image, mark: str) -> bytes:
    """A few bytes that claim 30,000 x 30,000 pixels, 2.7 GB once decoded."""
    return _png_file((30_000, 30_000), mark.encode(), bytes(64))


def _text_bomb(picture: Image.Image, mark: str) -> bytes:
    """A small picture behind a comment that grows to 4 MB when it is unpacked."""
    small = np.asarray(picture.resize((64, 48)), dtype=np.uint8)
    rows = np.concatenate(
        [np.zeros((48, 1), np.uint8), small.reshape(48, -1)], axis=1
    )  # each row starts with its filter: none
    return _png_file((64, 48), mark.encode() + b" " * 4_000_000, rows.tobytes())


DAMAGES: tuple[Damage, ...] = (
    Damage("truncated_jpeg", "jpg", _truncated_jpeg, partly_decodable=True),
    Damage("html", "jpg", _html),
    Damage("pixel_bomb", "png", _pixel_bomb),
    Damage("empty", "jpg", _empty),
    Damage("truncated_png", "png", _truncated_png, partly_decodable=True),
    Damage("garbage", "jpg", _garbage),
    Damage("text_bomb", "png", _text_bomb, partly_decodable=True),
    Damage("svg", "jpg", _svg),
    Damage("eps", "jpg", _eps),
)
