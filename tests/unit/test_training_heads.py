"""Linear heads: their loss is scikit-learn's optimum, sums can be split, folds and weights count as they say."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.utils.class_weight import compute_class_weight  # type: ignore[import-untyped]

from imagelake.config import Imbalance
from imagelake.errors import ImageLakeError
from imagelake.training.head_grid import Effort, HeadSpec, Shape, TrainedHead, train_grid
from imagelake.training.head_loss import NO_FOLD, Block, sums_of
from imagelake.training.held_out import without_distrusted
from imagelake.training.imbalance import adjusted_bias, class_weights, draws, target_images

GRID = tuple(float(10**power) for power in np.arange(-5, 1.5, 0.5))
EFFORT = Effort(tolerance=1e-4, iterations=500)


def made(rows: int = 600, features: int = 40, classes: int = 5, seed: int = 3) -> Block:
    """Images of overlapping classes, standardised, in four folds."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, rows).astype(np.int32)
    values = random.normal(size=(rows, features)) + random.normal(size=(classes, features))[labels] * 0.4
    standardised = ((values - values.mean(0)) / values.std(0)).astype(np.float32)
    return Block(standardised, labels, np.ones(rows, np.float32), (np.arange(rows) % 4).astype(np.int8))


def trained(block: Block, specs: Sequence[HeadSpec], classes: int, effort: Effort = EFFORT) -> list[TrainedHead]:
    shape = Shape(block.features.shape[1], classes)
    return train_grid(specs, shape, lambda weights, held_out: sums_of([block], weights, held_out), effort)


def objective(block: Block, weights: NDArray[np.floating], l2: float) -> float:
    """Mean cross-entropy and penalty, in double precision and without any of the code under test."""
    logits = block.features.astype(float) @ weights[:-1].astype(float) + weights[-1]
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(logits)), block.classes]
    return float(np.average(losses, weights=block.weights) + l2 / 2 * (weights[:-1].astype(float) ** 2).sum())


def optimum(block: Block, l2: float) -> float:
    """The objective at scikit-learn's solution."""
    total = float(block.weights.sum())
    model = LogisticRegression(C=1 / (total * l2), max_iter=20_000, tol=1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may stop at the precision of its line search
        model.fit(block.features.astype(float), block.classes, sample_weight=block.weights)
    return objective(block, np.vstack([model.coef_.T, model.intercept_]), l2)


def test_every_head_of_a_grid_of_13_reaches_the_optimum() -> None:
    """The loss is within 1e-4 of scikit-learn's for each penalty, separable classes included."""
    for block, classes in ((made(), 5), (made(80, 120, 3), 3)):
        for head in trained(block, [HeadSpec(l2) for l2 in GRID], classes):
            assert head.converged
            gap = objective(block, head.weights, head.spec.l2) - optimum(block, head.spec.l2)
            assert -1e-5 < gap < 1e-4, head.spec


def test_a_head_learns_from_the_other_folds_alone() -> None:
    """A head that leaves a fold out is the head of a data set without it, and several share a pass."""
    block = made()
    specs = [HeadSpec(0.01, fold) for fold in range(4)]
    tight = Effort(1e-9, 500)
    for head in trained(block, specs, 5, tight):
        chosen = block.folds != head.spec.held_out
        alone = Block(block.features[chosen], block.classes[chosen], block.weights[chosen], block.folds[chosen])
        (same,) = trained(alone, [HeadSpec(0.01)], 5, tight)
        np.testing.assert_allclose(head.weights, same.weights, atol=2e-3)


def test_a_weight_is_so_many_images() -> None:
    """An image that counts three times is three images."""
    block = made(200)
    times = np.arange(200) % 3 + 1
    repeated = Block(
        np.repeat(block.features, times, axis=0),
        np.repeat(block.classes, times),
        np.ones(times.sum(), np.float32),
        np.repeat(block.folds, times),
    )
    weighted = Block(block.features, block.classes, times.astype(np.float32), block.folds)
    one, other = (trained(each, [HeadSpec(0.01)], 5, Effort(1e-9, 500))[0] for each in (repeated, weighted))
    np.testing.assert_allclose(one.weights, other.weights, atol=2e-3)


def test_merged_parts_equal_the_whole() -> None:
    """The sums of two halves, whatever their sizes, are those of all images; none add nothing."""
    block, random = made(5_000, 12, 7), np.random.default_rng(0)
    weights = random.normal(size=(13, 6, 7)).astype(np.float32)
    held_out = np.array([NO_FOLD, 0, 1, 2, 3, NO_FOLD], np.int8)
    whole = sums_of([block], weights, held_out)
    cut = 1_234
    parts = [Block(block.features[s], block.classes[s], block.weights[s], block.folds[s])
             for s in (slice(0, cut), slice(cut, cut), slice(cut, None))]  # fmt: skip
    merged = sums_of(parts[:1], weights, held_out) + sums_of(parts[1:], weights, held_out)
    np.testing.assert_allclose(merged.losses, whole.losses, rtol=1e-6)
    np.testing.assert_allclose(merged.gradients, whole.gradients, atol=2e-2)
    assert merged.weights.tolist() == whole.weights.tolist() == [5000, 3750, 3750, 3750, 3750, 5000]
    assert not sums_of([], weights, held_out).gradients.any()


def test_the_gradient_is_that_of_the_loss() -> None:
    """Finite differences of the sums in some directions."""
    block, random = made(300, 6, 4), np.random.default_rng(1)
    weights, held_out = random.normal(size=(7, 2, 4)).astype(np.float32), np.array([NO_FOLD, 2], np.int8)
    sums = sums_of([block], weights, held_out)
    for place in ((0, 0, 0), (3, 1, 2), (6, 0, 3), (6, 1, 1)):
        step = np.zeros_like(weights)
        step[place] = 1e-2
        up, down = (sums_of([block], weights + sign * step, held_out) for sign in (1, -1))
        slope = (up.losses[place[1]] - down.losses[place[1]]) / 2e-2
        assert slope == pytest.approx(sums.gradients[place], abs=0.05)


def test_labels_that_heads_distrust_are_not_learnt_from() -> None:
    """A planted wrong label that the head of its fold scores low weighs nothing; others weigh what they did."""
    block = made(400, 30, 3)
    clear = Block(block.features * 3, block.classes.copy(), block.weights, block.folds)
    specs = [HeadSpec(0.01, fold) for fold in range(4)]
    of_folds = np.stack([head.weights for head in trained(clear, specs, 3)], axis=1)
    best = np.stack([clear.features @ of_folds[:-1, fold] + of_folds[-1, fold] for fold in range(4)])
    sure = [n for n in range(400) if np.diff(np.sort(best[clear.folds[n], n]))[-1] > 5][:5]
    clear.classes[sure] = (best[clear.folds[sure], sure].argmax(axis=1) + 1) % 3
    weights = without_distrusted(clear, of_folds, 0.1).weights
    assert not weights[sure].any()
    assert without_distrusted(clear, of_folds, 0.0).weights.all()
    best_of_fold = best[clear.folds, np.arange(400)].argmax(axis=1)
    np.testing.assert_array_equal(without_distrusted(clear, of_folds, 1.0).weights > 0, best_of_fold == clear.classes)
    scores = np.exp(best - best.max(axis=2, keepdims=True))
    own = (scores / scores.sum(axis=2, keepdims=True))[clear.folds, np.arange(400), clear.classes]
    np.testing.assert_array_equal(
        weights == 0, (own < 0.1) & (best[clear.folds, np.arange(400)].argmax(1) != clear.classes)
    )


def test_equal_runs_give_equal_weights() -> None:
    """Nothing is random."""
    one, other = (trained(made(), [HeadSpec(0.1), HeadSpec(0.01, 1)], 5) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        assert first.weights.tobytes() == second.weights.tobytes()


def test_a_feature_that_is_no_number_is_an_error() -> None:
    """A NaN would otherwise make a head of NaNs."""
    block = made(50)
    block.features[7, 3] = np.nan
    with pytest.raises(ImageLakeError, match="no finite number"):
        trained(block, [HeadSpec(0.1)], 5)


@pytest.mark.parametrize(
    ("imbalance", "drawn"),
    [("over", [10, 10, 10]), ("under", [2, 2, 2]), ("both", [4, 4, 4]), ("none", [10, 2, 5])],
)
def test_draws_add_up_to_the_target_of_each_label(imbalance: Imbalance, drawn: list[int]) -> None:
    """Over-sampling keeps every image, under-sampling repeats none, and both do what imbalanced-learn's targets say."""
    counts = np.array([10, 2, 5])
    targets = target_images(counts, imbalance)
    found = [draws(np.arange(1, n + 1), np.full(n, n), np.full(n, t)) for n, t in zip(counts, targets, strict=True)]
    assert [int(each.sum()) for each in found] == drawn
    if imbalance == "over":
        assert min(each.min() for each in found) >= 1
    if imbalance == "under":
        assert max(each.max() for each in found) == 1


def test_class_weights_are_scikit_learns_balanced_ones() -> None:
    """Images over labels times images of the label."""
    counts = np.array([10, 2, 5])
    labels = np.repeat(np.arange(3), counts)
    np.testing.assert_allclose(class_weights(counts), compute_class_weight("balanced", classes=np.arange(3), y=labels))


def test_adjusted_scores_are_those_of_equally_frequent_labels() -> None:
    """Bayes: scores over shares, made to add up to 1."""
    logits, counts = np.array([0.3, -1.0, 2.0]), np.array([80, 15, 5])
    scores = np.exp(logits) / (counts / 100)
    adjusted = np.exp(adjusted_bias(logits, counts))
    np.testing.assert_allclose(adjusted / adjusted.sum(), scores / scores.sum())
