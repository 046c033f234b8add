"""Probabilities of all classes, of a sample of a set: the mix of an unlabelled set is estimated from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import functions as F

from imagelake.transforms.rows.features import is_sampled

if TYPE_CHECKING:
    from imagelake.transforms.shift.sets import ShiftSet

MOST_CLASSES = 50  # with more, to calibrate a hundred resampled sets takes minutes, and counted predictions serve
IMAGES = 2000


@dataclass(frozen=True)
class Probabilities:
    """Of N images and K classes.

    Attributes:
        values: float64 [N, K].
        labels: int64 [N], the number of the class; -1 where there is no label.
    """

    values: NDArray[np.float64]
    labels: NDArray[np.int64]

    @property
    def complete(self) -> bool:
        """Whether every class has an image with its label, so that it can be calibrated on."""
        classes = np.arange(self.values.shape[1])
        return bool(np.isin(classes, self.labels).all())


def sample_probabilities(images: ShiftSet) -> Probabilities | None:
    """About 2,000 images by the hash of their names; None where a set has no probabilities, or of too many classes."""
    if images.probabilities is None:
        return None
    rows = images.probabilities.where("size(probabilities) > 1")
    first = rows.select(F.size("probabilities").alias("classes")).first()
    if first is None or first["classes"] > MOST_CLASSES:
        return None
    classes = int(first["classes"])
    whole = rows.where(F.size("probabilities") == classes)
    chosen = whole.where(is_sampled(min(1.0, IMAGES / whole.count())))
    number = F.col("label").try_cast("int")
    found = chosen.orderBy("image_id").select(F.coalesce(number, F.lit(-1)).alias("label"), "probabilities").toPandas()
    if found.empty:
        return None
    return Probabilities(np.array(found["probabilities"].to_list(), np.float64), found["label"].to_numpy(np.int64))
