"""The images table's join of image lists and files, and the lines of image lists."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import DataFrame, SparkSession

from imagelake.transforms.ingest.image_headers import all_images
from imagelake.transforms.ingest.image_list import IMAGE_CELLS, judge_image_lines, rejected_image_lines
from imagelake.transforms.ingest.raw_csv import INPUT_FILE, MALFORMED
from imagelake.transforms.rows.verdicts import count_reasons_of, kept


@pytest.mark.parametrize("few", [True, False])
def test_each_image_is_one_row_however_many_have_bytes(spark: SparkSession, few: bool) -> None:
    """Listed, found, or both: the broadcast of few files and the full outer join give the same rows."""
    listed = spark.createDataFrame(
        [("a", "A", True), ("b", "B", True)], "image_id string, title string, listed boolean"
    )
    with_bytes = spark.createDataFrame([("b", 1, True), ("c", 2, True)], "image_id string, width int, found boolean")
    rows = all_images(listed, with_bytes, few).select("image_id", "title", "listed", "width", "found").collect()
    assert sorted(map(tuple, rows)) == [
        ("a", "A", True, None, None),
        ("b", "B", True, 1, True),
        ("c", None, None, 2, True),
    ]


def lines(spark: SparkSession, *rows: tuple[str, str | None, str]) -> DataFrame:
    """Lines of file, ImageID and Title."""
    cells = ", ".join(f"{cell} string" for cell in (*IMAGE_CELLS, INPUT_FILE, MALFORMED))
    full = [
        (*({"ImageID": image, "Title": title}.get(cell) for cell in IMAGE_CELLS), f"file:/x/{file}", None)
        for file, image, title in rows
    ]
    return spark.createDataFrame(full, cells)


def test_of_several_lines_the_first_by_file_and_text_is_kept(spark: SparkSession) -> None:
    """The others are rejected with their cells, whatever the order of the lines; a line alone is kept."""
    rows = [("b.csv", "i1", "early"), ("a.csv", "i1", "z"), ("a.csv", "i1", "y"), ("c%2Bd.csv", "i2", "alone")]
    for some in (rows, rows[::-1]):
        judged = judge_image_lines(lines(spark, *some, ("c%2Bd.csv", None, "nobody's")))
        assert sorted((row["image_id"], row["title"]) for row in kept(judged).collect()) == [
            ("i1", "y"),
            ("i2", "alone"),
        ]
        dropped = rejected_image_lines(judged)
        found = sorted(
            (row["source_file"], row["reason"], json.loads(row["row"])["Title"]) for row in dropped.collect()
        )
        assert found == [
            ("a.csv", "duplicate_image_id", "z"),
            ("b.csv", "duplicate_image_id", "early"),
            ("c+d.csv", "missing_image_id", "nobody's"),
        ]


def test_reasons_of_several_frames_are_counted_apart(spark: SparkSession) -> None:
    """A frame without rows has no reasons; rows without one count as those of None."""
    one = spark.createDataFrame([("late",), ("late",), (None,)], "reason string")
    counts = count_reasons_of({"one": one, "none": one.limit(0), "sound": one.where("reason IS NULL")})
    assert counts == {"one": {"late": 2, None: 1}, "none": {}, "sound": {None: 1}}
