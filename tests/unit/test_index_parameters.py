"""The sizes of an image index by rule, and in words."""

from imagelake.search.parameters import IndexParameters, choose_parameters


def test_more_cells_are_looked_into_for_each_million() -> None:
    """Known from vectors that were searched: 90 cells of a million, and 214 of two million, reach 0.97."""
    assert [choose_parameters(rows, 1_024).probes for rows in (1_000_000, 2_000_000)] == [90, 213]
    assert choose_parameters(100_000, 1_024).probes == 51


def test_sizes_are_said_in_words() -> None:
    assert str(choose_parameters(500, 1_024)) == "exact: a query is compared with every image"
    said = str(IndexParameters(cells=2_000, code_bytes=128, probes=90, rerank=200))
    assert said == ("2,000 cells, codes of 128 bytes; a query looks into 90 cells and is compared with 200 images")
