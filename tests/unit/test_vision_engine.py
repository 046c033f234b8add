"""What engines answer: unit features, best classes, checked batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imagelake.vision.engine import check_batch, top_k, unit_length


def test_unit_length_keeps_directions() -> None:
    """Rows get length 1 and keep their direction, whatever their size; a zero row stays zero, without a warning."""
    features = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32) * np.logspace(-15, 15, 50)[:, None]
    features[3] = 0
    units = unit_length(features.astype(np.float32))
    lengths = np.linalg.norm(units, axis=1)
    assert units.dtype == np.float32
    assert np.allclose(np.delete(lengths, 3), 1, atol=1e-5)
    assert not units[3].any()
    assert np.all(np.sum(units * features, axis=1) >= 0)


def test_unit_length_of_nothing_is_nothing() -> None:
    """No rows give no rows, of the same width."""
    assert unit_length(np.empty((0, 7), np.float32)).shape == (0, 7)


scored = st.integers(1, 6).flatmap(
    lambda classes: st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 0.5]), min_size=classes, max_size=classes), min_size=1, max_size=4
    )
)


@given(rows=scored, k=st.integers(1, 8))
@settings(max_examples=80, deadline=None)
def test_top_k_is_the_sorted_head(rows: list[list[float]], k: int) -> None:
    """The k best classes come in descending score, equal scores by the lower index; all of them where k is larger."""
    scores = np.array(rows, np.float32)
    indices, best = top_k(scores, k)
    expected = [sorted(range(len(row)), key=lambda index: (-row[index], index))[:k] for row in rows]
    assert indices.tolist() == expected
    assert best.tolist() == [[row[index] for index in order] for row, order in zip(rows, expected, strict=True)]
    assert (indices.dtype, best.dtype) == (np.dtype(np.int32), np.dtype(np.float32))


def test_top_k_of_no_rows_has_k_columns() -> None:
    """No images give empty arrays of k columns."""
    indices, best = top_k(np.empty((0, 9), np.float32), 5)
    assert indices.shape == best.shape == (0, 5)


def test_top_k_puts_nan_last() -> None:
    """A score that is no number is never among the best."""
    assert top_k(np.array([[np.nan, 0.1, 0.9]], np.float32), 2)[0].tolist() == [[2, 1]]


def test_top_0_is_refused() -> None:
    """Fewer than one class is an error that names the value."""
    with pytest.raises(ValueError, match="k = 0"):
        top_k(np.zeros((1, 3), np.float32), 0)


@pytest.mark.parametrize(
    "batch",
    [np.zeros((2, 32, 32, 3), np.float32), np.zeros((32, 32, 3), np.uint8), np.zeros((2, 3, 32, 32), np.uint8)],
    ids=["float", "one image", "channels first"],
)
def test_a_batch_of_another_kind_is_refused(batch: NDArray[np.uint8]) -> None:
    """Floats, a single image and channels first are errors that tell what was expected and found."""
    with pytest.raises(ValueError, match=r"uint8 \[N, 32, 32, 3\], found"):
        check_batch(batch, 32)
