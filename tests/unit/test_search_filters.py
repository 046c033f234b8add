"""Filters: what passes by split, size and kind, what is unknown, and where they are read from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.config import load_config
from imagelake.search.filters import FilterColumns, Filters, UnknownFilterError, passing
from imagelake.search.page import Page
from imagelake.serving.parameters import SearchParameters
from imagelake.taxonomy.lake_labels import LakeLabels

SPLITS = ("train", None, "test")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(SPLITS),
        st.sampled_from([None, 9.9, 10.0, 20.0, 33.3]),
        st.sampled_from([0, 999, 1000, 1001]),
        st.sampled_from(["photo", "depiction", None]),
    ),
    max_size=20,
)
FILTERS = st.builds(
    Filters,
    split=st.sampled_from([None, "train", "test", "elsewhere"]),
    min_ppi=st.sampled_from([0.0, 10.0, 20.0]),
    min_pixels=st.sampled_from([0, 1000]),
    kind=st.sampled_from([None, "photo", "depiction"]),
)


@given(ROWS, FILTERS)
def test_what_passes_is_what_pandas_selects(rows: list[tuple[object, ...]], filters: Filters) -> None:
    """Every combination; an unknown PPI is below any bound, and what is not known to be a depiction is a photo."""
    frame = pd.DataFrame(rows, columns=["split", "ppi", "pixels", "kind"])
    wanted = pd.Series(True, frame.index)
    if filters.split:
        wanted &= frame["split"] == filters.split
    if filters.min_ppi:
        wanted &= frame["ppi"].astype(float).fillna(-1) >= filters.min_ppi
    wanted &= frame["pixels"] >= filters.min_pixels
    if filters.kind:
        wanted &= (frame["kind"] == "depiction") == (filters.kind == "depiction")
    columns = FilterColumns(
        splits=SPLITS,
        split=np.array([-1 if split is None else SPLITS.index(split) for split in frame["split"]], int),
        ppi=frame["ppi"].to_numpy(float),
        pixels=frame["pixels"].to_numpy(np.int64),
        is_depiction=(frame["kind"] == "depiction").to_numpy(bool),
    )
    assert passing(filters, columns).tolist() == wanted.tolist()
    if not filters.by_columns:
        assert passing(filters, columns).all()


def test_unknown_labels_and_splits_are_refused_with_the_known_ones() -> None:
    """The nearest labels, or all splits; a known label is no error, whether an image has it or not."""
    labels = LakeLabels({"/z": "Zebra", "/l": "Lion"})
    filters = Filters(label="Zebra", split="train", min_ppi=3)
    assert filters.resolved(labels, ["train"]) == filters
    assert replace(filters, label="ZEBRAS").resolved(labels, ["train"]) == filters
    with pytest.raises(
        UnknownFilterError, match=r"unknown label 'zebr': none of the 2 labels .* mean 'Zebra'"
    ) as unknown:
        Filters(label="zebr").resolved(labels, [])
    assert (unknown.value.name, unknown.value.value, unknown.value.nearest) == ("label", "zebr", ("Zebra",))
    with pytest.raises(UnknownFilterError, match="unknown split 'testing'; splits of this lake: test, train"):
        Filters(split="testing").resolved(labels, ["train", "test"])
    with pytest.raises(UnknownFilterError, match="splits of this lake: none"):
        Filters(split="train").resolved(labels, [])


def test_settings_and_parameters_say_the_same() -> None:
    """The job's settings and the server's parameters make the same filters, and none by default."""
    said = {"label": "Bird", "split": "train", "min_ppi": 12.5, "min_pixels": 900, "kind": "photo"}
    settings = [f"search.{name}={value}" for name, value in said.items()]
    by_job = Filters.of_settings(load_config(settings=[*settings, "search.exclude_duplicates=true"]).search)
    assert by_job == SearchParameters.model_validate({**said, "duplicates": "hide"}).filters
    assert by_job == Filters("Bird", "train", 12.5, 900, "photo", hide_duplicates=True)
    assert Filters.of_settings(load_config().search) == SearchParameters.model_validate({}).filters == Filters()
    assert not replace(Filters(), label="Bird", hide_duplicates=True).by_columns


@given(st.lists(st.integers(), max_size=30), st.integers(1, 8))
def test_pages_put_together_are_the_list(answers: list[int], size: int) -> None:
    """Every answer stands on one page; an empty list has one empty page."""
    count = Page(1, size).count(len(answers))
    assert [one for number in range(1, count + 1) for one in answers[Page(number, size).rows]] == answers
    assert count >= 1
    assert answers[Page(count + 1, size).rows] == []
