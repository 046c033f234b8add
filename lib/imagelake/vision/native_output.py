"""What native libraries print about themselves, kept off a job's output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_native_notes() -> Iterator[None]:
    """Drops what is written to the process's standard error inside the `with`: notes on CPU features and delegates.

    TensorFlow and LiteRT write them past Python and before any log level counts. Errors are exceptions, and stay.
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
