"""Ours, in Spark: what the job predict_images runs, textures, best five and unit-length features included."""

from __future__ import annotations

from pathlib import Path

from contest import SIDE, Run, folder, local_spark, serve, spark_photos

from imagelake.transforms.predict.predict import PredictSettings, predict_images
from imagelake.vision.limits import Limits
from imagelake.vision.packed import PackedModel
from imagelake.vision.preprocess import InputSettings


def network(file: str) -> PackedModel:
    """A converted network of the contest."""
    return PackedModel("litert", (folder() / file).read_bytes())


def settings() -> PredictSettings:
    """How the contest scores photos."""
    return PredictSettings(InputSettings(SIDE, "squeeze", Limits()), 16, 5, tuple(str(n) for n in range(1000)))


def get_ready() -> Run:
    spark = local_spark()

    def run(file: Path, flatbuffer: str) -> dict[str, int]:
        # Everything that the table holds is computed and brought to the JVM; only the best class comes here.
        rows = predict_images(spark_photos(spark, file), network(flatbuffer), settings())
        found = rows.selectExpr("image_id", "top_classes[0] best", "hash(*) whole").collect()
        return {row["image_id"]: row["best"] for row in found}

    return run


if __name__ == "__main__":
    serve(get_ready)
