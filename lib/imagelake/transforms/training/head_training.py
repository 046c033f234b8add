"""The training of a head from the images of a lake: in memory where they fit, else by passes of tasks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.training.head_grid import Course, Shape
from imagelake.transforms.training.grid_search import GridSettings, Passes, SearchedGrid, search_grid
from imagelake.transforms.training.packed_features import PACK_OPTIONS, Packing, Scaling, pack
from imagelake.transforms.training.passes import PassesByTasks, PassesInMemory
from imagelake.transforms.training.training_images import CROSS_VALIDATION, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from imagelake.transforms.training.checkpoint import Checkpoint
    from imagelake.transforms.training.training_images import TrainingCounts

TRAINED_ON = (CROSS_VALIDATION, "train")


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a head is trained from.

    Attributes:
        rows: as from `training_images`.
        counts: of them.
        scaling: of their features.
    """

    rows: DataFrame
    counts: TrainingCounts
    scaling: Scaling


@dataclass(frozen=True, eq=False)
class Workshop:
    """Where training happens.

    Attributes:
        memory_bytes: features up to this size are held by the driver.
        address: a folder for packed images that are not.
        checkpoint: keeps the weights of passes by tasks.
        say: is given a line of progress after each of these.
    """

    memory_bytes: int
    address: str
    checkpoint: Checkpoint
    say: Callable[[str], None]


def train_head(data: TrainingSet, settings: GridSettings, workshop: Workshop) -> SearchedGrid:
    """Pack the images, then train a grid of heads on them and choose the best.

    Args:
        data: the images.
        settings: what is tried.
        workshop: where.
    """
    packing, dimension = Packing.of(data.counts, data.scaling, settings.imbalance), len(data.scaling.mean)
    images = data.counts.training + (0 if settings.folds else data.counts.by_evaluation[VALIDATION])
    packed, start = pack(data.rows, images, packing), None
    in_memory = images * dimension * 4 <= workshop.memory_bytes
    passes: Passes
    if in_memory:
        passes = PassesInMemory(packed, dimension)
    else:
        packed.write.options(**PACK_OPTIONS).parquet(workshop.address)
        passes = PassesByTasks(data.rows.sparkSession.read.parquet(workshop.address), dimension)
        start = workshop.checkpoint.load()
        if start is not None:
            workshop.say("goes on from the weights of an interrupted run")
    began = time.monotonic()

    def report(number: int, left: int, weights: NDArray[np.float32]) -> None:
        if not in_memory:
            workshop.say(f"pass {number}, {left} heads left, {time.monotonic() - began:,.0f} s")
            workshop.checkpoint.save(weights)

    shape = Shape(dimension, len(data.counts.labels))
    found = search_grid(passes, shape, packing.counts, settings, Course(start, report))
    workshop.checkpoint.delete()
    return found
