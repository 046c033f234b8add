"""Verdicts of people: they win over the score, survive reruns, and say how far the score can be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from planted_pictures import encoded, picture, planted
from planted_tables import plant_tables
from pyspark.sql import SparkSession

import find_duplicates
import judge_duplicates
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Outcome, execute

READ = (*find_duplicates.JOB.reads, "image_bytes")


def lake_of(spark: SparkSession, root: Path) -> Lake:
    """Two copies of one picture, and 20 others."""
    files = {"large": (encoded(picture(1, 128)), "train"), "small": (encoded(picture(1, 128), side=64), "test")}
    files |= {f"other {seed}": (encoded(picture(seed)), "train") for seed in range(2, 22)}
    return plant_tables(spark, root, READ, planted(files))


def run(job: Any, lake: Lake, *settings: str) -> Outcome:
    """One run of a job of this lake."""
    return execute(job.JOB, lake, load_config([], [f"lake.root={lake.root}", *settings]))


def pairs_of(lake: Lake) -> dict[frozenset[str], dict[str, Any]]:
    """The rows of duplicate_pairs by their two images."""
    rows = (row.asDict() for row in lake.read("duplicate_pairs").collect())
    return {frozenset((row["image_id"], row["other_id"])): row for row in rows}


def test_verdicts_win_and_survive(spark: SparkSession, tmp_path: Path) -> None:
    """A pair called different leaves its group, one called duplicate makes one, and later files add to earlier ones."""
    lake = lake_of(spark, tmp_path / "lake")
    run(find_duplicates, lake)
    assert pairs_of(lake)[frozenset(("large", "small"))]["verified"]
    run(judge_duplicates, lake)
    page = Path(lake.folder("duplicate_judging").removeprefix("file://"))
    assert json.dumps("large") in (page / "index.html").read_text(encoding="utf-8")
    sheet = (page / "pairs.csv").read_text(encoding="utf-8").splitlines()
    assert sheet[0] == "image_id,other_id,verdict,score"
    assert sheet[1].startswith(("large,small,,", "small,large,,"))
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("image_id,other_id,verdict\nsmall,large,different\nother 2,other 3,\n", encoding="utf-8")
    second.write_text("verdict,other_id,image_id\nDuplicate,other 4,other 5\n", encoding="utf-8")
    run(judge_duplicates, lake, f'judging.verdicts=["{first}"]')
    run(judge_duplicates, lake, f'judging.verdicts=["{second}"]')
    verdicts = {tuple(row) for row in lake.read("duplicate_verdicts").collect()}
    assert verdicts == {("large", "small", "different"), ("other 4", "other 5", "duplicate")}
    outcome = run(find_duplicates, lake)
    found = pairs_of(lake)
    assert (found[frozenset(("large", "small"))]["verdict"], found[frozenset(("large", "small"))]["verified"]) == (
        "different",
        False,
    )
    assert found[frozenset(("other 4", "other 5"))]["verified"]
    members = {row["image_id"] for row in lake.read("duplicate_groups").collect()}
    assert members == {"other 4", "other 5"}
    assert outcome.work is not None
    assert outcome.work.notes["verdicts"] == "2 pairs, 1 of them duplicates"
    assert outcome.work.notes["precision"].startswith("0.00 (0.00 to 0.79) of 1 judged pairs from score 0.2 on")
    assert run(find_duplicates, lake).work is None


def test_files_that_are_no_verdicts_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    """The message names the file, and what is wrong: a column, a value with its line, or images that are not there."""
    lake = lake_of(spark, tmp_path / "lake")
    run(find_duplicates, lake)
    before = lake.manifest("duplicate_verdicts")
    file = tmp_path / "verdicts.csv"
    for text, message in (
        ("image_id,verdict\n", r"verdicts.csv lacks the columns other_id"),
        (
            "image_id,other_id,verdict\na,b,maybe\n",
            r"verdicts.csv, line 2: verdict 'maybe'; known: duplicate, different",
        ),
        ("image_id,other_id,verdict\nlarge,nobody,different\n", r"1 images are not in the lake: nobody"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ImageLakeError, match=message):
            run(judge_duplicates, lake, f'judging.verdicts=["{file}"]')
    assert lake.manifest("duplicate_verdicts") == before
