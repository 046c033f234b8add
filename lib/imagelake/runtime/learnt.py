"""What a job learns from a sample of the lake: arrays in a folder of their own, which its next run takes over."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imagelake.runtime.recipe import recipe_of
from imagelake.transforms.rows.sampled_images import still_alike

if TYPE_CHECKING:
    from imagelake.runtime.job import Work

FILE, SAMPLE = "arrays.npz", "sample"
Arrays = dict[str, NDArray[Any]]


def learnt(work: Work, folder: str, sample: NDArray[np.int64], recipe: str, learn: Callable[[], Arrays]) -> Arrays:
    """The arrays that the last run learnt, where they still hold, else new ones; staged for the next run.

    They hold where they were learnt in the same way from nearly the same images, and no byte of them has changed.

    Args:
        work: the run.
        folder: a folder of files that the job writes.
        sample: the images that they are learnt from, as `sampled_images` gives them.
        recipe: what they follow from besides images.
        learn: makes them.
    """
    before = work.earlier(recipe, folder)
    if before:
        content = before.storage.read_bytes(f"{before.folder(folder)}/{FILE}")
        earlier: Arrays = dict(np.load(io.BytesIO(content), allow_pickle=False))
        if still_alike(sample, earlier[SAMPLE]):
            work.note("learnt", "in an earlier run, from nearly the same images")
            return _staged(work, folder, earlier)
    return _staged(work, folder, learn() | {SAMPLE: sample})


def recipe_of_learning(work: Work, learn: Callable[..., Any], *parts: object) -> str:
    """The recipe of what is learnt from predictions: that of their rows, the code and other parts, see `recipe_of`."""
    predictions = work.lake.manifest("predictions")
    return recipe_of(learn, predictions and (predictions.recipe or predictions.run_id), *parts)


def _staged(work: Work, folder: str, arrays: Arrays) -> Arrays:
    with tempfile.TemporaryDirectory() as scratch:
        np.savez(Path(scratch) / FILE, **arrays)  # type: ignore[arg-type]
        work.write_folder(folder, Path(scratch), files=1)
    return arrays
