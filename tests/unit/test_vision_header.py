"""Headers: what is read without decoding, and what an image may cost."""

import pickle
import struct
import time
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from damaged_files import encoded
from imagelake.errors import ImageLakeError
from imagelake.vision.decode import decode
from imagelake.vision.errors import REASONS, ImageError
from imagelake.vision.header import ImageHeader, read_header
from imagelake.vision.heif import register_heif
from imagelake.vision.limits import DEFAULT_FORMATS, Limits

ORIENTATION = 0x0112


def exif(orientation: int) -> Image.Exif:
    """EXIF data with nothing but an orientation."""
    data = Image.Exif()
    data[ORIENTATION] = orientation
    return data


def chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def reason_of(content: bytes | None, limits: Limits | None = None) -> str:
    """Why a header cannot be read."""
    with pytest.raises(ImageError) as caught:
        read_header(content, limits or Limits())
    return caught.value.reason


@pytest.mark.parametrize(
    ("file_format", "mode"),
    [("JPEG", "RGB"), ("PNG", "LA"), ("WEBP", "RGB"), ("GIF", "P"), ("BMP", "RGB"), ("TIFF", "CMYK"), ("PPM", "L")],
)
def test_every_default_format_tells_its_size_and_mode(file_format: str, mode: str) -> None:
    """The header of each default format gives width, height, format and mode as they were written."""
    content = encoded(Image.new(mode, (31, 17)), file_format)
    assert read_header(content, Limits()) == ImageHeader(31, 17, file_format, mode, 1)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_sizes_are_as_stored_and_orientation_is_apart(file_format: str, orientation: int) -> None:
    """Width and height are those before the orientation is applied, in every format that has one."""
    content = encoded(Image.new("RGB", (31, 17)), file_format, exif=exif(orientation))
    header = read_header(content, Limits())
    assert (header.width, header.height, header.exif_orientation) == (31, 17, orientation)
    assert header.upright_size == ((17, 31) if orientation >= 5 else (31, 17))


@pytest.mark.parametrize("orientation", [0, 9, 200, 65535])
def test_an_orientation_outside_exif_counts_as_none(orientation: int) -> None:
    """An EXIF orientation that the standard does not define is read as 1."""
    assert (
        read_header(encoded(Image.new("RGB", (4, 4)), "JPEG", exif=exif(orientation)), Limits()).exif_orientation == 1
    )


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage!",
        b"MM\x00*\xff\xff\xff\xff",
        b"II*\x00" + b"\xff" * 64,
        b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x02\x00\x00\x00\x04six\x00\x00\x00\x00\x00",
    ],
    ids=["nothing", "no header", "far offset", "many tags", "text for a number"],
)
def test_unreadable_exif_is_no_reason_to_lose_an_image(file_format: str, data: bytes) -> None:
    """Metadata that cannot be parsed leaves a readable header with orientation 1, in every format that holds EXIF."""
    content = encoded(Image.new("RGB", (4, 4)), file_format, exif=b"Exif\x00\x00" + data)
    assert read_header(content, Limits()).exif_orientation == 1


def test_a_header_is_read_without_its_pixels() -> None:
    """The header of a large PNG takes a small part of the time that its pixels would."""
    content = encoded(Image.effect_noise((2000, 2000), 50))
    assert min(seconds(read_header, content) for _ in range(5)) < 0.2 * seconds(decode, content)


def seconds(work: Callable[[bytes, Limits], object], content: bytes) -> float:
    """How long it takes to do something with a file."""
    start = time.perf_counter()
    work(content, Limits())
    return time.perf_counter() - start


def test_png_exif_behind_the_pixels_is_found_without_decoding_them() -> None:
    """An EXIF chunk after the pixel data counts, and a broken pixel stream before it does not matter to the header."""
    whole = encoded(Image.new("RGB", (31, 17)))
    before, end = whole[: whole.index(b"IDAT") - 4], whole[-12:]
    late = before + chunk(b"IDAT", b"no zlib stream") + chunk(b"eXIf", exif(6).tobytes()[6:]) + end
    assert read_header(late, Limits()).exif_orientation == 6


@pytest.mark.parametrize("content", [None, b""])
def test_nothing_is_empty(content: bytes | None) -> None:
    """Null and no bytes at all are the reason empty."""
    assert reason_of(content) == "empty"


@pytest.mark.parametrize("content", [b"x", b"<html>404 Not Found</html>", b"\x00" * 100, "Bär".encode(), b"\xff" * 9])
def test_other_bytes_are_not_an_image(content: bytes) -> None:
    """Bytes that no image format starts with are the reason not_an_image."""
    assert reason_of(content) == "not_an_image"


@pytest.mark.parametrize("file_format", ["ICO", "TGA", "JPEG2000", "PCX", "SGI"])
def test_a_format_that_was_not_asked_for_is_not_opened(file_format: str) -> None:
    """Formats outside the default are refused for what they are."""
    assert reason_of(encoded(Image.new("RGB", (32, 32)), file_format)) == "unsupported_format"


def test_a_film_is_named_as_unsupported() -> None:
    """A film in the container that HEIC shares is an unsupported format rather than no image."""
    assert reason_of(b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42" + bytes(16)) == "unsupported_format"


@pytest.mark.parametrize("file_format", ["AVIF", "HEIF"])
def test_what_telephones_make_is_refused_only_where_it_is_not_asked_for(file_format: str) -> None:
    """HEIC and AVIF open by default, and are an unsupported format for those who ask for JPEG alone."""
    register_heif()
    content = encoded(Image.new("RGB", (32, 32)), file_format)
    assert read_header(content, Limits()).format == file_format
    assert reason_of(content, Limits(formats=("JPEG",))) == "unsupported_format"


def test_only_the_formats_asked_for_are_opened() -> None:
    """A PNG is refused when only JPEG was asked for, and opened when PNG was."""
    content = encoded(Image.new("RGB", (4, 4)))
    assert reason_of(content, Limits(formats=("JPEG",))) == "unsupported_format"
    assert read_header(content, Limits(formats=("PNG",))).format == "PNG"


def test_a_broken_header_is_told_from_no_image() -> None:
    """A file that starts like a JPEG and ends there is a decode error."""
    assert reason_of(encoded(Image.new("RGB", (64, 64)), "JPEG")[:20]) == "decode_error"


@pytest.mark.parametrize(("max_pixels", "accepted"), [(31 * 17, True), (31 * 17 - 1, False)])
def test_the_pixel_limit_is_inclusive(max_pixels: int, accepted: bool) -> None:
    """An image of exactly the limit is read, of one pixel more is refused."""
    content, limits = encoded(Image.new("RGB", (31, 17))), Limits(max_pixels=max_pixels)
    assert (read_header(content, limits).width if accepted else reason_of(content, limits)) in {31, "too_many_pixels"}


def test_the_byte_limit_is_inclusive() -> None:
    """A file of exactly the limit is read, of one byte more is refused."""
    content = encoded(Image.new("RGB", (31, 17)))
    assert read_header(content, Limits(max_bytes=len(content))).width == 31
    assert reason_of(content, Limits(max_bytes=len(content) - 1)) == "too_many_bytes"


@pytest.mark.parametrize("side", [10_500, 14_000, 60_000, 2**31 - 1])
def test_a_header_that_promises_too_much_is_refused(side: int) -> None:
    """PNG headers of 110 million to 4 trillion pixels are refused alike, below and above Pillow's own limits."""
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    assert reason_of(content + chunk(b"IDAT", zlib.compress(b"\x00"))) == "too_many_pixels"


def test_a_line_of_pixels_is_refused() -> None:
    """A side longer than any JPEG can have is refused even where the pixels are few."""
    assert reason_of(encoded(Image.new("1", (65_536, 1)))) == "too_many_pixels"
    assert read_header(encoded(Image.new("1", (65_535, 1))), Limits()).width == 65_535


def test_every_reason_is_documented_once() -> None:
    """The reasons that rows may carry are distinct, and the error survives the journey between processes."""
    assert len(set(REASONS)) == len(REASONS)
    error = ImageError("truncated", "line\nbreak \x00 and tab\t" + "x" * 500)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.reason, copy.detail) == (error.reason, error.detail)
    assert copy.detail.startswith("line break and tab x")
    assert len(copy.detail) == 200


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"max_pixels": 0}, "max_pixels = 0"),
        ({"max_pixels": 10**9}, "1000000000"),
        ({"max_bytes": -1}, "max_bytes = -1"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"formats": ()}, "JPEG"),
        ({"formats": ("JPG",)}, "'JPG'.*JPEG"),
    ],
)
def test_limits_that_cannot_hold_are_refused(setting: dict[str, object], named: str) -> None:
    """A limit that is not positive, above Pillow's own, or of an unknown format is an error that names the value."""
    with pytest.raises(ImageLakeError, match=named):
        Limits(**setting)  # type: ignore[arg-type]


def test_a_format_outside_the_default_can_be_asked_for() -> None:
    """Any format that Pillow has can be added by name."""
    limits = Limits(formats=(*DEFAULT_FORMATS, "ICO"))
    assert read_header(encoded(Image.new("RGB", (32, 32)), "ICO"), limits).format == "ICO"
