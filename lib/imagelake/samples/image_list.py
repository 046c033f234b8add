"""Rows of the image list: address, author, licence, size and checksum of each image."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from .encoders import EncodedImage
from .plan import ImagePlan
from .raw_files import RawRow

IMAGE_COLUMNS = (
    "ImageID", "Subset", "OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL", "Author", "Title",
    "OriginalSize", "OriginalMD5", "Thumbnail300KURL", "Rotation",
)  # fmt: skip

_LICENSE = "https://creativecommons.org/licenses/by/2.0/"
_SITE = "https://photos.example.org"
_AUTHORS = ("Ana Souza", "Jürgen Groß", "Keiko Mori", "O'Brien, Pat", "李小龍", "")
# Titles have commas, quotes, a backslash before a quote, or are empty.
_TITLES = ("{} at noon", '"{}", my favourite', "{}, {} and again {}", "the {} \\", "¿{}?", "", "_MG_4711", "{} \\")


def image_rows(plan: ImagePlan, stored: EncodedImage | None) -> Iterator[RawRow]:
    """The image list's rows of an image: its own, and once a block two that must be rejected."""
    if not plan.listed:
        return
    row = _row(plan, stored)
    yield row
    if plan.first_of_block:
        yield RawRow(row.cells, "duplicate_image_id")
        yield RawRow(("", *row.cells[1:]), "missing_image_id")


def _row(plan: ImagePlan, stored: EncodedImage | None) -> RawRow:
    dice = plan.dice("list")
    author = _AUTHORS[int(dice.integers(len(_AUTHORS)))]
    title = _TITLES[int(dice.integers(len(_TITLES)))].replace("{}", plan.given.lower())
    # A file that was never fetched has the size and checksum that its owner's site reported.
    size = len(stored.data) if stored else int(dice.integers(20_000, 900_000))
    digest = hashlib.md5(stored.data if stored else plan.image_id.encode(), usedforsecurity=False).digest()
    number = int(plan.image_id[:8], 16)
    thumbnail = f"{_SITE}/{number}_z.jpg" if dice.random() < 0.9 else ""
    rotation = "0.0" if dice.random() < 0.7 else ""
    return RawRow(
        (
            plan.image_id, plan.split, f"{_SITE}/{number}_o.jpg", f"{_SITE}/photo/{number}", _LICENSE,
            f"{_SITE}/people/{number % 97}/", author, title, str(size), base64.b64encode(digest).decode(),
            thumbnail, rotation,
        )
    )  # fmt: skip
