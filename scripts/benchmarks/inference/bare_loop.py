"""The upper bound: the same decoding and engine in a plain loop, without Spark."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
from contest import SIDE, Run, folder, serve

from imagelake.vision.engine import Engine
from imagelake.vision.limits import Limits
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, prepare


def get_ready() -> Run:
    cores = len(os.sched_getaffinity(0))
    settings = InputSettings(SIDE, "squeeze", Limits())

    @cache
    def engines(flatbuffer: str) -> list[Engine]:
        network = PackedModel("litert", (folder() / flatbuffer).read_bytes())
        return [open_engine(network) for _ in range(cores)]

    def part(core: int, engine: Engine, photos: list[dict[str, Any]]) -> dict[str, int]:
        return {
            photo["image_id"]: int(engine.run(prepare(photo["content"], settings)[None]).scores.argmax())
            for photo in photos[core::cores]
        }

    def run(file: Path, flatbuffer: str) -> dict[str, int]:
        photos = pq.read_table(file).to_pylist()
        with ThreadPoolExecutor(cores) as pool:
            parts = pool.map(part, range(cores), engines(flatbuffer), [photos] * cores)
            return {image: best for found in parts for image, best in found.items()}

    return run


if __name__ == "__main__":
    serve(get_ready)
