"""The weights of an interrupted training run, kept beside the tables until the run is published."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.lake.files import WritableFiles

FOLDER = "_checkpoints"
PERIOD_S = 30.0


class Checkpoint:
    """One file for a head's name, replaced each half minute at most; it counts for the same inputs and settings."""

    def __init__(self, files: WritableFiles, name: str, key: str) -> None:
        """Nothing is read or written yet.

        Args:
            files: of the lake.
            name: of the head.
            key: of all that the weights depend on.
        """
        self._files, self._path, self._key = files, f"{FOLDER}/{name}.npz", key
        self._saved_s = time.monotonic()

    def load(self) -> NDArray[np.float32] | None:
        """The weights of an interrupted run; None where there is none of this key."""
        content = self._files.read(self._path)
        if content is None:
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as held:
                weights: NDArray[np.float32] = held["weights"]
                return weights if str(held["key"]) == self._key else None
        except (ValueError, KeyError, OSError):  # torn by a kill
            return None

    def save(self, weights: NDArray[np.float32]) -> None:
        """Keep weights, unless others were kept a moment ago."""
        if time.monotonic() - self._saved_s < PERIOD_S:
            return
        content = io.BytesIO()
        np.savez(content, weights=weights, key=np.array(self._key))
        self._files.replace(self._path, content.getvalue())
        self._saved_s = time.monotonic()

    def delete(self) -> None:
        """Forget the weights."""
        self._files.delete(self._path)
