"""The late import of TensorFlow, which takes 10 s and half a gigabyte, and which executors do not need."""

import os
from typing import Any

from imagelake.errors import ImageLakeError
from imagelake.vision.native_output import without_native_notes


def import_tensorflow() -> Any:
    """The tensorflow module, without its notes about processor features; an own TF_CPP_MIN_LOG_LEVEL is kept.

    Raises:
        ImageLakeError: it is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with without_native_notes():
            import tensorflow  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        raise ImageLakeError(
            "TensorFlow is not installed in this Python. On YARN, drivers in cluster mode and executors have none: run "
            "convert_model in client mode first, and keep model.engine=litert"
        ) from None

    return tensorflow
