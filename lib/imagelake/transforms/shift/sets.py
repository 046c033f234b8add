"""A set of images to be compared with another: its features, what a model said, and what else is known of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.measures.resolution import aspect_ratio, bytes_per_pixel, ppi
from imagelake.transforms.accuracy.label_accuracy import judge_predictions
from imagelake.transforms.rows.features import feature_list, is_list
from imagelake.transforms.rows.looks import with_looks
from imagelake.transforms.shift.overfitting import TrainingRun

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from imagelake.config import ShiftSection
    from imagelake.transforms.labels.label_classes import LabelClasses

ONE_MODEL = "model"
LABEL_ISSUE = "label_issue"  # the property of images with a label that is probably wrong
OF_PIXELS = ("entropy", "gradient", "brightness", "contrast", "sharpness")  # of predictions
BROADCAST_ROWS = 2_000_000  # of image_id and outcome: some 100 MB, which spares a shuffle of all features


@dataclass(frozen=True)
class ShiftSet:
    """One set. What it has not is None, and ``lacks`` says why.

    Attributes:
        name: as the user gave it.
        outcomes: one row an image, model and label: model, image_id, label, predicted, correct, score; label and
            correct are null where there is no label.
        features: one row an image: image_id, features; and right, as from the method, where that is known of its row.
        properties: one row an image and property: image_id, property, value (of numbers), text (of words).
        hashes: one row an image: image_id, sha256.
        lake: where its images are; None of files.
        network: the name of the features that its lake's network gives; None where that is not known.
        groups: one row an image with duplicates in its lake: image_id, group, the same for all of them.
        pictures: one row an image of the whole lake: image_id, picture, the same for all that look the very same.
        overlap: one row an image and what it is in another lake: image_id, reference (its root), reference_id.
        references: the roots of the lakes that overlap was measured with, found or not.
        runs: of the training of a head in its lake.
        content: one row an image: image_id, content: its file.
        votes: one row an image: image_id, selected, voters.
        probabilities: one row an image: image_id, label, probabilities: of each class, called by its number.
        lacks: name of an attribute -> why it is None, in words.
    """

    name: str
    outcomes: DataFrame | None = None
    features: DataFrame | None = None
    properties: DataFrame | None = None
    hashes: DataFrame | None = None
    lake: str | None = None
    network: str | None = None
    groups: DataFrame | None = None
    pictures: DataFrame | None = None
    overlap: DataFrame | None = None
    references: Collection[str] = ()
    runs: Sequence[TrainingRun] = ()
    content: DataFrame | None = None
    votes: DataFrame | None = None
    probabilities: DataFrame | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)

    def right(self, model: str) -> DataFrame | None:
        """One row an image that has a label: image_id, right: whether the model is right about any of its labels."""
        if self.outcomes is None:
            return None
        labelled = self.outcomes.where((F.col("model") == model) & F.col("correct").isNotNull())
        return labelled.groupBy("image_id").agg(F.max("correct").alias("right"))


def set_of_rows(name: str, rows: DataFrame, rules: ShiftSection) -> ShiftSet:
    """The set of a file of rows, an image (or an image and a model) each.

    Args:
        name: of the set.
        rows: with the columns that the rules name; those that are not there are lacking.
        rules: the names of columns.

    Raises:
        ImageLakeError: there is neither a prediction nor a feature, or a column is of a wrong type.
    """
    found = set(rows.columns)
    named = (rules.id_column, rules.label_column, rules.prediction_column, rules.score_column, rules.model_column)
    image_id, label, prediction, score, model = (F.col(f"`{column}`") if column in found else None for column in named)
    if image_id is None:
        rows = rows.withColumn(rules.id_column, F.monotonically_increasing_id())
        image_id = F.col(f"`{rules.id_column}`")
    made = ShiftSet(name)
    lacks: dict[str, str] = {}
    if prediction is None:
        lacks["outcomes"] = f"{name} has no column {rules.prediction_column}"
    else:
        predicted = _best(rows, rules.prediction_column)
        judged = rows.select(
            F.lit(ONE_MODEL).alias("model") if model is None else model.cast("string").alias("model"),
            image_id.cast("string").alias("image_id"),
            (F.lit(None) if label is None else label).cast("string").alias("label"),
            predicted.alias("predicted"),
            F.lit(None).alias("score") if score is None else score.cast("double").alias("score"),
        )
        made = replace(made, outcomes=judged.withColumn("correct", F.col("label") == F.col("predicted")))
    features = feature_list(rows, rules.features_column, "shift.features_column")
    if features is None:
        lacks["features"] = f"{name} has no column {rules.features_column}"
    else:
        # Of several models the images repeat; their features are those of the first.
        once = _of_first_model(rows, rules)
        columns = [image_id.cast("string").alias("image_id"), features.alias("features")]
        if model is None and prediction is not None and label is not None:
            # Whoever sums the features needs no join.
            columns.append((label.cast("string") == _best(rows, rules.prediction_column)).alias("right"))
        made = replace(made, features=once.select(*columns))
    made = replace(made, properties=_properties(name, rows, rules.id_column, rules.property_columns, lacks))
    if {rules.selected_column, rules.voters_column} <= found:
        votes = rows.select(
            image_id.cast("string").alias("image_id"),
            F.col(f"`{rules.selected_column}`").cast("double").alias("selected"),
            F.col(f"`{rules.voters_column}`").cast("double").alias("voters"),
        )
        made = replace(made, votes=votes.dropDuplicates(["image_id"]))
    else:
        lacks["votes"] = f"{name} has no columns {rules.selected_column} and {rules.voters_column}"
    if rules.probabilities_column in found and is_list(rows, rules.probabilities_column):
        made = replace(
            made,
            probabilities=_of_first_model(rows, rules).select(
                image_id.cast("string").alias("image_id"),
                (F.lit(None) if label is None else label).cast("string").alias("label"),
                F.col(f"`{rules.probabilities_column}`").cast("array<double>").alias("probabilities"),
            ),
        )
    lacks["hashes"] = f"{name} is no lake, whose images have hashes"
    lacks["runs"] = f"{name} is no lake, in which train_classifier keeps the runs of a head"
    if made.outcomes is None and made.features is None:
        raise ImageLakeError(
            f"{name} has neither predictions (shift.prediction_column = {rules.prediction_column!r}) nor features "
            f"(shift.features_column = {rules.features_column!r}). Its columns: {', '.join(sorted(found)[:20])}"
        )
    return replace(made, lacks=lacks)


def _best(rows: DataFrame, column: str) -> Column:
    """The predicted class, the first of a list, as a string."""
    predicted = F.col(f"`{column}`")
    return (F.get(predicted, F.lit(0)) if is_list(rows, column) else predicted).cast("string")


def _of_first_model(rows: DataFrame, rules: ShiftSection) -> DataFrame:
    if rules.model_column not in rows.columns:
        return rows
    column = F.col(f"`{rules.model_column}`")
    first = rows.agg(F.min(column).alias("model")).first()
    return rows if first is None else rows.where(column == F.lit(first["model"]))


def _properties(
    name: str, rows: DataFrame, id_column: str, columns: Sequence[str], lacks: dict[str, str]
) -> DataFrame | None:
    if not columns:
        lacks["properties"] = f"{name} is no lake, and shift.property_columns names no column"
        return None
    for column in columns:
        if column not in rows.columns:
            raise ImageLakeError(f"shift.property_columns: {unknown_choice('column', column, rows.columns)}")
    once = rows.dropDuplicates([id_column])
    numbers = [column for column in columns if isinstance(rows.schema[column].dataType, NumericType)]
    words = [column for column in columns if column not in numbers]
    return long_properties(
        once,
        F.col(f"`{id_column}`"),
        {column: F.col(f"`{column}`") for column in numbers},
        {column: F.col(f"`{column}`") for column in words},
    )


def long_properties(
    images: DataFrame, image_id: Column, numbers: Mapping[str, Column], words: Mapping[str, Column]
) -> DataFrame:
    """One row an image and property that it has: image_id, property, value, text."""
    none = F.lit(None)
    each = [
        *(
            F.struct(
                F.lit(name).alias("property"), value.cast("double").alias("value"), none.cast("string").alias("text")
            )
            for name, value in numbers.items()
        ),
        *(
            F.struct(
                F.lit(name).alias("property"), none.cast("double").alias("value"), value.cast("string").alias("text")
            )
            for name, value in words.items()
        ),
    ]
    exploded = images.select(image_id.cast("string").alias("image_id"), F.explode(F.array(*each)).alias("one"))
    return exploded.select("image_id", "one.*").where("(value IS NOT NULL AND NOT isnan(value)) OR text IS NOT NULL")


@dataclass(frozen=True)
class LakeTables:
    """The tables of a lake that a set is made of; those with a default are None where they are not published.

    Attributes:
        root: of the lake.
        images, predictions, labels: images, predictions and labels_clean.
        quality: image_quality.
        content: image_bytes.
        issues: label_issues.
        groups: duplicate_groups.
        overlap: image_overlap.
        references: those of overlap_counts.
        runs: of training_runs and run_comparison.
        network: the name of the features of its network.
    """

    root: str
    images: DataFrame
    predictions: DataFrame
    labels: DataFrame
    quality: DataFrame | None = None
    content: DataFrame | None = None
    issues: DataFrame | None = None
    groups: DataFrame | None = None
    overlap: DataFrame | None = None
    references: Collection[str] = ()
    runs: Sequence[TrainingRun] = ()
    network: str | None = None


def set_of_lake(name: str, tables: LakeTables, meanings: LabelClasses, split: str | None) -> ShiftSet:
    """The set of a lake, or of one of its splits.

    Args:
        name: of the set.
        tables: of the lake.
        meanings: which classes mean a label; images of labels that none means have no label here.
        split: the images of this split only.

    Raises:
        ImageLakeError: the lake has no image of this split.
    """
    images = tables.images.where("has_bytes")
    if split is not None:
        known = sorted(row["split"] for row in images.select("split").distinct().collect() if row["split"])
        if split not in known:
            raise ImageLakeError(f"{unknown_choice('split', split, known)}. A file or a lake is named with a slash")
        images = images.where(F.col("split") == split)
    chosen = images.select("image_id")
    predictions = tables.predictions.where("error IS NULL").join(chosen, "image_id", how="left_semi")
    covered = F.broadcast(labels_frame(tables.labels, meanings))
    labels = tables.labels.select("image_id", "label").join(covered, "label", how="left_semi")
    judged = judge_predictions(labels.join(chosen, "image_id", how="left_semi"), predictions, meanings)
    best_name = F.get("top_names", F.lit(0))
    every = predictions.select(
        "image_id", F.get("top_scores", F.lit(0)).cast("double").alias("score"), best_name.alias("best_name")
    )
    outcomes = every.join(
        judged.where("outcome = 'predicted'").select("image_id", "label", "predicted", "top1"), "image_id", how="left"
    ).select(
        F.lit(ONE_MODEL).alias("model"),
        "image_id",
        "label",
        F.coalesce("predicted", "best_name").alias("predicted"),
        F.when(F.col("label").isNotNull(), F.col("top1")).alias("correct"),
        "score",
    )
    groups, overlap = None, None
    if tables.groups is not None:
        mine = tables.groups.join(chosen, "image_id", how="left_semi")
        groups = mine.select("image_id", F.col("representative_id").alias("group"))
    if tables.overlap is not None:
        shared = tables.overlap.where("verified").join(chosen, "image_id", how="left_semi")
        overlap = shared.select("image_id", "reference", "reference_id")
    lacks = {
        "votes": "a lake holds no votes on its labels",
        "runs": f"no head was trained in the lake of {name} whose accuracy on what it learnt from was kept: "
        "train_classifier trains one",
    }
    return ShiftSet(
        name,
        outcomes,
        predictions.select("image_id", "features"),
        properties_of_lake(images, predictions, tables),
        images.select("image_id", "sha256"),
        tables.root,
        tables.network,
        groups,
        with_looks(tables.images, tables.predictions).select("image_id", F.col("look").alias("picture")),
        overlap,
        tables.references,
        tables.runs,
        tables.content,
        lacks=lacks,
    )


def labels_frame(labels: DataFrame, meanings: LabelClasses) -> DataFrame:
    """One row a label that a class means."""
    return labels.sparkSession.createDataFrame([(label,) for label in sorted(meanings.covered)], "label string")


def properties_of_lake(images: DataFrame, predictions: DataFrame, tables: LakeTables) -> DataFrame:
    """One row an image that was predicted and property: image_id, property, value, text.

    Args:
        images: those of the table images that count.
        predictions: of these, without an error.
        tables: of their lake.
    """
    measured = images.join(predictions.select("image_id", *OF_PIXELS), "image_id", how="inner")
    words = {"format": F.col("format"), "mode": F.col("mode")}
    if tables.quality is not None:
        measured = measured.join(tables.quality.select("image_id", "kind"), "image_id", how="left")
        words["kind"] = F.col("kind")
    if tables.issues is not None:
        suspected = tables.issues.select("image_id").distinct().withColumn(LABEL_ISSUE, F.lit("yes"))
        measured = measured.join(suspected, "image_id", how="left")
        words[LABEL_ISSUE] = F.coalesce(LABEL_ISSUE, F.lit("no"))
    width, height = F.col("width"), F.col("height")
    numbers = {
        "ppi": ppi(width, height),
        "aspect_ratio": aspect_ratio(width, height),
        "bytes_per_pixel": bytes_per_pixel(F.col("byte_size"), width.cast("double") * height),
        **{name: F.col(name) for name in OF_PIXELS},
    }
    return long_properties(measured, F.col("image_id"), numbers, words)
