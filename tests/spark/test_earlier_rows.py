"""Rows of an earlier run: those of the same image and bytes hold, all others are made; nothing is moved but keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from imagelake.transforms.rows import earlier_rows
from imagelake.transforms.rows.earlier_rows import Keys, divide, is_lasting

KEY = ("image_id", "sha256")


def frame(spark: SparkSession, rows: Mapping[str, str | None], made_by: str) -> DataFrame:
    """Images with the checksum of their bytes, and a column that tells where a row is from."""
    return spark.createDataFrame(
        [(image_id, sha256, made_by) for image_id, sha256 in rows.items()],
        "image_id string, sha256 string, made_by string",
    )


def ids(rows: DataFrame) -> list[str]:
    return sorted(row["image_id"] for row in rows.collect())


@pytest.mark.parametrize("broadcast", [1_000, 0])
def test_rows_hold_where_image_and_bytes_are_the_same(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, broadcast: int
) -> None:
    """Same name and bytes: the earlier row. New, changed or of unknown bytes: fresh. Whichever way Spark joins."""
    monkeypatch.setattr(earlier_rows, "BROADCAST_ROWS", broadcast)
    before = frame(spark, {"same": "1", "changed": "2", "gone": "3", "unknown": None}, "before")
    now = frame(spark, {"same": "1", "changed": "22", "new": "4", "unknown": None}, "now")
    division = divide(now, before, KEY)
    assert division.taken is not None
    assert division.fresh is not None
    assert [tuple(row) for row in division.taken.collect()] == [("same", "1", "before")]
    assert ids(division.fresh_of(now)) == ["changed", "new", "unknown"]
    assert division.fresh.count == 3
    assert division.gone is not None
    assert division.gone.count == 3
    assert ids(division.gone.frame) == ["changed", "gone", "unknown"]
    assert ids(division.gone.of_columns("image_id").rows_besides(before)) == ["same"]


def test_a_row_that_may_not_hold_is_fresh_and_gone(spark: SparkSession) -> None:
    """A row of the same image and bytes, but with an error that may not come again, is made anew, once."""
    rows = {"same": "1", "late": "2"}
    before = frame(spark, rows, "before").withColumn("error", F.when(F.col("image_id") == "late", "timeout"))
    division = divide(frame(spark, rows, "now"), before, KEY, is_lasting())
    assert division.taken is not None
    assert division.fresh is not None
    assert division.gone is not None
    assert ids(division.taken) == ["same"]
    assert ids(division.fresh.frame) == ids(division.gone.frame) == ["late"]
    assert (division.fresh.count, division.gone.count) == (1, 1)


def test_everything_is_fresh_without_an_earlier_table(spark: SparkSession) -> None:
    """Without an earlier table the frame itself is what is to be made."""
    now = frame(spark, {"a": "1"}, "now")
    division = divide(now, None, KEY)
    assert (division.taken, division.fresh, division.gone) == (None, None, None)
    assert division.fresh_of(now) is now
    assert division.fresh_of_table(now) is now


def test_only_files_that_hold_a_wanted_row_are_read(spark: SparkSession, tmp_path: Path) -> None:
    """A table's rows are found although a file without any of them is no Parquet any more."""
    for name, rows in {"a": {"a1": "1", "a2": "2"}, "b": {"b1": "3"}}.items():
        frame(spark, rows, name).coalesce(1).write.mode("append").parquet(str(tmp_path / "table"))
    table = spark.read.parquet(str(tmp_path / "table"))
    keys = Keys.of(table.where("image_id = 'a2'").select("image_id"))
    wanted = keys.rows_of_table(table)
    (other,) = {
        row["file"] for row in table.where("made_by = 'b'").select("_metadata.file_path").toDF("file").collect()
    }
    Path(other.removeprefix("file:").replace("///", "/")).write_bytes(b"no Parquet")
    assert ids(wanted) == ["a2"]
