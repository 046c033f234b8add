"""What the names of sets mean, and what .npy files say of themselves, before anything is read."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.runtime.resolve.feature_files import npy_header
from imagelake.runtime.resolve.shift import (
    LAKE_TABLES,
    is_path,
    lake_tables,
    path_and_split,
    shift_companions,
    shift_files,
)


@pytest.mark.parametrize(
    ("name", "path", "split"),
    [
        ("var/a", "var/a", None),
        ("var/a:test", "var/a", "test"),
        ("hdfs://namenode:9820/lake", "hdfs://namenode:9820/lake", None),
        ("hdfs://namenode:9820/lake:test", "hdfs://namenode:9820/lake", "test"),
        ("./rows.csv", "./rows.csv", None),
    ],
)
def test_a_path_may_end_with_a_split(name: str, path: str, split: str | None) -> None:
    """After the last colon, unless a port or a folder follows it."""
    assert is_path(name)
    assert path_and_split(name) == (path, split)


def test_a_plain_word_is_a_split_of_the_lake() -> None:
    """Then the lake's tables are read; files are inputs, and so are the lists beside published predictions."""
    assert not is_path("validation")
    config = load_config([], ['shift.before=["validation"]', 'shift.after=["/sets/v2", "/sets/v2.parquet"]'])
    assert lake_tables(config) == LAKE_TABLES
    assert shift_files(config) == ("file:///sets/v2", "file:///sets/v2.parquet")
    assert "file:///sets/v2.json" in shift_companions(config)
    assert "file:///sets/class_info.json" in shift_companions(config)
    assert lake_tables(load_config([], ['shift.before=["/a"]', 'shift.after=["/b"]'])) == ()


def saved(array: np.ndarray[Any, Any]) -> bytes:
    """The beginning of a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()[:4096]


def test_the_header_of_an_array_says_its_shape() -> None:
    """Without its numbers; other bytes and Python objects are refused by the file's name."""
    shape, dtype = npy_header(saved(np.zeros((7000, 1024), np.float32)), "features.npy")
    assert shape == (7000, 1024)
    assert dtype == np.dtype(np.float32)
    with pytest.raises(ImageLakeError, match=r"features\.npy is no \.npy file"):
        npy_header(b"PK\x03\x04 something else", "features.npy")
    with pytest.raises(ImageLakeError, match="holds Python objects"):
        npy_header(saved(np.array([{}, None], dtype=object)), "label.npy")
