"""Variants of the network on the same photos: accuracy against speed, the Pareto front, and every figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from imagelake.reports import numbers
from imagelake.reports.charts.scatter import Point, scatter_chart
from imagelake.reports.charts.style import SERIES
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section
from imagelake.reports.sections.summary import Figure
from imagelake.reports.variants import Row, best_first, network_names, of_head, variant_names

NEAR = 0.01
"""How much top-1 the fast choice may lose to the most accurate one: a point."""
OTHERS = "others"


def comparison(rows: ReportRows) -> Section:
    """The recommended variants, the chart and the table of the frame model_comparison, best first."""
    variants = _described(best_first(rows.records("model_comparison")))
    measured = [variant for variant in variants if not variant["error"]]
    values = {
        "figures": choices(measured),
        "chart": _chart(measured) if measured else None,
        "networks": _networks(measured),
        "variants": measured,
        "failed": [variant for variant in variants if variant["error"]],
        "framed": len({variant["framing"] for variant in variants}) > 1,
    }
    absent = None if variants else "Nothing has been compared: the table model_comparison is absent or empty."
    return Section("comparison", "Accuracy against speed", values, absent)


def _described(variants: Sequence[Row]) -> list[dict[str, Any]]:
    networks, names = network_names(variants), variant_names(variants)
    return [
        {
            **row,
            "network": networks[row["weights"]] + of_head(row),
            "name": name,
            "error": row["error"] and clean_name(row["error"]),
        }
        for row, name in zip(variants, names, strict=True)
    ]


def choices(measured: Sequence[Row]) -> list[Figure]:
    """The variants to recommend: the most accurate, the fastest, and the fastest of nearly the best accuracy.

    Args:
        measured: variants with their names, best first.
    """
    if not measured:
        return []
    best = measured[0]
    near = max((row for row in measured if row["top1"] >= best["top1"] - NEAR), key=_speed)
    fastest = max(measured, key=_speed)
    return [
        _figure("Most accurate", best, best),
        _figure("Fastest within a point of it", near, best),
        _figure("Fastest", fastest, best),
    ]


def _figure(what: str, row: Row, best: Row) -> Figure:
    factor = f", {_speed(row) / _speed(best):.1f} times as fast" if row is not best else ""
    pace = f"{numbers.decimal(_speed(row))} images/s a core{factor}"
    return Figure(what, row["name"], f"top-1 {numbers.percent(row['top1'])}, {pace}")


def _speed(row: Row) -> float:
    speed: float = row["images_per_second"]
    return speed


def _networks(measured: Sequence[Row]) -> list[str]:
    """The networks by colour, in order of their names; the last ones share a colour if needed."""
    names = sorted({row["network"] for row in measured})
    return names if len(names) <= len(SERIES) else [*names[: len(SERIES) - 1], OTHERS]


def _chart(measured: Sequence[Row]) -> Markup:
    colours = {name: position for position, name in enumerate(_networks(measured))}
    points = [
        Point(
            line=f"{row['weights']} {row['precision']} {row['framing']} {row['head']}",
            x=row["images_per_second"],
            share=row["top1"],
            low=row["top1_low"],
            high=row["top1_high"],
            colour=colours.get(row["network"], len(SERIES) - 1),
            square=row["precision"] == "int8",
            best=row["on_front"],
            names=(*([row["name"]] if row["on_front"] else []), str(row["resolution"])),
            tip=(row["name"], f"top-1 {numbers.percent(row['top1'])}, {numbers.decimal(_speed(row))} images/s a core"),
        )
        for row in sorted(measured, key=lambda row: row["resolution"])
    ]
    description = "; ".join(f"{figure.name}: {figure.value}, {figure.note}" for figure in choices(measured))
    axes = ("images a second of one core", "top-1")
    return scatter_chart(points, axes, "comparison", "Top-1 accuracy against speed", description)
