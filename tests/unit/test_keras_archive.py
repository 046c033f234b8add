"""A network with code in it is refused before Keras sees it; those that the project publishes are not."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from typing import Any

import pytest

from imagelake.errors import ImageLakeError
from imagelake.vision.keras_archive import check_archive
from imagelake.vision.packed import PackedModel, open_engine

CONV = {"module": "keras.layers", "class_name": "Conv2D", "config": {"filters": 8}, "registered_name": None}
NETWORK: dict[str, Any] = {
    "module": "keras.src.models.functional",
    "class_name": "Functional",
    "config": {"layers": [CONV]},
}


def archive(config: Any, **files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        made.writestr("metadata.json", "{}")
        made.writestr("model.weights.h5", b"")
        for name, content in files.items():
            made.writestr(name, content)
    return stream.getvalue()


def with_layer(**changed: Any) -> bytes:
    return archive({**NETWORK, "config": {"layers": [CONV, {**CONV, **changed}]}})


LAMBDA = {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}}
HOSTILE = {
    "lambda": (with_layer(class_name="Lambda", config=LAMBDA), "Lambda|__lambda__"),
    "function": (
        with_layer(config={"activation": {"module": "builtins", "class_name": "function", "config": "exec"}}),
        "function of builtins",
    ),
    "module": (with_layer(module="os", class_name="system"), "system of os"),
    "torch": (with_layer(class_name="TorchModuleWrapper"), "TorchModuleWrapper of keras.layers"),
    "utility": (with_layer(module="keras.utils", class_name="get_file"), "get_file of keras.utils"),
    "custom": (with_layer(module=None, class_name="Conv2D", registered_name="mine>Conv2D"), "Conv2D of None"),
    "file": (archive(NETWORK, **{"assets/x.py": b""}), "it holds assets/x.py"),
    "deep": (archive(b"[" * 100_000), "recursion"),
    "no json": (archive(b"{"), "Expecting"),
    "no archive": (b"\x80\x04\x95pickle", "not a zip file"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_network_with_code_is_refused(name: str) -> None:
    """Functions, classes of other modules, other files: named in one line, and TensorFlow is not even imported."""
    payload, said = HOSTILE[name]
    before = set(sys.modules)
    with pytest.raises(ImageLakeError, match=rf"is not loaded: .*({said})"):
        open_engine(PackedModel("tensorflow", payload))
    assert "tensorflow" not in set(sys.modules) - before


def test_a_network_of_plain_layers_is_let_through() -> None:
    """What remains is what the project's own networks are made of."""
    check_archive(archive(NETWORK))
