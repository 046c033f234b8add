"""Exact search: the same answers as sorting everything, however the rows arrive."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]

from imagelake.search.exact import NearestRows
from imagelake.search.scan import exact_cosines
from imagelake.vision.engine import unit_length


def made(rows: int, seed: int = 3) -> np.ndarray:
    """Vectors of unit length, as an index keeps them."""
    return unit_length(np.random.default_rng(seed).normal(size=(rows, 16)).astype(np.float32)).astype(np.float16)


def queries_of(count: int, seed: int = 5) -> np.ndarray:
    return made(count, seed).astype(np.float32)


def names(count: int) -> np.ndarray:
    return np.array([f"image-{number:04}" for number in range(count)])


@pytest.mark.parametrize("batch", [1, 7, 100, 1000])
def test_batches_give_what_a_second_library_gives(batch: int) -> None:
    """The ten nearest by cosine are scikit-learn's, whatever the size of the batches."""
    rows, queries = made(500), queries_of(4)
    nearest = NearestRows(queries, 10)
    for start in range(0, len(rows), batch):
        nearest.add(names(500)[start : start + batch], rows[start : start + batch])
    distances, expected = NearestNeighbors(n_neighbors=10, metric="cosine").fit(rows.astype(float)).kneighbors(queries)
    found = nearest.best()
    assert found.ids == [[names(500)[index] for index in row] for row in expected]
    np.testing.assert_allclose(found.similarities, 1 - distances, atol=1e-3)


def test_equal_similarities_are_ordered_by_identifier() -> None:
    """Of equal rows those with the first names stay, also across batches."""
    row = made(1)
    nearest = NearestRows(row.astype(np.float32), 2)
    for name in ("d", "b", "c", "a"):
        nearest.add(np.array([name]), row)
    assert nearest.best().ids == [["a", "b"]]


def test_copies_are_equally_similar_wherever_they_are_compared() -> None:
    """A copy has the very same cosine in a batch of its own and among 500 others, and copies come by their names."""
    rows, query = made(500), queries_of(1)
    nearest = NearestRows(query, 600)
    nearest.add(names(500), rows)
    nearest.add(np.char.add("copy-of-", names(500)), rows[::-1])
    for index in range(0, 500, 7):
        nearest.add(np.array([f"third-{index:04}"]), rows[index : index + 1])
    best = nearest.best()
    assert best.similarities[0] == sorted(best.similarities[0], reverse=True)
    found = dict(zip(best.ids[0], best.similarities[0], strict=True))
    exact = exact_cosines(query[0], rows)
    assert all(found[name] == exact[int(name[-4:])] for name in found if name.startswith(("image", "third")))
    pairs = zip(best.ids[0], best.similarities[0], strict=True)
    assert best.ids[0] == [name for name, _ in sorted(pairs, key=lambda pair: (-pair[1], pair[0]))]


def test_fewer_rows_than_asked_are_all_answers() -> None:
    """Three rows cannot give ten answers, and no row gives none."""
    assert NearestRows(queries_of(1), 10).best().ids == [[]]
    nearest = NearestRows(queries_of(1), 10)
    nearest.add(names(3), made(3))
    assert sorted(nearest.best().ids[0]) == list(names(3))


def test_features_of_another_model_are_refused() -> None:
    """Rows of another width cannot be compared; the error says both widths."""
    with pytest.raises(ValueError, match="expected rows of 16 features, found 8"):
        NearestRows(queries_of(1), 3).add(names(1), np.ones((1, 8), np.float16))
