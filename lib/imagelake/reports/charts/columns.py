"""Column charts, grouped or stacked: a distribution of a few series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from imagelake.reports.charts.hits import Hit
from imagelake.reports.charts.style import FONT_SIZE, RULE, SERIES, SOFT, WIDTH, new_chart
from imagelake.reports.charts.svg import inline_svg

_HEIGHT, _SPREAD = 230, 0.78
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 4, 8, 44


@dataclass(frozen=True)
class Columns:
    """The data of a column chart.

    Attributes:
        steps: names of the positions on the horizontal axis.
        series: name -> one value a step; at most as many as there are colours.
        axis: what the steps are, with their unit.
        text: how a value of the vertical axis is written.
    """

    steps: Sequence[str]
    series: Mapping[str, Sequence[float]]
    axis: str
    text: Callable[[float], str]


def column_chart(columns: Columns, name: str, title: str, description: str, stacked: bool = False) -> Markup:
    """A chart of one or more series over the same steps; the page shows the legend, in the order of the series."""
    figure, axes = new_chart(_HEIGHT, (_LEFT, _RIGHT, _TOP, _BOTTOM))
    (_stack if stacked else _side_by_side)(axes, columns)
    axes.set_xticks(range(len(columns.steps)), list(columns.steps))
    axes.set_ylim(0, (axes.get_ylim()[1] or 1.0) * 1.05)
    axes.set_xlabel(columns.axis, fontsize=FONT_SIZE, color=SOFT, labelpad=6)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: columns.text(value)))
    axes.grid(axis="y", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    return inline_svg(figure, name, title, description, _hits(axes, columns))


def _hits(axes: Axes, columns: Columns) -> list[Hit]:
    """A hit a step, as high as the chart, with the values of all series."""
    low, high = axes.get_xlim()
    scale = (WIDTH - _LEFT - _RIGHT) / (high - low)
    return [
        Hit(_LEFT + (position - 0.5 - low) * scale, _TOP, scale, _HEIGHT - _TOP - _BOTTOM,
            (step, *(f"{name}: {columns.text(values[position])}" for name, values in columns.series.items())))
        for position, step in enumerate(columns.steps)
    ]  # fmt: skip


def _side_by_side(axes: Axes, columns: Columns) -> None:
    width = _SPREAD / len(columns.series)
    left = np.arange(len(columns.steps)) - _SPREAD / 2 + width / 2
    for position, values in enumerate(columns.series.values()):
        axes.bar(left + position * width, values, width=width * 0.92, color=SERIES[position])


def _stack(axes: Axes, columns: Columns) -> None:
    below = np.zeros(len(columns.steps))
    for position, values in enumerate(columns.series.values()):
        axes.bar(range(len(columns.steps)), values, width=_SPREAD, bottom=below, color=SERIES[position])
        below += np.asarray(values, float)
