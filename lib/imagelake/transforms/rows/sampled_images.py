"""Which images something was learnt from, and whether those of today are still like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as F

from imagelake.transforms.rows.features import is_sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

ALIKE = 0.9  # of the images of a sample are those of an earlier one, where what was learnt from that holds


def sampled_images(images: DataFrame, share: float) -> NDArray[np.int64]:
    """The images with the lowest hashes of their names, each as a hash of its name and its bytes.

    Args:
        images: image_id and sha256.
        share: of all images, 0 to 1; so many hashes of 8 bytes come to the driver.
    """
    named = images.where(is_sampled(share)).select(F.xxhash64("image_id", "sha256").alias("hash"))
    return np.asarray(named.toArrow()["hash"].to_numpy(), np.int64)


def still_alike(now: NDArray[np.int64], then: NDArray[np.int64]) -> bool:
    """Whether most images of either sample are in the other one, too."""
    return len(np.intersect1d(now, then)) >= ALIKE * max(len(now), len(then), 1)
