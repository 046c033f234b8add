"""Arrays become packed images: every level stays, what does not fit is refused, and no pickle runs anything."""

from __future__ import annotations

import io
import os
import pickle
from collections import Counter
from collections.abc import Sequence
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


def pack(folder: Path, *files: Path) -> dict[str, dict[str, Any]]:
    """The packed rows of array files by image_id, pixels instead of content."""
    folder.mkdir()
    packing.pack_arrays([packing.ArrayFile(file, f"file://{file}", 5) for file in files], folder)
    rows = [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    return {row["image_id"]: row | {"pixels": np.asarray(Image.open(io.BytesIO(row["content"])))} for row in rows}


def column(rows: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """One column of packed rows by image_id."""
    return {image_id: row[name] for image_id, row in rows.items()}


def refused(file: Path, folder: Path, message: str) -> None:
    """Packing raises an error with a message."""
    folder.mkdir(exist_ok=True)
    with pytest.raises(ImageLakeError, match=message):
        packing.pack_arrays([packing.ArrayFile(file, str(file), 0)], folder)


def test_cifar_batches_are_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches in the form of Python 2 and of today have their pixels, splits and class names, in a few files."""
    monkeypatch.setattr(packing, "GROUP_BYTES", 20_000)
    monkeypatch.setattr(packing, "FILE_BYTES", 40_000)
    first, second, meta = (tmp_path / name for name in ("data_batch_1", "test_batch", "batches.meta"))
    first.write_bytes(b"".join(cifar_batch("1", images()[:20], 20)))
    planes = PIXELS[20:].transpose(0, 3, 1, 2).reshape(10, 3072)
    labels, names = [number % 3 for number in range(20, 30)], [f"image {number:02}" for number in range(20, 30)]
    second.write_bytes(pickle.dumps({"data": planes, "labels": labels, "filenames": names}))
    meta.write_bytes(cifar_meta(["cat", "dog", "owl"], 20))
    rows = pack(tmp_path / "packed", second, meta, first)
    assert all(np.array_equal(rows[f"image {number:02}"]["pixels"], PIXELS[number]) for number in range(30))
    assert Counter(column(rows, "split").values()) == {"train": 20, "test": 10}
    assert column(rows, "source_label") == {
        f"image {number:02}": ("cat", "dog", "owl")[number % 3] for number in range(30)
    }
    assert (rows["image 00"]["path"], rows["image 00"]["modified_ms"]) == (f"file://{first}", 5)
    assert len(list((tmp_path / "packed").glob("*"))) == 3


def test_archives_and_arrays_are_packed(tmp_path: Path) -> None:
    """Our own .npz with names, one in MedMNIST's form, and .npy with a CSV; grey images stay grey."""
    own, lung, whole = (tmp_path / name for name in ("test.npz", "lung.npz", "all.npy"))
    own.write_bytes(b"".join(npz(images(), PIXELS.shape)))
    (tmp_path / "labels.csv").write_text("class,label\n0,cat\n1,dog\n2,owl\n", encoding="utf-8")
    row = pack(tmp_path / "first", own, tmp_path / "labels.csv")["image 07"]
    assert np.array_equal(row["pixels"], PIXELS[7])
    assert (row["split"], row["source_label"]) == ("test", "dog")
    grey, classes = PIXELS[..., 0], np.arange(30)[:, np.newaxis] % 2
    np.savez(lung, train_images=grey, train_labels=classes, val_images=PIXELS[:3, ..., 1])
    rows = pack(tmp_path / "second", lung)
    assert np.array_equal(rows["validation/lung.npz/0000002"]["pixels"], PIXELS[2, ..., 1])
    assert Counter(column(rows, "split").values()) == {"train": 30, "validation": 3}
    assert rows["train/lung.npz/0000003"]["source_label"] == "1"
    np.save(whole, PIXELS[:2])
    whole.with_suffix(".csv").write_text("image_id,label,split,keyword\none,Cat,test,tabby\ntwo,,,\n", encoding="utf-8")
    rows = pack(tmp_path / "third", whole)
    assert column(rows, "source_label") == {"one": "Cat", "two": None}
    assert column(rows, "split") == {"one": "test", "two": "all"}
    assert column(rows, "keyword") == {"one": "tabby", "two": None}


def test_keywords_are_those_of_the_array_or_of_its_names(tmp_path: Path) -> None:
    """Tiny Images calls its images by their keyword; an own column wins, and other names have none."""
    np.savez(
        tmp_path / "a.npz",
        train_images=PIXELS[:2],
        train_image_ids=["tabby_cat_s_000012.png", "photo.png"],
        test_images=PIXELS[:1],
        test_image_ids=["liner_s_000001.png"],
        test_keywords=["steamer"],
        test_labels=["ship"],
    )
    rows = pack(tmp_path / "packed", tmp_path / "a.npz")
    assert list(column(rows, "keyword").values()) == ["tabby_cat", None, "steamer"]
    assert list(column(rows, "source_label").values()) == [None, None, "ship"]


def test_grey_arrays_with_one_hot_labels_are_packed(tmp_path: Path) -> None:
    """As Keras takes them: a last axis of 1, a column a label; a row of none or two labels is named."""
    np.save(tmp_path / "scans.npy", PIXELS[:3, ..., :1])
    (tmp_path / "scans.csv").write_text(
        ",covid,normal,split\n0,0,1.0,test\n1,1,0.0,train\n2,0,1.0,\n", encoding="utf-8"
    )
    rows = pack(tmp_path / "packed", tmp_path / "scans.npy")
    assert column(rows, "source_label") == {
        "test/scans.npy/0000000": "normal", "train/scans.npy/0000001": "covid", "all/scans.npy/0000002": "normal"
    }  # fmt: skip
    assert np.array_equal(rows["train/scans.npy/0000001"]["pixels"], PIXELS[1, ..., 0])
    for text, message in (
        ("a,b\n0,1\n1,1\n0,1\n", "scans.csv line 3: 2 of the columns a, b are 1; expected one"),
        ("a,b\n0,1\n1,0\n0,0\n", "scans.csv line 4: 0 of the columns"),
        ("a,b\n0,1\n1,0\n0,2\n", "expected the column label, or a column a label with 0 and 1, found a, b"),
        ("image_id,class\nx,1\ny,0\nz,1\n", "expected the column label, or .* found image_id, class"),
    ):
        (tmp_path / "scans.csv").write_text(text, encoding="utf-8")
        refused(tmp_path / "scans.npy", tmp_path / "no", message)


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
    refused(tmp_path / "data_batch_1", tmp_path / "packed", r"data_batch_1: the pickle asks for (posix|os)\.system")
    assert not (tmp_path / "harmed").exists()
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
        (
            {"data": PIXELS[:2].reshape(2, -1).astype(float)},
            r"expected data uint8 \[N, 3072\], found float64 \[2, 3072\]",
        ),
        ({"data": PIXELS[:2].reshape(2, -1), "labels": [1]}, "1 labels for 2 images"),
        ({"data": PIXELS[:2].reshape(2, -1), "labels": 1}, "expected a list of labels or names, found int"),
        ({"data": PIXELS[:2].reshape(2, -1), "labels": [1, 0.5]}, "label 0.5; expected names or whole numbers"),
        ({"data": PIXELS[:2].reshape(2, -1), "labels": [1, -2]}, "label -2; known are numbers from 0, and -1 for none"),
        ({"data": PIXELS[:2].reshape(2, -1), "filenames": ["a"] * 3}, "3 names for 2 images"),
        ([1], "expected a dictionary with data and labels, found list"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, batch: object, message: str) -> None:
    """One line names the file and what was found."""
    (tmp_path / "test_batch").write_bytes(pickle.dumps(batch))
    refused(tmp_path / "test_batch", tmp_path / "packed", f"test_batch: {message}")


def test_archives_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """Objects, other names, no CSV, a torn file, an empty side: the error names the file."""
    np.savez(tmp_path / "objects.npz", images=np.array([{}], object))
    np.savez(tmp_path / "other.npz", pictures=PIXELS)
    np.savez(tmp_path / "flat.npz", images=PIXELS[:, :0])
    np.save(tmp_path / "alone.npy", PIXELS)
    np.save(tmp_path / "latin.npy", PIXELS[:1])
    (tmp_path / "latin.csv").write_bytes("label\nM\xf6we\n".encode("latin1"))
    (tmp_path / "no.npz").write_bytes(b"PK")
    np.savez_compressed(tmp_path / "torn.npz", images=PIXELS)
    content = bytearray((tmp_path / "torn.npz").read_bytes())
    content[5_000:6_000] = bytes(1_000)
    (tmp_path / "torn.npz").write_bytes(content)
    for name, message in (
        ("objects.npz", "Object arrays cannot be loaded"),
        ("other.npz", r"expected an array images or \*_images, found pictures"),
        ("flat.npz", r"found uint8 \[30, 0, 32, 3\]"),
        ("alone.npy", "there is no alone.csv beside it"),
        ("latin.npy", "is not in UTF-8, at byte 7"),
        ("no.npz", "is no .npz that can be read"),
        ("torn.npz", "images: "),
    ):
        refused(tmp_path / name, tmp_path / "packed", message)


@pytest.mark.parametrize(
    ("address", "beside"),
    [
        ("hdfs://n/a/all.npy", ["hdfs://n/a/all.csv"]),
        ("file:///a/data_batch_1", ["file:///a/batches.meta", "file:///a/meta"]),
        ("file:///a/x.npz", []),
        ("file:///a/batches.meta", []),
    ],
)
def test_what_describes_an_array_lies_beside_it(address: str, beside: Sequence[str]) -> None:
    """The CSV of an .npy has its name; batches of CIFAR have their classes in the same folder."""
    assert list(packing.companions(address)) == beside


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("file:///a/train-00000-of-00004.npz", True),
        ("file:///a/data_batch_1", True),
        ("file:///a/.b/labels.csv", True),
        ("file:///a/.labels.csv.crc", False),
        ("file:///a/_manifest.json", False),
        ("file:///a/_scans.npy", True),
        ("file:///a/README.md", False),
    ],
)
def test_an_exported_folder_can_be_read_again(name: str, expected: bool) -> None:
    """Beside the arrays lie texts about them, and files that Hadoop hides."""
    assert packing.is_array_file(name) is expected
