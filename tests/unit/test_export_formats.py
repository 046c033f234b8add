"""Formats of exports, each read by its own usual reader."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.exports.byte_stream import rows_of
from imagelake.exports.cifar_pickle import END, cifar_batch, cifar_meta
from imagelake.exports.npz import COMMENT, npz
from imagelake.exports.pixels import Pixels
from imagelake.exports.plan import folder_names
from imagelake.exports.tar import Sample, shard

PIXELS = np.random.default_rng(1).integers(0, 256, (300, 32, 32, 3), np.uint8)
LABELS = [number % 10 for number in range(300)]
NAMES = [f"bird_ü_{number}.png" for number in range(300)]


def images() -> Iterator[Pixels]:
    """The images one by one."""
    return map(Pixels, PIXELS, LABELS, NAMES)


@given(st.lists(st.binary(max_size=20)), st.integers(1, 30))
def test_rows_with_their_ends_are_the_file(pieces: list[bytes], size: int) -> None:
    """However a stream comes, its rows with the separator behind each are its bytes."""
    stream = [*pieces, b"\0"]
    assert b"".join(row + b"\0" for row in rows_of(stream, b"\0", size)) == b"".join(stream)
    with pytest.raises(ValueError, match="must end with the byte"):
        list(rows_of([*pieces, b"x"], b"\0", 1000))


@pytest.fixture(scope="module")
def batch() -> bytes:
    """A batch of 300 images."""
    content = b"".join(cifar_batch("batch 1 of 5", images(), 300))
    assert content.endswith(END)
    return content


def test_both_ways_to_unpickle_cifar_work(batch: bytes) -> None:
    """With encoding latin1 the keys are strings, with bytes they are bytes; labels, names and pixels are the same."""
    as_text, as_bytes = (pickle.loads(batch, encoding=encoding) for encoding in ("latin1", "bytes"))
    assert set(as_text) == {"batch_label", "labels", "data", "filenames"}
    assert as_bytes[b"labels"] == as_text["labels"] == LABELS
    assert [name.decode() for name in as_bytes[b"filenames"]] == NAMES
    for data in (as_text["data"], as_bytes[b"data"]):
        assert (data.shape, data.dtype) == ((300, 3072), np.dtype(np.uint8))
        assert np.array_equal(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), PIXELS)
    meta = pickle.loads(cifar_meta(["cat", "dog"], 10_000), encoding="latin1")
    assert meta == {"num_cases_per_batch": 10_000, "label_names": ["cat", "dog"], "num_vis": 3072}


def test_numpy_opens_the_archive_whole() -> None:
    """The arrays are equal, and the ZIP file is one that Python's own check finds no fault with."""
    content = b"".join(npz(images(), (300, 32, 32, 3)))
    assert content.endswith(COMMENT)
    with np.load(io.BytesIO(content)) as arrays:
        assert arrays.zip.testzip() is None
        assert np.array_equal(arrays["images"], PIXELS)
        assert arrays["labels"].tolist() == LABELS
        assert arrays["image_ids"].tolist() == NAMES
    with np.load(io.BytesIO(b"".join(npz([], (0, 8, 8, 3))))) as arrays:
        assert arrays["images"].shape == (0, 8, 8, 3)


def test_a_shard_is_a_tar_file(tmp_path: Path) -> None:
    """Files of a sample stand together, with their bytes; one without a label has no class."""
    samples = [
        Sample("0000000001", "jpg", b"abc", 7, {"image_id": "ü"}),
        Sample("0000000002", "png", bytes(1024), None, {}),
    ]
    content = b"".join(shard(samples))
    assert content == b"".join(shard(samples))
    (tmp_path / "a.tar").write_bytes(content)
    with tarfile.open(tmp_path / "a.tar") as archive:
        files = {name: archive.extractfile(name) for name in archive.getnames()}
        found = {name: file.read() for name, file in files.items() if file}
    assert found == {
        "0000000001.jpg": b"abc",
        "0000000001.cls": b"7",
        "0000000001.json": '{"image_id": "ü"}'.encode(),
        "0000000002.png": bytes(1024),
        "0000000002.json": b"{}",
    }


def test_folders_of_classes_are_names_that_every_system_takes() -> None:
    """No separators, nothing hidden, nothing too long, and no two that differ in case alone; usual names stay."""
    names = ["Golden retriever", "a/b", "a:b", "..", "_cat", "Cat", "x" * 300, "x" * 301, "Käse", "C++"]
    folders = folder_names(names)
    assert [folders[name] for name in ("Golden retriever", "a/b", "..", "_cat", "Cat", "Käse", "C++")] == [
        "Golden retriever", "a_b", "unnamed", "cat", "Cat 5", "Käse", "C++",
    ]  # fmt: skip
    assert len({folder.casefold() for folder in folders.values()}) == len(names)
    assert all(folder[0] not in "._" and "/" not in folder and len(folder) < 70 for folder in folders.values())
