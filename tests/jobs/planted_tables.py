"""A lake whose tables hold planted rows, published like any other."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from imagelake.config import Config, load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Work, execute
from imagelake.tables import TABLES

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "jobs"))

Rows = Mapping[str, Iterable[Mapping[str, Any]]]


def plant_tables(
    spark: SparkSession, root: Path, names: tuple[str, ...], rows: Rows, recipe: str | None = None
) -> Lake:
    """Publish the named tables with the given rows, null where a cell is not given, and none where no row is.

    A recipe, if given, is what their manifests say that the rows depend on.
    """

    def plant(work: Work, _: Config) -> None:
        for name in names:
            columns = [column.name for column in TABLES[name].columns]
            cells = [tuple(row.get(column) for column in columns) for row in rows.get(name, [])]
            work.write(name, spark.createDataFrame(cells, TABLES[name].ddl))
            if recipe is not None:
                work.recipes[name] = recipe

    lake = Lake(spark, str(root))
    execute(Job("plant", "", plant, writes=names), lake, load_config(), force=True)
    return lake
