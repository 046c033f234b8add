"""The rows that the report shows: a bounded number of each table, whatever the size of the lake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.transforms.accuracy.confusion import worst_confusions
from imagelake.transforms.accuracy.overall_accuracy import overall_accuracy
from imagelake.transforms.explore.annotation_counts import top_labels
from imagelake.transforms.report.duplicate_rows import conflicts_to_show, duplicate_counts_to_show, groups_to_show
from imagelake.transforms.report.sample_rows import keywords_to_show, labels_to_show, stages_of_all
from imagelake.transforms.report.shift_rows import hypotheses_to_show, images_of_shift, summaries_to_show

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import ReportSection
    from imagelake.reports.finding import Finding

ISSUES, TRAINED_LABELS = 24, 200
LABELS, FOLDERS, CONFUSIONS, FACETS, QUERIES, RESULTS = 200, 1_000, 12, 2_000, 8, 8
WHOLE = ("split_summary", "boxes_per_image", "image_shapes", "null_counts")
SHOWN = (
    *WHOLE,
    "label_counts",
    "facets",
    "class_folders",
    "label_accuracy",
    "confusion",
    "image_rank",
    "duplicate_counts",
    "duplicate_conflicts",
    "duplicate_groups",
    "image_quality",
    "labels_clean",
    "search_queries",
    "search_results",
    "images",
    "predictions",
    "labels_rejected",
    "annotations_rejected",
    "images_rejected",
)


# Shown where they have been published, by jobs that are no steps.
OPTIONAL = (
    "sample_counts",
    "label_issues",
    "training_runs",
    "training_measures",
    "training_labels",
    "shift_summary",
    "shift_hypotheses",
    "shift_images",
)


def report_frames(tables: Mapping[str, DataFrame], rules: ReportSection) -> dict[str, pd.DataFrame]:
    """The frames of the report on the driver, hundreds of rows each; a table that is not given leaves its frame out.

    Args:
        tables: the published ones of SHOWN.
        rules: the numbers of labels and images shown.
    """
    made: dict[str, tuple[str, Callable[[DataFrame], DataFrame]]] = {
        "top_labels": ("label_counts", lambda counts: top_labels(counts, rules.top_labels)),
        "facets": ("facets", lambda facets: facets.orderBy("depth", F.desc("images"), "label_id").limit(FACETS)),
        "class_folders": ("class_folders", _folders_to_show),
        "label_accuracy": ("label_accuracy", _labels_to_show),
        "confusion": ("confusion", lambda confusion: worst_confusions(confusion, CONFUSIONS)),
        "search_queries": ("search_queries", _queries_to_show),
        "label_issues": ("label_issues", lambda issues: issues.where(F.col("rank") <= ISSUES).orderBy("rank")),
        "training_runs": ("training_runs", lambda runs: runs.orderBy("l2")),
        "training_measures": ("training_measures", lambda measures: measures.orderBy("evaluated_on", "measure")),
        "training_labels": ("training_labels", _trained_labels_to_show),
        "duplicate_counts": ("duplicate_counts", duplicate_counts_to_show),
        "duplicate_conflicts": ("duplicate_conflicts", conflicts_to_show),
        "duplicate_groups": ("duplicate_groups", groups_to_show),
        "shift_summary": ("shift_summary", summaries_to_show),
        "shift_hypotheses": ("shift_hypotheses", hypotheses_to_show),
        "shift_images": ("shift_images", images_of_shift),
        "sample_stages": ("sample_counts", stages_of_all),
        "sample_labels": ("sample_counts", labels_to_show),
        "sample_keywords": ("sample_counts", keywords_to_show),
    }
    frames = {name: tables[name].toPandas() for name in WHOLE if name in tables}
    if "image_rank" in tables:
        frames["gallery"] = _gallery(tables, rules.gallery_images)
    frames |= {name: make(tables[table]).toPandas() for name, (table, make) in made.items() if table in tables}
    if "label_accuracy" in tables:
        covered = tables["label_accuracy"].where("covered AND images > 0").toPandas()
        frames["overall_accuracy"] = overall_accuracy(covered, tables["label_accuracy"].count())
    if "search_results" in tables and "search_queries" in tables:
        queries = _queries_to_show(tables["search_queries"])
        frames["search_results"] = answers_of(tables["search_results"], queries).toPandas()
    frames["rejected"] = rejected_by_reason(tables)
    return frames


def _labels_to_show(accuracy: DataFrame) -> DataFrame:
    return accuracy.orderBy(F.desc("covered"), F.desc("images"), "label").limit(LABELS)


def _folders_to_show(folders: DataFrame) -> DataFrame:
    """Those that need a person first: ambiguous ones, then those not covered."""
    return folders.orderBy(F.col("outcome") == "covered", "outcome", F.desc("images"), "folder").limit(FOLDERS)


def _gallery(tables: Mapping[str, DataFrame], count: int) -> pd.DataFrame:
    """The first images by rank; by quality where the ranking cannot tell them apart because all their values agree."""
    best = best_images(tables["image_rank"], count).toPandas()
    if len(best) < 2 or best["value"].nunique(dropna=False) > 1 or "image_quality" not in tables:
        return best
    found = best_by_quality(tables["image_quality"], tables["labels_clean"], count).toPandas()
    return found if len(found) else best


def best_by_quality(quality: DataFrame, labels: DataFrame, count: int) -> DataFrame:
    """The first images by the combined quality, as best_images gives them."""
    known = quality.where("quality IS NOT NULL")
    first = known.orderBy(F.desc("quality"), "image_id").limit(count).select("image_id", "split", "quality", "ppi")
    own = labels.join(F.broadcast(first.select("image_id")), "image_id", how="left_semi")
    named = own.groupBy("image_id").agg(F.sort_array(F.collect_set("label")).alias("labels"))
    best_first = Window.orderBy(F.desc("quality"), "image_id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return first.join(named, "image_id", how="left").select(
        "image_id",
        "split",
        F.lit("quality").alias("measure"),
        F.col("quality").alias("value"),
        "ppi",
        F.row_number().over(best_first).alias("rank"),
        "labels",
    ).orderBy("rank")  # fmt: skip


def best_images(ranks: DataFrame, count: int) -> DataFrame:
    """The first images by rank, each once with all its labels: image_id, split, measure, value, ppi, rank, labels."""
    return (
        ranks.where(F.col("rank") <= count)
        .groupBy("image_id", "split", "measure", "value", "ppi", "rank")
        .agg(F.sort_array(F.collect_set("label")).alias("labels"))
        .orderBy("rank")
    )


def _trained_labels_to_show(labels: DataFrame) -> DataFrame:
    """Those of lowest F1 first."""
    return labels.orderBy("evaluated_on", F.asc_nulls_first("f1"), "label").limit(TRAINED_LABELS)


def _queries_to_show(queries: DataFrame) -> DataFrame:
    return queries.orderBy("query").limit(QUERIES)


def answers_of(results: DataFrame, queries: DataFrame) -> DataFrame:
    """The first results of some queries in every mode."""
    few = F.broadcast(queries.select("query"))
    return results.where(F.col("rank") <= RESULTS).join(few, "query", how="left_semi").orderBy("query", "mode", "rank")


def rejected_by_reason(tables: Mapping[str, DataFrame]) -> pd.DataFrame:
    """The number of rejected rows, or of rows with an error, by table and reason.

    Returns:
        table_name, bound_for (the table that an annotation line would have gone to, else null), reason, rows.
    """
    reasons = {
        "labels_rejected": "reason",
        "annotations_rejected": "reason",
        "images_rejected": "reason",
        "images": "error",
        "predictions": "error",
    }
    counts = [_count(tables[name], name, reason) for name, reason in reasons.items() if name in tables]
    if not counts:
        return pd.DataFrame(columns=["table_name", "bound_for", "reason", "rows"])
    return reduce(lambda one, other: one.unionByName(other), counts).toPandas()


def _count(table: DataFrame, name: str, reason: str) -> DataFrame:
    bound_for = F.col("table_name") if "table_name" in table.columns else F.lit(None).cast("string")
    return (
        table.where(F.col(reason).isNotNull())
        .groupBy(bound_for.alias("bound_for"), F.col(reason).alias("reason"))
        .agg(F.count("*").alias("rows"))
        .select(F.lit(name).alias("table_name"), "bound_for", "reason", "rows")
    )


def images_to_show(frames: Mapping[str, pd.DataFrame], findings: Sequence[Finding] = ()) -> set[str]:
    """The images that the report has a thumbnail of."""
    wanted = {example.image_id for finding in findings for example in finding.examples if example.image_id}
    for name in ("gallery", "search_results", "duplicate_groups", "label_issues"):
        wanted.update(frames[name]["image_id"] if name in frames else ())
    if "confusion" in frames:
        wanted.update(*frames["confusion"]["examples"])
    if "duplicate_conflicts" in frames:
        wanted.update(*frames["duplicate_conflicts"]["examples"])
    return wanted
