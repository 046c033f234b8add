"""Why an image could not be used: the one error that this package raises about an image's bytes."""

from typing import Literal, get_args

Reason = Literal[
    "empty",  # no bytes at all, or null
    "not_an_image",  # the first bytes belong to no image format that Pillow knows
    "unsupported_format",  # an image of a format that is not allowed
    "truncated",  # ends before its last pixel
    "too_many_pixels",  # the header has more pixels than the limit
    "too_many_bytes",  # the file is longer than the limit
    "too_many_scans",  # a JPEG whose repeated scans would take a decoder minutes
    "timeout",  # decoding took longer than the limit
    "decode_error",  # any other error of a decoder
    "altered",  # has other bytes in the lake than those that were ingested, by their SHA-256
]
REASONS: tuple[Reason, ...] = get_args(Reason)
TRANSIENT: tuple[Reason, ...] = ("timeout", "altered")
"""Reasons that the next attempt may not meet."""

_DETAIL_CHARACTERS = 200


class ImageError(Exception):
    """An image that cannot be used, with a reason to count by and a detail as text.

    Attributes:
        reason: one of `REASONS`.
        detail: one line of at most 200 characters, the same on every run.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        # Text from a hostile file may have line breaks and control characters, which must not reach tables and logs.
        line = " ".join("".join(c if c.isprintable() else " " for c in detail).split())[:_DETAIL_CHARACTERS]
        super().__init__(reason, line)
        self.reason: Reason = reason
        self.detail = line

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"
