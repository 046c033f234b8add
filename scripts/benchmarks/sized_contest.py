"""A contest at several sizes, the small ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from results import BENCH, machine, say


def run_contest(
    names: Iterable[str],
    folders: dict[int, Path],
    prepare: Callable[[Path, int], None],
    measure: Callable[[str, Path], dict[str, Any]],
    cores: int,
) -> Iterator[dict[str, Any]]:
    """Each size in turn; a contestant that failed at one is not tried at a larger one.

    Args:
        names: the contestants.
        folders: size -> where its files are made.
        prepare: makes them.
        measure: what a contestant reaches on them, or with the key failed why it reaches nothing.
        cores: of each contestant.

    Yields:
        After each contestant what was measured so far: machine, made, cores and contestants: name -> size as text ->
        what was measured.
    """
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for images, folder in folders.items():
        say(f"preparing {images:,} images")
        prepare(folder, images)
        for name, results in found.items():
            if not any("failed" in result for result in results.values()):
                say(f"{name}: {images:,} images")
                results[str(images)] = measure(name, folder)
                made = datetime.now(UTC).isoformat(timespec="seconds")
                yield {"machine": machine(), "made": made, "cores": cores, "contestants": found}


def folders_of(benchmark: str, sizes: Iterable[int]) -> dict[int, Path]:
    """A folder of var/bench for each size."""
    return {size: BENCH / benchmark / str(size) for size in sizes}
