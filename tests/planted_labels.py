"""Images that show several of four labels, some of which are said wrongly, and some not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LABELS, D, N = ("Grass", "Lion", "Owl", "Sky"), 12, 240
WRONG = 24


def planted() -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int_], list[tuple[int, int]]]:
    """Features of images, what they show, what is said of them (1, 0, -1 for unknown), and which of that is wrong."""
    random = np.random.default_rng(8)
    shown = random.random((N, len(LABELS))) < (0.6, 0.4, 0.3, 0.5)
    values = shown @ random.normal(size=(len(LABELS), D)) * 1.6 + random.normal(size=(N, D)) * 0.5
    features = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    said = np.where(random.random(shown.shape) < 0.35, -1, shown)
    known = np.argwhere(said >= 0)
    wrong = [(int(row), int(label)) for row, label in known[random.choice(len(known), WRONG, replace=False)]]
    for row, label in wrong:
        said[row, label] = 1 - said[row, label]
    return features, shown, said, wrong


def label_rows(said: NDArray[np.int_]) -> list[dict[str, Any]]:
    """Rows of the table labels, verified by people with confidence 1 and 0."""
    return [
        {
            "image_id": f"i{row:03}",
            "label_id": f"/m/{label}",
            "label": LABELS[label],
            "split": "train",
            "origin": "human",
            "source": "tool",
            "confidence": float(said[row, label]),
        }
        for row, label in np.argwhere(said >= 0)
    ]
