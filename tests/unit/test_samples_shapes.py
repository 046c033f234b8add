from __future__ import annotations

import numpy as np
import pytest

from imagelake.samples.painting.patterns import PATTERNS
from imagelake.samples.painting.shapes import Points, along, curve, ellipse, mirrored, rotated, smooth, tube


def area(outline: Points) -> float:
    """The shoelace formula."""
    x, y = outline.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def test_an_ellipse_has_the_area_of_an_ellipse() -> None:
    """With many samples the polygon's area is pi times both radii, however it is turned."""
    assert area(ellipse((3.0, -2.0), (2.0, 0.5), 33.0, samples=400)) == pytest.approx(np.pi, rel=1e-3)


def test_a_straight_tube_is_a_bar_with_round_ends() -> None:
    """A tube of constant radius covers its length times its width and one disc."""
    bar = tube([(0.0, 0.0), (1.0, 0.0), (4.0, 0.0)], [0.5, 0.5, 0.5], samples=40)
    assert bar.length == pytest.approx(4.0)
    assert bar.width == pytest.approx(1.0)
    assert area(bar.outline()) == pytest.approx(4.0 + np.pi / 4, rel=0.02)


def test_curves_pass_through_their_control_points() -> None:
    """Catmull-Rom interpolates: every control point lies on the open and on the closed curve."""
    control = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0), (4.0, -1.0)]
    for line in (curve(control, 7), smooth(control, 7)):
        distances = np.linalg.norm(line[:, None, :] - np.array(control), axis=2)
        assert distances.min(0).max() < 1e-12


def test_places_on_a_tube_reach_from_edge_to_edge() -> None:
    """The middle (u = 0) is on the axis, u = -1 and 1 are one radius away from it on opposite sides."""
    limb = tube([(0.0, 0.0), (1.0, 0.4), (2.0, 0.0)], [0.2, 0.3, 0.1])
    t = np.linspace(0, 1, len(limb.axis))
    np.testing.assert_allclose(limb.at(t, np.zeros_like(t)), limb.axis)
    right, left = limb.at(t, np.ones_like(t)), limb.at(t, -np.ones_like(t))
    np.testing.assert_allclose((left + right) / 2, limb.axis)
    np.testing.assert_allclose(np.linalg.norm(right - left, axis=1), 2 * limb.radius)


def test_turning_and_mirroring_keep_lengths_and_undo_themselves() -> None:
    """A turn to and fro, or two reflections, leave every point where it was."""
    points = np.random.default_rng(0).normal(size=(9, 2))
    np.testing.assert_allclose(rotated(rotated(points, 50), -50), points)
    np.testing.assert_allclose(mirrored(mirrored(points)), points)
    assert along((1.0, 1.0), 90, 2.0) == pytest.approx((1.0, -1.0))


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_marks_stay_on_the_limb_that_bears_them(name: str) -> None:
    """Patterns need no clipping: on a straight limb no mark reaches beyond a spot's size over the edge."""
    limb = tube([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0)], [0.2, 0.2, 0.2])
    marks = PATTERNS[name](limb, np.random.default_rng(3))
    assert (name == "plain") == (not marks)
    for mark in marks:
        assert np.abs(mark[:, 1]).max() <= 0.2 + 0.05
        assert mark[:, 0].min() >= -0.05
        assert mark[:, 0].max() <= 1.05
