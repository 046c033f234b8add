"""LiteRT: one conversion on the driver, then inference without TensorFlow on executors."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.vision.engine import Scored, check_batch, softmax
from imagelake.vision.native_output import without_native_notes
from imagelake.vision.preprocess import normalise
from imagelake.vision.tensorflow_import import import_tensorflow

_FLOAT_OUTPUTS = ("scores", "features")
_INT8_OUTPUTS = ("logits", "features")


def convert(model: Any, calibration: NDArray[np.uint8] | None = None) -> bytes:
    """A LiteRT flatbuffer of a two-output model from `build_model`; its batch dimension can be resized.

    int8 follows Jacob et al. 2018, Quantization and training of neural networks for integer-arithmetic-only inference:
    weights by output channel, activations by layer. It ends with the logits instead of the scores, because a softmax in
    256 steps makes most of the classes equal. The layers of `_exact_layers` stay in float32.

    Args:
        model: the network.
        calibration: prepared images uint8 [N, S, S, 3], N at least 1, from whose activations int8 takes its ranges;
            None converts to float32.
    """
    tensorflow = import_tensorflow()
    pixels = tensorflow.TensorSpec([None, *model.input_shape[1:]], tensorflow.float32)
    if calibration is None:
        forward = tensorflow.function(lambda pixels: model(pixels, training=False), input_signature=[pixels])
    else:
        forward = tensorflow.function(lambda pixels: _logits(model(pixels, training=False)), input_signature=[pixels])
    # The converter freezes the variables that it finds here. Its own way from a Keras model gives the same bytes but
    # traces the network three times.
    holder = tensorflow.Module()
    holder.weights = [weight.value for weight in model.weights]
    with without_native_notes():
        if calibration is None:
            concrete = forward.get_concrete_function()
        else:
            with _without_softmax(model):
                concrete = forward.get_concrete_function()
        converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([concrete], holder)
        return bytes(converter.convert()) if calibration is None else _quantised(converter, calibration, model)


def _logits(outputs: dict[str, Any]) -> dict[str, Any]:
    return {"logits": outputs["scores"], "features": outputs["features"]}


@contextmanager
def _without_softmax(model: Any) -> Iterator[None]:
    """The classifier's layer, whether it is an activation only or a dense one, ends linear inside the `with`."""
    layer = model.get_layer("predictions")
    activation, layer.activation = layer.activation, import_tensorflow().keras.activations.linear
    try:
        yield
    finally:
        layer.activation = activation


def _quantised(converter: Any, calibration: NDArray[np.uint8], model: Any) -> bytes:
    """Quantises through TensorFlow's debugger, its only public way to leave out single layers."""
    lite = import_tensorflow().lite
    converter.optimizations = [lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([normalise(image[np.newaxis])] for image in calibration)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TensorFlow's own interpreter, which the debugger takes, moves to LiteRT
        debugger = lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=converter.representative_dataset,
            debug_options=lite.experimental.QuantizationDebugOptions(),
        )
    debugger.options.denylisted_nodes = _tensors_of(debugger.calibrated_model, _exact_layers(model))
    return bytes(debugger.get_nondebug_quantized_model())


def _exact_layers(model: Any) -> list[str]:
    """The names of the layers that stay float32: those whose rounding costs the most accuracy for the time saved.

    These are the first convolution and the first depthwise one, on the pixels, and the pooling and the classifier, with
    the final results. In int8 they would save 0.3 of 4.5 ms and cost MobileNet v1 1.0 224 half a
    point of top-1 on 902 animals (0.666 in float32, 0.654 in int8 throughout, 0.660 so; the same best class 94.2 %
    instead of 92.7 %).
    """
    keras = import_tensorflow().keras
    first = [layer.name for layer in model.layers if isinstance(layer, keras.layers.ReLU)][:2]
    pooling = [layer.name for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D)]
    classifier = [layer.name for layer in model.layers if layer.name in {"conv_preds", "predictions"}]
    return first + pooling + classifier


def _tensors_of(flatbuffer: bytes, layers: list[str]) -> list[str]:
    """The names of all tensors of some layers; fused ones are named after the last layer first."""
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    # A layer that is traced again gets a number behind its name.
    of_a_layer = re.compile(rf"[^/;]+/(?:{'|'.join(map(re.escape, layers))})(?:_\d+)?/")
    details = Interpreter(model_content=flatbuffer).get_tensor_details()
    return [detail["name"] for detail in details if of_a_layer.match(detail["name"])]


class LiteRtEngine:
    """A network on LiteRT's XNNPACK kernels, float32 or int8.

    Images go through one by one: on a core that is as fast as any batch (88 images/s against 69 in batches of 8 for
    MobileNet v1 1.0 224, because the activations of one image stay in the cache), needs the least memory, and makes an
    image's result independent of its neighbours.
    """

    def __init__(self, flatbuffer: bytes, threads: int = 1) -> None:
        """Loads a flatbuffer made by `convert`.

        Args:
            flatbuffer: its bytes.
            threads: cores for one image; 1 for an executor's task slot.

        Raises:
            ValueError: for a flatbuffer without outputs named features and scores or logits.
        """
        from ai_edge_litert.interpreter import Interpreter

        with without_native_notes():
            self._interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
            self._input, self._outputs, self._ends_in_logits = _tensors(self._interpreter)
            self._interpreter.allocate_tensors()
        # One buffer for all images: a new one of this size may be fresh pages each time, half of the time it takes.
        self._pixels = np.empty((1, self.resolution, self.resolution, 3), np.float32)

    @property
    def resolution(self) -> int:
        """The input's side in pixels, S."""
        return int(self._input["shape"][1])

    def run(self, batch: NDArray[np.uint8]) -> Scored:
        """Scores and features of prepared images uint8 [N, S, S, 3], for any N, 0 included.

        Raises:
            ValueError: for another shape or type.
        """
        check_batch(batch, self.resolution)
        classes, features = (np.empty((len(batch), output["shape"][1]), np.float32) for output in self._outputs)
        for row in range(len(batch)):
            self._interpreter.set_tensor(self._input["index"], normalise(batch[row : row + 1], self._pixels))
            self._interpreter.invoke()
            for rows, output in zip((classes, features), self._outputs, strict=True):
                rows[row] = self._interpreter.get_tensor(output["index"])[0]
        return Scored(softmax(classes) if self._ends_in_logits else classes, features)


def _tensors(interpreter: Any) -> tuple[dict[str, Any], list[dict[str, Any]], bool]:
    """The input, the two outputs by their names in the signature (their order and shapes prove nothing), if logits."""
    signatures = interpreter.get_signature_list()
    outputs = sorted(name for signature in signatures.values() for name in signature["outputs"])
    known = next((names for names in (_FLOAT_OUTPUTS, _INT8_OUTPUTS) if sorted(names) == outputs), None)
    if known is None:
        raise ValueError(f"expected a flatbuffer with outputs {sorted(_FLOAT_OUTPUTS)}, found {outputs}")
    runner = interpreter.get_signature_runner()
    (pixels,) = runner.get_input_details().values()
    named = runner.get_output_details()
    return pixels, [named[name] for name in known], known == _INT8_OUTPUTS
