"""The plane of largest variance against numpy's own singular value decomposition and planted planes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from imagelake.measures.projection import Projection


def features(images: int, dimension: int) -> npt.NDArray[np.float32]:
    """Random features that vary more in the first directions."""
    draw = np.random.default_rng(images * 100 + dimension)
    return (draw.normal(size=(images, dimension)) * np.geomspace(4, 0.1, dimension)).astype(np.float32)


@pytest.mark.parametrize("shape", [(50, 8), (6, 40), (300, 3)])
def test_points_are_those_of_the_singular_value_decomposition(shape: tuple[int, int]) -> None:
    """The second algorithm finds the same axes, but for their signs, and the same shares of the variance."""
    given = features(*shape)
    plane = Projection.of(given)
    centred = given.astype(float) - given.astype(float).mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    assert np.abs((plane.axes * axes[:2]).sum(axis=1)) == pytest.approx([1, 1], abs=1e-6)
    assert plane.explained == pytest.approx(values[:2] ** 2 / (values**2).sum(), abs=1e-6)
    assert plane.points(given).mean(axis=0) == pytest.approx([0, 0], abs=1e-5)


def test_a_planted_plane_is_found() -> None:
    """Features on a plane lie on the map as far from each other as in their own space."""
    draw = np.random.default_rng(1)
    flat = draw.normal(size=(80, 2)) * (3, 1)
    basis, _ = np.linalg.qr(draw.normal(size=(20, 2)))
    given = (flat @ basis.T + 5).astype(np.float32)
    plane = Projection.of(given)
    points = plane.points(given)
    apart = np.linalg.norm(points[:, np.newaxis] - points, axis=2)
    assert apart == pytest.approx(np.linalg.norm(flat[:, np.newaxis] - flat, axis=2), abs=1e-4)
    assert plane.explained.sum() == pytest.approx(1)


def test_the_order_of_images_changes_nothing() -> None:
    """Signs are those of the largest loading, whatever comes first."""
    given = features(60, 10)
    one, other = Projection.of(given), Projection.of(given[::-1])
    assert one.axes == pytest.approx(other.axes, abs=1e-6)
    assert (one.axes[np.arange(2), np.abs(one.axes).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("given", [np.ones((1, 5)), np.ones((9, 5)), np.ones((4, 1))])
def test_features_that_do_not_differ_lie_on_one_point(given: npt.NDArray[np.float64]) -> None:
    """One image, equal ones or a single feature: points in the middle, and no share of any variance."""
    plane = Projection.of(given.astype(np.float32))
    assert not plane.points(given.astype(np.float32)).any()
    assert not plane.explained.any()
