"""Neighbours within cells against brute force."""

from __future__ import annotations

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray

from imagelake.search.cells import Cells, neighbours_within
from imagelake.transforms.duplicates.neighbours import blocks_of_cells


def units(count: int, dimension: int, seed: int) -> NDArray[np.float32]:
    """Random vectors of unit length."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize(("count", "k", "least"), [(0, 3, -1), (1, 3, -1), (3, 5, -1), (1300, 4, -1), (1300, 4, 0.4)])
def test_neighbours_are_those_of_brute_force(count: int, k: int, least: float) -> None:
    """The k highest cosines of each row but its own, of those high enough, however many rows there are."""
    vectors = units(count, 12, 1)
    query, near, cosines = neighbours_within(vectors, k, least)
    exact = vectors @ vectors.T
    np.fill_diagonal(exact, -np.inf)
    expected = {
        (row, int(other))
        for row in range(count)
        for other in np.argsort(-exact[row], kind="stable")[: min(k, count - 1)]
        if exact[row, other] >= least
    }
    assert set(zip(query.tolist(), near.tolist(), strict=True)) == expected
    assert np.allclose(cosines, exact[query, near], atol=1e-6)


def test_near_vectors_share_a_cell() -> None:
    """Of 3,000 vectors with a slightly changed copy each, all but a few meet theirs in one of four cells."""
    originals = units(3000, 300, 2)
    vectors = np.concatenate([originals, originals + 0.02 * units(3000, 300, 3) * np.sqrt(10)])
    cells = Cells.train(vectors[::2], len(vectors))
    assert cells.centroids.shape == (64, 128)
    projected = cells.project(vectors)
    assert np.linalg.norm(projected, axis=1) == pytest.approx(1, abs=1e-5)
    chosen, cosines = cells.route(projected, 4)
    assert np.allclose(cosines, np.einsum("np,nrp->nr", projected, cells.centroids[chosen]), atol=1e-5)
    met = [bool(set(one) & set(other)) for one, other in zip(chosen[:3000], chosen[3000:], strict=True)]
    assert np.mean(met) > 0.99


@pytest.mark.parametrize(("rank", "allowed"), [(100, 1e-5), (200, 0.05)])
def test_offsets_lead_back_to_cosines(rank: int, allowed: float) -> None:
    """Cosines of vectors that have much in common follow from those of their projections, but for what these lose."""
    own = np.random.default_rng(rank).normal(size=(500, rank)) @ units(rank, 300, 9)
    vectors = np.float32(1) + (own / rank**0.5).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cells = Cells.train(vectors, len(vectors))
    projected, (lengths, common) = cells.project(vectors), cells.offsets(vectors).T
    found = (projected @ projected.T) * np.outer(lengths, lengths) + common + common[:, np.newaxis]
    apart = ~np.eye(len(vectors), dtype=bool)
    assert found[apart] == pytest.approx((vectors @ vectors.T)[apart], abs=allowed)
    assert np.abs((projected @ projected.T) - vectors @ vectors.T)[apart].min() > 0.1


def test_a_few_more_vectors_leave_neighbours_as_they_are() -> None:
    """With one in a hundred vectors more, nearly all neighbours that meet in a cell are those that met before."""
    places = units(300, 64, 5)[np.random.default_rng(6).integers(0, 300, 3030)]
    noise = np.random.default_rng(7).normal(size=places.shape) / 16
    vectors = np.asarray(places + noise, np.float32)
    met = []
    for count in (3000, 3030):
        cells = Cells.train(vectors[:count], count)
        projected = cells.project(vectors[:3000])
        chosen, _ = cells.route(projected, 4)
        pairs = set()
        for cell in range(len(cells.centroids)):
            members = np.flatnonzero((chosen == cell).any(axis=1))
            query, near, _ = neighbours_within(projected[members], 5, 0.5)
            pairs |= set(zip(members[query].tolist(), members[near].tolist(), strict=True))
        met.append(pairs)
    assert len(met[1] - met[0]) < 0.05 * len(met[1])


def test_few_and_equal_vectors_make_a_space() -> None:
    """One vector, or a hundred equal ones, have one cell and no direction; nothing is near to nothing."""
    for sample in (units(1, 192, 4), np.repeat(units(1, 192, 4), 100, axis=0)):
        cells = Cells.train(sample, len(sample))
        assert np.isfinite(cells.project(sample)).all()
        assert (cells.route(cells.project(sample), 4)[0] >= 0).all()


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_blocks_are_cells_and_overlap_by_half_in_large_ones(rows: int) -> None:
    """However rows come in batches, a block holds one cell, whole or cut to ten rows, and neighbours meet in one."""
    cells = np.repeat([2, 3, 5, 9], [4, 35, 1, 10])
    table = pa.record_batch({"cell": cells.astype(np.int32), "picture": np.arange(50)})
    batches = [table.slice(start, rows) for start in range(0, 50, rows)]
    blocks = [(set(block["cell"].to_pylist()), block["picture"].to_pylist()) for block in blocks_of_cells(batches, 10)]
    assert all(len(found) == 1 and len(pictures) <= 10 for found, pictures in blocks)
    together = {(a, b) for _, pictures in blocks for a in pictures for b in pictures}
    assert {
        (a, a + near) for a in range(50) for near in range(6) if a + near < 50 and cells[a] == cells[a + near]
    } <= together
    assert list(blocks_of_cells([], 10)) == []
