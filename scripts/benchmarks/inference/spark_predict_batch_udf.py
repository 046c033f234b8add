"""Spark's own predict_batch_udf around a tf.function; decoding is a pandas UDF before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from contest import BATCH, SIDE, Run, keras_model, local_spark, pixels_of, serve, spark_photos


def make_predict() -> Callable[[np.ndarray], np.ndarray]:
    import tensorflow as tf  # type: ignore[import-untyped]

    model = keras_model()
    forward = tf.function(lambda pixels: model(pixels, training=False))
    return lambda pixels: forward(tf.constant(pixels)).numpy()


def get_ready() -> Run:
    spark = local_spark()
    from pyspark.ml.functions import predict_batch_udf
    from pyspark.sql.functions import pandas_udf  # type: ignore[attr-defined]
    from pyspark.sql.types import ArrayType, FloatType

    @pandas_udf("array<float>")  # type: ignore[untyped-decorator]
    def pixels(contents: pd.Series) -> pd.Series:
        return contents.map(lambda content: pixels_of(content).ravel())

    scores = predict_batch_udf(
        make_predict,
        return_type=ArrayType(FloatType()),
        batch_size=BATCH,
        input_tensor_shapes=[[SIDE, SIDE, 3]],
    )

    def run(file: Path, _: str) -> dict[str, int]:
        rows = spark_photos(spark, file).select("image_id", scores(pixels("content")).alias("scores"))
        best = rows.selectExpr("image_id", "array_position(scores, array_max(scores)) - 1 best").collect()
        return {row["image_id"]: row["best"] for row in best}

    return run


if __name__ == "__main__":
    serve(get_ready)
