"""Publishing: a reader finds the old table or the new one, whole, whatever dies in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from crc32c import crc32c
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.lake.manifest import Account
from imagelake.lake.view import SupersededError
from imagelake.runtime.job import Job, Work, execute
from imagelake.tables import TABLES, Column, ContractError, Table


def classes_job(names: list[str], after: Callable[[Work], None] = lambda _: None) -> Job:
    """A job that writes one class a name and then does what the test wants."""

    def run(work: Work, _: Config) -> None:
        rows = [(f"/m/{name}", name, True) for name in names]
        frame = work.lake.spark.createDataFrame(rows, "label_id string, label string, boxable boolean")
        work.write("classes", frame)
        work.account("classes", len(names), work.rows["classes"])
        after(work)

    return Job("test_classes", "", run, writes=("classes",), settings=("clean",))


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, str(tmp_path / "a lake"))


def labels_in(lake: Lake) -> set[str]:
    return {row["label"] for row in lake.read("classes").collect()}


def test_a_published_table_is_plain_parquet(lake: Lake) -> None:
    """DuckDB and pandas read the folder as it is, and the manifest beside the data tells what happened."""
    execute(classes_job(["Lion", "Owl"]), lake, load_config())
    folder = lake.address("classes").removeprefix("file://")
    assert set(pd.read_parquet(folder)["label"]) == {"Lion", "Owl"}
    assert duckdb.execute(f"SELECT count(*) FROM '{folder}/*.parquet'").fetchall() == [(2,)]
    manifest = json.loads((Path(folder) / "_manifest.json").read_text())
    assert (manifest["rows"], manifest["job"]) == (2, "test_classes")
    assert manifest["accounts"] == [{"what": "classes", "rows_in": 2, "kept": 2, "rejected": {}}]


def test_unchanged_work_is_skipped_and_changed_work_is_not(lake: Lake) -> None:
    """The same job with the same settings does nothing; other settings, or --force, do it again."""
    job, config = classes_job(["Lion"]), load_config()
    first = execute(job, lake, config)
    assert first.work is not None
    assert execute(job, lake, config).work is None
    assert execute(job, lake, config, force=True).work is not None
    assert execute(job, lake, load_config(settings=["clean.min_confidence=0.5"])).work is not None
    assert execute(job, lake, load_config(settings=["clean.min_confidence=0.5", "sample.seed=9"])).work is None


@pytest.mark.tried(
    "Killed on one machine",
    "an error of the driver after a table is staged",
    "the old table stays, nothing is left behind",
)
def test_a_failing_job_leaves_the_old_table(lake: Lake) -> None:
    """An error after the new table was written publishes nothing and leaves no staging behind."""
    execute(classes_job(["Lion"]), lake, load_config())

    def fail(_: Work) -> None:
        raise ImageLakeError("planted")

    with pytest.raises(ImageLakeError, match="planted"):
        execute(classes_job(["Owl"], fail), lake, load_config(), force=True)
    assert labels_in(lake) == {"Lion"}
    assert lake.storage.names(f"{lake.root}/_staging") == []


@pytest.mark.tried("Killed on one machine", "an error on an executor after a table is written", "the old table stays")
def test_a_failing_task_leaves_the_old_table(lake: Lake) -> None:
    """An executor's error, which empties a table under Spark's own overwrite, changes nothing here."""
    execute(classes_job(["Lion"]), lake, load_config())

    def run(work: Work, _: Config) -> None:
        broken = F.when(F.col("id") > 5, F.raise_error("planted")).otherwise(F.lit("x"))
        frame = work.lake.spark.range(10).select(
            F.lit("/m/x").alias("label_id"), broken.alias("label"), F.lit(True).alias("boxable")
        )
        work.write("classes", frame)

    with pytest.raises(Exception, match="planted"):
        execute(Job("test_classes", "", run, writes=("classes",)), lake, load_config(), force=True)
    assert labels_in(lake) == {"Lion"}


def test_of_two_runs_at_once_one_publishes(lake: Lake) -> None:
    """A run that finds, at its end, that another has published since it began drops its own result."""
    config = load_config()

    def overtaken(_: Work) -> None:
        assert execute(classes_job(["Lion"]), lake, config, force=True).published

    late = execute(classes_job(["Owl"], overtaken), lake, config)
    assert not late.published
    assert labels_in(lake) == {"Lion"}


def test_rows_that_do_not_add_up_end_the_job(lake: Lake) -> None:
    """Ten rows in and nine accounted for is an error that says so, and nothing is published."""
    with pytest.raises(ImageLakeError, match="10 rows in, but 8 kept"):
        Account("rows", 10, 8, {"bad": 1}).check()

    def lose(work: Work) -> None:
        work.account("labels", 2, 1)

    with pytest.raises(ImageLakeError, match="lost or doubled"):
        execute(classes_job(["Lion"], lose), lake, load_config())
    assert lake.manifest("classes") is None


def test_a_frame_that_breaks_its_contract_is_refused(lake: Lake) -> None:
    """A missing and an unexpected column are both named before anything is written."""

    def run(work: Work, _: Config) -> None:
        work.write("classes", work.lake.spark.range(1).select(F.lit("x").alias("label_id"), F.lit(1).alias("extra")))

    with pytest.raises(ContractError, match=r"missing columns \['boxable', 'label'\], unexpected columns \['extra'\]"):
        execute(Job("test_classes", "", run, writes=("classes",)), lake, load_config())


def test_a_missing_table_names_itself_and_the_way_out(lake: Lake) -> None:
    """Reading what nobody has written says which table, where, and what to run."""
    with pytest.raises(ImageLakeError, match=r"no table labels under file:.*a lake.*run_pipeline"):
        lake.read("labels")


def test_an_empty_table_is_a_table(lake: Lake) -> None:
    """No rows are published as an empty table with its columns."""
    execute(classes_job([]), lake, load_config())
    assert lake.read("classes").columns == ["label_id", "label", "boxable"]
    assert labels_in(lake) == set()


def folder_of(lake: Lake) -> Path:
    return Path(lake.address("classes").removeprefix("file://"))


@pytest.mark.tried(
    "Killed on one machine",
    "a part of a table deleted",
    "the unchanged run makes the table anew instead of skipping it",
)
def test_a_missing_part_is_made_again_and_not_skipped(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """A table that lost a file counts as none: the same run that would be skipped makes it anew, and says why."""
    job = classes_job(["Lion", "Owl"])
    execute(job, lake, load_config())
    part = sorted(folder_of(lake).glob("*.parquet"))[0]
    part.unlink()
    with pytest.raises(ImageLakeError, match=rf"{part.name} is gone: the table classes is damaged.*test_classes"):
        lake.read("classes")
    assert execute(job, lake, load_config()).work is not None
    assert f"{part.name} is gone" in capsys.readouterr().err
    assert labels_in(lake) == {"Lion", "Owl"}


@pytest.mark.tried(
    "Killed on one machine", "a manifest emptied or overwritten", "an error that names it; `--force` goes past it"
)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_force_goes_past_a_damaged_manifest(lake: Lake, content: bytes) -> None:
    """Without it the error names the file and --force; with it the manifest counts as none."""
    job = classes_job(["Lion"])
    execute(job, lake, load_config())
    (folder_of(lake) / "_manifest.json").write_bytes(content)
    with pytest.raises(ImageLakeError, match=r"classes/_manifest\.json is not a manifest.*--force"):
        execute(job, lake, load_config())
    assert execute(job, lake, load_config(), force=True).published
    assert execute(job, lake, load_config()).work is None


def test_manifests_know_every_part(lake: Lake) -> None:
    """Names, sizes and checksums are those of the files on the disk."""
    execute(classes_job(["Lion", "Owl"]), lake, load_config())
    parts = lake.require("classes").parts
    assert parts is not None
    files = sorted(folder_of(lake).glob("*.parquet"))
    assert [(part.name, part.bytes) for part in parts] == [(file.name, file.stat().st_size) for file in files]
    assert [part.crc32c for part in parts] == [f"{crc32c(file.read_bytes()):08x}" for file in files]


def counting_job(run: Callable[[Work], int]) -> Job:
    """A job that reads classes, and writes one row that tells how many it read."""

    def write(work: Work, _: Config) -> None:
        frame = work.lake.spark.createDataFrame(
            [(f"{run(work)}", "n", "")], "label_id string, label string, parent_id string"
        )
        work.write("classes_read", frame)

    return Job("count_classes", "", write, reads=("classes",), writes=("classes_read",))


def test_a_job_whose_inputs_are_published_anew_starts_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are gone in the middle of a job are those of an old run: it begins again with the new one."""
    columns = tuple(Column(name, "string", "") for name in ("label_id", "label", "parent_id"))
    monkeypatch.setitem(TABLES, "classes_read", Table("classes_read", "", (), columns))
    execute(classes_job(["Lion"]), lake, load_config())
    seen: list[None] = []

    def count(work: Work) -> int:
        frame = work.read("classes")
        if not seen:
            execute(classes_job(["Lion", "Owl"]), lake, load_config(), force=True)
        seen.append(None)
        return len(frame.collect())

    outcome = execute(counting_job(count), lake, load_config())
    assert outcome.published
    assert [row["label_id"] for row in lake.read("classes_read").collect()] == ["2"]
    assert len(seen) == 2


def test_a_pinned_lake_does_not_change(lake: Lake) -> None:
    """What is published after the pin is not seen by it; what it can no longer read is an error."""
    execute(classes_job(["Lion"]), lake, load_config())
    pinned = lake.pinned(["classes"])
    assert labels_in(pinned) == {"Lion"}
    execute(classes_job(["Owl"]), lake, load_config(), force=True)
    with pytest.raises(SupersededError, match="published anew"):
        pinned.read("classes")
    assert labels_in(lake) == {"Owl"}
