"""The plane of largest variance against numpy's own singular value decomposition and planted planes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from imagelake.measures.projection import principal_points


def features(images: int, dimension: int) -> npt.NDArray[np.float32]:
    """Random features that vary more in the first directions."""
    draw = np.random.default_rng(images * 100 + dimension)
    return (draw.normal(size=(images, dimension)) * np.geomspace(4, 0.1, dimension)).astype(np.float32)


@pytest.mark.parametrize("shape", [(50, 8), (6, 40), (300, 3)])
def test_points_are_those_of_the_singular_value_decomposition(shape: tuple[int, int]) -> None:
    """The second algorithm finds the same points, but for signs, of which the largest loading decides."""
    given = features(*shape)
    centred = given.astype(float) - given.astype(float).mean(axis=0)
    left, values, axes = np.linalg.svd(centred, full_matrices=False)
    largest = np.abs(axes[:2]).argmax(axis=1)
    expected = left[:, :2] * values[:2] * np.sign(axes[[0, 1], largest])
    assert principal_points(given) == pytest.approx(expected, abs=1e-4)


def test_a_planted_plane_is_found() -> None:
    """Features on a plane lie on the map as far from each other as in their own space."""
    draw = np.random.default_rng(1)
    flat = draw.normal(size=(80, 2)) * (3, 1)
    basis, _ = np.linalg.qr(draw.normal(size=(20, 2)))
    points = principal_points((flat @ basis.T + 5).astype(np.float32))
    apart = np.linalg.norm(points[:, np.newaxis] - points, axis=2)
    assert apart == pytest.approx(np.linalg.norm(flat[:, np.newaxis] - flat, axis=2), abs=1e-4)


def test_the_order_of_images_changes_nothing() -> None:
    """Signs are those of the largest loading, whatever comes first."""
    given = features(60, 10)
    assert principal_points(given) == pytest.approx(principal_points(given[::-1])[::-1], abs=1e-5)


@pytest.mark.parametrize("given", [np.ones((1, 5)), np.ones((9, 5)), np.ones((4, 1))])
def test_features_that_do_not_differ_lie_on_one_point(given: npt.NDArray[np.float64]) -> None:
    """One image, equal ones or a single feature: points in the middle."""
    assert not principal_points(given.astype(np.float32)).any()
