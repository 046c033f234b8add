"""The order of answers: by similarity, by PPI, and by the mean of both ranks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.search.order import Order, in_order

PAIRS = st.lists(st.tuples(st.floats(-1, 1, width=32), st.floats(1, 200) | st.just(float("nan"))), max_size=30)


@given(PAIRS, st.sampled_from(["similarity", "ppi", "both"]))
def test_order_is_that_of_ranks(pairs: list[tuple[float, float]], order: Order) -> None:
    """Equal to pandas' ranks, ties as they came, what has no PPI last."""
    frame = pd.DataFrame(pairs, columns=["similarity", "ppi"], dtype=float)
    similar = frame["similarity"].rank(method="first", ascending=False)
    sharp = frame["ppi"].rank(method="first", ascending=False, na_option="bottom")
    places = {"similarity": similar, "ppi": sharp, "both": similar + sharp}[order]
    found = in_order(frame["similarity"].to_numpy(np.float32), frame["ppi"].to_numpy(), order)
    assert list(found) == list(places.sort_values(kind="stable").index)


@pytest.mark.parametrize("order", ["similarity", "ppi", "both"])
def test_nothing_has_an_order(order: Order) -> None:
    """No answers are in order."""
    assert len(in_order(np.empty(0, np.float32), np.empty(0), order)) == 0
