"""The SHA-256 of an image's bytes: they are compared with it wherever something is built on them."""

from __future__ import annotations

import hashlib

from imagelake.vision.errors import ImageError


def sha256_of(content: bytes | None) -> str | None:
    """64 hexadecimal digits; None where there are no bytes."""
    return None if content is None else hashlib.sha256(content).hexdigest()


def require_unaltered(found: str | None, expected: str | None) -> None:
    """Compare a checksum with the one of the bytes that were ingested.

    Args:
        found: of the bytes as they are.
        expected: of the bytes as they were; None where nobody knows.

    Raises:
        ImageError: altered.
    """
    if expected is not None and found != expected:
        raise ImageError("altered", f"the SHA-256 of the bytes is {found}, of those that were ingested {expected}")
