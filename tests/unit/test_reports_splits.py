"""The section of splits, where images and boxes are of different splits."""

from __future__ import annotations

import pandas as pd
import pytest

from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.splits import splits
from imagelake.tables import TABLES

COLUMNS = [column.name for column in TABLES["split_summary"].columns]


def summary(**cells: object) -> dict[str, object]:
    return {**dict.fromkeys(COLUMNS), **cells}


@pytest.mark.parametrize(("listed", "bars", "unlisted"), [(0, ["all"], True), (7, ["train", "all"], False)])
def test_splits_without_images_have_no_share_of_them(listed: int, bars: list[str], unlisted: bool) -> None:
    """Boxes may name images that are neither here nor listed: the figure of boxes counts them, and says so."""
    found = [
        summary(split="train", images=listed, confident_ratio=0.5 if listed else None),
        summary(split="all", images=4, confident_ratio=0.25),
    ]
    boxes = [{"split": "train", "boxes": 2, "images": 7}, {"split": "all", "boxes": 0, "images": 4}]
    rows = ReportRows("R", {"split_summary": pd.DataFrame(found), "boxes_per_image": pd.DataFrame(boxes)})
    shown = splits(rows).values
    assert shown["splits"] == ["train", "all"]
    assert [name for name in ("train", "all") if f">{name}<" in shown["confident_chart"]] == bars
    assert shown["unlisted"] is unlisted
    assert shown["boxed_splits"] == ["train", "all"]
