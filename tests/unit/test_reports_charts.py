"""Charts: the same bytes each time, colours of the page, and names that stay text whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from imagelake.reports.charts.bars import Bar, bar_chart
from imagelake.reports.charts.columns import Columns, column_chart
from imagelake.reports.charts.intervals import Share, interval_chart
from imagelake.reports.charts.scatter import Point, scatter_chart
from imagelake.reports.charts.style import CSS_COLOURS, SERIES
from planted_report import HOSTILE

NAMES = ["Lion", "大熊猫", "نسر", "Größe & Maß", "$\\alpha$", HOSTILE, "a" * 90, ""]


def bars(names: list[str]) -> Markup:
    return bar_chart([Bar(name, 10.0 - n, 5.0 - n / 2, str(n)) for n, name in enumerate(names)], "b", "T", "D")


def intervals(names: list[str]) -> Markup:
    return interval_chart([Share(name, 0.5, 0.4, 0.7, "50.0%") for name in names], "i", "T", "D")


def columns(names: list[str]) -> Markup:
    series = {name: [1.0, 2.0] for name in names[: len(SERIES)]}
    return column_chart(Columns(["0", "1"], series, "boxes", str), "c", "T", "D")


def scatter(names: list[str]) -> Markup:
    points = [
        Point(name, 10.0 + 30 * n, 0.5 + n / 20, 0.4, 0.95, n % len(SERIES), n % 2 == 0, n % 3 == 0, (name, str(n)))
        for n, name in enumerate(names)
    ]
    return scatter_chart(points, ("images/s", "top-1"), "s", "T", "D")


CHARTS = [bars, intervals, columns, scatter]


@pytest.mark.parametrize("chart", CHARTS)
def test_equal_data_gives_equal_bytes(chart: Callable[[Sequence[str]], str]) -> None:
    """No date, random identifier or order gets into a chart."""
    assert chart(NAMES) == chart(NAMES)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_well_formed_whatever_the_names_are(chart: Callable[[Sequence[str]], str]) -> None:
    """Scripts of the world, markup, formulas, long names and empty ones leave one SVG element that a parser reads."""
    root = ElementTree.fromstring(chart(NAMES))
    assert root.tag == "svg"
    assert {node.tag for node in root.iter()} <= {"svg", "title", "desc", "g", "path", "text", "tspan", "defs", "use",
                                                   "clipPath", "rect"}  # fmt: skip


def test_names_are_text_in_the_fonts_of_the_page() -> None:
    """A name can be selected and found in the page, formulas are not set, and no font is asked for by name."""
    root = ElementTree.fromstring(bars(NAMES))
    texts = ["".join(node.itertext()) for node in root.iter("text")]
    assert {"Lion", "大熊猫", "نسر", "Größe & Maß", "$\\alpha$"} <= set(texts)
    assert not any("font-family" in (node.get("style") or "") for node in root.iter("text"))


@pytest.mark.parametrize("chart", CHARTS)
def test_every_colour_is_the_pages(chart: Callable[[Sequence[str]], str]) -> None:
    """A chart has no colour of its own, so that it is dark in the dark."""
    drawn = chart(NAMES)
    assert "var(--" in drawn
    assert not re.search(r"(fill|stroke): #", drawn)
    assert not any(colour in drawn for colour in CSS_COLOURS)


def test_a_chart_has_a_title_and_says_what_it_shows() -> None:
    """Those who do not see the chart hear its title and description."""
    root = ElementTree.fromstring(bars(["Lion"]))
    assert root.get("role") == "img"
    named = {node.get("id"): node.text for node in root.iter() if node.tag in {"title", "desc"}}
    assert root.get("aria-labelledby") == " ".join(filter(None, named))
    assert list(named.values()) == ["T", "D"]


def test_charts_of_one_page_share_no_identifier() -> None:
    """What one chart refers to is never found in another."""
    twin = bar_chart([Bar("Lion", 2, 1, "2")], "one", "T", "D"), bar_chart([Bar("Lion", 2, 1, "2")], "two", "T", "D")
    found = [set(re.findall(r'\bid="([^"]+)"', chart)) for chart in (*(chart(NAMES) for chart in CHARTS), *twin)]
    assert sum(map(len, found)) == len(set.union(*found))


@pytest.mark.parametrize("chart", CHARTS)
def test_references_stay_inside_the_chart(chart: Callable[[Sequence[str]], str]) -> None:
    """Everything that is referred to is there."""
    drawn = chart(NAMES)
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', drawn)) <= set(re.findall(r'\bid="([^"]+)"', drawn))


def test_a_chart_of_nothing_but_zeros_is_drawn() -> None:
    """A label without rows and a split without boxes divide by nothing."""
    assert "<svg" in bar_chart([Bar("a", 0, 0, "0")], "z", "T", "D")
    assert "<svg" in column_chart(Columns(["0"], {"train": [0.0]}, "boxes", str), "z", "T", "D")
    assert "<svg" in interval_chart([Share("a", 0.0, 0.0, 0.2, "0.0%")], "z", "T", "D")
