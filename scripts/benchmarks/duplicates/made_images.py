"""Made images of 32 x 32 pixels with planted duplicates: some files are equal, some were edited and encoded again."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

SIDE = 32
SCALES = (2, 4, 8, 16, 32)
ROWS_AT_ONCE = 10_000
SEED = 17
SCHEMA = pa.schema({"image_id": pa.string(), "content": pa.binary()})


def make_images(folder: Path, images: int, planted: int) -> None:
    """Write images.parquet and truth.json, unless they are there.

    Args:
        folder: to write to.
        images: how many in all.
        planted: how many of them are exact duplicates of others, and how many more are near ones; no original has two.
    """
    if (folder / "truth.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number:07d}" for number in np.random.default_rng(SEED).permutation(images).tolist()]
    originals = images - 2 * planted
    with pq.ParquetWriter(folder / "images.parquet", SCHEMA) as writer:
        files = _files(originals, planted)
        for start in range(0, images, ROWS_AT_ONCE):
            part = names[start : start + ROWS_AT_ONCE]
            writer.write_table(pa.table({"image_id": part, "content": [next(files) for _ in part]}, schema=SCHEMA))
    copies = names[originals:]
    truth = {
        kind: [[names[offset + number], copies[offset + number]] for number in range(planted)]
        for kind, offset in (("exact", 0), ("near", planted))
    }
    (folder / "truth.json").write_text(json.dumps(truth))


def write_files(folder: Path) -> Path:
    """The same images as files of a folder, for tools that read nothing else."""
    files = folder / "files"
    if not files.exists():
        files.mkdir()
        for batch in pq.ParquetFile(folder / "images.parquet").iter_batches():
            for name, content in zip(batch["image_id"].to_pylist(), batch["content"].to_pylist(), strict=True):
                (files / f"{name}.png").write_bytes(content)
    return files


def _files(originals: int, planted: int) -> Iterator[bytes]:
    """The originals, then the exact copies of the first of them, then edited copies of the next ones."""
    random, first = np.random.default_rng(SEED), []
    for number in range(originals):
        picture = drawn(random)
        if number < 2 * planted:
            first.append(picture)
        yield _encoded(Image.fromarray(picture))
    for picture in first[:planted]:
        yield _encoded(Image.fromarray(picture))
    for picture in first[planted:]:
        yield _encoded(edited(picture, random))


def drawn(random: np.random.Generator) -> NDArray[np.uint8]:
    """Noise of several scales, each as strong as its squares are large, as photos have it: uint8 [32, 32, 3]."""
    levels = np.full((SIDE, SIDE, 3), 128.0)
    for scale in SCALES:
        noise = Image.fromarray(random.integers(0, 256, (scale, scale, 3), np.uint8))
        levels += (np.asarray(noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float64) - 128) / scale**0.7
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def edited(pixels: NDArray[np.uint8], random: np.random.Generator) -> Image.Image:
    """Compressed, brightened, of less contrast, or a pixel of its border cut off and enlarged again."""
    image, kind = Image.fromarray(pixels), random.integers(4)
    if kind == 0:
        return Image.open(io.BytesIO(_encoded(image, "JPEG", quality=int(random.integers(50, 90)))))
    if kind == 1:
        return ImageEnhance.Brightness(image).enhance(float(random.uniform(0.8, 1.2)))
    if kind == 2:
        return ImageEnhance.Contrast(image).enhance(float(random.uniform(0.8, 1.2)))
    return image.crop((1, 1, SIDE - 1, SIDE - 1)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _encoded(image: Image.Image, form: str = "PNG", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
