"""Properties of the images of two sets: moments of numbers, and images by stratum with the model's right ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from imagelake.measures.shift.moments import Moments

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_WORDS = 50  # different values of a property of words; the rarest share a stratum
OTHERS = "others"


@dataclass(frozen=True)
class PropertyCounts:
    """One property of both sets.

    Attributes:
        name: of the property.
        before: moments, float64 [1]; None of words.
        after: moments, float64 [1]; None of words.
        strata: one row a stratum: stratum, before, right (of those before with a label), labelled (before), after.
    """

    name: str
    before: Moments | None
    after: Moments | None
    strata: pd.DataFrame


def count_properties(before: DataFrame, after: DataFrame, right: DataFrame | None, strata: int) -> list[PropertyCounts]:
    """Every property that both sets have.

    Args:
        before: properties of the one set: image_id, property, value, text.
        after: of the other.
        right: image_id and right of the set before; None without labels.
        strata: ranges of numbers with about as many images before in each.
    """
    sides = before.withColumn("side", F.lit("before")).unionByName(after.withColumn("side", F.lit("after")))
    shared = sides.groupBy("property").agg(
        F.countDistinct("side").alias("sides"), F.count_if(F.col("value").isNotNull()).alias("numbers")
    )
    names = {row["property"]: row["numbers"] > 0 for row in shared.where("sides = 2").orderBy("property").collect()}
    numbers = [name for name, is_number in names.items() if is_number]
    moments, edges = _moments(sides), _edges(before, numbers, strata)
    counts = _counts(sides, right, edges)
    return [
        PropertyCounts(
            name,
            moments.get((name, "before")) if is_number else None,
            moments.get((name, "after")) if is_number else None,
            _table(counts[counts["property"] == name]),
        )
        for name, is_number in names.items()
    ]


def _moments(sides: DataFrame) -> dict[tuple[str, str], Moments]:
    rows = (
        sides.where("value IS NOT NULL")
        .groupBy("property", "side")
        .agg(F.count("*").alias("n"), F.avg("value").alias("mean"), F.var_pop("value").alias("variance"))
        .collect()
    )
    return {
        (row["property"], row["side"]): Moments(
            row["n"], np.array([row["mean"]]), np.zeros(1), np.array([row["variance"] * row["n"]])
        )
        for row in rows
    }


def _edges(before: DataFrame, numbers: list[str], strata: int) -> dict[str, list[float]]:
    """The inner bounds of the ranges of each property of numbers."""
    shares = [position / strata for position in range(1, strata)]
    rows = (
        before.where(F.col("property").isin(numbers))
        .groupBy("property")
        .agg(F.percentile_approx("value", shares).alias("edges"))
        .collect()
    )
    return {row["property"]: sorted(set(row["edges"])) for row in rows}


def _counts(sides: DataFrame, right: DataFrame | None, edges: dict[str, list[float]]) -> pd.DataFrame:
    """One row a property, stratum and side: images, labelled, right."""
    spark = sides.sparkSession
    bounds = F.broadcast(spark.createDataFrame(list(edges.items()), "property string, edges array<double>"))
    above = F.size(F.filter("edges", lambda edge: F.col("value") > edge))
    stratum = F.coalesce("text", F.format_string("%02d", above))
    judged = sides if right is None else sides.join(right, "image_id", how="left")
    known = F.lit(False) if right is None else F.col("right").isNotNull()
    return (
        judged.join(bounds, "property", how="left")
        .groupBy("property", stratum.alias("stratum"), "side")
        .agg(
            F.count("*").alias("images"),
            F.count_if(known).alias("labelled"),
            F.count_if(F.lit(False) if right is None else F.col("right")).alias("right"),
        )
        .toPandas()
    )


def _table(counts: pd.DataFrame) -> pd.DataFrame:
    """The strata of one property; beyond the most frequent ones they are joined."""
    sizes = counts.groupby("stratum")["images"].sum().sort_values(ascending=False)
    rare = set(sizes.index[MOST_WORDS:])
    named = counts.assign(stratum=[OTHERS if one in rare else one for one in counts["stratum"]])
    sides = {
        side: named[named["side"] == side].groupby("stratum")[["images", "labelled", "right"]].sum()
        for side in ("before", "after")
    }
    one, other = sides["before"], sides["after"]["images"]
    joined = one.rename(columns={"images": "before"}).join(other.rename("after"), how="outer").fillna(0)
    return joined.reset_index().sort_values("stratum", ignore_index=True)
