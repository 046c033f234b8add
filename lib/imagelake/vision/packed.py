"""A network as bytes: packed on the driver, broadcast, opened once in each worker."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from imagelake.vision.engine import Engine
from imagelake.vision.extractor import PackedExtractor
from imagelake.vision.head import PackedHead
from imagelake.vision.keras_archive import check_archive
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.tensorflow_engine import TensorFlowEngine
from imagelake.vision.tensorflow_import import import_tensorflow
from imagelake.vision.trained_network import PackedNetwork

EngineName = Literal["litert", "tensorflow"]


@dataclass(frozen=True)
class PackedModel:
    """A picklable network.

    Attributes:
        engine: which library opens it.
        payload: a LiteRT flatbuffer, or a .keras archive for tensorflow.
        extractor: the network whose features replace the pooled ones; None for the pooled ones.
        head: scores labels of a lake, by the features or by the pixels; None for the network's own classes.
    """

    engine: EngineName
    payload: bytes
    extractor: PackedExtractor | None = None
    head: PackedHead | PackedNetwork | None = None

    @property
    def digest(self) -> str:
        """Equal for networks of equal bytes."""
        parts = [self.engine.encode(), self.payload]
        if self.extractor:
            parts += [self.extractor.description_text.encode(), self.extractor.payload]
        if self.head:
            parts += [self.head.card_text.encode(), self.head.payload]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def pack(model: Any, engine: EngineName, calibration: NDArray[np.uint8] | None = None) -> PackedModel:
    """A two-output model from `build_model` as bytes for an engine; LiteRT's is int8 where there is a `calibration`."""
    return PackedModel(engine, convert(model, calibration) if engine == "litert" else _archive(model))


def open_engine(packed: PackedModel, threads: int = 1) -> Engine:
    """The loaded engine of the model itself, without extractor; `threads` is LiteRT's.

    LiteRT's takes a fraction of a second, TensorFlow's several.
    """
    if packed.engine == "litert":
        return LiteRtEngine(packed.payload, threads)
    check_archive(packed.payload)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(packed.payload)
        keras = import_tensorflow().keras
        return TensorFlowEngine(keras.models.load_model(path, compile=False, safe_mode=True))


def _archive(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()
