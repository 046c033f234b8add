"""The comparison as it is read: names, order, the choices, the chart's names and the page."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.reports.charts.labels import Box, Position, position_names
from imagelake.reports.charts.scatter import ticks
from imagelake.reports.comparison_page import write_comparison_page
from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.comparison import choices, comparison
from imagelake.reports.variants import best_first, summary_lines, variant_names
from imagelake.tables import TABLES
from planted_report import HOSTILE

ROOM = Box(0, 0, 400, 300)
EMPTY = dict.fromkeys(column.name for column in TABLES["model_comparison"].columns)


def variant(weights: str, alpha: float, resolution: int, top1: float, speed: float, **cells: Any) -> dict[str, Any]:
    """A row of model_comparison."""
    return EMPTY | {
        "weights": weights, "architecture": "mobilenet_v1", "alpha": alpha, "resolution": resolution,
        "precision": "float32", "framing": "crop", "labels": 13, "images": 500, "undecodable": 0, "top1": top1,
        "top1_low": top1 - 0.04, "top1_high": top1 + 0.04, "top5": 0.9, "top5_low": 0.88, "top5_high": 0.92,
        "images_per_second": speed, "model_bytes": 4_200_000, "on_front": False,
    } | cells  # fmt: skip


def failed(weights: str) -> dict[str, Any]:
    """A row of weights that are not there."""
    keys = {"weights": weights, "resolution": 224, "precision": "float32", "framing": "crop"}
    return EMPTY | keys | {"error": f"weights file {weights} does not exist"}


ROWS = [
    failed("nowhere.weights.h5"),
    variant("small.h5", 0.25, 128, 0.45, 400.0, on_front=True),
    variant("large.h5", 1.0, 224, 0.700, 60.0, on_front=True),
    variant("large.h5", 1.0, 224, 0.692, 110.0, on_front=True, precision="int8"),
    variant("large.h5", 1.0, 128, 0.60, 105.0),
]


@given(
    st.lists(
        st.tuples(
            st.tuples(st.floats(0, 400), st.floats(0, 300)),
            st.lists(st.tuples(st.floats(5, 120), st.just(14.0)), max_size=3),
        ),
        max_size=25,
    )
)
def test_names_cover_neither_each_other_nor_a_point(
    placed: list[tuple[tuple[float, float], list[tuple[float, float]]]],
) -> None:
    """Wherever points lie, the names that are written keep clear of all others and of every point, inside the chart."""
    points, sizes = [point for point, _ in placed], [own for _, own in placed]
    boxes = [place.box for place in position_names(points, sizes, ROOM) if place]
    assert all(box.inside(ROOM) for box in boxes)
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))
    assert not any(box.left < x < box.right and box.bottom < y < box.top for box in boxes for x, y in points)


def test_a_name_stands_to_the_right_or_where_there_is_room() -> None:
    """The first side with room is taken, then a shorter name; the first point chooses first, the last may have none."""
    long, short = (60, 14), (20, 14)
    assert position_names([(200, 150)], [[long]], ROOM) == [Position(0, Box(208, 143, 268, 157))]
    (at_the_edge,) = position_names([(390, 150)], [[long]], ROOM)
    assert at_the_edge is not None
    assert at_the_edge.box.right < 390
    (in_a_corner,) = position_names([(25, 7)], [[long, short]], Box(0, 0, 60, 14))
    assert in_a_corner == Position(1, Box(33, 0, 53, 14))
    twins = position_names([(200, 150)] * 9, [[long]] * 9, ROOM)
    assert twins[0] == Position(0, Box(208, 143, 268, 157))
    assert twins[8] is None


@pytest.mark.parametrize(("low", "high"), [(61, 80), (180, 440), (9, 1200), (1.5, 1.5)])
def test_ticks_are_round_and_between(low: float, high: float) -> None:
    """Whatever the speeds are, there is a tick among them, and none beside."""
    found = ticks(low, high)
    assert found == sorted(found)
    assert len(found) >= 1
    assert low <= found[0] <= found[-1] <= high


def test_variants_are_named_by_family_width_and_what_tells_them_apart() -> None:
    """Weights of one width are called by their file, as is a file that cannot be read; two framings are both named."""
    assert variant_names(ROWS) == [
        "nowhere.weights.h5, 224 px, float32",
        "v1 0.25, 128 px, float32",
        "v1 1.0, 224 px, float32",
        "v1 1.0, 224 px, int8",
        "v1 1.0, 128 px, float32",
    ]
    same = [variant("a.h5", 1.0, 224, 0.7, 60), variant("b.h5", 1.0, 224, 0.7, 60, framing="squeeze")]
    assert variant_names(same) == ["a.h5, 224 px, float32, crop", "b.h5, 224 px, float32, squeeze"]
    headed = [variant("a.h5", 1.0, 224, 0.7, 60), variant("a.h5", 1.0, 224, 0.8, 59, head="<b>animals")]
    assert variant_names(headed) == ["v1 1.0, 224 px, float32", "v1 1.0, 224 px, float32, head <b>animals"]


def test_the_best_comes_first_and_failures_last() -> None:
    """Order is by top-1, then by speed, whatever the order of the rows."""
    equal = variant("large.h5", 1.0, 192, 0.700, 80.0)
    ordered = best_first([*ROWS, equal])
    assert [row["images_per_second"] for row in ordered] == [80.0, 60.0, 110.0, 105.0, 400.0, None]


def test_the_choices_are_the_best_the_fastest_and_the_fast_one_near_the_best() -> None:
    """Of variants within a point of the best the fastest is named, however much faster a worse one is."""
    described = comparison(rows(ROWS)).values["variants"]
    figures = choices(described)
    assert [figure.value for figure in figures] == [
        "v1 1.0, 224 px, float32",
        "v1 1.0, 224 px, int8",
        "v1 0.25, 128 px, float32",
    ]
    assert figures[1].note == "top-1 69.2%, 110.0 images/s a core, 1.8 times as fast"
    assert choices([]) == []


def test_the_summary_is_a_table_of_80_columns() -> None:
    """Each variant has a line, the best first; figures stand under their headings, failures of one reason together."""
    lines = summary_lines([*ROWS, failed("nowhere.weights.h5") | {"resolution": 128}])
    assert list(lines)[:2] == ["variant", "v1 1.0, 224 px, float32"]
    assert lines["v1 1.0, 224 px, float32"] == " 70.0%  66.0\N{EN DASH}74.0%  90.0%     60.0  4.2 MB *"
    assert lines["v1 1.0, 128 px, float32"].endswith("4.2 MB")
    assert lines.pop("not measured") == (
        "nowhere.weights.h5, 224 px, float32, nowhere.weights.h5, 128 px, float32: "
        "weights file nowhere.weights.h5 does not exist"
    )
    assert len(lines["variant"]) == len(lines["v1 1.0, 128 px, float32"])
    assert max(map(len, lines.values())) <= 80 - len("labels covered by the model") - 8


def rows(variants: list[dict[str, Any]]) -> ReportRows:
    """What the page is made from."""
    return ReportRows("Comparison of models", {"model_comparison": pd.DataFrame(variants)})


def test_the_page_shows_every_variant_and_every_failure(tmp_path: Path) -> None:
    """Names, figures, the chart and the reasons are in one file that loads nothing, the same one each time."""
    hostile = variant(HOSTILE, 1.0, 192, 0.65, 90.0)
    write_comparison_page(rows([*ROWS, hostile]), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert page.count("<tr>") == 1 + 5 + 1 + 1
    assert "weights file nowhere.weights.h5 does not exist" in page
    assert "<script" not in page.lower()
    write_comparison_page(rows([*ROWS, hostile]), tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == page


def test_more_networks_than_colours_share_the_last_one() -> None:
    """Eight networks are drawn in six colours; the names of the colours say so."""
    many = [variant(f"{n}.h5", 1.0, 224, 0.5 + n / 100, 50.0 + n) for n in range(8)]
    values = comparison(rows(many)).values
    assert values["networks"] == ["0.h5", "1.h5", "2.h5", "3.h5", "4.h5", "others"]
    assert "--series-6" in values["chart"]


def test_a_page_without_a_measured_variant_has_no_chart() -> None:
    """Failures alone are listed; nothing at all is one sentence."""
    section = comparison(rows([failed("nowhere.weights.h5")]))
    assert (section.values["chart"], len(section.values["failed"])) == (None, 1)
    assert comparison(ReportRows("Empty")).absent is not None
