"""Ours in Spark over the photos of the contest, to a Parquet table as the job writes it: prints its seconds."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from contest import folder, local_spark, spark_photos
from our_predictions import network, settings

from imagelake.transforms.predict.predict import predict_images


def main() -> None:
    """Warm up on a few photos, then take the time of all."""
    spark, packed = local_spark(), network(sys.argv[1])
    photos = spark_photos(spark, Path(sys.argv[2]))
    table = str(folder() / "scaling.predictions")

    def write(rows) -> None:  # type: ignore[no-untyped-def]
        predict_images(rows, packed, settings()).write.mode("overwrite").parquet(table)

    write(photos.limit(64 * len(os.sched_getaffinity(0))))
    began = time.perf_counter()
    write(photos)
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
