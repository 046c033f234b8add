"""TensorFlow, imported late and quietly: it takes 10 s and half a gigabyte, and executors never need it."""

import os
from typing import Any


def import_tensorflow() -> Any:
    """The tensorflow module, without its notes about processor features; an own TF_CPP_MIN_LOG_LEVEL is kept."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow  # type: ignore[import-untyped]

    return tensorflow
