"""The opening of images: limits are checked before pixels are decoded, and every failure is an `ImageError`."""

import ctypes
import functools
import io
import logging
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError, _imaging

from imagelake.vision.errors import ImageError
from imagelake.vision.heif import register_heif
from imagelake.vision.jpeg import JPEG_FORMATS, count_scans
from imagelake.vision.limits import Limits
from imagelake.vision.truncation import is_cut_short

# A camera writes 1 scan, a progressive encoder about 10, 18 for four colours. Each scan visits every pixel again for
# a few bytes, which no time limit sees: 64 kB of repeated scans over 16 million pixels keep a decoder busy for 1.4 s.
# So scans times pixels may cost no more than a progressive JPEG of the largest size allowed.
_MAX_JPEG_SCANS = 100
_SCANS_AT_MAX_PIXELS = 20
# JPEG's own limit. Resizing needs 16 bytes a pixel of the longer side: 1.6 GB for a line of 100 million pixels.
_MAX_SIDE = 65_535
_PILLOW = r"PIL\."
_PILLOW_WARNINGS = ("ignore", None, Warning, re.compile(_PILLOW), 0)
_TRUNCATED = ("truncated", "not enough image data", "reached eof", "unexpected end")


@contextmanager
def opened(content: bytes | None, limits: Limits) -> Iterator[Image.Image]:
    """Opens an image, header read and pixels not yet; errors in the body of the `with` are translated as well.

    Args:
        content: the file's bytes; None counts as empty.
        limits: what the image may cost.

    Yields:
        Pillow's lazy image, valid inside the `with` only.

    Raises:
        ImageError: for whatever is wrong with the image; nothing else.
    """
    hush_pillow()
    register_heif()
    data = _checked_bytes(content, limits)
    image: Image.Image | None = None
    try:
        with Image.open(_TimedBytes(data, limits.timeout_s), formats=limits.formats) as image:
            _check_cost(image, data, limits)
            yield image
    except ImageError:
        raise
    except Exception as error:  # a damaged file can make a decoder raise anything at all
        if is_cut_short(data, image):
            raise ImageError("truncated", f"the file ends before its data; {error}") from error
        raise _translated(error, data, limits) from error


def hush_pillow() -> None:
    """Turns off the messages of Pillow and libtiff about damaged files; errors are raised as `ImageError`.

    The filter is global, and moved to the front again when another was added: `catch_warnings` for each image is not
    thread-safe.
    """
    _hush_once()
    if warnings.filters[:1] != [_PILLOW_WARNINGS]:
        warnings.filterwarnings("ignore", module=_PILLOW)


@functools.cache
def _hush_once() -> None:
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    try:
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)
    except (AttributeError, OSError):
        return  # a Pillow that hides libtiff's symbols: its messages stay, nothing else changes


class _TimedBytes(io.BytesIO):
    """A file in memory that raises when read after a time limit; decoders read in small pieces."""

    def __init__(self, content: bytes, timeout_s: float) -> None:
        super().__init__(content)
        self._timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self._end:
            raise ImageError("timeout", f"not decoded within {self._timeout_s} s")
        return super().read(size)


def _checked_bytes(content: bytes | None, limits: Limits) -> bytes:
    if not content:
        raise ImageError("empty", "no bytes")
    if len(content) > limits.max_bytes:
        raise ImageError("too_many_bytes", f"{len(content)} bytes, the limit is {limits.max_bytes}")
    return content


def _check_cost(image: Image.Image, content: bytes, limits: Limits) -> None:
    size = f"{image.width} x {image.height} pixels"
    if image.width * image.height > limits.max_pixels:
        raise ImageError("too_many_pixels", f"{size}, the limit is {limits.max_pixels}")
    if max(image.size) > _MAX_SIDE:
        raise ImageError("too_many_pixels", f"{size}, the limit of a side is {_MAX_SIDE}")
    if image.format in JPEG_FORMATS:
        most = min(_MAX_JPEG_SCANS, _SCANS_AT_MAX_PIXELS * limits.max_pixels // max(1, image.width * image.height))
        if (scans := count_scans(content)) > most:
            raise ImageError("too_many_scans", f"JPEG of {size} with {scans} scans, the limit is {most}")


def _translated(error: Exception, content: bytes, limits: Limits) -> ImageError:
    if isinstance(error, UnidentifiedImageError):
        return _unidentified(content, limits)
    if isinstance(error, Image.DecompressionBombError):
        return ImageError("too_many_pixels", str(error))
    if isinstance(error, EOFError) or any(phrase in str(error).lower() for phrase in _TRUNCATED):
        return ImageError("truncated", str(error))
    return ImageError("decode_error", f"{type(error).__name__}: {error}")


def _unidentified(content: bytes, limits: Limits) -> ImageError:
    allowed = ", ".join(limits.formats)
    if content[4:8] == b"ftyp":
        return ImageError(
            "unsupported_format", f"an ISO media file of the brand {content[8:12]!r}; allowed are {allowed}"
        )
    Image.init()
    likely = [name for name, (_, accept) in Image.OPEN.items() if accept and _accepts(accept, content[:16])]
    for name in likely:
        if name in limits.formats:
            return ImageError("decode_error", f"starts like {name}, but its header cannot be read")
    if likely:
        return ImageError("unsupported_format", f"starts like {likely[0]}; allowed are {allowed}")
    return ImageError("not_an_image", f"first bytes {content[:8]!r}")


def _accepts(accept: object, prefix: bytes) -> bool:
    try:
        return callable(accept) and accept(prefix) is True
    except Exception:  # some of Pillow's checks count on a longer prefix
        return False
