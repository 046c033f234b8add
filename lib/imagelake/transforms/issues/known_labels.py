"""What is known of images with many labels: those that they show, and those that people verified as not there.

Of every other label of an image nothing is known: it is neither learnt from nor judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.errors import ImageLakeError
from imagelake.transforms.rows.verdicts import first_reason

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyspark.sql import DataFrame

PUBLISHED = ("image_id", "label", "label_id", "split", "origin", "source")


@dataclass(frozen=True)
class KnownRules:
    """Which labels are judged.

    Attributes:
        labels: display names; empty for all.
        min_images: a label needs so many images that show it, and so many of which it is known that they do not.
        folds: of the cross-validation, 2 at least.
        seed: of the folds.
    """

    labels: tuple[str, ...]
    min_images: int
    folds: int
    seed: int


def denied_labels(labels: DataFrame) -> DataFrame:
    """The labels that people verified as not there, one row an image and label: the columns of `PUBLISHED`.

    Args:
        labels: the table.
    """
    denied = (F.col("origin") == "human") & (F.col("confidence") == 0) & F.col("label").isNotNull()
    return labels.where(denied).select(*PUBLISHED).dropDuplicates(["image_id", "label"])


def judge_known(there: DataFrame, denied: DataFrame, predictions: DataFrame, rules: KnownRules) -> DataFrame:
    """Add ``reason`` to what is known of images: null for what heads learn from and judge.

    The reasons, in the order in which they apply:

    - other_label: the configuration leaves this label out.
    - contradictory: the image shows the label, and people say that it does not.
    - no_features: the image has no prediction, or one with an error.
    - few_images: fewer than train.min_images images show the label.
    - few_absent: of fewer than train.min_images images it is known that they do not show it.

    Args:
        there: clean labels.
        denied: as from `denied_labels`.
        predictions: whose features are learnt from.
        rules: of the configuration.

    Returns:
        image_id, label, present, reason.
    """
    said = [
        rows.select("image_id", "label", F.lit(present).alias("present")).distinct()
        for rows, present in ((there, True), (denied, False))
    ]
    with_features = predictions.where("error IS NULL").select("image_id", F.lit(True).alias("has_features"))
    unbounded = Window.unboundedPreceding, Window.unboundedFollowing
    of_pair, of_label = (
        Window.partitionBy(*names).rowsBetween(*unbounded) for names in (("image_id", "label"), ("label",))
    )
    first = first_reason(
        {
            "other_label": ~F.col("label").isin(list(rules.labels)) if rules.labels else F.lit(False),
            "contradictory": F.col("sayings") > 1,
            "no_features": F.col("has_features").isNull(),
        }
    )
    usable = F.col("reason").isNull()
    return (
        said[0]
        .unionByName(said[1])
        .withColumn("sayings", F.count(F.lit(1)).over(of_pair))
        .join(with_features, "image_id", how="left")
        .withColumn("reason", first)
        .withColumn("showing", F.count_if(usable & F.col("present")).over(of_label))
        .withColumn("without", F.count_if(usable & ~F.col("present")).over(of_label))
        .withColumn(
            "reason",
            F.coalesce(
                "reason",
                first_reason(
                    {
                        "few_images": F.col("showing") < rules.min_images,
                        "few_absent": F.col("without") < rules.min_images,
                    }
                ),
            ),
        )
        .select("image_id", "label", "present", "reason")
    )


def count_known(usable: DataFrame) -> dict[str, int]:
    """How many images each judged label is known of, by label in order.

    Raises:
        ImageLakeError: no label can be judged.
    """
    counts = {row["label"]: row["count"] for row in usable.groupBy("label").count().collect()}
    if not counts:
        raise ImageLakeError(
            "no label is both shown by train.min_images images and verified as not there (confidence 0) on as many: "
            "without such labels, images with many labels cannot be judged; issues.labels = one judges the others"
        )
    return dict(sorted(counts.items()))


def known_images(
    usable: DataFrame, labels: Collection[str], groups: DataFrame, predictions: DataFrame, rules: KnownRules
) -> DataFrame:
    """Each image of which something is known, with its features and its fold, whatever its split.

    Images of a group are in one fold; the hash of its name and the seed decide which.

    Args:
        usable: image_id, label, present of what has no reason.
        labels: the K judged labels, in order.
        groups: image_id, group_id.
        predictions: the table.
        rules: of the configuration.

    Returns:
        image_id, fold, known (array of whole numbers: n + 1 for a label of index n that is there, - n - 1 for one that
        is not), features.
    """
    indices = [(label, number + 1) for number, label in enumerate(labels)]
    numbers = F.broadcast(usable.sparkSession.createDataFrame(indices, "label string, number int"))
    signed = F.when(F.col("present"), F.col("number")).otherwise(-F.col("number"))
    fold = F.pmod(F.xxhash64(F.coalesce("group_id", "image_id"), F.lit(rules.seed)), F.lit(rules.folds))
    by_image = usable.join(numbers, "label", how="inner").groupBy("image_id").agg(F.collect_list(signed).alias("known"))
    return (
        by_image.join(groups, "image_id", how="left")
        .join(predictions.select("image_id", "features"), "image_id", how="inner")
        .select("image_id", fold.cast("int").alias("fold"), "known", "features")
    )
