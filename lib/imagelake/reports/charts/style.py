"""The style of all charts: sizes in CSS pixels, and colours by role."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 430  # narrow enough that a phone shows the text at nearly its size, wide enough for two in a row elsewhere
FONT_SIZE = 11.5

# matplotlib needs colour values; `svg` replaces them by the page's CSS variables, so that charts have a dark mode.
INK, SOFT, RULE = "#010101", "#020202", "#030303"
SERIES = ("#040401", "#040402", "#040403", "#040404", "#040405", "#040406")
FAINT, PAPER = "#050505", "#060606"  # FAINT fills the rest of a bar; like every series it has 3:1 with the page

CSS_COLOURS = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    RULE: "var(--rule)",
    FAINT: "var(--series-faint)",
    PAPER: "var(--paper)",
    **{colour: f"var(--series-{position})" for position, colour in enumerate(SERIES, start=1)},
}


def new_chart(height: float, margins: tuple[float, float, float, float], width: float = WIDTH) -> tuple[Figure, Axes]:
    """An empty chart.

    Args:
        height: CSS pixels.
        margins: left, right, top and bottom, in CSS pixels.
        width: CSS pixels; the page scrolls one that is wider than WIDTH where it has no room.
    """
    left, right, top, bottom = margins
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    box = (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=FONT_SIZE, labelcolor=SOFT, pad=6)
    return figure, axes


def write(axes: Axes, position: tuple[float, float], text: str, align: Literal["left", "center", "right"]) -> None:
    """Write a text in the colour of text; dollar signs are literal, not TeX."""
    axes.text(*position, text, ha=align, va="center_baseline", fontsize=FONT_SIZE, color=INK, parse_math=False)
