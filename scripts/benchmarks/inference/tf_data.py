"""One process of TensorFlow alone: tf.data decodes, a tf.function predicts."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]
from contest import BATCH, SIDE, Run, keras_model, serve


def get_ready() -> Run:
    import tensorflow as tf  # type: ignore[import-untyped]

    model = keras_model()
    cores = len(os.sched_getaffinity(0))
    # With AUTOTUNE and a pool shared with the network it is idle for half of some rounds.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.threading.private_threadpool_size = cores + 1
    forward = tf.function(lambda pixels: tf.argmax(model(pixels, training=False), axis=1))

    def pixels(content):  # type: ignore[no-untyped-def]
        image = tf.io.decode_image(content, channels=3, expand_animations=False)
        # Without antialias it would skip pixels, unlike all others.
        return tf.image.resize(image, (SIDE, SIDE), antialias=True) / 127.5 - 1

    def run(file: Path, _: str) -> dict[str, int]:
        table = pq.read_table(file)
        images, contents = table["image_id"].to_pylist(), table["content"].to_pylist()
        photos = tf.data.Dataset.from_tensor_slices(contents).map(pixels, num_parallel_calls=cores)
        batches = photos.batch(BATCH).prefetch(2).with_options(options)
        found = [int(best) for batch in batches for best in forward(batch)]
        return dict(zip(images, found, strict=True))

    return run


if __name__ == "__main__":
    serve(get_ready)
