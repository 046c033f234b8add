"""The card beside a network says what the network is to whoever finds it."""

from __future__ import annotations

import json

import pytest

from imagelake.errors import ImageLakeError
from imagelake.vision.network_card import NetworkCard

CARD = NetworkCard("mobilenet_v1 1 at 224 px", "f", "network.tflite", "litert", "float32", 224, "crop", ("a", "b é"))


def test_a_card_comes_back_as_it_was() -> None:
    """What is written is what is read, names beyond ASCII included."""
    assert NetworkCard.from_json(CARD.to_json()) == CARD


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"classes": ["a"], "name": "n", "later": 1})])
def test_another_versions_card_is_no_card(text: str) -> None:
    """A text that lacks something, or has more, is an error that says which job to run."""
    with pytest.raises(ImageLakeError, match="run convert_model"):
        NetworkCard.from_json(text)
