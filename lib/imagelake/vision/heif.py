"""HEIC, the format of telephones, for Pillow, which has no decoder of its own for it."""

import functools

import pillow_heif


@functools.cache
def register_heif() -> None:
    """Let Pillow open HEIF files; its decoder is loaded once a process."""
    pillow_heif.register_heif_opener(thumbnails=False)
