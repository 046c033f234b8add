"""Heads that say of each label by itself whether it is there: scikit-learn's optimum, and sums that can be added."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from imagelake.training.head_grid import Effort, HeadSpec, Shape, train_grid
from imagelake.training.head_loss import NO_FOLD
from imagelake.training.label_loss import (
    ABSENT,
    THERE,
    UNKNOWN,
    KnownBlock,
    known_sums,
    probabilities,
    without_distrusted_labels,
)

N, D, K, F = 300, 6, 3, 3


def made(seed: int = 2) -> KnownBlock:
    """Images of which a third is unknown; of the last label hardly anything is known."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(N, D)).astype(np.float32)
    there = features @ random.normal(size=(D, K)) + random.normal(size=(N, K)) > 0.5
    known = np.where(there, THERE, ABSENT).astype(np.int8)
    known[random.random((N, K)) < np.array([0.3, 0.3, 0.8])] = UNKNOWN
    return KnownBlock(features, known, (np.arange(N) % F).astype(np.int8))


def images_of(block: KnownBlock) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.count_nonzero(block.known, axis=0).astype(np.int64)
    return counts


@pytest.mark.parametrize(("l2", "held_out"), [(0.03, NO_FOLD), (0.3, NO_FOLD), (0.1, 1)])
def test_each_label_has_scikit_learns_optimum(l2: float, held_out: int) -> None:
    """Whatever the others are: an unknown label adds nothing, neither does a fold that is left out."""
    block = made()
    images = images_of(block)
    (head,) = train_grid(
        [HeadSpec(l2, held_out)],
        Shape(D, K),
        lambda weights, out: known_sums([block], weights, out, images),
        Effort(1e-9, 500),
    )
    learnt = block.folds != held_out
    share = (np.count_nonzero(block.known[learnt], axis=0) / images).mean()
    for label in range(K):
        rows = learnt & (block.known[:, label] != UNKNOWN)
        model = LogisticRegression(C=1 / (l2 * share * images[label]), tol=1e-10, max_iter=2_000)
        model.fit(block.features[rows], block.known[rows, label])
        np.testing.assert_allclose(head.weights[:-1, label], model.coef_[0], atol=1e-3)
        found = probabilities(block.features, head.weights)[:, label]
        np.testing.assert_allclose(found, model.predict_proba(block.features)[:, 1], atol=1e-3)


def test_sums_of_blocks_add_up() -> None:
    """Two halves give what all images give, for several heads at once, and for more images than a tile has."""
    block, random = made(), np.random.default_rng(3)
    many = KnownBlock(*(np.concatenate([part] * 9) for part in (block.features, block.known, block.folds)))
    weights = random.normal(size=(D + 1, 4, K)).astype(np.float32)
    held_out = np.array([NO_FOLD, 0, 1, 2], np.int8)
    images = images_of(many)
    whole = known_sums([many], weights, held_out, images)
    half = [
        known_sums([KnownBlock(many.features[part], many.known[part], many.folds[part])], weights, held_out, images)
        for part in (slice(0, 1_000), slice(1_000, None))
    ]
    both = half[0] + half[1]
    for name in ("weights", "losses", "gradients"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), rtol=1e-4, atol=1e-4)
    assert whole.weights[0] == pytest.approx(1)
    assert whole.weights[1:].sum() == pytest.approx(2)


def test_the_gradient_is_that_of_the_loss() -> None:
    """As differences of the loss show, weight by weight."""
    block, random = made(), np.random.default_rng(4)
    images, none = images_of(block), np.array([NO_FOLD], np.int8)
    weights = random.normal(size=(D + 1, 1, K)).astype(np.float32)
    found = known_sums([block], weights, none, images)
    for row, label in ((0, 0), (3, 1), (D, 2)):
        moved, step = [weights.copy(), weights.copy()], 1e-2
        moved[0][row, 0, label] += step
        moved[1][row, 0, label] -= step
        above, below = (known_sums([block], one, none, images).losses[0] for one in moved)
        assert found.gradients[row, 0, label] == pytest.approx((above - below) / (2 * step), abs=1e-3)


def test_what_is_distrusted_becomes_unknown() -> None:
    """What the head that left the image out finds less likely than the bound, on either side, and nothing else."""
    block, random = made(), np.random.default_rng(5)
    of_folds = random.normal(size=(D + 1, F, K)).astype(np.float32)
    found = without_distrusted_labels(block, of_folds, 0.2)
    for row in range(N):
        logits = block.features[row] @ of_folds[:-1, block.folds[row]] + of_folds[-1, block.folds[row]]
        for label in range(K):
            said = 1 / (1 + np.exp(-logits[label] * block.known[row, label]))
            distrusted = block.known[row, label] != UNKNOWN and said < 0.2
            assert found.known[row, label] == (UNKNOWN if distrusted else block.known[row, label])
    assert 0 < np.count_nonzero(found.known != block.known) < N


def test_certain_scores_are_finite() -> None:
    """Of logits that a logistic function in single precision would lose."""
    block = made()
    weights = np.full((D + 1, 1, K), 1e4, np.float32)
    found = known_sums([block], weights, np.array([NO_FOLD], np.int8), images_of(block))
    assert np.isfinite(found.losses).all()
    assert np.isfinite(found.gradients).all()
    certain = probabilities(block.features, weights[:, 0])
    assert np.isin(certain.round(9), (0, 1)).all()
