"""The spaces in which pictures have neighbours: learnt from a sample of a lake, and kept as arrays.

Letters: N images, D dimensions of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.search.cells import Cells, power_of_two
from imagelake.search.scan import HALF
from imagelake.transforms.duplicates.vectors import VECTORS
from imagelake.transforms.rows.features import HASH_VALUES, is_sampled, name_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from imagelake.config import DuplicatesSection

SAMPLED = 20_000  # images, about, that a space of vectors is learnt from: 40 MB of features
SAMPLE = pa.schema({"column": pa.string(), "hashes": pa.binary(), "vectors": pa.binary()})
PARTS = ("mean", "axes", "centroids")  # of cells


@dataclass(frozen=True)
class Space:
    """A space in which pictures have neighbours.

    Attributes:
        column: of predictions, which the vectors are made of.
        cells: learnt from a sample of them.
        least: the cosine that neighbours have at least.
    """

    column: str
    cells: Cells
    least: float

    @property
    def vector(self) -> str:
        """The column of the projected vectors."""
        return f"{self.column}_vector"


def learn_spaces(predictions: DataFrame, rows: int, least: Mapping[str, float]) -> list[Space]:
    """The spaces of those columns of which there are any vectors, learnt on the driver from one sample.

    Args:
        predictions: image_id and the columns.
        rows: how many there are, about.
        least: of each column, features or thumbnail, the cosine of neighbours.
    """
    samples = _samples(predictions, rows, list(least))
    return [Space(column, Cells.train(samples[column], rows), least[column]) for column in least if column in samples]


def _samples(predictions: DataFrame, rows: int, columns: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The vectors float32 [N, D] of each column of the images with the lowest hashes of their names, in that order.

    They come to the driver in half precision.
    """
    few = predictions.where(is_sampled(sampled_share(rows))).select(name_hash().alias("sampled"), *columns)

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for column in columns:
                known = batch.filter(batch[column].is_valid())
                if known.num_rows:
                    hashes, vectors = known["sampled"].to_numpy(), VECTORS[column](known).astype(HALF)
                    yield pa.record_batch([[column], [hashes.tobytes()], [vectors.tobytes()]], schema=SAMPLE)

    packed = few.mapInArrow(pack, from_arrow_schema(SAMPLE)).toArrow()
    found = {}
    for column in columns:
        parts = packed.filter(pa.array([name == column for name in packed["column"].to_pylist()], pa.bool_()))
        if parts.num_rows:
            hashes = np.frombuffer(b"".join(parts["hashes"].to_pylist()), np.int64)
            vectors = np.frombuffer(b"".join(parts["vectors"].to_pylist()), HALF).reshape(len(hashes), -1)
            # Training depends on the order, which must not depend on the files.
            found[column] = vectors[np.argsort(hashes, kind="stable")].astype(np.float32)
    return found


def sampled_share(rows: int) -> float:
    """The share of so many images that a space is learnt from: a half, a quarter and so on of all.

    So an image added to the lake changes nothing in the sample but its own row.
    """
    return 1.0 if rows <= SAMPLED else power_of_two(SAMPLED * HASH_VALUES // rows) / HASH_VALUES


def least_cosines(rules: DuplicatesSection, with_features: bool = True) -> dict[str, float]:
    """Of each column whose vectors may be compared, the cosine that neighbours have at least."""
    features = {"features": rules.min_features_cosine} if with_features else {}
    return {**features, "thumbnail": rules.min_thumbnail_cosine}


def arrays_of(spaces: Sequence[Space]) -> dict[str, NDArray[np.float32]]:
    """Spaces as arrays, from which `spaces_of` makes them again."""
    return {f"{space.column}_{part}": getattr(space.cells, part) for space in spaces for part in PARTS}


def spaces_of(arrays: Mapping[str, NDArray[np.float32]], least: Mapping[str, float]) -> list[Space]:
    """The spaces of those columns that are among arrays of `arrays_of`; least is that of `learn_spaces`."""
    return [
        Space(column, Cells(*(arrays[f"{column}_{part}"] for part in PARTS)), least[column])
        for column in least
        if f"{column}_{PARTS[0]}" in arrays
    ]
