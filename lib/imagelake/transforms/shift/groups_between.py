"""Which images of two sets are duplicates of each other beyond equal bytes, as far as tables of their lakes tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.transforms.shift.sets import ShiftSet


def groups_between(before: ShiftSet, after: ShiftSet) -> tuple[DataFrame, DataFrame] | None:
    """Of each set image_id and group, equal for duplicates across the sets; None where no table tells.

    Within one lake the groups are those of find_duplicates. Of two lakes measure_overlap tells, run in either of them
    with the other as its reference; of both tables that of the lake after is taken.
    """
    if before.lake == after.lake:
        return None if before.groups is None or after.groups is None else (before.groups, after.groups)
    if (found := _by_overlap(after, before)) is not None:
        return found[1], found[0]
    return _by_overlap(before, after)


def _by_overlap(one: ShiftSet, other: ShiftSet) -> tuple[DataFrame, DataFrame] | None:
    """The groups of both by the table of the first; None where it does not compare with the other's lake."""
    if one.overlap is None or other.lake not in one.references or other.pictures is None or other.hashes is None:
        return None
    shared = one.overlap.where(F.col("reference") == F.lit(other.lake))
    # Of several images that look the very same the table names the first alone, which need not be in this set.
    pictures = other.pictures.withColumnRenamed("picture", "group")
    named = shared.join(pictures.withColumnRenamed("image_id", "reference_id"), "reference_id", how="inner")
    theirs = pictures.join(other.hashes.select("image_id"), "image_id", how="left_semi")
    return named.select("image_id", "group"), theirs.select("image_id", "group")
