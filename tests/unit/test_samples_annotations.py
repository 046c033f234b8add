"""The planted facts about labels, boxes and the raw files, against an independent reading."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sample_reading import IMAGES, SPLITS, SampleLake, judged, rows_of, sample_lake

from imagelake.samples import CLEAN_REASONS


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> SampleLake:
    """The shared lake."""
    return sample_lake(tmp_path_factory)


def test_rows_rejects_and_null_cells_of_every_file(lake: SampleLake) -> None:
    """The counts of each raw file are those that a reader with the documented rules finds."""
    assert {file.name for file in lake.folder.glob("*.csv")} == set(lake.facts.files)
    for name, fact in lake.facts.files.items():
        columns, _ = rows_of(lake.folder / name)
        rows = list(judged(lake.folder / name))
        reasons = Counter(reason for _, reason in rows)
        assert fact.rows == len(rows)
        assert fact.ingested == reasons.pop(None, 0)
        assert fact.rejected == reasons
        whole = [(row, reason) for row, reason in rows if len(row) == len(columns)]
        for counted, kept in ((fact.null_cells, whole), (fact.ingested_null_cells, [r for r in whole if r[1] is None])):
            nulls = Counter(column for row, _ in kept for column, cell in zip(columns, row, strict=True) if not cell)
            assert counted == nulls, name


def test_all_ingest_reasons_are_planted(lake: SampleLake) -> None:
    """The first block alone has a row for every reason."""
    assert {reason for _, reason in lake.facts.rejected_at_ingest()} == {
        "malformed_row", "missing_image_id", "duplicate_image_id", "missing_label", "missing_confidence",
        "confidence_not_a_number", "confidence_out_of_range", "missing_coordinate", "coordinate_not_a_number",
        "coordinate_out_of_range", "empty_box",
    }  # fmt: skip


def test_columns_are_the_official_ones(lake: SampleLake) -> None:
    """Training boxes have 21 columns, the others 13; the boxable classes have no header; MIDs fill the first column."""
    assert len(rows_of(lake.folder / "train-annotations-bbox.csv")[0]) == 21
    for split in ("validation", "test"):
        assert rows_of(lake.folder / f"{split}-annotations-bbox.csv")[0][-1] == "IsInside"
        assert len(rows_of(lake.folder / f"{split}-annotations-bbox.csv")[0]) == 13
    for name in ("class-descriptions-boxable.csv", "class-descriptions.csv"):
        assert all(row[0].startswith("/m/") for row in rows_of(lake.folder / name)[1])
    assert rows_of(lake.folder / "class-descriptions.csv")[0] == ["LabelName", "DisplayName"]
    boxable, described = (rows_of(lake.folder / f"class-descriptions{kind}.csv")[1] for kind in ("-boxable", ""))
    assert {mid for mid, _ in boxable} < {mid for mid, _ in described}


def clean_reasons(labels: pd.DataFrame, listed: pd.DataFrame, known: set[str]) -> pd.Series[str]:
    """The reason of each label row by the documented precedence, "kept" where there is none."""
    pair = labels.groupby(["ImageID", "LabelName"])["confidence"]
    contradictory = (pair.transform("min") == 0) & (pair.transform("max") > 0.99)
    conditions = {
        "unknown_class": ~labels["LabelName"].isin(list(known)),
        "unknown_image": ~labels["ImageID"].isin(list(listed.index)),
        "contradictory": contradictory,
        "low_confidence": labels["confidence"] <= 0.99,
    }
    reasons = pd.Series(np.select(list(conditions.values()), list(conditions), "kept"), index=labels.index)
    best = labels[reasons == "kept"].sort_values(["confidence", "machine"], ascending=[False, True], kind="stable")
    reasons[best.index[best.duplicated(["ImageID", "LabelName"])]] = "duplicate"
    return reasons


def test_cleaning_keeps_and_rejects_what_was_planned(lake: SampleLake) -> None:
    """Every label row's fate follows from the documented rules, and kept and rejected add up."""
    known = {row[0] for row in rows_of(lake.folder / "class-descriptions.csv")[1]}
    reasons = clean_reasons(lake.labels, lake.listed, known)
    counts = reasons.value_counts().to_dict()
    kept = lake.labels[reasons == "kept"]
    assert counts.pop("kept") == len(lake.facts.labels_kept)
    assert counts == lake.facts.labels_rejected
    assert set(counts) == set(CLEAN_REASONS)
    assert sorted(zip(kept["ImageID"], kept["LabelName"], strict=True)) == sorted(lake.facts.labels_kept)
    assert len(lake.facts.labels_kept) + sum(lake.facts.labels_rejected.values()) == len(lake.labels)


def test_threshold_values_are_planted_on_both_sides(lake: SampleLake) -> None:
    """0.99 itself, its neighbours, and what it becomes as a 32-bit float are there, besides all tenths."""
    values = set(lake.labels["Confidence"])
    assert {"0.99", "0.989999999", "0.990000001", "0.9900000095367432", "1.000000", "0", "1"} <= values
    assert {f"0.{tenth}" for tenth in range(1, 10)} <= values
    assert float(np.float32(0.99)) == 0.9900000095367432


def test_occurrences_and_confident_images(lake: SampleLake) -> None:
    """Label counts, listed images by split, and those with a label above 0.99."""
    assert lake.facts.label_occurrences == lake.labels["LabelName"].value_counts().to_dict()
    assert lake.facts.listed_images == {split: int((lake.listed["Subset"] == split).sum()) for split in SPLITS}
    confident = set(lake.labels.loc[lake.labels["confidence"] > 0.99, "ImageID"])
    by_split = lake.listed.loc[[i for i in lake.listed.index if i in confident], "Subset"].value_counts().to_dict()
    assert lake.facts.confident_images == by_split
    assert lake.facts.confident_images["train"] < lake.facts.listed_images["train"]
    assert lake.facts.confident_images["test"] == lake.facts.listed_images["test"]


def test_labels_of_validation_and_test_are_above_the_threshold(lake: SampleLake) -> None:
    """The planted difference between splits: only train has lower confidences."""
    lowest = lake.labels.groupby("split")["confidence"].min()
    assert lowest["validation"] > 0.99
    assert lowest["test"] > 0.99
    assert lowest["train"] == 0


def test_images_without_labels_and_labels_without_images(lake: SampleLake) -> None:
    """Both differences of the two sets of ids are planted, and neither is empty."""
    labelled, ids = set(lake.labels["ImageID"]), set(lake.listed.index)
    assert set(lake.facts.images_without_label) == ids - labelled != set()
    assert set(lake.facts.labels_without_image) == labelled - ids != set()


def test_wrong_labels_are_stated_with_full_confidence(lake: SampleLake) -> None:
    """The label rows state another animal than the one drawn, at confidence 1."""
    mid_of = {name: mid for mid, name in rows_of(lake.folder / "class-descriptions-boxable.csv")[1]}
    assert len(lake.facts.wrong_labels) == IMAGES // 20
    for image_id, (truth, given) in lake.facts.wrong_labels.items():
        stated = lake.labels[lake.labels["ImageID"] == image_id].set_index("LabelName")["confidence"]
        assert stated[mid_of[given]] == 1
        assert mid_of[truth] not in stated


def test_boxes_and_depictions(lake: SampleLake) -> None:
    """Boxes by image and split, the values of IsDepiction, and boxes of images that no list has."""
    boxes = lake.ingested("*bbox.csv")
    found = {split: boxes[boxes["split"] == split]["ImageID"].value_counts().to_dict() for split in SPLITS}
    assert lake.facts.boxes_per_image == found
    assert lake.facts.depictions == boxes["IsDepiction"].value_counts().to_dict()
    assert set(lake.facts.depictions) == {"-1", "0", "1"}
    assert lake.facts.boxes_without_image == (~boxes["ImageID"].isin(list(lake.listed.index))).sum() > 0


def test_clicks_lie_on_the_edges_of_their_box(lake: SampleLake) -> None:
    """A drawn training box has its extreme clicks on its four edges; a proposed one has none."""
    boxes = lake.ingested("train-annotations-bbox.csv")
    drawn = boxes[boxes["Source"] == "xclick"]
    xs, ys = (drawn[[f"XClick{k}{axis}" for k in range(1, 5)]].astype(float) for axis in "XY")
    np.testing.assert_allclose(xs.min(axis=1), drawn["XMin"].astype(float))
    np.testing.assert_allclose(xs.max(axis=1), drawn["XMax"].astype(float))
    np.testing.assert_allclose(ys.min(axis=1), drawn["YMin"].astype(float))
    np.testing.assert_allclose(ys.max(axis=1), drawn["YMax"].astype(float))
    assert set(boxes.loc[boxes["Source"] == "activemil", "XClick1X"]) == {"-1"}


def test_titles_need_a_real_csv_reader(lake: SampleLake) -> None:
    """Commas, doubled quotes, a backslash at the end and letters beyond ASCII are in the list."""
    titles = " ".join(lake.listed["Title"])
    assert all(mark in titles for mark in (",", '"', "\\", "¿"))
