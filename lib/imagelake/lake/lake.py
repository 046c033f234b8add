"""A lake: the published tables below one root folder, read by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.lake.manifest import MANIFEST, Manifest
from imagelake.lake.storage import Storage, to_pattern, to_uri
from imagelake.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Lake:
    """Published tables and folders below a root, local or hdfs://."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.spark, self.root = spark, to_uri(root)
        self.storage = Storage(spark)

    def address(self, name: str) -> str:
        """The address of a table or folder."""
        return f"{self.root}/{name}"

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of a published table or folder; None where there is none."""
        self.storage.recover(self.root, name)
        file = f"{self.address(name)}/{MANIFEST}"
        if not self.storage.exists(file):
            return None
        return Manifest.from_json(self.storage.read_bytes(file).decode())

    def read(self, name: str) -> DataFrame:
        """A published table.

        Raises:
            ImageLakeError: it has not been published.
        """
        self.require(name)
        return self.spark.read.schema(TABLES[name].ddl).parquet(to_pattern(self.address(name)))

    def require(self, name: str) -> Manifest:
        """The manifest of a table that must be there.

        Raises:
            ImageLakeError: it has not been published.
        """
        manifest = self.manifest(name)
        if manifest is None:
            raise ImageLakeError(
                f"there is no table {name} under {self.root}: run the job that writes it first "
                "(the README's table of jobs names it), or jobs/run_pipeline.py for all of them"
            )
        return manifest
