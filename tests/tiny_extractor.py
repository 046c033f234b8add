"""A tiny ONNX network whose features have a closed form: the mean of each channel, times a matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

DIMENSION = 6
MEAN, DEVIATION = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def matrix(seed: int = 0) -> NDArray[np.float32]:
    """float32 [3, D]."""
    return np.random.default_rng(seed).normal(size=(3, DIMENSION)).astype(np.float32)


def tiny_network(side: int, layout: str, seed: int = 0) -> bytes:
    """The network as ONNX."""
    shape: list[str | int | None] = ["N", side, side, 3] if layout == "NHWC" else ["N", 3, side, side]
    axes = [1, 2] if layout == "NHWC" else [2, 3]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["pixels"], ["means"], axes=axes, keepdims=0),
            helper.make_node("MatMul", ["means", "matrix"], ["embedding"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", DIMENSION])],
        [numpy_helper.from_array(matrix(seed), "matrix")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def description(side: int, layout: str) -> str:
    """Its description as TOML."""
    return (
        f'side = {side}\nmean = {list(MEAN)}\ndeviation = {list(DEVIATION)}\nlayout = "{layout}"\n'
        f'output = "embedding"\ndimension = {DIMENSION}\n'
    )


def write(folder: Path, side: int, layout: str) -> Path:
    """Both files; returns the network's."""
    file = folder / "tiny.onnx"
    file.write_bytes(tiny_network(side, layout))
    file.with_suffix(".toml").write_text(description(side, layout))
    return file


def expected(images: NDArray[np.uint8], seed: int = 0) -> NDArray[np.float64]:
    """The features [N, D] of images uint8 [N, S, S, 3], computed without a network."""
    means = images.astype(np.float64).mean(axis=(1, 2)) / 255
    normalised: NDArray[np.float64] = (means - MEAN) / DEVIATION
    return normalised @ matrix(seed).astype(np.float64)
