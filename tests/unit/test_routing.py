"""Which cells a query with a filter looks into: until as many allowed images were compared as without one."""

from __future__ import annotations

import numpy as np
import pytest

from imagelake.search.routing import SCANNED_EXACTLY, enough_cells

NEAREST = np.array([[3, 0, 2, 1, 4, 5], [5, 4, 3, 2, 1, 0]])


@pytest.mark.parametrize(
    ("wanted", "cells"),
    [
        (1, 4),  # 18,000 images before the fourth cell: fewer than are compared one by one anyway
        (SCANNED_EXACTLY - 1, 4),
        (24_001, 5),  # above that as many as a query without a filter would compare
        (10**9, 6),
    ],
)
def test_cells_are_looked_into_until_they_hold_enough(wanted: float, cells: int) -> None:
    """Of cells of 6,000 allowed images each, the nearest until the wanted number, and never fewer than 20,000."""
    found = enough_cells(NEAREST, np.full(6, 6_000), wanted)
    assert found.tolist() == [[True] * cells + [False] * (6 - cells)] * 2


def test_few_allowed_images_are_found_in_whichever_cell() -> None:
    """Where no more images are allowed than are compared one by one, every cell that holds one is looked into."""
    allowed_in = np.array([0, 7, 0, 2, 0, 1])
    assert np.array_equal(enough_cells(NEAREST, allowed_in, wanted=1), allowed_in[NEAREST] > 0)
