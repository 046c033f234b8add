"""Which files an export has, and which rows are in each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

FileName = Callable[[str, int, int], str]
"""The path of a file by its split, its number in the split from 0, and how many the split has."""


@dataclass(frozen=True)
class PlannedFile:
    """One file of an export: the rows of a split from `first` on, counted from 1."""

    path: str
    split: str
    first: int
    rows: int


def plan_files(rows_by_split: Mapping[str, int], rows_per_file: int, name: FileName) -> list[PlannedFile]:
    """The files of an export, the splits by name; a split without rows has none."""
    planned = []
    for split, rows in sorted(rows_by_split.items()):
        count = -(-rows // rows_per_file)
        for number in range(count):
            first = number * rows_per_file
            planned.append(PlannedFile(name(split, number, count), split, first + 1, min(rows_per_file, rows - first)))
    return planned


def parquet_name(split: str, number: int, count: int) -> str:
    """As the `datasets` library names its own: data/train-00000-of-00003.parquet."""
    return f"data/{split}-{number:05}-of-{count:05}.parquet"


def tar_name(split: str, number: int, count: int) -> str:
    """As WebDataset's brace notation counts: train-000000.tar."""
    del count
    return f"{split}-{number:06}.tar"


def npz_name(split: str, number: int, count: int) -> str:
    """train.npz, or train-00000-of-00003.npz where there are several."""
    return f"{split}.npz" if count == 1 else f"{split}-{number:05}-of-{count:05}.npz"


def cifar_name(split: str, number: int, count: int) -> str:
    """As CIFAR-10 has them: data_batch_1 of the training images; test_batch, or test_batch_1 of several."""
    if split == "train":
        return f"data_batch_{number + 1}"
    return f"{split}_batch" if count == 1 else f"{split}_batch_{number + 1}"


_UNSAFE = re.compile(r"[^\w (),.&+'-]")
_LONGEST = 60  # characters of a folder's name, at most 240 of the 255 bytes that file systems take


def folder_names(names: Sequence[str]) -> dict[str, str]:
    """A folder for each of some names: what no file system or shell minds, and no two alike but for their case.

    Names that begin with a dot or an underscore are hidden from many readers, so no folder's name does.
    """
    folders: dict[str, str] = {}
    taken: set[str] = set()
    for number, name in enumerate(names):
        safe = _UNSAFE.sub("_", name).lstrip("._ -").rstrip(". ")[:_LONGEST] or "unnamed"
        folder = safe if safe.casefold() not in taken else f"{safe} {number}"
        while folder.casefold() in taken:
            folder += "_"
        taken.add(folder.casefold())
        folders[name] = folder
    return folders
