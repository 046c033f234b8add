"""TensorFlow, imported late and quietly: it takes 10 s and half a gigabyte, and executors never need it."""

import os
from typing import Any

from imagelake.vision.native_output import without_native_notes


def import_tensorflow() -> Any:
    """The tensorflow module, without its notes about processor features; an own TF_CPP_MIN_LOG_LEVEL is kept."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with without_native_notes():
        import tensorflow  # type: ignore[import-untyped]

    return tensorflow
