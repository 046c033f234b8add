"""The reference pattern of the Databricks documentation: an iterator pandas UDF around Keras's predict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from contest import BATCH, Run, keras_model, local_spark, pixels_of, serve, spark_photos


def get_ready() -> Run:
    spark = local_spark()
    from pyspark.sql.functions import pandas_udf  # type: ignore[attr-defined]

    @pandas_udf("array<float>")  # type: ignore[untyped-decorator]
    def scores(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        model = keras_model()
        for contents in batches:
            pixels = np.stack([pixels_of(content) for content in contents])
            yield pd.Series(list(model.predict(pixels, batch_size=BATCH, verbose=0)))

    def run(file: Path, _: str) -> dict[str, int]:
        rows = spark_photos(spark, file).select("image_id", scores("content").alias("scores"))
        best = rows.selectExpr("image_id", "array_position(scores, array_max(scores)) - 1 best").collect()
        return {row["image_id"]: row["best"] for row in best}

    return run


if __name__ == "__main__":
    serve(get_ready)
