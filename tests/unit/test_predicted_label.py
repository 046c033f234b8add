"""The label by which images of the same label are looked for."""

from __future__ import annotations

import pytest

from imagelake.search.query import PredictedLabel, Query, predicted_label

LABEL_OF_CLASS = {"poodle": "Dog", "tabby": "Cat", "collie": "Dog"}


@pytest.mark.parametrize(
    ("classes", "on_images", "expected"),
    [
        (("poodle", "tabby"), {"Dog", "Cat"}, PredictedLabel("Dog", "Dog")),
        (("poodle", "collie", "tabby"), {"Cat"}, PredictedLabel("Cat", "Dog")),
        (("poodle", "tabby"), set[str](), PredictedLabel("Dog", "Dog")),
        (("pug", "tabby"), {"pug"}, PredictedLabel("pug", "pug")),
        ((), {"Dog"}, None),
    ],
)
def test_the_best_class_whose_label_an_image_has(
    classes: tuple[str, ...], on_images: set[str], expected: PredictedLabel | None
) -> None:
    """The next best class counts where no image has the best one's label; where none has any, the best one stays."""
    query = Query(None, tuple((name, 0.5) for name in classes), None)
    assert predicted_label(query, LABEL_OF_CLASS, on_images.__contains__) == expected
