"""The sizes of an image index by rule, and in words."""

from imagelake.search.parameters import IndexOverrides, IndexParameters, choose_parameters, with_effort


def test_more_cells_are_looked_into_for_each_million() -> None:
    """Known from vectors that were searched: 90 cells of a million, and 214 of two million, reach 0.97."""
    assert [choose_parameters(rows, 1_024).probes for rows in (1_000_000, 2_000_000)] == [90, 213]
    assert choose_parameters(100_000, 1_024).probes == 51


def test_an_index_of_a_lake_that_grew_is_searched_harder() -> None:
    """Its cells stay as they were learnt; what needs no training is as for an index of so many cells made now."""
    before = choose_parameters(1_000_000, 1_024)
    after = with_effort(before, 1_900_000, IndexOverrides())
    assert after == choose_parameters(1_900_000, 1_024, IndexOverrides(cells=before.cells))
    assert after.probes == 170
    assert with_effort(before, 400_000, IndexOverrides(probes=5_000, rerank=9)).probes == before.cells
    exact = choose_parameters(500, 1_024)
    assert with_effort(exact, 900, IndexOverrides(probes=5)) == exact


def test_sizes_are_said_in_words() -> None:
    assert str(choose_parameters(500, 1_024)) == "exact: a query is compared with every image"
    said = str(IndexParameters(cells=2_000, code_bytes=128, probes=90, rerank=200))
    assert said == ("2,000 cells, codes of 128 bytes; a query looks into 90 cells and is compared with 200 images")
