"""Paired comparisons against statsmodels, and resampled images."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar as reference  # type: ignore[import-untyped]
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from imagelake.measures.paired import PairedCounts, accuracy_difference, balanced_difference, holm, mcnemar


@pytest.mark.parametrize("only", [(0, 0), (1, 0), (3, 9), (40, 40), (300, 200), (900, 800)])
def test_mcnemar_is_statsmodels(only: tuple[int, int]) -> None:
    """Exact for few discordant images, the corrected chi-squared for many."""
    exact = sum(only) <= 1_000
    expected = reference([[10, only[0]], [only[1], 10]], exact=exact, correction=True).pvalue if sum(only) else 1.0
    assert mcnemar(*only) == pytest.approx(min(1.0, expected), rel=1e-9)


def test_holm_is_statsmodels() -> None:
    """Corrected p-values are those of another library, in the order they were given."""
    values = [0.03, 0.001, 0.4, 0.02, 0.02]
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])
    assert holm([]) == []


def test_differences_are_those_of_resampled_images() -> None:
    """Counts are enough: resampling whole images gives the same interval."""
    random = np.random.default_rng(4)
    labels = np.repeat([0, 1, 2], [200, 50, 20])
    first, second = random.random(270) < 0.7, random.random(270) < 0.8
    parts = [labels == label for label in range(3)]
    counts = PairedCounts(
        np.array([part.sum() for part in parts]),
        np.array([(first & ~second)[part].sum() for part in parts]),
        np.array([(second & ~first)[part].sum() for part in parts]),
    )
    found = accuracy_difference(counts, 0.9, 1)
    assert found.value == pytest.approx(second.mean() - first.mean())
    rows = random.integers(0, 270, (4_000, 270))
    drawn = second[rows].mean(axis=1) - first[rows].mean(axis=1)
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.05, 0.95]), abs=0.01)
    balanced = balanced_difference(counts, 0.9, 1)
    assert balanced.value == pytest.approx(np.mean([second[part].mean() - first[part].mean() for part in parts]))
    assert balanced.high is not None
    assert found.high is not None
    assert balanced.high - balanced.value > found.high - found.value  # few images of a label say little
