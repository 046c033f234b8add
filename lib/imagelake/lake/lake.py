"""A lake: the published tables below one root folder, read by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.lake.files import LocalFiles, WritableFiles, check_folder
from imagelake.lake.hadoop_files import HadoopFiles
from imagelake.lake.manifest import Manifest
from imagelake.lake.parts import damage
from imagelake.lake.record import Location, Record
from imagelake.lake.staged_parts import checksum_of
from imagelake.lake.storage import Storage, to_pattern, to_uri
from imagelake.lake.view import SupersededError, View
from imagelake.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_LOOKS = 20  # at a table that is published over and over, before Spark's listing of its files is of one run


class Lake:
    """Published tables and folders below a root, local or hdfs://: as they are, or as one look found them."""

    def __init__(
        self, spark: SparkSession, root: str, record: Record | None = None, storage: Storage | None = None
    ) -> None:
        """Open a lake.

        Args:
            spark: the session that reads it.
            root: a local path, or hdfs://.
            record: which runs' tables count; None for those that are published whenever something is read.
            storage: reads the files of this and other folders; None for one of its own.

        Raises:
            ImageLakeError: the root is a file.
        """
        self.spark, self.root = spark, to_uri(root)
        self.storage = storage or Storage(spark)
        self.files = self._open_files()
        self.view = View(self.root, self.files, record)

    def _open_files(self) -> WritableFiles:
        if not self.root.startswith("file://"):
            return HadoopFiles(self.spark, self.root)
        folder = Path(self.root.removeprefix("file://"))
        check_folder(folder)
        return LocalFiles(folder)

    def pinned(self, names: Iterable[str], forgiving: bool = False) -> Lake:
        """The lake as it is now: tables that are published from now on do not change it.

        Args:
            names: tables that will be read; those of earlier versions, which no record names, are noted, too.
            forgiving: whether a damaged record counts as none.
        """
        return Lake(self.spark, self.root, self.view.record_with(names, forgiving), self.storage)

    def in_new_session(self) -> Lake:
        """The lake in a session of its own, whose settings another's queries do not share, of the same application."""
        return Lake(self.spark.newSession(), self.root, storage=self.storage)

    def address(self, name: str) -> str:
        """Where a table or folder stands once it is published."""
        return f"{self.root}/{name}"

    def manifest(self, name: str, forgiving: bool = False) -> Manifest | None:
        """The manifest of a published table or folder; None where there is none.

        Args:
            name: of the table.
            forgiving: whether a damaged one counts as none.

        Raises:
            ImageLakeError: it is damaged.
        """
        return self.view.manifest(name, forgiving)

    def read(self, name: str) -> DataFrame:
        """A published table.

        Raises:
            ImageLakeError: it has not been published, or its files are not those that were published.
        """
        for _ in range(_LOOKS):
            location = self.sound(name)
            frame = self.spark.read.schema(TABLES[name].ddl).parquet(to_pattern(f"{self.root}/{location.folder}"))
            # Spark has listed the files: they are those of this run if the folder is still its.
            if self.view.location(name) == location:
                return frame
        raise SupersededError(f"{name} under {self.root} is being published over and over: run again")

    def folder(self, name: str) -> str:
        """The address at which a published table or folder can be read now.

        Raises:
            ImageLakeError: it has not been published, or its files are not those that were published.
        """
        return f"{self.root}/{self.sound(name).folder}"

    def require(self, name: str) -> Manifest:
        """The manifest of a table that must be there.

        Raises:
            ImageLakeError: it has not been published.
        """
        return self._required(name).manifest

    def sound(self, name: str) -> Location:
        """Where a table stands, all of whose files are there with the sizes that they were published with.

        Raises:
            ImageLakeError: it has not been published, or a file is missing or has another size.
        """
        location = self._required(name)
        while found := list(damage(self.files, location.folder, location.manifest)):
            before, location = location, self._required(name)
            if location == before:
                more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
                raise ImageLakeError(
                    f"{self.root}/{found[0]}{more}: the table {name} is damaged. "
                    f"Run jobs/{location.manifest.job}.py again, which makes it anew, or put the file back"
                )
        return location

    def intact(self, name: str) -> None:
        """Compare every file of a published table with its checksum: one read on a local disk, none on HDFS.

        Raises:
            ImageLakeError: it has not been published, or a file is not as it was published.
        """
        location = self.sound(name)
        of_uri = checksum_of(self.storage, self.root)
        for found in damage(self.files, location.folder, location.manifest, lambda path: of_uri(f"{self.root}/{path}")):
            raise ImageLakeError(f"{self.root}/{found}: the table {name} is damaged")

    def _required(self, name: str) -> Location:
        location = self.view.location(name)
        if location is None:
            raise ImageLakeError(
                f"there is no table {name} under {self.root}: run the job that writes it first "
                "(docs/tables.md names it), or jobs/run_pipeline.py for all of them"
            )
        return location
