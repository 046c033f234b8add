"""MobileNet v1 as an ONNX network: the layers of Keras' own, one by one, with its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

_OPSET, _IR_VERSION = 13, 8


def features_as_onnx(model: Any) -> bytes:
    """The network up to its pooled features, with pixels float32 [N, 3, S, S] from -1 to 1 and the output features.

    Args:
        model: a MobileNet v1 of Keras.
    """
    nodes: list[NodeProto] = []
    weights: list[TensorProto] = []
    value, pads = "pixels", None

    def add(kind: str, name: str, *inputs: np.ndarray, **attributes: Any) -> str:
        names = [f"{name}.{number}" for number in range(len(inputs))]
        weights.extend(numpy_helper.from_array(array, at) for array, at in zip(inputs, names, strict=True))
        nodes.append(helper.make_node(kind, [value, *names], [name], **attributes))
        return name

    for layer in model.layers:
        match type(layer).__name__:
            case "ZeroPadding2D":
                (top, bottom), (left, right) = layer.padding
                pads = [top, left, bottom, right]
            case "Conv2D" | "DepthwiseConv2D" as kind if layer.name != "conv_preds":
                depthwise = kind == "DepthwiseConv2D"
                kernel = layer.get_weights()[0].transpose(*((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)))
                groups, strides = kernel.shape[0] if depthwise else 1, list(layer.strides)
                around = pads or _same(layer.kernel_size[0] - strides[0] if layer.padding == "same" else 0)
                value, pads = add("Conv", layer.name, kernel, pads=around, strides=strides, group=groups), None
            case "BatchNormalization":
                value = add("BatchNormalization", layer.name, *layer.get_weights(), epsilon=layer.epsilon)
            case "ReLU":
                value = add("Clip", layer.name, np.array(0, np.float32), np.array(6, np.float32))
            case "GlobalAveragePooling2D":
                nodes.append(helper.make_node("ReduceMean", [value], ["features"], axes=[2, 3], keepdims=0))
                break
    side, width = model.input_shape[1], kernel.shape[0]
    graph = helper.make_graph(
        nodes,
        "mobilenet",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, side, side])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", width])],
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def _same(added: int) -> list[int]:
    """Pixels before and after rows and columns of an even number; the odd one comes after, as TensorFlow has it."""
    return [added // 2] * 2 + [added - added // 2] * 2
