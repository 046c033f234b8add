"""The weights of an interrupted training run, kept beside the tables until the run is published."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from imagelake.measures.classification import Estimate
from imagelake.transforms.training.grid_search import RunResult, SearchedGrid

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
        except (ValueError, KeyError, OSError, zipfile.BadZipFile):  # torn by a kill
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


class FinishedRuns:
    """Searched grids of an interrupted comparison, a file each; they count for the same inputs and settings only."""

    def __init__(self, files: WritableFiles, name: str, key: str) -> None:
        """Nothing is read or written yet.

        Args:
            files: of the lake.
            name: of the comparison.
            key: of all that the grids depend on.
        """
        self._files, self._name, self._key = files, name, key
        self._folder = f"{FOLDER}/{name}"

    def checkpoint(self, run: str) -> Checkpoint:
        """Where a run of the comparison that is not finished keeps its weights."""
        return Checkpoint(self._files, f"{self._name}_{run}", self._key)

    def load(self, run: str) -> tuple[SearchedGrid, float] | None:
        """A finished grid, without the heads of its curves, and its seconds; None where there is none of this key."""
        content = self._files.read(f"{self._folder}/{run}.npz")
        if content is None:
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as held:
                said = json.loads(str(held["said"]))
                if said["key"] != self._key:
                    return None
                runs = [_run_result(one) for one in said["runs"]]
                arrays = (held["of_folds"], held["judges"], held["final"])
                return SearchedGrid(runs, said["chosen"], [], *arrays), said["seconds"]
        except (ValueError, KeyError, OSError, TypeError, zipfile.BadZipFile):  # torn by a kill, or of another version
            return None

    def save(self, run: str, found: SearchedGrid, seconds: float) -> None:
        """Keep a finished grid."""
        said = {
            "key": self._key,
            "runs": [asdict(one) for one in found.runs],
            "chosen": found.chosen,
            "seconds": seconds,
        }
        content = io.BytesIO()
        text = np.array(json.dumps(said))
        np.savez(content, said=text, of_folds=found.of_folds, judges=found.judges, final=found.final)
        self._files.replace(f"{self._folder}/{run}.npz", content.getvalue())

    def delete(self) -> None:
        """Forget all of them."""
        self._files.delete(self._folder)


def _run_result(said: dict[str, Any]) -> RunResult:
    estimates = {name: Estimate(**said[name]) for name in ("accuracy", "balanced_accuracy")}
    return RunResult(**{**said, **estimates})
