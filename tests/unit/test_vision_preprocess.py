"""Preprocessing: the standard crop, the squeeze, and their oracles."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from imagelake.vision.decode import decode, decode_image
from imagelake.vision.limits import Limits
from imagelake.vision.preprocess import Framing, InputSettings, frame, normalise, prepare, resize_for_model

LIMITS = Limits()
FRAMINGS: tuple[Framing, ...] = ("crop", "squeeze")


def noise(width: int, height: int) -> NDArray[np.uint8]:
    """Random pixels [H, W, 3]."""
    return np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def jpeg(image: Image.Image, **options: object) -> bytes:
    """An image as a JPEG file's bytes."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92, **options)
    return file.getvalue()


def standard_crop(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """The ImageNet evaluation in its textbook steps."""
    shorter = round(size * 256 / 224)
    scale = shorter / min(image.size)
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = (width - size) // 2, (height - size) // 2
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)[top : top + size, left : left + size]


def test_real_photos_are_framed_by_the_textbook(shared_data: Path) -> None:
    """Crop and squeeze of real photos equal resize-then-crop and plain resize, pixel for pixel."""
    for file in sorted((shared_data / "photos" / "caltech101_animals" / "panda").glob("*.jpg")):
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        content = file.read_bytes()
        squeezed = np.asarray(image.resize((224, 224), Image.Resampling.BILINEAR))
        assert np.array_equal(prepare(content, InputSettings(224, "crop")), standard_crop(image, 224))
        assert np.array_equal(prepare(content, InputSettings(224, "squeeze")), squeezed)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_rotated_photo_is_framed_upright(shared_data: Path, framing: Framing) -> None:
    """A photo stored on its side is framed as its upright pixels are, within one level of rounding."""
    for orientation in range(1, 9):
        content = (shared_data / "damaged" / "exif_orientation" / f"Landscape_{orientation}.jpg").read_bytes()
        with Image.open(io.BytesIO(content)) as stored:
            upright = np.asarray(ImageOps.exif_transpose(stored))
        framed = prepare(content, InputSettings(224, framing))
        assert np.abs(framed.astype(int) - resize_for_model(upright, 224, framing)).max() <= 1


@given(width=st.integers(1, 400), height=st.integers(1, 400), size=st.sampled_from([32, 96, 128, 224]))
@settings(max_examples=40, deadline=None)
def test_every_size_gives_the_input_size(width: int, height: int, size: int) -> None:
    """Whatever the image's size, both framings give uint8 [size, size, 3], and one colour stays that colour."""
    pixels = np.full((height, width, 3), (7, 120, 255), np.uint8)
    for framing in FRAMINGS:
        framed = resize_for_model(pixels, size, framing)
        assert framed.dtype == np.uint8
        assert np.array_equal(framed, np.full((size, size, 3), (7, 120, 255), np.uint8))


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_image_of_the_right_size_is_squeezed_to_itself(framing: Framing) -> None:
    """Squeezing an image of the input's size changes nothing; the crop keeps the inner 7/8 of each side."""
    pixels = noise(224, 224) if framing == "squeeze" else noise(256, 256)
    expected = pixels if framing == "squeeze" else pixels[16:240, 16:240]
    assert np.array_equal(resize_for_model(pixels, 224, framing), expected)


def test_the_crop_is_central() -> None:
    """Of an image four times as wide as high the crop keeps the middle, of a longer one as well."""
    for width in (1024, 5120):
        pixels = np.zeros((256, width, 3), np.uint8)
        middle = width // 2
        pixels[:, middle - 112 : middle + 112] = 255
        assert resize_for_model(pixels, 224, "crop").min() == 255


def test_every_source_pixel_counts_in_a_reduction() -> None:
    """Reducing by 8 averages: noise comes out near its mean, which sampling alone would not do."""
    framed = resize_for_model(noise(8 * 64, 8 * 64), 64, "squeeze")
    assert framed.std() < 0.2 * noise(8 * 64, 8 * 64).std()


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(("width", "height"), [(1401, 1353), (1349, 1433), (2695, 2701)])
def test_scaled_decoding_keeps_the_geometry(framing: Framing, width: int, height: int) -> None:
    """A smooth JPEG whose sides no scale divides is framed within 2 levels of its full decode, turned or not."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    image = Image.fromarray((np.stack([x, y, (x + y) / 2], axis=2) * 255).astype(np.uint8))
    for orientation in (1, 3, 6):
        exif = Image.Exif()
        exif[0x0112] = orientation
        content = jpeg(image, exif=exif)
        scaled = prepare(content, InputSettings(224, framing, scaled_decode=True))
        full = prepare(content, InputSettings(224, framing))
        assert decode_image(content, LIMITS, 672).image.width < width
        assert np.abs(scaled.astype(int) - full).max() <= 2


def test_scaled_decoding_of_photos_stays_near(shared_data: Path) -> None:
    """On large real photos the scaled decode moves a level by less than 1 on average and by 16 at most."""
    folder = shared_data / "photos" / "openimages_sample"
    for name, size in (("cat_1080p.jpg", 160), ("parrot.jpg", 80)):
        content = (folder / name).read_bytes()
        for framing in FRAMINGS:
            scaled = prepare(content, InputSettings(size, framing, scaled_decode=True)).astype(int)
            full = prepare(content, InputSettings(size, framing))
            assert not np.array_equal(scaled, full)
            assert np.abs(scaled - full).mean() < 1
            assert np.abs(scaled - full).max() <= 16


def test_one_decode_serves_the_model_and_the_measures() -> None:
    """Framing a decoded image and taking its pixels gives what prepare and decode give on their own."""
    content = jpeg(Image.fromarray(noise(300, 200)))
    decoded = decode_image(content, LIMITS, 448)
    assert np.array_equal(frame(decoded, 224, "crop"), prepare(content, InputSettings(224, "crop")))
    assert np.array_equal(decoded.pixels(), decode(content, LIMITS))


def test_normalising_is_the_formula_in_float32() -> None:
    """Every level maps to x / 127.5 - 1: -1 to 1, of the same shape, as float32."""
    levels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    scaled = normalise(levels)
    assert scaled.dtype == np.float32
    assert np.array_equal(scaled, levels.astype(np.float32) / np.float32(127.5) - np.float32(1))
    assert (scaled.min(), scaled.max()) == (-1, 1)
    assert normalise(np.empty((0, 4, 4, 3), np.uint8)).shape == (0, 4, 4, 3)


def test_an_unknown_framing_is_refused() -> None:
    """A framing that does not exist is an error that lists the two that do."""
    with pytest.raises(ValueError, match="'pad': crop or squeeze"):
        resize_for_model(noise(5, 5), 32, "pad")  # type: ignore[arg-type]
