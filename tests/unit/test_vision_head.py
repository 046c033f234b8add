"""A head in the place of a network's classes: its scores, its files, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from imagelake.errors import ImageLakeError
from imagelake.vision.engine import Scored
from imagelake.vision.head import HeadCard, head_files, read_fold_weights, read_head
from imagelake.vision.network import Network

CARD = HeadCard(
    "animals", "network a, crop", ("Lion", "Owl"), 3, 7, (10, 12), {"accuracy, test": 0.9}, {"": 22},
    {"predictions": "r1"}, "0.1", 0.01, "none",
)  # fmt: skip


def files_of(weights: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> dict[str, bytes]:
    return head_files(CARD, weights, np.stack([weights, 2 * weights]))


def test_a_head_comes_back_as_it_was_written() -> None:
    """Its card, its weights, and those of its folds."""
    weights = np.arange(8, dtype=np.float32).reshape(4, 2)
    files = files_of(weights)
    packed = read_head("animals", files, files.__getitem__)
    assert packed.card == CARD
    np.testing.assert_array_equal(packed.open().weights, weights)
    np.testing.assert_array_equal(read_fold_weights("animals", files.__getitem__)[1], 2 * weights)
    hash(packed)  # a worker keeps the opened network by it


def test_scores_are_those_of_features_of_unit_length() -> None:
    """A network with a head scores labels by its features, however long they are, and keeps the features."""

    class Engine:
        resolution = 8

        def run(self, batch: np.ndarray) -> Scored:
            """Two images of three features."""
            features = np.array([[3, 4, 0], [0, 0, 2]], np.float32)
            return Scored(np.zeros((len(batch), 5), np.float32), features)

    weights = np.array([[1, 0], [0, 1], [2, 0], [0.5, 0]], np.float32)
    files = files_of(weights)
    network = Network(Engine(), head=read_head("animals", files, files.__getitem__).open())
    pixels = (np.zeros((8, 8, 3), np.uint8),)
    scored = network.score([pixels, pixels])
    logits = np.array([[0.6 + 0.5, 0.8], [2 + 0.5, 0]])
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(scored.scores, expected, rtol=1e-6)
    np.testing.assert_array_equal(scored.features, [[3, 4, 0], [0, 0, 2]])


def test_a_head_that_does_not_fit_is_refused() -> None:
    """Features of another width, an unknown name, and a card of another version, each in one line."""
    files = files_of(np.zeros((4, 2), np.float32))
    head = read_head("animals", files, files.__getitem__).open()
    with pytest.raises(ImageLakeError, match=r"trained on 3 features an image, these have 5"):
        head.scores(np.zeros((1, 5), np.float32))
    with pytest.raises(ImageLakeError, match=r"'animal'\. Did you mean 'animals'\? Known: animals"):
        read_head("animal", files, files.__getitem__)
    with pytest.raises(ImageLakeError, match="train_classifier with --force"):
        HeadCard.from_json("{}")
    other = head_files(CARD, np.zeros((4, 3), np.float32), np.zeros((0, 4, 3), np.float32))
    with pytest.raises(ImageLakeError, match=r"weights \[4, 3\] do not fit its 2 classes"):
        read_head("animals", other, other.__getitem__).open()
