"""Damaged and hostile files: an image or an ImageError, soon, in silence."""

import io
import logging
import random
import struct
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from damaged_files import repeated_scans, slow
from imagelake.vision.decode import decode
from imagelake.vision.errors import ImageError
from imagelake.vision.header import read_header
from imagelake.vision.limits import Limits
from imagelake.vision.preprocess import InputSettings, prepare

LIMITS = Limits()
MUTANTS = 800


@pytest.fixture(scope="module")
def damaged(shared_data: Path) -> list[bytes]:
    """Every odd and broken file at hand."""
    files = sorted(path for path in (shared_data / "damaged").rglob("*") if path.is_file())
    return [path.read_bytes() for path in files]


def outcome(content: bytes | None, limits: Limits = LIMITS) -> str:
    """What becomes of a file: the shape of its pixels and its header, or the reason."""
    try:
        header = read_header(content, limits)
        pixels = decode(content, limits)
    except ImageError as error:
        return str(error)
    assert (pixels.shape[1], pixels.shape[0]) == header.upright_size
    return f"{pixels.shape} {header} {pixels.sum()}"


def test_every_damaged_file_is_an_image_or_an_error(damaged: list[bytes]) -> None:
    """Of the odd and broken files most decode, to the upright size of their header; the others have a reason."""
    outcomes = [outcome(content) for content in damaged]
    readable = [text for text in outcomes if text.startswith("(")]
    assert len(damaged) > 90
    assert len(readable) >= 0.8 * len(damaged)


def test_damaged_files_leave_no_trace(
    damaged: list[bytes], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Decoding broken files writes nothing to the two streams, logs nothing and warns of nothing."""
    with caplog.at_level(logging.WARNING), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for content in (*damaged, tiff_of_many_samples()):
            outcome(content)
    assert not caught
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def tiff_of_many_samples() -> bytes:
    """A TIFF that promises 10,000 samples a pixel, which Pillow logs as an error: tag 277, a SHORT, one value."""
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "TIFF")
    entry = struct.pack("<HHIH", 277, 3, 1, 3)
    assert file.getvalue().count(entry) == 1
    return file.getvalue().replace(entry, struct.pack("<HHIH", 277, 3, 1, 10_000))


def test_threads_see_what_one_thread_sees(damaged: list[bytes]) -> None:
    """Eight threads that decode at once come to the same results and leave the warning filters usable."""
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, damaged)) == [outcome(content) for content in damaged]
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", stacklevel=1)


@pytest.mark.tried(
    "Damaged input",
    "photos with bytes changed, inserted, deleted or cut off",
    "an image or a reason, never another error",
    n=MUTANTS,
)
def test_mutated_files_are_images_or_errors(damaged: list[bytes]) -> None:
    """Real files with bytes changed, inserted, deleted or cut off raise nothing but ImageError."""
    choice = random.Random(7)
    small = [content for content in damaged if len(content) < 60_000]
    for _ in range(MUTANTS):
        mutant = bytearray(choice.choice(small))
        for _ in range(choice.choice([1, 3, 10])):
            at = choice.randrange(min(len(mutant), choice.choice([64, 600, 60_000])))
            mutant[at : at + choice.randrange(3)] = choice.randbytes(choice.randrange(3))
        outcome(bytes(mutant[: choice.choice([len(mutant), choice.randrange(len(mutant))])]), Limits(max_pixels=10**6))


@pytest.mark.tried("Damaged input", "a progressive JPEG of a thousand scans", "refused at once")
def test_a_jpeg_of_a_thousand_scans_is_refused_at_once() -> None:
    """The scans of a progressive JPEG are bounded: an ordinary one decodes, 20 kB that would take minutes do not."""
    assert decode(repeated_scans(200, 0), LIMITS).shape == (200, 200, 3)
    start = time.monotonic()
    assert outcome(repeated_scans(3000, 5000)).startswith("too_many_scans: JPEG of 3000 x 3000 pixels with 50")
    assert time.monotonic() - start < 1


def test_many_scans_of_many_pixels_are_refused_at_once() -> None:
    """The scans that are allowed shrink with the size: 76 of 4 megapixels cost what twenty of the limit do."""
    content, pixels = repeated_scans(2000, 70), 2000 * 2000
    start = time.monotonic()
    assert outcome(content, Limits(max_pixels=3 * pixels)).startswith("too_many_scans")
    assert time.monotonic() - start < 0.5
    assert outcome(content, Limits(max_pixels=4 * pixels)).startswith("(")


# Of the process itself: what getrusage calls its peak may be that of the process that started it.
_PEAK = """
import pathlib, re, sys
from imagelake.vision.decode import decode_image
from imagelake.vision.limits import Limits

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024

large, small = (pathlib.Path(name).read_bytes() for name in sys.argv[1:])
decode_image(small, Limits())
before = peak()
decode_image(large, Limits())
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
@pytest.mark.parametrize("mode", ["I;16", "F", "RGBA", "LA", "P"])
def test_memory_is_bounded_by_the_pixels(mode: str, tmp_path: Path) -> None:
    """An image of any mode takes at most 13 bytes a pixel at the peak of its decoding."""
    side = 3000
    for name, size in (("large", side), ("small", 8)):
        image = Image.new(mode, (size, size))
        options = {"transparency": 1} if mode == "P" else {"compression": "tiff_lzw"} if mode == "F" else {}
        image.save(tmp_path / name, "TIFF" if mode == "F" else "PNG", **options)
    files = [str(tmp_path / name) for name in ("large", "small")]
    done = subprocess.run([sys.executable, "-c", _PEAK, *files], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 13 * side * side


@pytest.mark.tried("Damaged input", "a file that takes its decoder seconds", "ended at the limit, `images.timeout_s`")
def test_slow_decoding_ends_at_the_time_limit() -> None:
    """A plain-text image, which takes its decoder seconds, is a timeout soon after the limit."""
    content = slow(0, side=1500)
    start = time.monotonic()
    assert outcome(content, Limits(timeout_s=0.2)) == "timeout: not decoded within 0.2 s"
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("framing", ["crop", "squeeze"])
@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000), (1, 1), (20_000, 3)])
def test_extreme_shapes_become_inputs(size: tuple[int, int], framing: str) -> None:
    """A line of pixels and a single pixel become a network's input of their colour, at once."""
    file = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(file, "PNG")
    start = time.monotonic()
    pixels = prepare(file.getvalue(), InputSettings(64, framing))  # type: ignore[arg-type]
    assert np.array_equal(pixels, np.broadcast_to(np.array([10, 200, 30], np.uint8), (64, 64, 3)))
    assert time.monotonic() - start < 2
