"""The benchmark on metadata of Open Images' form: ours and DuckDB's tables of the same made files."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks"))
sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "metadata"))

import made_metadata
import metadata
import our_jobs
import plain_sql
import same_rows

SHARE = 0.0002


def answer_of(query: str) -> list[tuple[Any, ...]]:
    """The rows that DuckDB answers a query with."""
    return duckdb.execute(query).fetchall()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made files, in blocks as small as makes several of a file."""
    folder = tmp_path_factory.mktemp("metadata") / "source"
    made_metadata.make_metadata(folder, SHARE, block=4_000)
    return folder


@pytest.fixture(scope="module")
def answers(source: Path) -> Path:
    """DuckDB's tables."""
    folder = source.parent / "answers"
    assert list(plain_sql.answer(source, folder, 2)) == ["ingest", "explore", "clean", "accounts"]
    return folder


@pytest.fixture(scope="module")
def lake(source: Path, spark: SparkSession) -> Path:
    """The lake of the four jobs."""
    root = source.parent / "lake"
    done: list[str] = []
    our_jobs.run_jobs(spark, our_jobs.config_of(source, root), done.append)
    assert tuple(done) == our_jobs.JOBS
    return root


def test_the_jobs_have_the_tables_and_counts_of_duckdb(source: Path, answers: Path, lake: Path) -> None:
    """Every row of every table and every count of the summaries is what plain SQL says of the same files."""
    differing = same_rows.differing_rows(lake, answers)
    assert differing == dict.fromkeys(same_rows.COMPARED, 0)
    assert same_rows.differing_counts(lake, answers) == []
    assert same_rows.unnoticed_faults(source / made_metadata.TRUTH, answers) == []


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("labels", "SELECT * REPLACE (CASE WHEN source = 'machine' THEN label END AS label) FROM rows_"),
        ("labels_clean", "FROM rows_ UNION ALL (FROM rows_ LIMIT 1)"),
        ("facets", "SELECT * REPLACE (images + (depth = 0)::INT AS images) FROM rows_"),
        ("split_summary", "SELECT * REPLACE (mean_confidence + 1e-8 AS mean_confidence) FROM rows_"),
    ],
)
def test_a_planted_difference_is_noticed(answers: Path, lake: Path, tmp_path: Path, table: str, change: str) -> None:
    """A changed cell, a row that stands twice, a count that is off by one and a mean by a hundred-millionth."""
    changed = tmp_path / "answers"
    shutil.copytree(answers, changed)
    answer_of(f"COPY (WITH rows_ AS (FROM '{answers / table}.parquet') {change}) TO '{changed / table}.parquet'")
    differing = same_rows.differing_rows(lake, changed)
    assert [name for name, number in differing.items() if number] == [table]


def test_a_count_that_differs_is_named(source: Path, answers: Path, lake: Path, tmp_path: Path) -> None:
    """A summary that says something else, and a planted fault that nobody rejected, are named with both numbers."""
    changed, accounts = tmp_path / "answers", f"{tmp_path}/answers/accounts.parquet"
    shutil.copytree(answers, changed)
    one_more = "number + (account = 'boxes lines' AND outcome = 'empty_box')::INT AS number"
    answer_of(f"COPY (SELECT * REPLACE ({one_more}) FROM '{answers}/accounts.parquet') TO '{accounts}'")
    planted = json.loads((source / made_metadata.TRUTH).read_text())["rejected"]["boxes"]["empty_box"]
    assert same_rows.differing_counts(lake, changed) == [
        f"boxes lines, empty_box: {planted}, by DuckDB {planted + 1}",
    ]
    assert same_rows.unnoticed_faults(source / made_metadata.TRUTH, changed) == [
        f"boxes, empty_box: {planted} planted, {planted + 1} found"
    ]


def test_the_files_have_the_share_and_the_faults_of_real_ones(source: Path, answers: Path) -> None:
    """Sizes are the share's; there are duplicates, contradictions, unknown images and classes, parts, two parents."""

    def number(query: str) -> int:
        (found,) = answer_of(query.format(at=answers))
        return int(found[0])

    lines = json.loads((source / made_metadata.TRUTH).read_text())["lines"]
    assert lines["labels"] == pytest.approx(60_000_000 * SHARE, rel=0.05)
    assert lines["boxes"] == pytest.approx(15_000_000 * SHARE, rel=0.05)
    assert number("SELECT count(*) FROM '{at}/images.parquet' WHERE split = 'train'") == round(9_011_219 * SHARE)
    rejected = answer_of(f"SELECT DISTINCT reason FROM '{answers}/labels_rejected.parquet'")
    expected = {"unknown_class", "unknown_image", "contradictory", "low_confidence", "duplicate"}
    assert {reason for (reason,) in rejected} == expected
    assert number("SELECT count(*) FROM '{at}/hierarchy.parquet' WHERE relation = 'part'") > 10
    assert number("SELECT count(*) - count(DISTINCT label_id) FROM '{at}/hierarchy.parquet'") > 10
    assert number("SELECT count(*) FROM '{at}/images.parquet' WHERE title LIKE '%\"%,%'") > 10


def test_the_same_seed_makes_the_same_files(source: Path, tmp_path: Path) -> None:
    """Byte for byte, and another one others; a second call leaves what is there."""
    again, other = tmp_path / "again", tmp_path / "other"
    made_metadata.make_metadata(again, SHARE, block=4_000)
    made_metadata.make_metadata(other, SHARE, seed=8, block=4_000)
    for file in source.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes()
    name = made_metadata.IMAGE_LISTS["test"]
    assert (other / name).read_bytes() != (source / name).read_bytes()
    before = (again / name).stat().st_mtime_ns
    made_metadata.make_metadata(again, SHARE, block=4_000)
    assert (again / name).stat().st_mtime_ns == before


def test_the_result_says_how_much_longer_and_whether_it_is_the_same() -> None:
    """The table has a line for each, and below it stand the ratio, what differs, and the cost of next to nothing."""
    step = {"seconds": 2.0, "cpu_s": 3.0}
    of_ours: dict[str, Any] = {"seconds": 10.0, "cpu_s": 15.0, "peak_mib": 3_000}
    of_ours["steps"] = dict.fromkeys((our_jobs.START, *our_jobs.JOBS), step)
    row = {"bytes": 8e6, "ours": of_ours, "duckdb": {"seconds": 4.0, "cpu_s": 5.0, "peak_mib": 200}, "tables": 17}
    shares = {"0.01": row | {"problems": []}, "0.1": row | {"problems": ["boxes: 2 rows differ"]}}
    result = {"machine": "2 cores of X", "cores": 2, "shares": shares, "fixed": of_ours}
    text = "\n".join(metadata.docs_lines(result))
    assert "| 0.01 | 8 | ours | 10.0 | 15.0 | 3,000 | 2.0 | 2.0 | 2.0 | 2.0 |" in text
    assert "| 0.1 | 8 | DuckDB | 4.0 | 5.0 | 200 | | | | |" in text
    assert "- 0.01: ours takes 2.5 times as long; all 17 tables and all counts are the same." in text
    assert "- 0.1: ours takes 2.5 times as long; not the same: boxes: 2 rows differ." in text
    assert "92 images, the same jobs take 10.0 s and 15.0 s of the processor" in text
