"""Horizontal bar charts of shares with their confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.ticker import PercentFormatter

from imagelake.reports.charts.hits import Hit
from imagelake.reports.charts.style import FAINT, INK, RULE, WIDTH, new_chart, write
from imagelake.reports.charts.svg import inline_svg
from imagelake.reports.names import short_name
from imagelake.reports.numbers import interval

NAME_COLUMNS = 22
_ROW, _LEFT, _RIGHT, _TOP = 21, 142, 58, 24


@dataclass(frozen=True)
class Share:
    """One bar: a share from 0 to 1, its bounds, the text at its end, and where it leads."""

    name: str
    share: float
    low: float
    high: float
    text: str
    href: str | None = None


def interval_chart(shares: Sequence[Share], name: str, title: str, description: str) -> Markup:
    """A chart of one or more shares, the first on top."""
    figure, axes = new_chart(len(shares) * _ROW + _TOP + 4, (_LEFT, _RIGHT, _TOP, 4))
    positions, values = range(len(shares)), [one.share for one in shares]
    # max: rounding can put a bound on the wrong side of its share by one bit.
    whiskers = [[max(0.0, one.share - one.low) for one in shares], [max(0.0, one.high - one.share) for one in shares]]
    axes.barh(positions, values, height=0.56, color=FAINT)
    axes.errorbar(values, positions, xerr=whiskers, fmt="none", color=INK, elinewidth=1.2, capsize=3, capthick=1.2)
    axes.set(xlim=(0, 1), ylim=(len(shares) - 0.5, -0.5), xticks=[0, 0.25, 0.5, 0.75, 1], yticks=[])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(axis="x", color=RULE, linewidth=1)
    axes.set_axisbelow(True)
    for position, one in enumerate(shares):
        write(axes, (-0.03, position), short_name(one.name, NAME_COLUMNS), "right")
        write(axes, (1.03, position), one.text, "left")
    hits = [
        Hit(
            0,
            _TOP + position * _ROW,
            WIDTH,
            _ROW,
            (f"{one.name}: {one.text}, {interval(one.low, one.high)}",),
            one.href,
        )
        for position, one in enumerate(shares)
    ]
    return inline_svg(figure, name, title, description, hits)
