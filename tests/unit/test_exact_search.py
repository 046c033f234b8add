"""Exact search: the same answers as sorting everything, however the rows arrive."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from imagelake.search.exact import NearestRows
from imagelake.vision.engine import unit_length


def made(rows: int, seed: int = 3) -> np.ndarray:
    return unit_length(np.random.default_rng(seed).normal(size=(rows, 16)).astype(np.float32))


def names(count: int) -> np.ndarray:
    return np.array([f"image-{number:04}" for number in range(count)])


@pytest.mark.parametrize("batch", [1, 7, 100, 1000])
def test_batches_give_what_a_second_library_gives(batch: int) -> None:
    """The ten nearest by cosine are scikit-learn's, whatever the size of the batches."""
    rows, queries = made(500), made(4, seed=5)
    nearest = NearestRows(queries, 10)
    for start in range(0, len(rows), batch):
        nearest.add(names(500)[start : start + batch], rows[start : start + batch])
    distances, expected = NearestNeighbors(n_neighbors=10, metric="cosine").fit(rows).kneighbors(queries)
    found = nearest.best()
    assert found.ids == [[names(500)[index] for index in row] for row in expected]
    np.testing.assert_allclose(found.similarities, 1 - distances, atol=1e-5)


def test_equal_similarities_are_ordered_by_identifier() -> None:
    """Of equal rows those with the first names stay, also across batches."""
    row = made(1)
    nearest = NearestRows(row, 2)
    for name in ("d", "b", "c", "a"):
        nearest.add(np.array([name]), row)
    assert nearest.best().ids == [["a", "b"]]


def test_fewer_rows_than_asked_are_all_answers() -> None:
    """Three rows cannot give ten answers, and no row gives none."""
    assert NearestRows(made(1), 10).best().ids == [[]]
    nearest = NearestRows(made(1), 10)
    nearest.add(names(3), made(3))
    assert sorted(nearest.best().ids[0]) == list(names(3))


def test_features_of_another_model_are_refused() -> None:
    """Rows of another width cannot be compared; the error says both widths."""
    with pytest.raises(ValueError, match="expected rows of 16 features, found 8"):
        NearestRows(made(1), 3).add(names(1), np.ones((1, 8), np.float32))
