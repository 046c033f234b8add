"""A Python worker of ours from its birth to its first 32 photos: prints seconds and the peak of its memory."""

from __future__ import annotations

import time

BORN = time.perf_counter()

import json  # noqa: E402
import resource  # noqa: E402

from contest import BATCH, SIDE, folder  # noqa: E402


def main() -> None:
    """Import, load, predict."""
    import pyarrow.parquet as pq

    from imagelake.transforms.predict import PredictSettings, predict_batch
    from imagelake.vision.limits import Limits
    from imagelake.vision.packed import PackedModel, open_engine
    from imagelake.vision.preprocess import InputSettings

    settings = PredictSettings(InputSettings(SIDE, "squeeze", Limits()), BATCH, 5, tuple(map(str, range(1000))))
    photos = pq.ParquetFile(folder() / "photos.parquet").read_row_group(0).slice(0, BATCH)
    engine = open_engine(PackedModel("litert", (folder() / "network.tflite").read_bytes()))
    loaded_s = time.perf_counter() - BORN
    predict_batch(engine, photos["image_id"].to_pylist(), photos["content"].to_pylist(), settings)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"loaded_s": loaded_s, "first_batch_s": time.perf_counter() - BORN, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
