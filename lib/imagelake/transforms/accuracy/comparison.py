"""The measurement of variants of the network on the same images: accuracy, CPU time and size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.measures.pareto import pareto_front
from imagelake.tables import TABLES
from imagelake.transforms.accuracy.label_accuracy import judge_predictions, measure_labels
from imagelake.transforms.accuracy.overall_accuracy import overall_accuracy
from imagelake.transforms.accuracy.timed_predictions import timed_predictions
from imagelake.transforms.predict.calibration import calibration_images
from imagelake.transforms.predict.model import convert_model, input_settings, of_weights, predict_settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from imagelake.config import CompareSection, Framing, ModelSection, Precision
    from imagelake.transforms.accuracy.comparison_sample import Sample
    from imagelake.transforms.labels.label_classes import LabelClasses
    from imagelake.vision.limits import Limits
    from imagelake.vision.packed import PackedModel

ACCURACY = ("images", "top1", "top1_low", "top1_high", "top5", "top5_low", "top5_high")


@dataclass(frozen=True)
class Variant:
    """The hyper-parameters of a variant: the key of model_comparison. Family and width are those of the weights.

    ``head`` is a head or trained network of the lake that scores labels; empty where the network scores its classes.
    """

    resolution: int
    framing: Framing
    weights: str
    precision: Precision
    head: str = ""

    def __str__(self) -> str:
        head = f", head {self.head}" if self.head else ""
        return f"{self.weights}, {self.resolution} px, {self.precision}, {self.framing}{head}"


def variants_of(compare: CompareSection, model: ModelSection) -> list[Variant]:
    """Every combination that [compare] lists, each once, and its heads on the configured network.

    Those of one input side follow each other.
    """
    variants = [
        Variant(resolution, framing, weights, precision)
        for resolution in compare.resolutions
        for framing in compare.framings or (model.framing,)
        for weights in compare.weights or (model.weights,)
        for precision in compare.precisions
    ]
    heads = [Variant(model.resolution, model.framing, model.weights, model.precision, head) for head in compare.heads]
    return list(dict.fromkeys((*variants, *heads)))


@dataclass(frozen=True)
class ComparisonSettings:
    """What all variants share.

    Attributes:
        model: the configured network, of which a variant changes some settings.
        limits: what one image may cost.
        confidence_level: of the intervals.
    """

    model: ModelSection
    limits: Limits
    confidence_level: float


@dataclass(frozen=True)
class Networks:
    """Where networks and heads come from, and what their scores mean.

    Attributes:
        local_weights: brings the weights of a network to a local folder.
        with_head: adds the configured head to a network.
        meanings: head, or empty for the network's own classes -> which of them mean which label.
    """

    local_weights: Callable[[ModelSection, Path], Path]
    with_head: Callable[[PackedModel, ModelSection], PackedModel]
    meanings: Mapping[str, LabelClasses]


class Comparison:
    """Measures variants one after the other, on LiteRT, by the definition of measure_accuracy."""

    def __init__(self, settings: ComparisonSettings, networks: Networks, image_bytes: DataFrame) -> None:
        """What all variants share.

        Args:
            settings: of the run.
            networks: that are measured.
            image_bytes: the lake's images, on which int8 is calibrated, with the column _metadata.
        """
        self._settings, self._networks = settings, networks
        wanted = settings.model.calibration_images
        # Of one input at a time: variants that share it follow each other.
        self._calibration = lru_cache(maxsize=1)(lambda how: calibration_images(image_bytes, how, wanted))

    def measure(self, variant: Variant, sample: Sample) -> dict[str, Any]:
        """The variant's row of model_comparison, without on_front; one that cannot be built has an error and nulls."""
        row: dict[str, Any] = asdict(variant)
        try:
            with tempfile.TemporaryDirectory() as scratch:
                model = self._configured(variant)
                weights = self._networks.local_weights(model, Path(scratch))
                model = of_weights(model, weights)
                row |= {"architecture": model.architecture, "alpha": model.alpha}
                packed = self._converted(model, weights)
            size = len(packed.payload) + (len(packed.head.payload) if packed.head else 0)
            return row | {"model_bytes": size} | self._measured(packed, model, sample)
        except ImageLakeError as error:
            return row | {"error": str(error)}

    def _configured(self, variant: Variant) -> ModelSection:
        return self._settings.model.model_copy(update={**asdict(variant), "engine": "litert"})

    def _converted(self, model: ModelSection, weights: Path) -> PackedModel:
        calibration = None
        if model.precision == "int8":
            calibration = self._calibration(input_settings(model, self._settings.limits))
        network = convert_model(model, len(self._networks.meanings[""].class_names), weights, calibration)
        return self._networks.with_head(network, model) if model.head else network

    def _measured(self, packed: PackedModel, model: ModelSection, sample: Sample) -> dict[str, Any]:
        meanings = self._networks.meanings[model.head]
        settings = predict_settings(model, self._settings.limits, meanings.class_names)
        shipped = sample.images.sparkSession.sparkContext.broadcast(packed)
        predicted = timed_predictions(sample.images, shipped, settings).persist(StorageLevel.DISK_ONLY)
        try:
            return _cost(predicted) | self._accuracy(predicted, sample.labels, meanings)
        finally:
            predicted.unpersist()
            shipped.destroy()

    def _accuracy(self, predicted: DataFrame, labels: DataFrame, meanings: LabelClasses) -> dict[str, Any]:
        judged = judge_predictions(labels, predicted, meanings)
        by_label = measure_labels(judged, meanings, self._settings.confidence_level)
        measured = by_label.where("covered AND images > 0").toPandas()
        (overall,) = overall_accuracy(measured, len(measured)).to_dict("records")
        return {"labels": overall["covered_labels"], **{name: overall[name] for name in ACCURACY}}


def _cost(predicted: DataFrame) -> dict[str, Any]:
    """Images a second of one core, and the number of undecodable images.

    Raises:
        ImageLakeError: all are undecodable.
    """
    totals = predicted.agg(
        F.count_if(F.col("error").isNull()).alias("predicted"),
        F.count_if(F.col("error").isNotNull()).alias("undecodable"),
        F.sum("core_s").alias("core_s"),
    ).first()
    assert totals is not None
    if not totals["predicted"]:
        raise ImageLakeError(f"none of the {totals['undecodable']:,} images of the comparison can be decoded")
    return {"images_per_second": totals["predicted"] / totals["core_s"], "undecodable": totals["undecodable"]}


def comparison_rows(spark: SparkSession, measured: Sequence[dict[str, Any]]) -> DataFrame:
    """The model_comparison table.

    Raises:
        ImageLakeError: no variant could be measured; the message has the first reason.
    """
    good = [row for row in measured if "error" not in row]
    if not good:
        raise ImageLakeError(f"none of {len(measured)} variants could be measured; the first: {measured[0]['error']}")
    front = pareto_front([(row["images_per_second"], row["top1"]) for row in good])
    marked = [row | {"on_front": mark} for row, mark in zip(good, front, strict=True)]
    table = TABLES["model_comparison"]
    rows = [*marked, *(row for row in measured if "error" in row)]
    return spark.createDataFrame([tuple(row.get(column.name) for column in table.columns) for row in rows], table.ddl)
