"""The vectors that pictures are compared by, out of the columns of predictions or of projected ones.

Letters: N images, P dimensions of a projected vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagelake.measures.thumbnail_vectors import thumbnail_vectors
from imagelake.search.scan import HALF
from imagelake.search.serving_folder import fixed_width
from imagelake.transforms.rows.features import features_of
from imagelake.vision.fingerprint import thumbnail_pixels

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from numpy.typing import NDArray


def vectors_of_thumbnails(batch: pa.RecordBatch | pa.Table) -> NDArray[np.float32]:
    """The column thumbnail as vectors float32 [N, 192]."""
    return thumbnail_vectors(pixels_in(batch["thumbnail"]))


def pixels_in(thumbnails: pa.Array | pa.ChunkedArray) -> NDArray[np.uint8]:
    """Thumbnails as pixels uint8 [N, 32, 32, 3]."""
    return thumbnail_pixels(b"".join(thumbnails.to_pylist()))


def vectors_in(column: pa.Array) -> NDArray[np.float16]:
    """Vectors, none of them null, as half precision [N, P]."""
    if not len(column):
        return np.empty((0, 0), HALF)
    return fixed_width(column, len(column[0].as_buffer())).view(HALF)


VECTORS = {"features": features_of, "thumbnail": vectors_of_thumbnails}
