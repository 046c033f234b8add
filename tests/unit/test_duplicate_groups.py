"""Representatives against brute force: every member was compared with its own, and no chain becomes one group."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.transforms.duplicates.groups import pairs_of_representatives

Edges = set[tuple[int, int]]


def batches(edges: Edges, rows: int) -> Iterator[pa.RecordBatch]:
    """The edges in order, in batches of so many rows."""
    ordered = sorted(edges)
    for start in range(0, len(ordered) + 1, rows):
        part = np.array(ordered[start : start + rows], np.int64).reshape(-1, 2)
        yield pa.record_batch({"first": part[:, 0], "second": part[:, 1], "score": np.ones(len(part))})


def stars(edges: Edges, pictures: int, rows: int = 1000) -> Edges:
    """The pairs of representatives."""
    found = pairs_of_representatives(batches(edges, rows), pictures)
    return {
        (first, second)
        for batch in found
        for first, second in zip(batch["representative"].to_pylist(), batch["picture"].to_pylist(), strict=True)
    }


def brute_force(edges: Edges, pictures: int) -> Edges:
    """Picture after picture: it stands for itself unless it is the duplicate of one that does."""
    standing: set[int] = set()
    for picture in range(1, pictures + 1):
        if not any((earlier, picture) in edges for earlier in standing):
            standing.add(picture)
    return {(first, second) for first, second in edges if first in standing}


@given(
    st.sets(st.tuples(st.integers(1, 12), st.integers(1, 12)).map(sorted).map(tuple).filter(lambda e: e[0] < e[1])),
    st.integers(1, 9),
)
def test_it_is_the_greedy_choice_whatever_the_batches(edges: Edges, rows: int) -> None:
    """Any graph, cut into batches of any length, has the representatives that trying one after the other gives."""
    assert stars(edges, 12, rows) == brute_force(edges, 12)


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_chain_stays_many_groups(shuffled: bool) -> None:
    """Ten thousand pictures, each like the next: no group has more than the two neighbours of its representative."""
    names = np.random.default_rng(2).permutation(10_000) + 1 if shuffled else np.arange(1, 10_001)
    edges = {(min(pair), max(pair)) for pair in pairwise(names.tolist())}
    found = stars(edges, 10_000, 64)
    firsts, sizes = np.unique([first for first, _ in found], return_counts=True)
    assert sizes.max() <= 2
    assert found <= edges
    members = {second for _, second in found}
    assert not members & set(firsts.tolist())
    assert len(firsts) >= 10_000 // 3
