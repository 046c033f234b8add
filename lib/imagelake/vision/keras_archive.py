"""What a .keras archive may hold that TensorFlow loads: the layers that MobileNet is made of, and no code.

Keras's own safe mode refuses functions in an archive, and has been passed by more than once by classes that load files
or call functions. A published network needs few classes, so everything else is refused before Keras sees it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from imagelake.errors import ImageLakeError

_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
_LAYERS = (
    *("Activation", "Add", "BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D", "Dropout", "Flatten"),
    *("GlobalAveragePooling2D", "InputLayer", "ReLU", "Reshape", "ZeroPadding2D"),
)
_CLASSES = {
    ("keras", "DTypePolicy"),
    *(("keras.initializers", name) for name in ("GlorotUniform", "Ones", "Zeros")),
    *(("keras.layers", name) for name in _LAYERS),
    *((module, "Functional") for module in ("keras", "keras.models", "keras.src.models.functional")),
    (None, "__keras_tensor__"),  # an edge of the graph
}


def check_archive(payload: bytes) -> None:
    """Refuse an archive that is none of this project's networks.

    Raises:
        ImageLakeError: it is no archive, holds another file, or builds anything else than MobileNet's layers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            if others := set(archive.namelist()) - _MEMBERS:
                raise _refusal(f"it holds {sorted(others)[0]}")
            classes = set(_classes(json.loads(archive.read("config.json"))))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError) as error:
        raise _refusal(str(error)) from None
    if foreign := classes - _CLASSES:
        module, name = sorted(foreign, key=str)[0]
        raise _refusal(f"it builds {name} of {module}, which MobileNet does not have")


def _refusal(why: str) -> ImageLakeError:
    return ImageLakeError(
        f"the network for model.engine=tensorflow is not loaded: {why}; run convert_model with --force"
    )


def _classes(config: Any) -> Iterator[tuple[Any, Any]]:
    """Module and name of every class that a configuration has Keras build."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield str(value["module"]) if value.get("module") else None, str(value["class_name"])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
