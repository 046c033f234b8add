"""A Python worker of ours: what its start costs, its memory, and the time of textures."""

from __future__ import annotations

import time
from functools import partial

BORN = time.perf_counter()

import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402

from contest import BATCH, SIDE, folder  # noqa: E402

TURNS = 3


def main() -> None:
    """Import, load, predict; then take the time of the textures alone."""
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    from imagelake.measures.texture import texture_of
    from imagelake.transforms.predict.predict import ImagePart, PredictSettings, predict_batch
    from imagelake.vision.limits import Limits
    from imagelake.vision.network import open_network
    from imagelake.vision.packed import PackedModel
    from imagelake.vision.preprocess import InputSettings, prepare

    settings = PredictSettings(InputSettings(SIDE, "squeeze", Limits()), BATCH, 5, tuple(map(str, range(1000))))
    photos = pq.ParquetFile(sys.argv[1]).read_row_group(0).slice(0, BATCH)
    part = ImagePart(photos["image_id"].to_pylist(), contents := photos["content"].to_pylist())
    network = open_network(PackedModel("litert", (folder() / "network.tflite").read_bytes()))
    loaded_s = time.perf_counter() - BORN
    predict_batch(network, part, settings)
    first_batch_s, first_batch_cpu_s = time.perf_counter() - BORN, time.process_time()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    int8 = open_network(PackedModel("litert", (folder() / "network.int8.tflite").read_bytes()))
    pixels = [prepare(content, settings.input) for content in contents]
    textures_s = fastest_s(lambda: [texture_of(image) for image in pixels])
    exact_s, int8_s = (fastest_s(partial(predict_batch, one, part, settings)) for one in (network, int8))
    print(
        json.dumps(
            {
                "loaded_s": loaded_s,
                "first_batch_s": first_batch_s,
                "start_cpu_s": first_batch_cpu_s - exact_s,
                "peak_mb": peak_mb,
                "texture_share": textures_s / (exact_s - textures_s),
                "texture_share_int8": textures_s / (int8_s - textures_s),
            }
        )
    )


def fastest_s(work: Callable[[], object]) -> float:
    """Seconds of the processor that the fastest of a few turns takes."""
    turns = []
    for _ in range(TURNS):
        began = time.thread_time()
        work()
        turns.append(time.thread_time() - began)
    return min(turns)


if __name__ == "__main__":
    main()
