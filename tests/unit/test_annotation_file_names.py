"""What the names of annotation files say of their lines."""

from __future__ import annotations

import pytest

from imagelake.transforms.ingest.annotations import FileName


@pytest.mark.parametrize(
    ("name", "split", "origin"),
    [
        ("oidv7-train-annotations-human-imagelabels.csv", "train", "human"),
        ("validation-annotations-machine-imagelabels.csv", "validation", "machine"),
        ("oidv7-val-annotations-human-imagelabels.csv", None, "human"),
        ("Test.csv.gz", "test", None),
        ("contest_trains.csv", None, None),
        ("human-or-machine_test.csv", "test", "machine"),
    ],
)
def test_the_name_of_a_file_says_split_and_origin(name: str, split: str | None, origin: str | None) -> None:
    """The published split as a word of its own, in any case; machine before human; else nothing."""
    assert FileName.of(name) == FileName(split, origin)
