"""Horizontal bar charts with numbers at the bars' ends: counts by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from imagelake.reports.charts.hits import Hit
from imagelake.reports.charts.style import FAINT, SERIES, WIDTH, new_chart, write
from imagelake.reports.charts.svg import inline_svg
from imagelake.reports.names import short_name

NAME_COLUMNS = 22
_ROW, _LEFT, _RIGHT = 19, 142, 58


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: at its beginning.
        value: its length.
        filled: the length of its filled part.
        text: at its end.
        tip: what is shown while it is pointed at; empty for name and text.
        href: where it leads; None for nowhere.
    """

    name: str
    value: float
    filled: float
    text: str
    tip: str = ""
    href: str | None = None


def bar_chart(bars: Sequence[Bar], name: str, title: str, description: str) -> Markup:
    """A chart of one or more bars, the first on top; the filled part is dark, the rest light."""
    figure, axes = new_chart(len(bars) * _ROW + 4, (_LEFT, _RIGHT, 2, 2))
    positions = range(len(bars))
    axes.barh(positions, [bar.value for bar in bars], height=0.66, color=FAINT)
    axes.barh(positions, [bar.filled for bar in bars], height=0.66, color=SERIES[0])
    longest = max(bar.value for bar in bars) or 1.0
    axes.set(xlim=(0, longest), ylim=(len(bars) - 0.5, -0.5), xticks=[], yticks=[])
    for position, bar in enumerate(bars):
        write(axes, (-longest * 0.03, position), short_name(bar.name, NAME_COLUMNS), "right")
        write(axes, (bar.value + longest * 0.02, position), bar.text, "left")
    hits = [
        Hit(0, 2 + position * _ROW, WIDTH, _ROW, (bar.tip or f"{bar.name}: {bar.text}",), bar.href)
        for position, bar in enumerate(bars)
    ]
    return inline_svg(figure, name, title, description, hits)
