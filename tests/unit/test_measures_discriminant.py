"""The linear discriminant against the posterior that is known, and its area under the curve against every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.measures.discriminant import Discriminant, auc

VALUES = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@given(VALUES, VALUES)
def test_auc_counts_every_pair(first: list[int], second: list[int]) -> None:
    """The share of pairs in their order, ties as half."""
    pairs = [(b > a) + (b == a) / 2 for a in first for b in second]
    assert auc(np.array(first, float), np.array(second, float)) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_probabilities_are_the_posterior_of_two_gaussians(share: float) -> None:
    """Classes of the same round spread have the posterior that Bayes gives, with the share as the prior."""
    random = np.random.default_rng(3)
    apart = np.array([1.0, -0.5, 0.0])
    first, second = (random.normal(centre, 1, (200_000, 3)).astype(np.float32) for centre in (0 * apart, apart))
    learnt = Discriminant.of(first, second, share)
    rows = random.normal(0, 2, (50, 3)).astype(np.float32)
    densities = [np.exp(-((rows - centre) ** 2).sum(axis=1) / 2) for centre in (0 * apart, apart)]
    posterior = share * densities[1] / (share * densities[1] + (1 - share) * densities[0])
    assert learnt.probabilities(rows) == pytest.approx(posterior, abs=0.02)


def test_fewer_rows_than_features_are_enough() -> None:
    """Forty rows of 256 features, of which one matters, tell two hundred others apart."""
    random = np.random.default_rng(4)

    def rows(count: int, centre: float) -> np.ndarray:
        made = random.normal(0, 1, (count, 256)).astype(np.float32)
        made[:, 0] += centre
        return made

    learnt = Discriminant.of(rows(20, 0), rows(20, 8), 0.5)
    assert auc(learnt.probabilities(rows(200, 0)), learnt.probabilities(rows(200, 8))) > 0.95
