"""LiteRT: one conversion on the driver, then inference without TensorFlow on executors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.vision.engine import Scored, check_batch
from imagelake.vision.native_output import without_native_notes
from imagelake.vision.preprocess import normalise
from imagelake.vision.tensorflow_import import import_tensorflow

_OUTPUTS = ("scores", "features")


def convert(model: Any) -> bytes:
    """A float32 LiteRT flatbuffer of a two-output model from `build_model`; its batch dimension can be resized."""
    tensorflow = import_tensorflow()
    pixels = tensorflow.TensorSpec([None, *model.input_shape[1:]], tensorflow.float32)
    forward = tensorflow.function(lambda pixels: model(pixels, training=False), input_signature=[pixels])
    # The converter freezes the variables that it finds here. Its own way from a Keras model gives the same bytes but
    # traces the network three times.
    holder = tensorflow.Module()
    holder.weights = [weight.value for weight in model.weights]
    with without_native_notes():
        concrete = forward.get_concrete_function()
        return bytes(tensorflow.lite.TFLiteConverter.from_concrete_functions([concrete], holder).convert())


class LiteRtEngine:
    """A network on LiteRT's XNNPACK kernels.

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
            ValueError: for a flatbuffer without outputs named scores and features.
        """
        from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

        with without_native_notes():
            self._interpreter = Interpreter(model_content=flatbuffer, num_threads=threads)
            self._input, self._outputs = _tensors(self._interpreter)
            self._interpreter.allocate_tensors()

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
        scores, features = (np.empty((len(batch), output["shape"][1]), np.float32) for output in self._outputs)
        for row in range(len(batch)):
            self._interpreter.set_tensor(self._input["index"], normalise(batch[row : row + 1]))
            self._interpreter.invoke()
            for rows, output in zip((scores, features), self._outputs, strict=True):
                rows[row] = self._interpreter.get_tensor(output["index"])[0]
        return Scored(scores, features)


def _tensors(interpreter: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The input and the two outputs by their names in the signature; their order and shapes prove nothing."""
    signatures = interpreter.get_signature_list()
    outputs = sorted(name for signature in signatures.values() for name in signature["outputs"])
    if outputs != sorted(_OUTPUTS):
        raise ValueError(f"expected a flatbuffer with outputs {sorted(_OUTPUTS)}, found {outputs}")
    runner = interpreter.get_signature_runner()
    (pixels,) = runner.get_input_details().values()
    named = runner.get_output_details()
    return pixels, [named[name] for name in _OUTPUTS]
