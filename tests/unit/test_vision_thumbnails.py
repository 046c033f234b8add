"""Thumbnails for pages."""

import io
from pathlib import Path

import pytest
from PIL import Image

from imagelake.vision.errors import ImageError
from imagelake.vision.limits import Limits
from imagelake.vision.thumbnails import thumbnail

LIMITS = Limits()


@pytest.mark.parametrize(
    ("size", "expected"),
    [((400, 200), (100, 50)), ((200, 400), (50, 100)), ((60, 40), (60, 40)), ((5000, 3), (100, 1)), ((1, 1), (1, 1))],
)
def test_a_thumbnail_fits_its_side_and_keeps_the_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    """The longer side is at most the side asked for, the shape is kept, small images are not enlarged."""
    file = io.BytesIO()
    Image.new("RGBA", size, (0, 0, 0, 0)).save(file, "PNG")
    with Image.open(io.BytesIO(thumbnail(file.getvalue(), 100, LIMITS))) as small:
        assert (small.format, small.mode, small.size) == ("JPEG", "RGB", expected)
        assert small.getextrema() == ((255, 255),) * 3


def test_a_thumbnail_is_upright_and_without_metadata(shared_data: Path) -> None:
    """A photo stored on its side gives an upright thumbnail that carries no EXIF, the same bytes every time."""
    content = (shared_data / "damaged" / "exif_orientation" / "Landscape_6.jpg").read_bytes()
    with Image.open(io.BytesIO(thumbnail(content, 120, LIMITS))) as small:
        assert small.size == (120, 80)
        assert not dict(small.getexif())
    assert thumbnail(content, 120, LIMITS) == thumbnail(content, 120, LIMITS)


def test_a_broken_image_has_no_thumbnail() -> None:
    """Bytes that are no image raise the reason, as everywhere."""
    with pytest.raises(ImageError, match="not_an_image"):
        thumbnail(b"no image", 100, LIMITS)
