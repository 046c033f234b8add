"""Daft, with the Keras model in a class that each worker makes once."""

from __future__ import annotations

import os
from pathlib import Path

import daft
import numpy as np
from contest import BATCH, Run, keras_model, pixels_of, serve


@daft.cls(max_concurrency=1)
class Classifier:
    """The model of a worker."""

    def __init__(self) -> None:
        import tensorflow as tf  # type: ignore[import-untyped]

        model = keras_model()
        self.forward = tf.function(lambda pixels: tf.argmax(model(pixels, training=False), axis=1))

    @daft.method.batch(return_dtype=daft.DataType.int64(), batch_size=BATCH)  # type: ignore[untyped-decorator]
    def best(self, contents: daft.Series) -> list[int]:
        """The best class of each photo."""
        pixels = np.stack([pixels_of(content) for content in contents.to_pylist()])
        return self.forward(pixels).numpy().tolist()  # type: ignore[no-any-return]


def get_ready() -> Run:
    os.environ["DAFT_PROGRESS_BAR"] = "0"
    classifier = Classifier()

    def run(file: Path, _: str) -> dict[str, int]:
        photos = daft.read_parquet(str(file))
        found = photos.select("image_id", classifier.best(daft.col("content")).alias("best")).to_pydict()
        return dict(zip(found["image_id"], found["best"], strict=True))

    return run


if __name__ == "__main__":
    serve(get_ready)
