"""The map by neighbours against closed forms, finite differences and planted groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import entropy as scipy_entropy  # type: ignore[import-untyped]

from imagelake.measures.neighbour_map import NeighbourMap, affinities, gradient, squared_distances


def unit(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def groups(count: int, each: int, spread: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Unit rows around some directions, and the direction of each."""
    draw = np.random.default_rng(5)
    middles, of = draw.normal(size=(count, 24)), np.repeat(np.arange(count), each)
    return unit(middles[of] + spread * draw.normal(size=(len(of), 24))), of


def test_affinities_have_the_wanted_perplexity() -> None:
    """Neighbours have the entropy of so many equal ones; affinities are symmetric and 1 in sum."""
    features, _ = groups(3, 40, 0.8)
    found = affinities(features, 20.0)
    assert found == pytest.approx(found.T)
    assert found.sum() == pytest.approx(1, abs=1e-4)
    assert not found.diagonal().any()
    # Of two rows that are each other's image the symmetric one is the row itself: a regular polygon.
    angles = 2 * np.pi * np.arange(60) / 60
    ring = affinities(np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32), 7.0)
    assert np.exp([scipy_entropy(row) for row in ring]) == pytest.approx(np.full(60, 7.0), rel=1e-3)


def test_the_gradient_is_that_of_finite_differences() -> None:
    """The divergence, computed apart, changes as the gradient says."""
    features, _ = groups(2, 6, 1.0)
    wanted = affinities(features, 3.0).astype(np.float64)
    points = np.random.default_rng(2).normal(size=(12, 2))

    def divergence(at: npt.NDArray[np.float64]) -> float:
        near = 1 / (1 + ((at[:, np.newaxis] - at) ** 2).sum(axis=2))
        np.fill_diagonal(near, 0)
        there = ~np.eye(len(at), dtype=bool)
        return float((wanted[there] * np.log(wanted[there] / (near / near.sum())[there])).sum())

    slope, step = gradient(wanted.astype(np.float32), points.astype(np.float32)), 1e-5
    for place in np.ndindex(*points.shape):
        moved = [points.copy() for _ in range(2)]
        moved[0][place] += step
        moved[1][place] -= step
        assert slope[place] == pytest.approx((divergence(moved[0]) - divergence(moved[1])) / (2 * step), abs=1e-4)


def test_planted_groups_stay_apart() -> None:
    """The nearest point of each landmark, and of each point between them, is of its own group."""
    features, of = groups(5, 40, 0.35)
    learnt = NeighbourMap.of(features[::2])
    points = learnt.points_of(features)
    distances = np.linalg.norm(points[:, np.newaxis] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (of[distances.argmin(axis=1)] == of).mean() > 0.97
    assert learnt.points.std(axis=0).max() == pytest.approx(1, abs=1e-3)


def test_landmarks_lie_where_they_were_laid_and_the_map_is_repeatable() -> None:
    """A landmark is its own nearest one; twice the same features give the same map to the last bit."""
    features, _ = groups(3, 20, 0.6)
    learnt = NeighbourMap.of(features)
    assert learnt.points_of(features) == pytest.approx(learnt.points, abs=1e-3)
    assert np.array_equal(NeighbourMap.of(features).points, learnt.points)


@pytest.mark.parametrize("images", [1, 2, 3, 5])
def test_a_few_or_equal_images_have_a_map(images: int) -> None:
    """Finite points, all in one place where features are equal."""
    equal = unit(np.ones((images, 4)))
    assert not NeighbourMap.of(equal).points_of(equal).any()
    different = unit(np.eye(6)[:images] + 0.1)
    assert np.isfinite(NeighbourMap.of(different).points_of(different)).all()


def test_distances_are_those_of_the_vectors() -> None:
    """Of unit rows: 2 - 2 cosine, never below 0."""
    features, _ = groups(2, 5, 1.0)
    apart = ((features[:, np.newaxis].astype(float) - features) ** 2).sum(axis=2)
    assert squared_distances(features, features) == pytest.approx(apart, abs=1e-5)
