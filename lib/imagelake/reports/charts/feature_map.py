"""Scatter charts of features by two differences, coloured by cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from imagelake.reports.charts.style import FONT_SIZE, RULE, SERIES, SOFT, new_chart
from imagelake.reports.charts.svg import inline_svg

_HEIGHT, _MARGINS = 330, (62, 14, 10, 46)


@dataclass(frozen=True)
class MappedFeature:
    """One point: its differences of mean and of variance, and its cluster, from 0."""

    mean: float
    variance: float
    cluster: int


def feature_map(points: Sequence[MappedFeature], name: str, title: str, description: str) -> Markup:
    """A chart of one or more features; clusters beyond the number of colours share the last one."""
    figure, axes = new_chart(_HEIGHT, _MARGINS)
    axes.axhline(0, color=RULE, linewidth=1)
    axes.axvline(0, color=RULE, linewidth=1)
    for colour, series in enumerate(SERIES):
        mine = [one for one in points if min(one.cluster, len(SERIES) - 1) == colour]
        axes.scatter(
            [one.mean for one in mine], [one.variance for one in mine], s=14, color=series, alpha=0.7, linewidths=0
        )
    axes.set_xlabel("mean after less mean before", fontsize=FONT_SIZE, color=SOFT, labelpad=6)
    axes.set_ylabel("variance after less before", fontsize=FONT_SIZE, color=SOFT, labelpad=6)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    return inline_svg(figure, name, title, description)
