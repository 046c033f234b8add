"""Names and order of the variants of the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from imagelake.reports.names import clean_name, listed
from imagelake.reports.numbers import byte_size, decimal, interval, percent

Row = Mapping[str, Any]  # a row of model_comparison

FAMILIES = {"mobilenet_v1": "v1", "mobilenet_v2": "v2"}
FAILURES_NAMED = 2


def best_first(rows: Sequence[Row]) -> list[Row]:
    """The variants by top-1, ties by speed; those with an error last."""
    return sorted(rows, key=lambda row: (-(row["top1"] or 0), -(row["images_per_second"] or 0)))


def network_names(rows: Sequence[Row]) -> dict[str, str]:
    """The name of each weights file: family and width, ``v1 0.25``, if these are unique.

    Otherwise, or if the file cannot be read, its file name.
    """
    short = {row["weights"]: _family_and_width(row) for row in rows}
    count = Counter(short.values())
    return {weights: name if name and count[name] == 1 else clean_name(weights) for weights, name in short.items()}


def _family_and_width(row: Row) -> str:
    return f"{FAMILIES[row['architecture']]} {row['alpha']}" if row["architecture"] else ""


def variant_names(rows: Sequence[Row]) -> list[str]:
    """The name of each variant, ``v1 0.25, 128 px, int8``, with its framing if there are two, and its head."""
    networks = network_names(rows)
    framed = len({row["framing"] for row in rows}) > 1
    return [
        f"{networks[row['weights']]}, {row['resolution']} px, {row['precision']}"
        + (f", {row['framing']}" if framed else "")
        + of_head(row)
        for row in rows
    ]


def of_head(row: Row) -> str:
    """What follows the name of a network that has a head."""
    return f", head {clean_name(row['head'])}" if row["head"] else ""


def summary_lines(rows: Sequence[Row]) -> dict[str, str]:
    """A table for the end of a job, 80 columns wide: the figures of each variant, best first, and the failures."""
    best = best_first(rows)
    ordered = list(zip(variant_names(best), best, strict=True))
    measured = {name: row for name, row in ordered if not row["error"]}
    lines = {"variant": f"{'top-1':>6} {'interval':>11} {'top-5':>6} {'images/s':>8} {'size':>7}"}
    lines |= {name: _line(row) for name, row in measured.items()}
    lines |= {"images/s": "of one core", "*": "no other variant is as accurate and as fast"}
    failures = {row["error"]: [name for name, other in ordered if other["error"] == row["error"]] for row in best}
    failed = [f"{listed(names, FAILURES_NAMED)}: {error}" for error, names in failures.items() if error]
    return lines | ({"not measured": "\n".join(failed)} if failed else {})


def _line(row: Row) -> str:
    figures = (
        f"{percent(row['top1']):>6}",
        f"{interval(row['top1_low'], row['top1_high']):>11}",
        f"{percent(row['top5']):>6}",
        f"{decimal(row['images_per_second']):>8}",
        f"{byte_size(row['model_bytes']):>7}",
    )
    return " ".join(figures) + (" *" if row["on_front"] else "")
