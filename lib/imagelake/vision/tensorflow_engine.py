"""TensorFlow as an engine: the reference for LiteRT, and for GPUs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.vision.engine import Scored, check_batch
from imagelake.vision.preprocess import normalise
from imagelake.vision.tensorflow_import import import_tensorflow


class TensorFlowEngine:
    """A two-output Keras model from `build_model`, compiled once for any batch size; threads are TensorFlow's own."""

    def __init__(self, model: Any) -> None:
        tensorflow = import_tensorflow()
        self._resolution = int(model.input_shape[1])
        self._widths = [int(model.output[name].shape[1]) for name in ("scores", "features")]
        pixels = tensorflow.TensorSpec([None, self._resolution, self._resolution, 3], tensorflow.float32)
        self._forward = tensorflow.function(lambda batch: model(batch, training=False), input_signature=[pixels])

    @property
    def resolution(self) -> int:
        """The input's side in pixels, S."""
        return self._resolution

    def run(self, batch: NDArray[np.uint8]) -> Scored:
        """Scores and features of prepared images uint8 [N, S, S, 3], for any N, 0 included.

        Raises:
            ValueError: for another shape or type.
        """
        check_batch(batch, self._resolution)
        if not len(batch):
            scores, features = (np.empty((0, width), np.float32) for width in self._widths)
            return Scored(scores, features)
        outputs = self._forward(normalise(batch))
        return Scored(outputs["scores"].numpy(), outputs["features"].numpy())
