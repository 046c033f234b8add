"""Scatter charts of points with intervals, with their Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator, PercentFormatter

from imagelake.reports.charts.hits import Hit
from imagelake.reports.charts.labels import Box, position_names
from imagelake.reports.charts.style import FONT_SIZE, PAPER, RULE, SERIES, SOFT, new_chart, write
from imagelake.reports.charts.svg import inline_svg
from imagelake.reports.names import short_name
from imagelake.reports.numbers import compact

WIDTH, HEIGHT = 860, 460
NAME_COLUMNS = 34
_MARGINS = (56, 18, 14, 52)
_LETTER, _LINE = 0.53 * FONT_SIZE, 1.25 * FONT_SIZE  # CSS pixels of an average letter, and of a line
_REACH = 8  # CSS pixels from a point that still mean it
_STEPS = (1, 1.5, 2, 3, 4, 5, 7)


@dataclass(frozen=True)
class Point:
    """One point.

    Attributes:
        line: points with the same line are joined, in their order.
        x: above 0.
        share: 0 to 1, with its bounds `low` and `high`.
        colour: index in the page's series of colours.
        square: a square rather than a circle.
        best: whether it is on the front: filled, and its name is placed first.
        names: the texts for it, in order of preference.
        tip: what is shown while it is pointed at.
    """

    line: str
    x: float
    share: float
    low: float
    high: float
    colour: int
    square: bool
    best: bool
    names: tuple[str, ...]
    tip: tuple[str, ...] = ()


def scatter_chart(points: Sequence[Point], axis: tuple[str, str], name: str, title: str, description: str) -> Markup:
    """A chart of one or more points, x on a log scale; the step line is the best share at that x or more.

    Args:
        points: the points.
        axis: what x and the share are, with their units.
        name: unique in the page.
        title: what the chart shows.
        description: what it says.
    """
    figure, axes = new_chart(HEIGHT, _MARGINS, WIDTH)
    _scale(axes, points)
    axes.set_xlabel(axis[0], fontsize=FONT_SIZE, color=SOFT, labelpad=6)
    axes.set_ylabel(axis[1], fontsize=FONT_SIZE, color=SOFT, labelpad=6)
    front = sorted((point.x, point.share) for point in points if point.best)
    axes.plot(*zip(*front, strict=True), color=SOFT, linewidth=1, linestyle=(0, (4, 3)), drawstyle="steps-pre")
    for _, line in groupby(sorted(points, key=lambda point: point.line), key=lambda point: point.line):
        _draw(axes, list(line))
    _write_names(axes, points)
    return inline_svg(figure, name, title, description, _hits(axes, points))


def _hits(axes: Axes, points: Sequence[Point]) -> list[Hit]:
    """A square around each point; those on the front lie on top."""
    middles = [(point, axes.transData.transform((point.x, point.share))) for point in points]
    ordered = sorted(middles, key=lambda pair: pair[0].best)
    return [
        Hit(x - _REACH, HEIGHT - y - _REACH, 2 * _REACH, 2 * _REACH, point.tip)
        for point, (x, y) in ordered
        if point.tip
    ]


def _scale(axes: Axes, points: Sequence[Point]) -> None:
    slowest, fastest = min(point.x for point in points) / 1.15, max(point.x for point in points) * 1.35
    lowest, highest = min(point.low for point in points), max(point.high for point in points)
    room = 0.04 * (highest - lowest) or 0.01
    axes.set_xscale("log")
    axes.set(xlim=(slowest, fastest), ylim=(max(0, lowest - room), min(1, highest + room)))
    axes.xaxis.set_major_locator(FixedLocator(ticks(slowest, fastest)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(color=RULE, linewidth=1)
    axes.set_axisbelow(True)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between two positive ones, each 1.5 to 2 times the one before."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in _STEPS if low <= step * 10.0**power <= high]


def _draw(axes: Axes, line: Sequence[Point]) -> None:
    colour, marker = SERIES[line[0].colour], "s" if line[0].square else "o"
    x, shares = [point.x for point in line], [point.share for point in line]
    # max: rounding can put a bound on the wrong side of its share by one bit.
    below, above = zip(*((max(0, one.share - one.low), max(0, one.high - one.share)) for one in line), strict=True)
    axes.errorbar(x, shares, yerr=(below, above), fmt="none", color=colour, elinewidth=1, alpha=0.45)
    axes.plot(x, shares, color=colour, linewidth=1, alpha=0.55)
    for point in line:
        size, fill = (8, colour) if point.best else (6, PAPER)
        # Not clipped: a share of 0 or 1 lies on the edge.
        axes.plot([point.x], [point.share], marker, color=colour, markersize=size, markerfacecolor=fill, clip_on=False)


def _write_names(axes: Axes, points: Sequence[Point]) -> None:
    """Write names where there is room: those of the front first, then by share."""
    ordered = sorted(points, key=lambda point: (not point.best, -point.share))
    names = [[short_name(name, NAME_COLUMNS) for name in point.names] for point in ordered]
    spots = [tuple(axes.transData.transform((point.x, point.share))) for point in ordered]
    sizes = [[(len(name) * _LETTER, _LINE) for name in own] for own in names]
    for own, position in zip(names, position_names(spots, sizes, Box(*axes.bbox.extents)), strict=True):
        if position:
            middle = axes.transData.inverted().transform(position.box.middle)
            write(axes, tuple(middle), own[position.name], "center")
