"""The cost of an image in lakes of a thousand to fifty thousand, on one core and on two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contestants import FOLDER, HERE, photos_file, surroundings
from results import machine

SIZES = [1000, 10_000, 50_000]
NETWORKS = {"float32": "network.tflite", "int8": "network.int8.tflite"}
OPEN_IMAGES, CLUSTERS = 9_000_000, (10, 50, 200)


def measure(sizes: list[int], network: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of ours, tables written, for each number of photos on one core and on two; the largest on two alone.

    Args:
        sizes: numbers of photos, each a multiple of the first, of which there is a file.
        network: a key of `NETWORKS`.
        say: called with progress messages.
    """
    runs, most = [], min(2, os.cpu_count() or 1)
    for cores in range(1, most + 1):
        for photos in sizes if cores == most else sizes[:-1]:
            say(f"{photos:,} photos on {cores} cores")
            seconds = run_s(photos, sizes[0], cores, NETWORKS[network])
            runs.append({"cores": cores, "photos": photos, "seconds": round(seconds, 2)})
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return {"machine": machine(), "made": made, "network": network, "runs": runs}


def run_s(photos: int, part: int, cores: int, network: str) -> float:
    """Seconds of one run after one that warms up, in a process of its own, over files of `part` photos each."""
    lake = FOLDER / "scaling"
    lake.mkdir(exist_ok=True)
    for file in lake.glob("*.parquet"):
        file.unlink()
    for number in range(photos // part):
        # The same file by another name: the disk holds one part, Spark reads many.
        (lake / f"{number:04d}.parquet").hardlink_to(FOLDER / photos_file(part))
    command: list[str | Path] = [
        "taskset",
        "-c",
        f"0-{cores - 1}",
        sys.executable,
        HERE / "ours_to_disk.py",
        network,
        lake,
    ]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{photos} photos on {cores} cores failed:\n{done.stderr[-3000:]}")
    return float(json.loads(done.stdout)["seconds"])


def core_ms(run: dict[str, Any]) -> float:
    """Milliseconds of a core for an image."""
    return float(run["seconds"] * run["cores"] / run["photos"] * 1000)


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The runs, and on paper the time of Open Images on clusters, as lines of Markdown."""
    lines = [
        f"{result['network']}, table written, {result['machine']}:",
        "",
        "| photos | cores | images/s | ms of a core for an image |",
        "|---|---|---|---|",
    ]
    for run in result["runs"]:
        speed = run["photos"] / run["seconds"]
        lines.append(f"| {run['photos']:,} | {run['cores']} | {speed:.1f} | {core_ms(run):.1f} |")
    cost_ms = core_ms(result["runs"][-1])
    times = [f"{OPEN_IMAGES * cost_ms / 1000 / cores / 60:.0f} minutes on {cores} cores" for cores in CLUSTERS]
    return [*lines, "", f"At the last line's cost {OPEN_IMAGES / 1e6:.0f} million such photos take {', '.join(times)}."]
