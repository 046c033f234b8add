"""The trained part of the image index: learnt on the driver, and used while it fits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imagelake.search.description import IndexDescription
from imagelake.search.index_files import TrainedIndex
from imagelake.search.parameters import IndexOverrides, choose_parameters, still_fit, training_rows, with_effort
from imagelake.search.quantizer import Quantizer
from imagelake.transforms.rows.features import feature_sample

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import IndexSection


def overrides_of(index: IndexSection) -> IndexOverrides:
    """What a configuration fixes of an index."""
    return IndexOverrides(index.exact_below, index.cells, index.code_bytes, index.probes, index.rerank)


def train_index(images: DataFrame, rows: int, dimension: int, model_id: str, overrides: IndexOverrides) -> TrainedIndex:
    """Learn from a sample of the lake, on the driver.

    Args:
        images: image_id and features.
        rows: how many there are.
        dimension: how many features an image has.
        model_id: names the features.
        overrides: what the user fixes of the parameters.
    """
    parameters = choose_parameters(rows, dimension, overrides)
    if parameters.is_exact:
        return TrainedIndex(IndexDescription(model_id, dimension, parameters, rows, 0), b"")
    sample = feature_sample(images, rows, training_rows(rows, parameters))
    description = IndexDescription(model_id, dimension, parameters, rows, len(sample))
    return TrainedIndex(description, Quantizer.train(sample, parameters).to_bytes())


def reused(trained: TrainedIndex, rows: int, dimension: int, model_id: str, index: IndexSection) -> TrainedIndex | None:
    """An earlier quantizer, searched as hard as a lake of now so many images needs; None where it does not fit."""
    known, overrides = trained.description, overrides_of(index)
    if (known.model_id, known.dimension) != (model_id, dimension):
        return None
    if not still_fit(known.parameters, known.trained_of, rows, overrides, index.retrain_growth):
        return None
    return replace(trained, description=replace(known, parameters=with_effort(known.parameters, rows, overrides)))
