"""Rows of an earlier run that still hold, and the images for which rows are to be made.

What tells whether a row holds are a few columns, its key: those that identify the image and its bytes. Keys are
compared; bytes and features beside them stay where they are as long as one of the two sides of a comparison is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.vision.errors import TRANSIENT

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

BROADCAST_ROWS = 200_000  # keys of 200 bytes: 40 MB in each executor; of more, Spark moves the rows and spills them


@dataclass(frozen=True)
class Keys:
    """Some keys, each once.

    Attributes:
        frame: the key's columns alone.
        count: how many there are.
    """

    frame: DataFrame
    count: int

    @classmethod
    def of(cls, frame: DataFrame) -> Keys:
        """Count keys, and keep them on the executors' disks as long as the session does."""
        kept = frame.persist(StorageLevel.DISK_ONLY)
        return cls(kept, kept.count())

    def of_columns(self, *names: str) -> Keys:
        """The same keys by some of their columns, which tell them apart."""
        return Keys(self.frame.select(*names), self.count)

    def rows_of(self, frame: DataFrame) -> DataFrame:
        """The rows of a frame that have one of these keys."""
        return frame.join(*self._side(), how="left_semi")

    def rows_besides(self, frame: DataFrame) -> DataFrame:
        """The rows of a frame that have none of these keys."""
        return frame.join(*self._side(), how="left_anti")

    def rows_of_table(self, table: DataFrame) -> DataFrame:
        """The rows of a published table that have one of these keys; no other file of it is read."""
        columns, files = table.columns, self.files_of_table(table)
        return self.rows_of(table.where(F.col("_metadata.file_path").isin(files)).select(*columns))

    def files_of_table(self, table: DataFrame) -> list[str]:
        """The addresses of those files of a published table that hold rows with one of these keys."""
        located = table.select(*self.frame.columns, F.col("_metadata.file_path").alias("file"))
        return [row["file"] for row in self.rows_of(located).select("file").distinct().collect()]

    def _side(self) -> tuple[DataFrame, Column]:
        """The other side of a join, and its condition: a key that is null is one, too."""
        named = self.frame.toDF(*(f"wanted_{name}" for name in self.frame.columns))
        conditions = [F.col(name).eqNullSafe(F.col(f"wanted_{name}")) for name in self.frame.columns]
        same = reduce(lambda first, second: first & second, conditions)
        return F.broadcast(named) if self.count <= BROADCAST_ROWS else named, same


@dataclass(frozen=True)
class Division:
    """What holds of an earlier table, and what is to be made.

    Attributes:
        taken: the rows of the earlier table that hold; None where there is no earlier table.
        fresh: the keys without such a row; None where there is no earlier table, so that this is all of them.
        gone: the keys of the other rows of the earlier table; None where there is none.
    """

    taken: DataFrame | None = None
    fresh: Keys | None = None
    gone: Keys | None = None

    def fresh_of(self, frame: DataFrame) -> DataFrame:
        """The rows of a frame for which there is no earlier row."""
        return frame if self.fresh is None else self.fresh.rows_of(frame)

    def fresh_of_table(self, table: DataFrame) -> DataFrame:
        """The rows of a published table for which there is no earlier row; files without one are not read."""
        return table if self.fresh is None else self.fresh.rows_of_table(table)


def is_lasting() -> Column:
    """Whether a row has no error, or one that comes again."""
    return F.col("error").isNull() | ~F.col("error").isin(*TRANSIENT)


def divide(now: DataFrame, before: DataFrame | None, key: Sequence[str], holds: Column | None = None) -> Division:
    """Compare what there is with what there was, in one pass over the keys of both.

    Args:
        now: a row an image, with the key's columns.
        before: an earlier table with the key's columns; None where no row of it may be taken over.
        key: the columns that are equal where a row holds; one that is null equals nothing.
        holds: of the earlier table's columns, whether a row may hold at all; None for all of them.
    """
    if before is None:
        return Division()
    may_hold = F.lit(True) if holds is None else holds
    there, was = now.select(*key, F.lit(True).alias("there")), before.select(*key, may_hold.alias("holds"))
    kept = F.col("there").isNotNull() & F.coalesce("holds", F.lit(False))
    differing = (
        there.join(was, list(key), how="full_outer")
        .where(~kept)
        .select(*key, F.col("there").isNotNull().alias("fresh"), F.col("holds").isNotNull().alias("gone"))
        .persist(StorageLevel.DISK_ONLY)
    )
    sides = ("fresh", "gone")
    (counts,) = differing.select(*(F.count_if(side).alias(side) for side in sides)).collect()
    fresh, gone = (Keys(differing.where(side).select(*key), counts[side]) for side in sides)
    return Division(gone.rows_besides(before), fresh, gone)
