"""The results of the contest: medians, spread and ratios, as JSON, text and block of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import statistics
from datetime import UTC, datetime
from typing import Any

from contestants import FRAMEWORKS, INT8, KERAS, LIMIT, OURS, Contestant
from results import machine
from rich.console import Console
from rich.table import Table

Result = dict[str, Any]
COLUMNS = ("images/s", "slowest to fastest", "photos", "cores busy", "same top-1 as the bare loop")


def report(contestants: list[Contestant], options: argparse.Namespace, worker: dict[str, float]) -> Result:
    """All results as JSON values."""
    by_name = {contestant.name: contestant for contestant in contestants}
    reference = (by_name.get(LIMIT) or contestants[0]).best
    return {
        "machine": machine(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": options.cores,
        "rounds": options.rounds,
        "contestants": {name: row(one, reference) for name, one in by_name.items()},
        "ratios": ratios(by_name),
        "worker": worker,
    }


def row(contestant: Contestant, reference: dict[str, int]) -> dict[str, Any]:
    """The figures of one contestant; its classes are compared on the photos that the reference has as well."""
    speeds = contestant.speeds
    common = reference.keys() & contestant.best.keys()
    return {
        "images_per_s": round(statistics.median(speeds), 1),
        "slowest": round(min(speeds), 1),
        "fastest": round(max(speeds), 1),
        "photos": contestant.photos,
        "busy": round(statistics.median(contestant.busy), 3),
        "same_top1": round(sum(reference[key] == contestant.best[key] for key in common) / len(common), 4),
        "seconds": [round(second, 3) for second in contestant.seconds],
    }


def ratios(by_name: dict[str, Contestant]) -> dict[str, float]:
    """How many times as fast: the median of the rounds' own ratios."""

    def times(name: str, other: str) -> float:
        pairs = zip(by_name[name].speeds, by_name[other].speeds, strict=True)
        return round(statistics.median(mine / theirs for mine, theirs in pairs), 3)

    found = {}
    if {OURS, LIMIT} <= by_name.keys():
        found["ours to the bare loop"] = times(OURS, LIMIT)
    if {OURS, INT8} <= by_name.keys():
        found["ours int8 to ours float32"] = times(INT8, OURS)
    if {OURS, KERAS} <= by_name.keys():
        found["ours to Spark with Keras predict"] = times(OURS, KERAS)
    rivals = [name for name in FRAMEWORKS if name in by_name]
    if OURS in by_name and rivals:
        found["ours to the best other framework"] = min(times(OURS, rival) for rival in rivals)
    return found


def cells(found: dict[str, Any]) -> list[str]:
    """A contestant's figures under `COLUMNS`."""
    spread = f"{found['slowest']} to {found['fastest']}"
    return [
        str(found["images_per_s"]),
        spread,
        f"{found['photos']:,}",
        f"{found['busy']:.0%}",
        f"{found['same_top1']:.1%}",
    ]


def worker_line(worker: dict[str, float]) -> str:
    """What a Python worker of ours costs."""
    return (
        f"A Python worker has its first 32 photos after {worker['first_batch_s']:.2f} s and takes "
        f"{worker['peak_mb']:.0f} MiB at its peak; textures add {worker['texture_share']:.1%} to its time "
        f"with float32, {worker['texture_share_int8']:.1%} with int8."
    )


def show(result: Result) -> None:
    """The table, for people."""
    table = Table(title=f"MobileNet v1 1.0 224, images/s on core {result['cores']} of {result['machine']}")
    table.add_column("")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for name, found in result["contestants"].items():
        table.add_row(name, *cells(found))
    console = Console(width=130)
    console.print(table)
    for name, ratio in result["ratios"].items():
        console.print(f"  {name}: {ratio:.2f}")
    console.print(f"  {worker_line(result['worker'])}")


def docs_lines(result: Result) -> list[str]:
    """The same as lines of Markdown."""
    return [
        f"On core {result['cores']} of {result['machine']}, median of {result['rounds']} alternating rounds, from "
        "encoded photo to scores:",
        "",
        f"| | {' | '.join(COLUMNS)} |",
        "|---" * (len(COLUMNS) + 1) + "|",
        *(f"| {name} | {' | '.join(cells(found))} |" for name, found in result["contestants"].items()),
        "",
        f"Ratios: {'; '.join(f'{name} {ratio:.2f}' for name, ratio in result['ratios'].items())}. "
        + worker_line(result["worker"]),
    ]
