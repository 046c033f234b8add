"""The labels that are probably wrong: which, why, and how often people agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pyspark.sql import functions as F

from imagelake.measures.intervals import wilson_interval
from imagelake.transforms.labels.label_hierarchy import hierarchy_graph
from imagelake.transforms.rows.row_numbers import add_row_numbers
from imagelake.transforms.rows.verdicts import first_reason

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FindBy = Literal["low_score", "noise_rate", "class", "both", "confident_learning", "differs"]
RankBy = Literal["self_confidence", "margin"]
PAIR = ("image_id", "label")
SCORE_BINS = 10
DROPPED = ("label_issue", "confirmed_wrong")


@dataclass(frozen=True)
class IssueRules:
    """Which labels are issues.

    Attributes:
        find_by: what an issue is.
        below: a label of a lower score, where another one has the best, is one for low_score.
        rank_by: the most suspicious first.
        outlier_score: a best score below this is an outlier's.
        level: of intervals.
    """

    find_by: FindBy
    below: float
    rank_by: RankBy
    outlier_score: float
    level: float

    @property
    def condition(self) -> Column:
        """Of rows of label_scores: whether they are issues."""
        others = {
            "low_score": F.col("differs") & (F.col("score") < self.below),
            "both": F.col("by_noise_rate") & F.col("by_class"),
            "differs": F.col("differs"),
        }
        return others[self.find_by] if self.find_by in others else F.col(f"by_{self.find_by}")


def candidate_labels(clean: DataFrame, dropped: DataFrame) -> DataFrame:
    """Clean labels, and those that cleaning dropped because of issues: judged again, or they would come back.

    Args:
        clean: labels_clean.
        dropped: labels_rejected.
    """
    again = dropped.where(F.col("reason").isin(*DROPPED)).drop("reason")
    return clean.unionByName(again.dropDuplicates(["image_id", "label_id"]))


@dataclass(frozen=True, eq=False)
class Background:
    """What reasons and probabilities rest on besides scores.

    Attributes:
        labels: image_id, label_id, label, split, origin, source of candidates that are there.
        images: image_id and sha256.
        hierarchy: the table.
        verdicts: the table; None where nothing has been reviewed.
        denied: the same columns as of labels, of those that people verified as not there; None where these are not
            judged.
    """

    labels: DataFrame
    images: DataFrame
    hierarchy: DataFrame
    verdicts: DataFrame | None
    denied: DataFrame | None = None

    @property
    def published(self) -> DataFrame:
        """Labels that are there or denied, one row an image and label."""
        columns = [*PAIR, "label_id", "split", "origin", "source"]
        there = self.labels.select(*columns)
        every = there if self.denied is None else there.unionByName(self.denied.select(*columns))
        return every.dropDuplicates(list(PAIR))


def label_issues(scores: DataFrame, background: Background, rules: IssueRules) -> DataFrame:
    """The label_issues table.

    Args:
        scores: the label_scores table.
        background: of reasons.
        rules: of the configuration.
    """
    judged = with_verdicts(scores.join(background.published, list(PAIR), how="inner"), background.verdicts)
    found = judged.where(rules.condition)
    twins = F.broadcast(contradicted_by_twins(background.labels, background.images))
    related = F.broadcast(_related_labels(background.hierarchy))
    reasons = {
        "contradicts_duplicates": F.col("twin").isNotNull(),
        "contradicts_hierarchy": F.col("related").isNotNull(),
        "likely_missing": ~F.col("present"),
        "outlier": F.col("suggested_score") < rules.outlier_score,
        "ambiguous": F.col("score") >= F.col("suggested_score") / 2,
        "unlikely": F.lit(True),
    }
    reasoned = (
        found.join(twins, list(PAIR), how="left")
        .join(related, (found["label"] == F.col("one")) & (found["suggested"] == F.col("related")), how="left")
        .withColumn("reason", first_reason(reasons))
        .withColumn("score_bin", _score_bin())
        .join(F.broadcast(reviewed_bins(judged)), "score_bin", how="left")
    )
    n = F.when(F.col("reviewed") > 0, F.col("reviewed"))
    low, high = wilson_interval(F.col("confirmed"), n, rules.level)
    order = [F.col({"self_confidence": "score", "margin": "margin"}[rules.rank_by]), F.col("image_id"), F.col("label")]
    return add_row_numbers(
        reasoned.select(
            "image_id", "label_id", "label", "split", "origin", "source", "score", "margin", "suggested",
            "suggested_score", "reason", "verdict", F.coalesce("reviewed", F.lit(0)).alias("reviewed"),
            (F.col("confirmed") / n).alias("wrong"), low.alias("wrong_low"), high.alias("wrong_high"),
            F.lit(rules.level).alias("level"), "present",
        ),
        "rank",
        order,
    )  # fmt: skip


def with_verdicts(rows: DataFrame, verdicts: DataFrame | None) -> DataFrame:
    """Rows with image_id and label_id, and the verdict on each, null where nobody reviewed it."""
    if verdicts is None:
        return rows.withColumn("verdict", F.lit(None).cast("string"))
    return rows.join(verdicts.select("image_id", "label_id", "verdict"), ["image_id", "label_id"], how="left")


def _score_bin() -> Column:
    return F.least(F.floor(F.col("score") * SCORE_BINS), F.lit(SCORE_BINS - 1)).cast("int")


def reviewed_bins(judged: DataFrame) -> DataFrame:
    """How many labels of about equal score people reviewed, and how many of them are wrong."""
    return (
        judged.where("verdict IS NOT NULL")
        .groupBy(_score_bin().alias("score_bin"))
        .agg(F.count("*").alias("reviewed"), F.count_if(F.col("verdict") == "confirmed").alias("confirmed"))
    )


def contradicted_by_twins(labels: DataFrame, images: DataFrame) -> DataFrame:
    """Pairs where an image of equal bytes, the twin, has other labels only: image_id, label, twin."""
    hashed = labels.join(images.where("sha256 IS NOT NULL").select("image_id", "sha256"), "image_id", how="inner")
    pairs = hashed.select("image_id", "label", "sha256").distinct()
    sets = pairs.groupBy("sha256", "image_id").agg(F.collect_set("label").alias("twin_labels"))
    twins = sets.select("sha256", F.col("image_id").alias("twin"), "twin_labels")
    apart = (F.col("image_id") != F.col("twin")) & ~F.array_contains("twin_labels", F.col("label"))
    return (
        pairs.join(twins, "sha256", how="inner")
        .where(apart)
        .groupBy("image_id", "label")
        .agg(F.min("twin").alias("twin"))
    )


def _related_labels(hierarchy: DataFrame) -> DataFrame:
    """Each label with every narrower and every broader one, by display names: one, related."""
    graph = hierarchy_graph(hierarchy)
    names = {row["label_id"]: row["label"] for row in hierarchy.where("label IS NOT NULL").collect()}
    rows = set()
    for node in graph.nodes if graph else ():
        for below in graph.descendants(node) if graph and node in names else ():
            if below in names:
                rows |= {(names[node], names[below]), (names[below], names[node])}
    return hierarchy.sparkSession.createDataFrame(sorted(rows), "one string, related string")


def issue_counts(scores: DataFrame, published: DataFrame, rules: IssueRules) -> DataFrame:
    """The label_issue_counts table: how often labels of each source are issues.

    Args:
        scores: the label_scores table.
        published: as from `Background.published`.
        rules: of the configuration.
    """
    counts = (
        scores.join(published, list(PAIR), how="inner")
        .groupBy("label", "origin", "source", "present")
        .agg(F.count("*").alias("labels"), F.count_if(rules.condition).alias("issues"))
    )
    low, high = wilson_interval(F.col("issues"), F.col("labels"), rules.level)
    return counts.select(
        "label", "origin", "source", "labels", "issues", (F.col("issues") / F.col("labels")).alias("share"),
        low.alias("share_low"), high.alias("share_high"), F.lit(rules.level).alias("level"), "present",
    )  # fmt: skip
