"""The limit: the same decoding and the same engine in a plain loop, without Spark and without anything else."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from contest import SIDE, folder, serve

from imagelake.vision.limits import Limits
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, prepare


def get_ready():  # type: ignore[no-untyped-def]
    cores = len(os.sched_getaffinity(0))
    network = PackedModel("litert", (folder() / sys.argv[1]).read_bytes())
    engines = [open_engine(network) for _ in range(cores)]
    settings = InputSettings(SIDE, "squeeze", Limits())

    def part(core: int, photos: list[dict[str, Any]]) -> dict[str, int]:
        engine = engines[core]
        return {
            photo["image_id"]: int(engine.run(prepare(photo["content"], settings)[None]).scores.argmax())
            for photo in photos[core::cores]
        }

    def run(file: Path) -> dict[str, int]:
        photos = pq.read_table(file).to_pylist()
        with ThreadPoolExecutor(cores) as pool:
            parts = pool.map(part, range(cores), [photos] * cores)
            return {image: best for found in parts for image, best in found.items()}

    return run


if __name__ == "__main__":
    serve(get_ready)
