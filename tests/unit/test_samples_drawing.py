from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from imagelake.errors import ImageLakeError
from imagelake.samples import LABELS, draw_animal, training_images
from imagelake.samples.painting.drawing import draw, picture_size
from imagelake.samples.painting.labels import LABEL_NAMES
from imagelake.samples.painting.palettes import MORPHS
from imagelake.samples.painting.patterns import PATTERNS
from imagelake.samples.painting.views import VIEWS, paint


@pytest.mark.parametrize("label", LABEL_NAMES)
def test_a_drawing_depends_on_seed_index_and_label_alone(label: str) -> None:
    """The same three give the same pixels, whatever was drawn in between; another index gives another picture."""
    first = draw_animal(label, 3, 17)
    other = draw_animal(label, 3, 18)
    assert draw_animal(label, 3, 17).tobytes() == first.tobytes()
    assert other.tobytes() != first.tobytes()
    assert draw_animal(label, 4, 17).tobytes() != first.tobytes()
    assert first.mode == "RGB"


def test_training_images_do_not_depend_on_how_many_follow() -> None:
    """The first five of five and the first five of a thousand are the same, and the labels come in turn."""
    few = list(training_images(5, seed=1))
    first_of_many = list(islice(training_images(1000, seed=1), 5))
    assert [image.tobytes() for image, _ in few] == [image.tobytes() for image, _ in first_of_many]
    assert [label for _, label in few] == list(LABEL_NAMES[:5])
    assert list(training_images(0, seed=1)) == []


def test_sizes_are_mostly_small_and_never_out_of_range() -> None:
    """Sides lie between 64 and 3,000 pixels, the longer one of most pictures between 200 and 600; large ones occur."""
    sizes = np.array([picture_size(np.random.default_rng(seed)) for seed in range(3000)])
    assert sizes.min() >= 64
    assert sizes.max() <= 3000
    longest = sizes.max(1)
    assert ((longest >= 200) & (longest <= 600)).mean() > 0.75
    assert (longest > 1500).any()
    assert (longest < 160).any()


def test_boxes_lie_in_the_picture_and_hold_the_animal() -> None:
    """Boxes are shares of the picture with a positive area, and one that is not cut off leaves a margin."""
    for index, label in enumerate(LABEL_NAMES * 2):
        drawing = draw(label, 5, index)
        assert 1 <= len(drawing.boxes) <= 3
        for box in drawing.boxes:
            assert 0 <= box.x_min < box.x_max <= 1
            assert 0 <= box.y_min < box.y_max <= 1
        nearest = drawing.boxes[0]
        assert (nearest.x_max - nearest.x_min) * (nearest.y_max - nearest.y_min) > 0.01


def test_an_unknown_label_is_refused_with_the_known_ones() -> None:
    """The error names what was asked for and what there is."""
    with pytest.raises(ImageLakeError, match=r"'Lyon'.*'Lion'.*Zebra"):
        draw_animal("Lyon", 0, 0)


def test_every_label_has_colours_views_and_known_patterns() -> None:
    """The tables cover all eleven labels, and no morph has a pattern that is not there."""
    assert len(LABELS) == len(set(LABEL_NAMES)) == 11
    assert set(MORPHS) == set(VIEWS) == set(LABEL_NAMES)
    assert {palette.pattern for morphs in MORPHS.values() for _, palette in morphs} <= set(PATTERNS)


@pytest.mark.parametrize("label", LABEL_NAMES)
def test_every_view_paints_a_figure_of_sensible_extent(label: str) -> None:
    """No view is empty, and a figure is a few of its own units across."""
    for view in VIEWS[label]:
        figure = paint(label, view, np.random.default_rng(2))
        low, high = figure.bounds()
        assert len(figure.strokes) > 15
        assert np.all(high - low > 0.3)
        assert np.all(high - low < 5)
        assert (view.anchor == "close") == (figure.cut_below is not None)


def test_labels_look_different_on_average() -> None:
    """A parrot's close-up has more colour than an elephant's: the species' palettes survive scene and camera."""

    def saturation(label: str) -> float:
        pixels = np.concatenate(
            [np.asarray(draw_animal(label, 9, i).resize((48, 48)))[12:36, 12:36].reshape(-1, 3) for i in range(6)]
        )
        return float(np.ptp(pixels, axis=1).mean())

    assert saturation("Parrot") > 1.5 * saturation("Elephant")
