"""An independent reading of a sample lake by the documented rules, with csv and pandas."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pandas as pd
import pytest

from imagelake.samples import PlantedFacts, write_sample_lake

SPLITS = ("train", "validation", "test")
IMAGES = 80
SEED = 11


class SampleLake:
    """A lake of four blocks, its facts as a later job's test would load them, and what an independent reader finds."""

    def __init__(self, folder: Path) -> None:
        # Whichever test module comes first writes the lake; the others find it there.
        write_sample_lake(folder, IMAGES, SEED)
        self.folder = folder
        self.facts = PlantedFacts.load(folder)

    @cached_property
    def labels(self) -> pd.DataFrame:
        """All label rows that can be read, with a numeric confidence."""
        rows = self.ingested("*imagelabels.csv")
        return rows.assign(confidence=rows["Confidence"].astype(float))

    @cached_property
    def listed(self) -> pd.DataFrame:
        """The rows of the image list that can be read, by image id."""
        return self.ingested("image_ids_and_rotation.csv").set_index("ImageID")

    def ingested(self, pattern: str) -> pd.DataFrame:
        """The rows that reading keeps of all files of a kind, as text, with the file's split and origin."""
        frames = []
        for file in sorted(self.folder.glob(pattern)):
            columns, _ = rows_of(file)
            frame = pd.DataFrame([row for row, reason in judged(file) if reason is None], columns=columns, dtype=object)
            frames.append(frame.assign(split=file.name.split("-")[0], machine="machine" in file.name))
        return pd.concat(frames, ignore_index=True)


def sample_lake(tmp_path_factory: pytest.TempPathFactory) -> SampleLake:
    """The lake that all tests of one run share."""
    return SampleLake(tmp_path_factory.getbasetemp() / "sample_lake")


def rows_of(file: Path) -> tuple[list[str], list[list[str]]]:
    """Columns and data rows of a file, read by the csv module."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    return (["LabelName", "DisplayName"], rows) if "boxable" in file.name else (rows[0], rows[1:])


def number(cell: str) -> float | None:
    """The number in a cell; None where there is none, and for NaN."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def annotation_reason(cells: dict[str, str]) -> str | None:
    """Why a label or box row cannot be read, by the documented rules."""
    for column, reason in (
        ("ImageID", "missing_image_id"),
        ("LabelName", "missing_label"),
        ("Confidence", "missing_confidence"),
    ):
        if not cells[column]:
            return reason
    confidence = number(cells["Confidence"])
    if confidence is None:
        return "confidence_not_a_number"
    if not 0 <= confidence <= 1:
        return "confidence_out_of_range"
    return box_reason(cells) if "XMin" in cells else None


def box_reason(cells: dict[str, str]) -> str | None:
    """Why a box's coordinates cannot be used."""
    corners = [cells[column] for column in ("XMin", "XMax", "YMin", "YMax")]
    if "" in corners:
        return "missing_coordinate"
    values = [number(corner) for corner in corners]
    if None in values:
        return "coordinate_not_a_number"
    x_min, x_max, y_min, y_max = (value for value in values if value is not None)
    if min(x_min, x_max, y_min, y_max) < 0 or max(x_min, x_max, y_min, y_max) > 1:
        return "coordinate_out_of_range"
    return "empty_box" if x_min >= x_max or y_min >= y_max else None


def judged(file: Path) -> Iterator[tuple[list[str], str | None]]:
    """Every data row with the reason for which reading rejects it."""
    columns, rows = rows_of(file)
    seen: set[str] = set()
    for row in rows:
        if len(row) != len(columns):
            yield row, "malformed_row"
        elif "Confidence" in columns:
            yield row, annotation_reason(dict(zip(columns, row, strict=True)))
        elif "ImageID" in columns:
            yield row, "missing_image_id" if not row[0] else "duplicate_image_id" if row[0] in seen else None
            seen.add(row[0])
        else:
            yield row, None
