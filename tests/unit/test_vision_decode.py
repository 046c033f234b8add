"""Decoding: every mode, every orientation, every scale."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from damaged_files import claiming, encoded
from imagelake.vision.decode import BACKGROUND, decode, decode_image
from imagelake.vision.errors import ImageError
from imagelake.vision.heif import register_heif
from imagelake.vision.jpeg import count_scans
from imagelake.vision.limits import Limits

LIMITS = Limits()
RAMP = np.linspace(0, 255, 64).round().astype(np.uint8).reshape(8, 8)
"""Grey levels from black to white, [8, 8]."""

INVERSE = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera held in each orientation stores an upright scene, from the definition of the EXIF tag."""


def photo(width: int, height: int) -> Image.Image:
    """A smooth picture without symmetry, which JPEG stores almost without loss."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray((np.stack([x, y, x * y], axis=2) * 255).astype(np.uint8))


def coarse(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Means over 20 x 20 pixels, in which the noise of JPEG is gone."""
    return np.asarray(Image.fromarray(pixels).reduce(20)).astype(np.int64)


def exif(orientation: int) -> Image.Exif:
    """EXIF data with nothing but an orientation."""
    data = Image.Exif()
    data[0x0112] = orientation
    return data


def chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def grey(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey levels [H, W] as RGB."""
    return np.repeat(values[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("image", "file_format", "tolerance"),
    [
        (Image.fromarray(RAMP), "PNG", 0),
        (Image.fromarray(RAMP).convert("P"), "PNG", 0),
        (Image.fromarray(RAMP).convert("P"), "GIF", 0),
        (Image.fromarray(RAMP).convert("LA"), "PNG", 0),
        (Image.fromarray(RAMP).convert("RGB"), "PPM", 0),
        (Image.fromarray(RAMP).convert("RGBA"), "WEBP", 0),
        (Image.fromarray(RAMP).convert("RGBX"), "TIFF", 0),
        (Image.fromarray(RAMP).convert("RGB").convert("CMYK"), "TIFF", 0),
        (Image.fromarray(RAMP).convert("RGB").convert("CMYK"), "JPEG", 4),
        (Image.fromarray(RAMP).convert("RGB").convert("YCbCr"), "TIFF", 1),
        (Image.fromarray(RAMP.astype(np.uint16) * 257), "PNG", 0),
        (Image.fromarray(RAMP.astype(np.uint16) * 257), "TIFF", 0),
        (Image.fromarray((RAMP.astype(np.uint16) * 257).astype(">u2")), "TIFF", 0),
        (Image.fromarray(RAMP.astype(np.int32) * 257), "TIFF", 0),
        (Image.fromarray(RAMP.astype(np.int32) * 8_000_000), "TIFF", 0),
        (Image.fromarray(RAMP.astype(np.float32) / 255), "TIFF", 0),
        (Image.fromarray(RAMP.astype(np.float32)), "TIFF", 0),
        (Image.fromarray(RAMP.astype(np.float32) * 1e30), "TIFF", 0),
    ],
    ids=lambda value: f"{value.mode}" if isinstance(value, Image.Image) else str(value),
)
def test_every_mode_gives_the_grey_ramp_back(image: Image.Image, file_format: str, tolerance: int) -> None:
    """A ramp from black to white stored in any mode decodes to the same ramp: scaled, not clipped."""
    options: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}}
    pixels = decode(encoded(image, file_format, **options.get(file_format, {})), LIMITS)
    assert (pixels.dtype, pixels.shape) == (np.dtype(np.uint8), (8, 8, 3))
    assert np.abs(pixels.astype(int) - grey(RAMP)).max() <= tolerance


def test_one_bit_images_are_black_and_white() -> None:
    """Mode 1 decodes to levels 0 and 255."""
    pixels = decode(encoded(Image.fromarray(RAMP > 127)), LIMITS)
    assert np.array_equal(pixels, grey(np.where(RAMP > 127, 255, 0).astype(np.uint8)))


def test_colours_survive() -> None:
    """Red, green and blue stay in their channels, through RGB and through a palette."""
    colours = np.eye(3, dtype=np.uint8)[None] * 255
    for image in (Image.fromarray(colours), Image.fromarray(colours).convert("P", palette=Image.Palette.ADAPTIVE)):
        assert np.array_equal(decode(encoded(image), LIMITS), colours)


def test_lab_follows_its_definition() -> None:
    """Neutral CIE L*a*b* decodes to the sRGB level of its luminance, by the two closed formulas."""
    neutral = Image.new("L", (8, 8), 128)
    pixels = decode(encoded(Image.merge("LAB", [Image.fromarray(RAMP), neutral, neutral]), "TIFF"), LIMITS)
    lightness = RAMP / 255 * 100
    luminance = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    linear = luminance <= 0.0031308
    srgb = 255 * np.where(linear, 12.92 * luminance, 1.055 * luminance ** (1 / 2.4) - 0.055)
    assert np.abs(pixels - srgb[..., None]).max() <= 2


def test_sixteen_bit_colours_keep_their_upper_bits() -> None:
    """A PNG of three times 16 bits decodes to the upper eight of each."""
    colours = np.random.default_rng(3).integers(0, 65536, (5, 7, 3), dtype=np.uint16)
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in colours)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 7, 5, 16, 2, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert np.array_equal(decode(content, LIMITS), (colours >> 8).astype(np.uint8))


def test_dark_wide_integers_stay_dark() -> None:
    """Wide integers are levels of 65535 even where none exceeds 255: a dark image is not brightened."""
    for kind in (np.uint16, np.int32):
        assert decode(encoded(Image.fromarray(RAMP.astype(kind)), "TIFF"), LIMITS).max() == 1


def test_nan_and_negative_floats_are_black() -> None:
    """A float image with NaN, infinities and negative values decodes, with those as black."""
    values = np.array([[np.nan, np.inf, -np.inf, -3.0, 0.0, 0.5, 1.0]], np.float32)
    assert decode(encoded(Image.fromarray(values), "TIFF"), LIMITS)[0, :, 0].tolist() == [0, 0, 0, 0, 0, 128, 255]


@pytest.mark.parametrize(("alpha", "level"), [(0, 255), (51, 204), (128, 127), (255, 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_the_white_page(mode: str, alpha: int, level: int) -> None:
    """Black of opacity a / 255 over the background is the level 255 - a, in every mode with an alpha channel."""
    assert BACKGROUND == (255, 255, 255)
    colour = (0, alpha) if mode == "LA" else (0, 0, 0, alpha)
    pixels = decode(encoded(Image.new(mode, (3, 2), colour)), LIMITS)
    assert np.abs(pixels.astype(int) - level).max() <= 1


@pytest.mark.parametrize(
    ("image", "transparency"),
    [
        (Image.new("P", (3, 2), 0), 0),
        (Image.new("P", (3, 2), 0), b"\x00\xff"),
        (Image.new("L", (3, 2), 7), 7),
        (Image.new("RGB", (3, 2), (1, 2, 3)), (1, 2, 3)),
        (Image.fromarray(np.full((2, 3), 300, np.uint16)), 300),
    ],
    ids=["index", "palette alpha", "grey", "colour", "16-bit grey"],
)
def test_a_transparent_colour_shows_the_white_page(image: Image.Image, transparency: object) -> None:
    """A PNG whose one colour is declared transparent decodes to the background."""
    assert decode(encoded(image, transparency=transparency), LIMITS).min() == 255


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_an_animation_is_its_first_frame(file_format: str) -> None:
    """Of several frames the first is decoded."""
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    content = encoded(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    assert np.array_equal(decode(content, LIMITS), np.asarray(frames[0]))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_upright_scene(file_format: str, orientation: int) -> None:
    """A scene stored as each orientation defines comes back upright, pixel for pixel."""
    scene = photo(31, 17)
    turn = INVERSE[orientation]
    stored = scene if turn is None else scene.transpose(turn)
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    content = encoded(stored, file_format, exif=exif(orientation), **options)
    assert np.array_equal(decode(content, LIMITS), np.asarray(scene))


@pytest.mark.parametrize("scene", ["Landscape", "Portrait"])
def test_the_eight_photos_of_one_scene_are_one_picture(shared_data: Path, scene: str) -> None:
    """Eight files of one scene in eight orientations decode to the same picture, up to their JPEG noise."""
    folder = shared_data / "damaged" / "exif_orientation"
    pictures = [coarse(decode((folder / f"{scene}_{k}.jpg").read_bytes(), LIMITS)) for k in range(9)]
    assert max(np.abs(picture - pictures[0]).mean() for picture in pictures) < 1
    assert np.abs(pictures[0][::-1] - pictures[0]).mean() > 20  # a wrong turn would be seen


def test_decoding_agrees_with_pillows_own_turning(shared_data: Path) -> None:
    """On real JPEGs of every orientation the pixels are those of Pillow's exif_transpose."""
    for file in sorted((shared_data / "damaged" / "exif_orientation").glob("Portrait_*.jpg")):
        with Image.open(file) as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
        assert np.array_equal(decode(file.read_bytes(), LIMITS), expected)


@given(width=st.integers(1, 900), height=st.integers(1, 900), min_side=st.integers(1, 500))
@settings(max_examples=60, deadline=None)
def test_scaled_decoding_never_goes_below_the_side_asked_for(width: int, height: int, min_side: int) -> None:
    """A JPEG decoded at a scale keeps min_side on its shorter side, or its full size where that is less already."""
    decoded = decode_image(encoded(Image.new("L", (width, height)), "JPEG"), LIMITS, min_side)
    shorter = min(width, height)
    assert min(decoded.extent) >= min(shorter, min_side)
    scale = width / decoded.extent[0]
    assert scale in {1, 2, 4, 8}
    assert scale == 8 or shorter < 2 * scale * min_side
    assert decoded.image.size == (-(-width // int(scale)), -(-height // int(scale)))


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_scaled_decoding_is_the_mean_of_the_pixels(scale: int) -> None:
    """A smooth JPEG decoded at 1/s equals the block means of its full decode within two levels."""
    content = encoded(photo(64 * scale, 40 * scale), "JPEG", quality=95)
    full = decode(content, LIMITS).astype(float)
    means = full.reshape(40, scale, 64, scale, 3).mean(axis=(1, 3))
    assert np.abs(decode(content, LIMITS, min_side=40) - means).max() <= 2


def test_other_formats_ignore_the_scale() -> None:
    """A PNG is decoded in full whatever min_side says."""
    assert decode(encoded(photo(64, 40)), LIMITS, min_side=5).shape == (40, 64, 3)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_short_is_truncated(file_format: str, share: float) -> None:
    """A file of any format that ends early is an error with the reason truncated."""
    register_heif()
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), file_format)
    with pytest.raises(ImageError) as caught:
        decode(content[: int(len(content) * share)], LIMITS)
    assert caught.value.reason == "truncated"


def test_a_tiff_whose_directory_stands_behind_its_pixels_is_truncated() -> None:
    """Many programs write a TIFF's directory last; without it the file is truncated, not undecodable."""
    content = encoded(photo(64, 48), "TIFF", compression="tiff_lzw")
    with pytest.raises(ImageError, match="truncated"):
        decode(content[:4] + struct.pack("<I", len(content)) + content[8:], LIMITS)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "F"])
def test_bands_of_rows_change_nothing(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is converted in bands of a few rows is what is converted at once, in every mode that is."""
    levels = np.random.default_rng(3).integers(0, 256, (37, 23), dtype=np.uint8)
    images = {
        "I;16": Image.fromarray(levels.astype(np.uint16) * 200),
        "F": Image.fromarray(levels.astype(np.float32) * 3),
        "P": Image.fromarray(levels).convert("P"),
    }
    image = images.get(mode) or Image.merge(mode, [Image.fromarray(np.roll(levels, n, 0)) for n in range(len(mode))])
    options = {"transparency": 3} if mode == "P" else {}
    content = encoded(image, "TIFF" if mode == "F" else "PNG", **options)
    at_once = decode(content, LIMITS)
    monkeypatch.setattr("imagelake.vision.decode._BAND_PIXELS", 50)
    assert np.array_equal(decode(content, LIMITS), at_once)


@pytest.mark.tried("Damaged input", "JPEGs whose header claims more pixels than there are", "truncated")
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(120, 97), (120, 900), (1200, 80), (30_000, 3_000)])
def test_a_jpeg_that_claims_more_pixels_than_it_has_is_truncated(
    mode: str, progressive: bool, size: tuple[int, int]
) -> None:
    """Pillow fills the missing pixels with grey, in silence; here the file is truncated, at any scale of decoding."""
    content = encoded(photo(120, 80).convert(mode), "JPEG", progressive=progressive)
    assert decode(claiming(content, 120, 80), LIMITS).shape == (80, 120, 3)
    for min_side in (None, 10):
        with pytest.raises(ImageError, match="truncated"):
            decode(claiming(content, *size), Limits(max_pixels=10**8), min_side)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_whole_grey_jpeg_is_no_truncated_one(mode: str) -> None:
    """A picture that ends in exactly the grey of missing pixels decodes."""
    assert decode(encoded(Image.new("RGB", (40, 30), (128, 128, 128)).convert(mode), "JPEG"), LIMITS).shape[:2] == (
        30,
        40,
    )


def test_what_stands_behind_a_jpeg_is_none_of_its_scans() -> None:
    """A photo of a telephone with its film appended decodes: only the scans of the photo count."""
    content = encoded(photo(64, 48), "JPEG", progressive=True)
    film = b"\xff\xda\x00\x08" * 50_000
    assert np.array_equal(decode(content + film, LIMITS), decode(content, LIMITS))
    assert count_scans(content) == count_scans(content + film) == content.count(b"\xff\xda")


def test_the_scans_of_an_embedded_thumbnail_do_not_count() -> None:
    """EXIF data may hold a JPEG of its own."""
    plain = encoded(photo(64, 48), "JPEG")
    thumbnail = b"Exif\x00\x00" + plain * 3
    assert count_scans(encoded(photo(64, 48), "JPEG", exif=thumbnail)) == 1
