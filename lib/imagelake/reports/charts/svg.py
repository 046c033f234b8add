"""A matplotlib figure as inline SVG: text stays text, colours are the page's, equal figures give equal bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from imagelake.reports.charts.hits import Hit, overlay
from imagelake.reports.charts.style import CSS_COLOURS


def inline_svg(figure: Figure, name: str, title: str, description: str, hits: Sequence[Hit] = ()) -> Markup:
    """The figure as an SVG element.

    Args:
        figure: as from new_chart.
        name: unique in the page; identifiers inside the SVG begin with it or are hashed with it.
        title: what the chart shows, for screen readers.
        description: its result in a sentence, for screen readers.
        hits: what answers to a pointer.
    """
    drawn = _drawn(figure, name)
    # Replace matplotlib's root element: size, name spaces and style sheet come from the page.
    body = drawn[drawn.index(">", drawn.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    width, height = (float(inches) * 72 for inches in figure.get_size_inches())
    head = Markup(
        '<svg class="chart" viewBox="0 0 {w:g} {h:g}" role="{role}" aria-labelledby="{name}-title {name}-desc">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{description}</desc>'
    ).format(
        w=width,
        h=height,
        name=name,
        title=title,
        description=description,
        role="group" if any(hit.href for hit in hits) else "img",
    )
    over = overlay(hits, (width, height))
    return head + Markup(_themed(body)).replace("</svg>", Markup("")) + over + Markup("</svg>")


def _drawn(figure: Figure, name: str) -> str:
    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), warnings.catch_warnings():
        # Browsers have fonts for every script; a letter that matplotlib's font lacks affects only its measured width.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(file, format="svg")
    return file.getvalue()


def _themed(body: str) -> str:
    for colour, variable in CSS_COLOURS.items():
        body = body.replace(colour, variable)
    # The page's font is inherited; rotations by 0 are left out.
    body = re.sub(r'font-family: [^;"]+; |transform="rotate\(-0 [^"]*"', "", body)
    # Unreferenced identifiers are removed; the others are hashed with the chart's name, to be unique in the page.
    body = re.sub(r' id="([^"]+)"', lambda found: found[0] if f"#{found[1]}" in body else "", body)
    return body.replace("xlink:href", "href")
