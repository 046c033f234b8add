"""The parts of a chart that answer to a pointer or the keyboard: values on hover and focus, links; without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from imagelake.reports.charts.style import FONT_SIZE
from imagelake.reports.names import columns_of, short_name

_LETTER, _LINE, _PAD = 0.55 * FONT_SIZE, 1.3 * FONT_SIZE, 6  # CSS pixels: of an average letter, a line, around a text
_COLUMNS = 60  # of a line


@dataclass(frozen=True)
class Hit:
    """A rectangle of a chart and what it says.

    Attributes:
        left, top, width, height: CSS pixels from the chart's top left.
        lines: what is shown while it is pointed at.
        href: where it leads; None for nowhere.
    """

    left: float
    top: float
    width: float
    height: float
    lines: tuple[str, ...]
    href: str | None = None


def overlay(hits: Sequence[Hit], chart: tuple[float, float]) -> Markup:
    """The hits as SVG, to be drawn over a chart.

    Args:
        hits: in the order of the keyboard.
        chart: its width and height in CSS pixels, which no text leaves.
    """
    return Markup("").join(_drawn(hit, chart) for hit in hits)


def _drawn(hit: Hit, chart: tuple[float, float]) -> Markup:
    hit = replace(hit, lines=tuple(short_name(line, _COLUMNS) for line in hit.lines))
    area = Markup('<rect class="area" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"></rect>').format(
        hit.left, hit.top, hit.width, hit.height
    )
    content = area + _tip(hit, chart)
    if hit.href is None:
        return Markup('<g class="hit">{}</g>').format(content)
    return Markup('<a class="hit" href="{}" aria-label="{}">{}</a>').format(hit.href, ", ".join(hit.lines), content)


def _tip(hit: Hit, chart: tuple[float, float]) -> Markup:
    width = min(chart[0], max(map(columns_of, hit.lines)) * _LETTER + 2 * _PAD)
    height = len(hit.lines) * _LINE + _PAD
    left = min(max(0.0, hit.left + hit.width / 2 - width / 2), chart[0] - width)
    above, below = hit.top - height - 2, hit.top + hit.height + 2
    top = above if above >= 0 else min(below, max(0.0, chart[1] - height))
    box = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3"></rect>').format(
        left, top, width, height
    )
    texts = Markup("").join(
        Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(left + _PAD, top + _LINE * (number + 1), line)
        for number, line in enumerate(hit.lines)
    )
    return Markup('<g class="tip" aria-hidden="true">{}{}</g>').format(box, texts)
