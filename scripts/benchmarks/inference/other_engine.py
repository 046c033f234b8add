"""Other engines in the bare loop, with our decoding: OpenVINO and ONNX Runtime."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from contest import SIDE, folder, serve

from imagelake.vision.limits import Limits
from imagelake.vision.preprocess import InputSettings, normalise, prepare

BATCH = 8  # the best of 1, 8 and 32 for both


def openvino():  # type: ignore[no-untyped-def]
    import openvino as ov

    core = ov.Core()
    model = core.read_model(folder() / "network.onnx")
    settings = {
        "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",  # by itself it takes bfloat16 where the processor has it
    }
    compiled = core.compile_model(model, "CPU", settings)
    return lambda pixels: compiled(pixels)[0]


def onnxruntime():  # type: ignore[no-untyped-def]
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = ort.InferenceSession(folder() / "network.onnx", options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pixels: session.run(None, {name: pixels})[0]


def get_ready():  # type: ignore[no-untyped-def]
    forward_of = cache(lambda library: {"openvino": openvino, "onnxruntime": onnxruntime}[library]())
    settings = InputSettings(SIDE, "squeeze", Limits())

    def run(file: Path, library: str) -> dict[str, int]:
        found, photos = {}, pq.read_table(file).to_pylist()
        for start in range(0, len(photos), BATCH):
            part = photos[start : start + BATCH]
            pixels = np.stack([prepare(photo["content"], settings) for photo in part])
            best = forward_of(library)(normalise(pixels)).argmax(axis=1)
            found |= {photo["image_id"]: int(index) for photo, index in zip(part, best, strict=True)}
        return found

    return run


if __name__ == "__main__":
    serve(get_ready)
