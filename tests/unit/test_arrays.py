"""Arrays become packed images: every level stays, what does not fit is refused, and no pickle runs anything."""

from __future__ import annotations

import csv
import io
import os
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from PIL import Image

from imagelake.arrays import packing
from imagelake.arrays.restricted_pickle import load_arrays
from imagelake.errors import ImageLakeError
from imagelake.exports.cifar_pickle import cifar_batch, cifar_meta
from imagelake.exports.npz import npz
from imagelake.exports.pixels import Pixels

PIXELS = np.random.default_rng(2).integers(0, 256, (30, 32, 32, 3), np.uint8)


def images() -> list[Pixels]:
    """Thirty images of three classes."""
    return [Pixels(pixels, number % 3, f"image {number:02}") for number, pixels in enumerate(PIXELS)]


def packed(folder: Path) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, str], dict[str, str]]:
    """Pixels, splits and label names of a packed folder, by image."""
    pixels = {
        row["ImageID"]: np.asarray(Image.open(io.BytesIO(row["content"])))
        for file in sorted(folder.glob("*.parquet"))
        for row in pq.read_table(file).to_pylist()
    }

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((folder / name).read_text(encoding="utf-8"))))

    names = {row["LabelName"]: row["DisplayName"] for row in rows("class-descriptions.csv")}
    splits = {row["ImageID"]: row["Subset"] for row in rows("images.csv")}
    return pixels, splits, {row["ImageID"]: names[row["LabelName"]] for row in rows("labels.csv")}


def test_cifar_batches_are_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches in the form of Python 2 and in that of today have their pixels, splits and class names."""
    monkeypatch.setattr(packing, "ROWS_PER_GROUP", 7)
    monkeypatch.setattr(packing, "ROWS_PER_FILE", 14)
    source = tmp_path / "batches"
    source.mkdir()
    (source / "data_batch_1").write_bytes(b"".join(cifar_batch("1", images()[:20], 20)))
    planes = PIXELS[20:].transpose(0, 3, 1, 2).reshape(10, 3072)
    labels, names = [number % 3 for number in range(20, 30)], [f"image {number:02}" for number in range(20, 30)]
    (source / "test_batch").write_bytes(pickle.dumps({"data": planes, "labels": labels, "filenames": names}))
    (source / "batches.meta").write_bytes(cifar_meta(["cat", "dog", "owl"], 20))
    (source / "readme.html").write_text("about")
    assert packing.main([str(source), "--to", str(tmp_path / "packed")]) == 0
    pixels, splits, found = packed(tmp_path / "packed")
    assert all(np.array_equal(pixels[f"image {number:02}"], PIXELS[number]) for number in range(30))
    assert Counter(splits.values()) == {"train": 20, "test": 10}
    assert found == {f"image {number:02}": ("cat", "dog", "owl")[number % 3] for number in range(30)}


def test_archives_and_arrays_are_packed(tmp_path: Path) -> None:
    """Our own .npz with names, one in MedMNIST's form, and .npy with a CSV; grey images stay grey."""
    (tmp_path / "test.npz").write_bytes(b"".join(npz(images(), PIXELS.shape)))
    packing.pack_arrays([tmp_path / "test.npz"], tmp_path / "first")
    pixels, splits, found = packed(tmp_path / "first")
    assert np.array_equal(pixels["image 07"], PIXELS[7])
    assert (splits["image 07"], found["image 07"]) == ("test", "1")
    grey, classes = PIXELS[..., 0], np.arange(30)[:, np.newaxis] % 2
    np.savez(tmp_path / "lung.npz", train_images=grey, train_labels=classes, val_images=PIXELS[:3, ..., 1])
    packing.pack_arrays([tmp_path / "lung.npz"], tmp_path / "second")
    pixels, splits, found = packed(tmp_path / "second")
    assert np.array_equal(pixels["validation/lung.npz/0000002"], PIXELS[2, ..., 1])
    assert Counter(splits.values()) == {"train": 30, "validation": 3}
    assert found["train/lung.npz/0000003"] == "1"
    np.save(tmp_path / "all.npy", PIXELS[:2])
    (tmp_path / "all.csv").write_text("image_id,label\none,Cat\ntwo,\n", encoding="utf-8")
    packing.pack_arrays([tmp_path / "all.npy"], tmp_path / "third")
    pixels, splits, found = packed(tmp_path / "third")
    assert (set(pixels), splits["one"], found) == ({"one", "two"}, "all", {"one": "Cat"})


class _Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harmed",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_something_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    """The error names what it asks for, and nothing was run; codecs that are no bytes are refused as well."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": _Harmful()}, protocol=protocol))
    with pytest.raises(ImageLakeError, match=r"data_batch_1: the pickle asks for (posix|os)\.system"):
        packing.pack_arrays([tmp_path / "data_batch_1"], tmp_path / "packed")
    assert not (tmp_path / "harmed").exists()
    assert not list(tmp_path.glob("*packed*"))
    with pytest.raises(ImageLakeError, match="the encoding 'rot13'"):
        load_arrays(b"c_codecs\nencode\n(Va\nVrot13\ntR.")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_containers_are_read(protocol: int) -> None:
    """What CIFAR's files are made of comes back equal, in every protocol."""
    value = {"data": PIXELS[:2], "labels": [1, 2], "names": ("a", b"b"), "none": None, "float": 0.5}
    found = load_arrays(pickle.dumps(value, protocol=protocol))
    assert np.array_equal(found.pop("data"), PIXELS[:2])
    assert found == {name: cell for name, cell in value.items() if name != "data"}


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"data": PIXELS[:2].reshape(2, -1)[:, :100]}, r"expected data uint8 \[N, 3072\], found uint8 \[2, 100\]"),
        ({"data": PIXELS[:2].reshape(2, -1).astype(float)}, r"found float64 \[2, 3072\]"),
        ({"data": PIXELS[:2].reshape(2, -1), "labels": [1]}, "1 labels for 2 images"),
        ({"data": PIXELS[:2].reshape(2, -1), "filenames": ["a"] * 3}, "3 names for 2 images"),
        ({"data": PIXELS[:2].reshape(2, -1), "filenames": ["a", "a"]}, "the name 'a' stands twice"),
        ([1], "expected a dictionary with data and labels, found list"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, batch: object, message: str) -> None:
    """One line names the file and what was found, and no folder is left."""
    (tmp_path / "test_batch").write_bytes(pickle.dumps(batch))
    with pytest.raises(ImageLakeError, match=message):
        packing.pack_arrays([tmp_path / "test_batch"], tmp_path / "packed")
    assert not list(tmp_path.glob("*packed*"))


def test_archives_that_do_not_fit_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Objects, other names, no CSV, a folder that exists: a line each, and the exit code of a wrong input."""
    np.savez(tmp_path / "objects.npz", images=np.array([{}], object))
    np.savez(tmp_path / "other.npz", pictures=PIXELS)
    np.save(tmp_path / "alone.npy", PIXELS)
    (tmp_path / "no.npz").write_bytes(b"PK")
    for name, message in (
        ("objects.npz", "Object arrays cannot be loaded"),
        ("other.npz", "expected an array images or *_images, found pictures"),
        ("alone.npy", "there is no alone.csv beside it"),
        ("no.npz", "is no .npz that can be read"),
        ("missing.npz", "there is no such file or folder"),
    ):
        assert packing.main([str(tmp_path / name), "--to", str(tmp_path / "packed")]) == 2
        assert message in capsys.readouterr().err
    assert packing.main([str(tmp_path / "other.npz"), "--to", str(tmp_path)]) == 2
    assert "exists: name a new folder" in capsys.readouterr().err
