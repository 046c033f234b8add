"""Whether what was learnt from some images holds for others."""

from __future__ import annotations

import numpy as np
import pytest

from imagelake.transforms.rows.sampled_images import still_alike

THEN = np.arange(100)


@pytest.mark.parametrize(
    ("now", "alike"),
    [
        (THEN, True),
        (THEN[::-1], True),
        (THEN[:90], True),
        (THEN[:89], False),
        (np.arange(111), True),
        (np.arange(112), False),
        (THEN + 10, True),
        (THEN + 11, False),
        (THEN[:0], False),
    ],
)
def test_a_tenth_may_come_or_go(now: np.ndarray, alike: bool) -> None:
    """Nine tenths of the larger sample are in both, whichever is the earlier one; of no images nothing holds."""
    assert still_alike(now, THEN) is alike
    assert still_alike(THEN, now) is alike
    assert not still_alike(THEN[:0], THEN[:0])
