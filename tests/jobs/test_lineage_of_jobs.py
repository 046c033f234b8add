"""A job sends its OpenLineage events: what was published is in them, a failure is one, a skipped run sends none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Work, execute
from imagelake.tables import TABLES


def copy_classes(work: Work, config: Config) -> None:
    """Write the classes as label counts of nothing; fail where the threshold is one."""
    if config.clean.min_confidence == 1:
        raise ImageLakeError("no label is above 1")
    work.read("classes").count()
    work.write("null_counts", work.lake.spark.createDataFrame([("classes", "label", 2, 1)], TABLES["null_counts"].ddl))


COPY = Job("copy", "Copy.", copy_classes, reads=("classes",), writes=("null_counts",), settings=("clean",))


def test_a_job_sends_a_beginning_and_an_end(spark: SparkSession, tmp_path: Path) -> None:
    """Two events of a run that publishes, none of one that is skipped, a failure with its message."""
    lake: Lake = plant_tables(spark, tmp_path / "lake", ("classes",), {"classes": [{"label_id": "/m/1"}]})
    file = tmp_path / "events.jsonl"
    config = load_config(settings=[f"lake.root={lake.root}", f"lineage.file={file}"])

    def events() -> list[dict[str, Any]]:
        return [json.loads(line) for line in file.read_text().splitlines()]

    execute(COPY, lake, config)
    execute(COPY, lake, config)
    assert [event["eventType"] for event in events()] == ["START", "COMPLETE"]
    manifest = lake.require("null_counts")
    (output,) = events()[1]["outputs"]
    assert output["name"] == f"{tmp_path}/lake/null_counts"
    assert output["facets"]["version"]["datasetVersion"] == manifest.run_id
    counts = output["outputFacets"]["outputStatistics"]
    assert (counts["rowCount"], counts["fileCount"]) == (1, len(manifest.parts or ()))
    (read,) = events()[1]["inputs"]
    assert read["facets"]["version"]["datasetVersion"] == lake.require("classes").run_id
    failing = load_config(settings=[f"lake.root={lake.root}", f"lineage.file={file}", "clean.min_confidence=1"])
    with pytest.raises(ImageLakeError):
        execute(COPY, lake, failing)
    assert [event["eventType"] for event in events()] == ["START", "COMPLETE", "START", "FAIL"]
    assert "no label is above 1" in events()[-1]["run"]["facets"]["errorMessage"]["message"]
