"""The images that a head learns from, and those that it is measured on: one label each, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.transforms.labels.label_hierarchy import hierarchy_graph
from imagelake.transforms.rows.row_numbers import add_row_numbers
from imagelake.transforms.rows.verdicts import first_reason, kept

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

CROSS_VALIDATION, VALIDATION = "cross_validation", "validation"
TRAIN_SPLITS = ("train", "all")
CHOSEN_FROM = ("predictions", "hierarchy", "images", "duplicate_groups")


@dataclass(frozen=True)
class ImageRules:
    """Which images a head learns from.

    Attributes:
        labels: display names of the labels to learn; empty for all.
        min_images: a label with fewer training images is left out.
        folds: of the cross-validation; 0 where the split validation chooses.
        seed: of the folds and of resampling.
    """

    labels: tuple[str, ...]
    min_images: int
    folds: int
    seed: int


class ChosenImages(NamedTuple):
    """The images that a classifier learns from and is measured on, stored until the end of the job.

    Attributes:
        judged: every pair of image and label with its reason, as `judge_pairs` gives it.
        rows: the usable images, as `training_images` gives them.
    """

    judged: DataFrame
    rows: DataFrame


def choose_images(labels: DataFrame, tables: Mapping[str, DataFrame], rules: ImageRules) -> ChosenImages:
    """Judge the pairs of image and label, and make of the usable ones what a classifier learns from.

    Args:
        labels: clean labels, or those to be judged.
        tables: those of CHOSEN_FROM.
        rules: of the configuration, or of a published head.

    Raises:
        ImageLakeError: a configured label is no label of the lake.
    """
    predictions = tables["predictions"]
    judged = judge_pairs(labels, predictions, tables["hierarchy"], rules).persist(StorageLevel.DISK_ONLY)
    groups = groups_of(tables["images"], tables["duplicate_groups"])
    rows = training_images(kept(judged), groups, predictions, rules).persist(StorageLevel.DISK_ONLY)
    return ChosenImages(judged, rows)


def judge_pairs(labels: DataFrame, predictions: DataFrame, hierarchy: DataFrame, rules: ImageRules) -> DataFrame:
    """Add ``reason`` to pairs of image and label: null for a pair that a head can learn from, or be measured on.

    The reasons, in the order in which they apply:

    - other_label: the configuration leaves this label out.
    - broader_label: the image has a narrower label, too, which is learnt instead.
    - several_labels: the image has several labels, none of which is broader than the others.
    - no_features: the image has no prediction, or one with an error.
    - few_images: the label has fewer training images than train.min_images.

    Args:
        labels: clean labels.
        predictions: whose features are learnt from.
        hierarchy: the table.
        rules: of the configuration.

    Returns:
        image_id, label, split, reason.

    Raises:
        ImageLakeError: a configured label is no label of the lake.
    """
    pairs = labels.groupBy("image_id", "label").agg(F.min("split").alias("split"))
    _check_labels(pairs, rules.labels)
    with_features = predictions.where("error IS NULL").select("image_id", F.lit(True).alias("has_features"))
    narrower = F.broadcast(_narrower_labels(hierarchy))
    wanted = F.col("label").isin(list(rules.labels)) if rules.labels else F.lit(True)
    of_image = Window.partitionBy("image_id").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    of_label = Window.partitionBy("label").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    together = (
        pairs.join(with_features, "image_id", how="left")
        .join(narrower, "label", how="left")
        .withColumn("wanted", wanted)
        .withColumn("others", F.collect_set(F.when(F.col("wanted"), F.col("label"))).over(of_image))
        .withColumn("broader", F.col("wanted") & F.coalesce(F.arrays_overlap("narrower", "others"), F.lit(False)))
        .withColumn("narrowest", F.count_if(F.col("wanted") & ~F.col("broader")).over(of_image))
        .withColumn(
            "reason",
            first_reason(
                {
                    "other_label": ~F.col("wanted"),
                    "broader_label": F.col("broader"),
                    "several_labels": F.col("narrowest") > 1,
                    "no_features": F.col("has_features").isNull(),
                }
            ),
        )
    )
    usable = F.col("reason").isNull() & F.col("split").isin(*TRAIN_SPLITS)
    return (
        together.withColumn("training_images", F.count_if(usable).over(of_label))
        .withColumn(
            "reason",
            F.coalesce("reason", first_reason({"few_images": F.col("training_images") < rules.min_images})),
        )
        .select("image_id", "label", "split", "reason")
    )


def _check_labels(pairs: DataFrame, chosen: Sequence[str]) -> None:
    if not chosen:
        return
    known = {row["label"] for row in pairs.select("label").distinct().collect()}
    for label in chosen:
        if label not in known:
            raise unknown_choice("clean label in train.labels:", label, known)


def _narrower_labels(hierarchy: DataFrame) -> DataFrame:
    """The labels below each label, by display names."""
    graph = hierarchy_graph(hierarchy)
    names = {row["label_id"]: row["label"] for row in hierarchy.where("label IS NOT NULL").collect()}
    rows = []
    if graph is not None:
        named = [node for node in graph.nodes if node in names]
        rows = [(names[node], sorted(names[one] for one in graph.descendants(node) if one in names)) for node in named]
    return hierarchy.sparkSession.createDataFrame(
        [row for row in rows if row[1]], "label string, narrower array<string>"
    )


def groups_of(images: DataFrame, duplicates: DataFrame) -> DataFrame:
    """What keeps images together in one fold: image_id, group_id.

    Args:
        images: the table; images of equal bytes are a group.
        duplicates: the duplicate_groups table, which knows more; empty where nobody has looked for duplicates.
    """
    known = duplicates.select("image_id", "representative_id")
    return images.join(known, "image_id", how="left").select(
        "image_id", F.coalesce("representative_id", "sha256", "image_id").alias("group_id")
    )


def training_images(usable: DataFrame, groups: DataFrame, predictions: DataFrame, rules: ImageRules) -> DataFrame:
    """Each usable image with its features, its fold and where it is measured.

    Images of a group are in one fold; the hash of its name and the seed decide which. Without folds the training images
    are fold 0 and those of the split validation are fold 1.

    Args:
        usable: image_id, label, split of pairs without a reason, one an image.
        groups: as from `groups_of`.
        predictions: the table.
        rules: of the configuration.

    Returns:
        image_id, label, evaluated_on, fold (null for an image that no choice depends on), row_number (among the images
        of the label and evaluated_on, by hash, from 1), features.
    """
    group = F.coalesce("group_id", "image_id")
    trains = F.col("split").isin(*TRAIN_SPLITS)
    hashed = F.pmod(F.xxhash64(group, F.lit(rules.seed)), F.lit(max(rules.folds, 1)))
    if rules.folds:
        evaluated_on = F.when(trains, F.lit(CROSS_VALIDATION)).otherwise(F.col("split"))
        fold = F.when(trains, hashed)
    else:
        evaluated_on = F.when(trains, F.lit("train")).otherwise(F.col("split"))
        fold = F.when(trains, F.lit(0)).when(F.col("split") == VALIDATION, F.lit(1))
    judged = usable.join(groups, "image_id", how="left").select(
        "image_id", "label", evaluated_on.alias("evaluated_on"), fold.cast("int").alias("fold")
    )
    order = [F.xxhash64("image_id", F.lit(rules.seed)), F.col("image_id")]
    numbered = add_row_numbers(judged, "row_number", order, within=["label", "evaluated_on"])
    return numbered.join(predictions.select("image_id", "features"), "image_id", how="inner")


@dataclass(frozen=True)
class TrainingCounts:
    """How many images there are.

    Attributes:
        labels: the labels that are learnt, in the order of the head's classes.
        images: training images of each.
        by_evaluation: images by evaluated_on.
    """

    labels: tuple[str, ...]
    images: tuple[int, ...]
    by_evaluation: Mapping[str, int]

    @property
    def training(self) -> int:
        """Training images in all."""
        return sum(self.images)


def count_images(rows: DataFrame, folds: int) -> TrainingCounts:
    """Count the training images of each label.

    Raises:
        ImageLakeError: there are fewer than two labels to tell apart, or nothing to choose by.
    """
    trained_on = CROSS_VALIDATION if folds else "train"
    counts = rows.groupBy("label", "evaluated_on").count().collect()
    by_label = {row["label"]: row["count"] for row in counts if row["evaluated_on"] == trained_on}
    by_evaluation: dict[str, int] = {}
    for row in counts:
        by_evaluation[row["evaluated_on"]] = by_evaluation.get(row["evaluated_on"], 0) + row["count"]
    if len(by_label) < 2:
        raise ImageLakeError(
            f"a classifier needs two labels with images to learn from, found {sorted(by_label)}: "
            "see the reasons in train.labels, train.min_images and clean.min_confidence"
        )
    if not folds and VALIDATION not in by_evaluation:
        raise ImageLakeError("train.folds = 0 chooses by the split validation, which has no image; set train.folds = 5")
    labels = tuple(sorted(by_label))
    return TrainingCounts(labels, tuple(by_label[label] for label in labels), by_evaluation)


def too_rare_labels(judged: DataFrame, limit: int) -> str | None:
    """The labels of reason few_images, those nearest to enough first, as "Owl 4, Lion 2 and 3 more"; None without any.

    Args:
        judged: as from `judge_pairs`.
        limit: of labels that are named.
    """
    trains = F.count_if(F.col("split").isin(*TRAIN_SPLITS)).alias("images")
    rare = judged.where("reason = 'few_images'").groupBy("label").agg(trains)
    rows = rare.withColumn("all", F.count(F.lit(1)).over(Window.partitionBy())).orderBy(F.desc("images"), "label")
    named = rows.limit(limit).collect()
    if not named:
        return None
    more = named[0]["all"] - len(named)
    return ", ".join(f"{row['label']} {row['images']}" for row in named) + (f" and {more:,} more" if more else "")


def width_of(rows: DataFrame) -> int:
    """D, the features of an image.

    Raises:
        ImageLakeError: images have different numbers of features.
    """
    widths = rows.agg(F.min(_size()).alias("least"), F.max(_size()).alias("most")).first()
    assert widths is not None
    if widths["least"] != widths["most"]:
        raise ImageLakeError(
            f"table predictions: images have {widths['least']} to {widths['most']} features; run predict_images again"
        )
    return int(widths["least"])


def _size() -> Column:
    return F.size("features")
