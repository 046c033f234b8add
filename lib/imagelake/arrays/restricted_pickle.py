"""Pickles that hold arrays and plain containers, and can run nothing: a pickle may name any function of Python."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.errors import ImageLakeError

_RECONSTRUCT = np.ndarray.__reduce__(np.empty(0))[0]


def _encode(text: str, encoding: str) -> bytes:
    """What pickle writes for bytes in protocol 2, and nothing else that `codecs.encode` can do."""
    if encoding != "latin1":
        raise ImageLakeError(f"a pickle asks for the encoding {encoding!r}, which arrays do not need")
    return text.encode("latin1")


def _from_buffer(buffer: bytes, dtype: np.dtype[Any], shape: tuple[int, ...], order: Any) -> NDArray[Any]:
    """What NumPy calls for an array in protocol 5."""
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)


_ALLOWED: dict[tuple[str, str], Any] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _RECONSTRUCT for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle._Unpickler):
    """Finds what an array needs by its name; everything else is refused before it is imported.

    The one in C makes a list as long as the largest number that a damaged pickle gives an object: gigabytes.
    """

    def find_class(self, module: str, name: str) -> Any:
        """The object of a name.

        Raises:
            ImageLakeError: it is none that an array needs.
        """
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise ImageLakeError(
                f"the pickle asks for {module}.{name}; only NumPy arrays, numbers, text, lists, tuples and "
                "dictionaries are read, because anything else could run a program"
            ) from None


def load_arrays(content: bytes) -> Any:
    """What a pickle of NumPy arrays and plain containers holds; strings of Python 2 become text.

    Raises:
        ImageLakeError: it holds anything else, or is no pickle.
    """
    try:
        return _Unpickler(io.BytesIO(content), encoding="latin1").load()
    except ImageLakeError:
        raise
    except Exception as error:  # a damaged pickle can raise anything at all
        raise ImageLakeError(f"is no pickle that can be read: {type(error).__name__}: {error}") from None
