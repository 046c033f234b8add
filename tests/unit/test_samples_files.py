from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from imagelake.samples.damage import DAMAGES, Damage
from imagelake.samples.encoders import FLAVOURS, STORED_BY_ORIENTATION, encode
from imagelake.samples.raw_files import RawFile, RawRow

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # never EPS: opening it may start an interpreter


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """A picture [60, 90] without any symmetry."""
    y, x = np.mgrid[0:60, 0:90]
    return Image.fromarray(np.stack([x * 2.5, y * 4.0, (x + y) % 97], axis=2).astype(np.uint8), "RGB")


def test_every_flavour_and_orientation_shows_the_picture_upright(picture: Image.Image) -> None:
    """Whatever is stored, its declared format, mode and size are true and a viewer shows the picture that was meant."""
    seen: set[tuple[str, str]] = set()
    turned: set[int] = set()
    for seed in range(250):
        stored = encode(picture, np.random.default_rng(seed))
        with Image.open(BytesIO(stored.data), formats=FORMATS) as opened:
            assert (opened.format, opened.mode, opened.size) == (
                stored.format,
                stored.mode,
                (stored.width, stored.height),
            )
            assert opened.getexif().get(274, 1) == stored.orientation
            shown = ImageOps.exif_transpose(opened).convert("RGB")
        assert shown.size == picture.size
        error = np.asarray(shown.convert("L"), dtype=float) - np.asarray(picture.convert("L"), dtype=float)
        assert np.abs(error[8:-8, 12:-12]).mean() < 9
        seen.add((stored.format, stored.mode))
        turned.add(stored.orientation)
    assert seen == {(flavour.format, flavour.mode) for flavour in FLAVOURS}
    assert turned == {1, *STORED_BY_ORIENTATION}


def test_large_pictures_are_stored_as_jpeg_alone() -> None:
    """Beyond 1,200 pixels other formats would cost seconds and tens of megabytes."""
    large = Image.new("RGB", (1300, 20))
    assert {encode(large, np.random.default_rng(seed)).format for seed in range(40)} == {"JPEG"}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.type)
def test_damaged_files_cannot_be_decoded(damage: Damage, picture: Image.Image) -> None:
    """With default settings every kind ends in one of the errors that decoders catch, and stays small."""
    data = damage.spoil(picture, "0123456789abcdef")
    assert len(data) < 20_000
    with (
        pytest.raises((OSError, ValueError, Image.DecompressionBombError)),
        Image.open(BytesIO(data), formats=FORMATS) as opened,
    ):
        opened.load()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.type)
def test_relaxed_settings_rescue_what_is_recorded_as_partly_decodable(
    damage: Damage, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truncated files give their first rows and an overlong comment hides a whole picture; the rest gives nothing."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_CHUNK", 2**24)
    data = damage.spoil(picture, "0123456789abcdef")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as opened:
            rescued = np.ptp(np.asarray(opened.convert("RGB"))) > 0
    except (OSError, Image.DecompressionBombError):
        rescued = False
    assert rescued == damage.partly_decodable


def test_damaged_files_of_two_images_differ_unless_they_are_empty(picture: Image.Image) -> None:
    """No accidental byte-for-byte duplicates: the image's id is in what it looks like or in what it says."""
    for damage in DAMAGES:
        if not damage.type.startswith(("truncated", "empty")):
            assert damage.spoil(picture, "a" * 16) != damage.spoil(picture, "b" * 16), damage.type


def test_counts_of_a_raw_file_tell_broken_rows_from_kept_ones() -> None:
    """Null cells are counted over whole rows, and again over the rows that survive reading."""
    file = RawFile("a.csv", ("ImageID", "LabelName"))
    assert (file.fact().rows, file.fact().null_cells) == (0, {})
    file.rows = [
        RawRow(("", "x"), "missing_image_id"),
        RawRow(("1",), "malformed_row"),
        RawRow(("2", "")),
        RawRow(("3", "y")),
    ]
    fact = file.fact()
    assert (fact.rows, fact.ingested) == (4, 2)
    assert fact.rejected == {"missing_image_id": 1, "malformed_row": 1}
    assert fact.null_cells == {"ImageID": 1, "LabelName": 1}
    assert fact.ingested_null_cells == {"LabelName": 1}
