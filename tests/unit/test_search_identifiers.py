"""Looking up identifiers: as a dictionary would, whatever their order and their letters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from imagelake.search.identifiers import row_of


@given(st.lists(st.text(max_size=4), unique=True, max_size=20), st.text(max_size=4))
def test_an_identifier_has_the_row_of_a_dictionary(image_ids: list[str], other: str) -> None:
    """Those that are there, and one that may not be; in one piece or in several."""
    ids = pa.array(image_ids, pa.string())
    by_id = pc.sort_indices(ids).to_numpy()
    for column in (ids, pa.chunked_array([ids[:3], ids[3:]])):
        for image_id in (*image_ids, other):
            assert row_of(image_id, column, by_id) == {name: row for row, name in enumerate(image_ids)}.get(image_id)


def test_text_that_is_no_unicode_is_not_there() -> None:
    """Half a surrogate, which an address can hold, is no identifier and no error."""
    assert row_of("\ud800", pa.array(["a", "b"]), np.array([0, 1])) is None
