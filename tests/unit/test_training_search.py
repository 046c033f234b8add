"""The search of a penalty on made images, without Spark: what is chosen, what is kept of an interrupted run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imagelake.lake.files import LocalFiles
from imagelake.training.head_grid import Course, Effort, Shape
from imagelake.training.head_loss import Block, Sums, sums_of
from imagelake.training.held_out import HeldOut, held_out_of, without_distrusted
from imagelake.transforms.training import checkpoint
from imagelake.transforms.training.checkpoint import Checkpoint, FinishedRuns
from imagelake.transforms.training.grid_search import GridSettings, SearchedGrid, search_grid
from imagelake.transforms.training.packed_features import Scaling

EFFORT = Effort(1e-4, 300)


class BlockPasses:
    """Passes over one block."""

    def __init__(self, block: Block) -> None:
        self.block = block

    def evaluate(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> Sums:
        """As Passes has it."""
        return sums_of([self.block], weights, held_out)

    def measure(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> HeldOut:
        """As Passes has it."""
        return held_out_of([self.block], weights, held_out)

    def distrusting(self, of_folds: NDArray[np.float32], below: float) -> BlockPasses:
        """As Passes has it."""
        return BlockPasses(without_distrusted(self.block, of_folds, below))


def made(rows: int = 240, folds: int = 3) -> Block:
    random = np.random.default_rng(9)
    labels = random.choice(3, rows, p=[0.7, 0.2, 0.1]).astype(np.int32)
    values = random.normal(size=(rows, 10)) + random.normal(size=(3, 10))[labels] * 0.6
    features = ((values - values.mean(0)) / values.std(0)).astype(np.float32)
    return Block(features, labels, np.ones(rows, np.float32), (np.arange(rows) % folds).astype(np.int8))


def searched(block: Block, course: Course | None = None, **changes: object) -> SearchedGrid:
    values = {"l2": (1e-6, 1e-2, 1e2), "folds": 3, "imbalance": "none", "choose_by": "loss", "effort": EFFORT,
              "distrust_below": 0.1, "level": 0.95, **changes}  # fmt: skip
    settings = GridSettings(**values)  # type: ignore[arg-type]
    counts = np.bincount(block.classes)
    return search_grid(BlockPasses(block), Shape(10, 3), counts, settings, course or Course())


def test_the_penalty_of_least_loss_on_left_out_images_is_chosen() -> None:
    """Neither none nor all: both ends of the grid are worse; every image was measured once."""
    block = made()
    found = searched(block)
    assert found.chosen == 1
    assert [run.accuracy.n for run in found.runs] == [240] * 3
    logits = np.stack([block.features @ found.of_folds[f, :-1] + found.of_folds[f, -1] for f in range(3)])
    own = logits[block.folds, np.arange(240)]
    losses = np.log(np.exp(own).sum(1)) - own[np.arange(240), block.classes]
    assert found.runs[1].loss == pytest.approx(losses.mean(), rel=1e-5)
    others = [block.folds != fold for fold in range(3)]
    known = [(logits[fold][other].argmax(1) == block.classes[other]).mean() for fold, other in enumerate(others)]
    learnt = [run.training_accuracy or 0 for run in found.runs]
    assert learnt[1] == pytest.approx(np.mean(known))
    assert learnt[0] > learnt[1] > learnt[2]
    assert found.final.shape == (11, 3)
    assert not np.allclose(found.judges, found.of_folds)


def test_without_folds_the_second_fold_chooses() -> None:
    """The head learns from fold 0 alone and is the one that was measured on fold 1."""
    block = made(folds=2)
    found = searched(block, folds=0)
    assert [run.accuracy.n for run in found.runs] == [120] * 3
    assert len(found.of_folds) == len(found.judges) == 0


def test_logit_adjustment_finds_the_rare_label_more_often() -> None:
    """The weights stay, the biases favour rare labels, and balanced accuracy gains."""
    plain, adjusted = (searched(made(), imbalance=one, l2=(1e-2,)) for one in ("none", "logit_adjustment"))
    np.testing.assert_array_equal(plain.final[:-1], adjusted.final[:-1])
    assert adjusted.runs[0].balanced_accuracy.value > plain.runs[0].balanced_accuracy.value


def test_a_head_for_stored_features_scores_as_the_one_for_standardised_ones() -> None:
    """Scaling is undone in the weights; a feature that never changes weighs nothing."""
    random = np.random.default_rng(2)
    features = random.normal(3, 2, (50, 4)).astype(np.float32)
    scaling = Scaling(features.mean(0).astype(float), np.array([0.5, 0.1, 2.0, 0.0]))
    weights = random.normal(size=(5, 3)).astype(np.float32)
    plain = scaling.undo(weights)
    expected = scaling.apply(features) @ weights[:-1] + weights[-1]
    np.testing.assert_allclose(features @ plain[:-1] + plain[-1], expected, atol=1e-4)
    assert not plain[3].any()


def test_an_interrupted_run_needs_fewer_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that were kept are a start near the end; those of other inputs, or torn ones, count as none."""
    monkeypatch.setattr(checkpoint, "PERIOD_S", 0.0)
    kept = Checkpoint(LocalFiles(tmp_path), "head", "key")
    assert kept.load() is None
    passes: list[int] = []

    def note(number: int, _: int, weights: NDArray[np.float32]) -> None:
        passes.append(number)
        kept.save(weights)

    searched(made(), Course(None, note))
    whole, start = len(passes), kept.load()
    assert start is not None
    passes.clear()
    searched(made(), Course(start, note))
    assert len(passes) < whole / 2
    assert Checkpoint(LocalFiles(tmp_path), "head", "another").load() is None
    file = tmp_path / "_checkpoints" / "head.npz"
    for torn in (file.read_bytes()[:500], b"no archive"):
        file.write_bytes(torn)
        assert kept.load() is None
    kept.delete()
    assert not list((tmp_path / "_checkpoints").iterdir())


def test_finished_runs_are_taken_over(tmp_path: Path) -> None:
    """A grid comes back as it was saved, for the same key only."""
    runs, found = FinishedRuns(LocalFiles(tmp_path), "compare", "key"), searched(made())
    assert runs.load("none") is None
    runs.save("none", found, 12.5)
    again = runs.load("none")
    assert again is not None
    assert (again[0].runs, again[0].chosen, again[1]) == (found.runs, found.chosen, 12.5)
    np.testing.assert_array_equal(again[0].final, found.final)
    assert FinishedRuns(LocalFiles(tmp_path), "compare", "other").load("none") is None
    runs.delete()
    assert runs.load("none") is None
