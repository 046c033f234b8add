"""Other engines in the bare loop, with our decoding: OpenVINO and ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from contest import SIDE, Run, folder, serve

from imagelake.vision.limits import Limits
from imagelake.vision.preprocess import InputSettings, normalise, prepare

BATCH = 8  # the best of 1, 8 and 32 for both
Forward = Callable[[np.ndarray], np.ndarray]


def openvino() -> Forward:
    import openvino as ov

    core = ov.Core()
    model = core.read_model(folder() / "network.onnx")
    settings = {
        "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",  # by itself it takes bfloat16 where the processor has it
    }
    compiled = core.compile_model(model, "CPU", settings)
    return lambda pixels: np.asarray(compiled(pixels)[0])


def onnxruntime() -> Forward:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = ort.InferenceSession(folder() / "network.onnx", options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pixels: np.asarray(session.run(None, {name: pixels})[0])


def get_ready() -> Run:
    engines: dict[str, Callable[[], Forward]] = {"openvino": openvino, "onnxruntime": onnxruntime}
    forward_of = cache(lambda library: engines[library]())
    settings = InputSettings(SIDE, "squeeze", Limits())

    def run(file: Path, library: str) -> dict[str, int]:
        found: dict[str, int] = {}
        photos = pq.read_table(file).to_pylist()
        for start in range(0, len(photos), BATCH):
            part = photos[start : start + BATCH]
            pixels = np.stack([prepare(photo["content"], settings) for photo in part])
            best = forward_of(library)(normalise(pixels)).argmax(axis=1)
            found |= {photo["image_id"]: int(index) for photo, index in zip(part, best, strict=True)}
        return found

    return run


if __name__ == "__main__":
    serve(get_ready)
