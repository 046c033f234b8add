"""The trained part of the image index: learnt on the driver, kept in a folder beside the table, used while it fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.search.description import IndexDescription
from imagelake.search.parameters import IndexOverrides, choose_parameters, still_fit, training_rows, with_effort
from imagelake.search.quantizer import Quantizer
from imagelake.transforms.rows.features import feature_sample

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame

    from imagelake.config import IndexSection
    from imagelake.lake.lake import Lake
    from imagelake.lake.storage import Storage

DESCRIPTION, TRAINED = "index.json", "quantizer.faiss"
TABLE, FOLDER = "image_index", "index_quantizer"


@dataclass(frozen=True)
class TrainedIndex:
    """A quantizer as bytes, and what is known of it."""

    description: IndexDescription
    quantizer: bytes


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


def save_trained(trained: TrainedIndex, folder: Path) -> None:
    """Write the files that `load_trained` reads into a local folder."""
    (folder / TRAINED).write_bytes(trained.quantizer)
    (folder / DESCRIPTION).write_text(trained.description.to_json(), encoding="utf-8")


def load_trained(folder: str, storage: Storage) -> TrainedIndex:
    """What `save_trained` wrote, at any address."""
    description = IndexDescription.from_json(storage.read_bytes(f"{folder}/{DESCRIPTION}").decode())
    return TrainedIndex(description, storage.read_bytes(f"{folder}/{TRAINED}"))


def reused(trained: TrainedIndex, rows: int, dimension: int, model_id: str, index: IndexSection) -> TrainedIndex | None:
    """An earlier quantizer, searched as hard as a lake of now so many images asks for; None where it does not fit."""
    known, overrides = trained.description, overrides_of(index)
    if (known.model_id, known.dimension) != (model_id, dimension):
        return None
    if not still_fit(known.parameters, known.trained_of, rows, overrides, index.retrain_growth):
        return None
    return replace(trained, description=replace(known, parameters=with_effort(known.parameters, rows, overrides)))


def published_index(lake: Lake) -> tuple[TrainedIndex, int]:
    """The trained part of a lake's index, and how many images it holds.

    Raises:
        ImageLakeError: there is no index, or its two parts are of different runs.
    """
    table, quantizer = lake.require(TABLE), lake.require(FOLDER)
    if table.run_id != quantizer.run_id:
        raise ImageLakeError(f"{TABLE} and {FOLDER} under {lake.root} are being published; try again")
    return load_trained(lake.folder(FOLDER), lake.storage), table.rows
