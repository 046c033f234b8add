"""Memory of photos goes back to the system when they have been decoded."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
_THRESHOLD_BYTES = 1_000_000


def give_back_large_blocks() -> None:
    """Let glibc map large blocks alone, which are unmapped when they are freed.

    By itself it raises the threshold to 32 MB as blocks are freed, then has Pillow's 16 MB in its heaps, and
    three photos of 40 megapixels leave a server with 1 GB. Other C libraries are left as they are.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    set_option(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
