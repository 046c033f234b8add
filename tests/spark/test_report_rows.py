"""What the report takes from the tables: few rows, the right ones, and one accuracy for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]
from table_rows import table_of

from imagelake.config import ReportSection, load_config
from imagelake.errors import ImageLakeError
from imagelake.transforms.accuracy.overall_accuracy import overall_accuracy
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.report.rows import (
    CONFUSIONS,
    RESULTS,
    SHOWN,
    best_images,
    images_to_show,
    rejected_by_reason,
    report_frames,
)
from imagelake.vision.limits import Limits
from planted_report import picture

RULES: ReportSection = load_config().report


def accuracy_rows(level: float) -> list[dict[str, Any]]:
    rows = []
    for label, hits, n in (("Lion", 0, 9), ("Owl", 5, 10), ("Zebra", 30, 30)):
        row = {"label": label, "images": n, "covered": True, "level": level}
        for rank, count in (("top1", hits), ("top5", n - 1)):
            low, high = proportion_confint(count, n, 1 - level, "wilson")
            row |= {f"{rank}_images": count, rank: count / n, f"{rank}_low": max(low, 0.0), f"{rank}_high": high}
        rows.append(row)
    return rows


def test_intervals_of_an_unknown_level_are_refused() -> None:
    """A table written before it had the level, or whose rows disagree on it, is measured again, not guessed at."""
    rows = accuracy_rows(0.95)
    for levels in ((None, None, None), (0.95, 0.95, 0.99)):
        mixed = pd.DataFrame([row | {"level": level} for row, level in zip(rows, levels, strict=True)])
        with pytest.raises(ImageLakeError, match=r"label_accuracy.*one confidence level.*run measure_accuracy"):
            overall_accuracy(mixed, 3)


def test_overall_accuracy_pools_images_and_averages_labels() -> None:
    """35 of 49 images with Wilson's interval of another library, and the mean of 0, 0.5 and 1 over the labels."""
    row = overall_accuracy(pd.DataFrame(accuracy_rows(0.95)), 5).iloc[0]
    low, high = proportion_confint(35, 49, 0.05, "wilson")
    assert (row["labels"], row["covered_labels"], row["images"]) == (5, 3, 49)
    assert (row["top1"], row["top1_low"], row["top1_high"]) == pytest.approx((35 / 49, low, high))
    low, high = proportion_confint(46, 49, 0.05, "wilson")
    assert (row["top5"], row["top5_low"], row["top5_high"]) == pytest.approx((46 / 49, low, high))
    assert row["mean_top1"] == pytest.approx(0.5)
    assert row["mean_top1_low"] < 0.5 < row["mean_top1_high"]
    assert row["mean_top5"] == pytest.approx((8 / 9 + 9 / 10 + 29 / 30) / 3)
    assert row["mean_top5_low"] < row["mean_top5"] < row["mean_top5_high"]
    assert row["level"] == 0.95


def test_overall_accuracy_of_nothing() -> None:
    """Without labels there is no row; without covered ones a row without shares."""
    none = pd.DataFrame(accuracy_rows(0.95)).iloc[:0]
    assert overall_accuracy(none, 0).empty
    row = overall_accuracy(none, 4).iloc[0]
    assert (row["labels"], row["covered_labels"], row["images"]) == (4, 0, 0)
    assert pd.isna(row["top1"])


def test_the_gallery_shows_an_image_once(spark: SparkSession) -> None:
    """An image with two labels, which has two rows of one rank, is one picture with both; one without has none."""
    ranks = table_of(
        spark,
        "image_rank",
        [
            {"image_id": "b", "label": "Tiger", "rank": 1, "ppi": 9.0, "measure": "ppi", "value": 9.0},
            {"image_id": "b", "label": "Lion", "rank": 1, "ppi": 9.0, "measure": "ppi", "value": 9.0},
            {"image_id": "a", "label": None, "rank": 2},
            {"image_id": "c", "label": "Owl", "rank": 3},
        ],
    )
    rows = [(row["rank"], row["image_id"], row["labels"]) for row in best_images(ranks, 2).collect()]
    assert rows == [(1, "b", ["Lion", "Tiger"]), (2, "a", [])]


def test_reasons_are_counted_by_table(spark: SparkSession) -> None:
    """Rejected rows by reason, annotation lines by the table they were bound for, and images by error."""
    tables = {
        "labels_rejected": table_of(spark, "labels_rejected", [{"reason": "duplicate"}] * 3),
        "annotations_rejected": table_of(
            spark, "annotations_rejected", [{"table_name": name, "reason": "missing"} for name in ("labels", "boxes")]
        ),
        "images": table_of(spark, "images", [{"image_id": "i"}, {"image_id": "j", "error": "truncated"}]),
    }
    counted = rejected_by_reason(tables).astype(object).replace({np.nan: None})
    assert sorted(map(tuple, counted.itertuples(index=False)), key=str) == [
        ("annotations_rejected", "boxes", "missing", 1),
        ("annotations_rejected", "labels", "missing", 1),
        ("images", None, "truncated", 1),
        ("labels_rejected", None, "duplicate", 3),
    ]
    assert rejected_by_reason({}).empty


def test_frames_are_bounded_and_sorted(spark: SparkSession) -> None:
    """Of many rows only so many come to the driver, the most telling first; a table that is absent has no frame."""
    confusion = [
        {"label": f"l{n:02}", "predicted": "x", "correct": n == 40, "covered": n != 39, "images": n, "share": 0.1,
         "examples": [f"e{n}"]}
        for n in range(41)
    ]  # fmt: skip
    queries = [{"query": f"q{n:02}"} for n in range(30)]
    results = [
        {"query": f"q{n:02}", "mode": "similar", "rank": rank, "image_id": f"r{n}-{rank}"}
        for n in range(30) for rank in range(1, 30)
    ]  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {
        "confusion": confusion,
        "search_queries": queries,
        "search_results": results,
    }
    frames = report_frames({name: table_of(spark, name, rows[name]) for name in rows}, RULES)
    assert list(frames["confusion"]["images"]) == list(range(38, 38 - CONFUSIONS, -1))
    shown = frames["search_results"]
    assert set(shown["query"]) == set(frames["search_queries"]["query"]) == {f"q{n:02}" for n in range(8)}
    assert shown["rank"].max() == RESULTS
    assert "split_summary" not in frames
    assert {"e38", "r0-1", "r7-8"} <= images_to_show(frames)
    assert len(images_to_show(frames)) == CONFUSIONS + 8 * RESULTS


def test_empty_tables_give_empty_frames(spark: SparkSession) -> None:
    """A lake of empty tables has frames without rows, and no image to show."""
    frames = report_frames({name: table_of(spark, name, []) for name in SHOWN}, RULES)
    assert all(frame.empty for frame in frames.values())
    assert images_to_show(frames) == set()


@pytest.fixture(scope="module")
def image_bytes(spark: SparkSession) -> DataFrame:
    rows = [{"image_id": f"i{n}", "content": picture(n, (400, 300))} for n in range(20)]
    return table_of(spark, "image_bytes", [*rows, {"image_id": "bad", "content": b"no image"}, {"image_id": "null"}])


def test_only_wanted_images_become_thumbnails(image_bytes: DataFrame) -> None:
    """Those asked for, in JPEG and small; what has no bytes, or none that can be read, is left out without an error."""
    made = make_thumbnails(image_bytes, {"i3", "i17", "bad", "null", "gone"}, 40, Limits())
    assert sorted(made) == ["i17", "i3"]
    assert all(content.startswith(b"\xff\xd8") and len(content) < 4_000 for content in made.values())


def test_no_wanted_image_is_no_error(image_bytes: DataFrame) -> None:
    """A report without pictures reads no pixels."""
    assert make_thumbnails(image_bytes, set(), 40, Limits()) == {}
