"""Suppression of messages that native libraries print."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_native_notes() -> Iterator[None]:
    """Drops the process's standard error inside the `with`: messages on CPU features and delegates.

    TensorFlow and LiteRT write these outside Python and before any log level applies. Errors are raised as exceptions.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
