"""The limit: the same decoding and the same engine in a plain loop, without Spark and without anything else."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
from contest import SIDE, folder, photos_file, serve

from imagelake.vision.limits import Limits
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, prepare


def get_ready():  # type: ignore[no-untyped-def]
    cores = len(os.sched_getaffinity(0))
    network = PackedModel("litert", (folder() / sys.argv[1]).read_bytes())
    engines = [open_engine(network) for _ in range(cores)]
    settings = InputSettings(SIDE, "squeeze", Limits())
    photos = pq.read_table(photos_file()).to_pylist()

    def part(core: int) -> dict[str, int]:
        engine = engines[core]
        return {
            photo["image_id"]: int(engine.run(prepare(photo["content"], settings)[None]).scores.argmax())
            for photo in photos[core::cores]
        }

    def run() -> dict[str, int]:
        with ThreadPoolExecutor(cores) as pool:
            return {image: best for found in pool.map(part, range(cores)) for image, best in found.items()}

    return run


if __name__ == "__main__":
    serve(get_ready)
