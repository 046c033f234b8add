"""The protocol of contestants: build an index in one process, and search it in another.

A contestant's module has `build(vectors, folder, variant)` and `opened(folder, variant)`, which returns a function from
a query float32 [D] and an effort to row numbers; EFFORTS are tried in order until recall@10 is 0.95. The searching
process has one core, and reports its memory apart from mapped files.

    python index_contest.py MODULE VARIANT build|search FOLDER
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WANTED_RECALL, NEAREST = 0.95, 10
LONGEST_S = 20.0  # of answering with one effort; a scan of everything answers fewer queries in it


def main() -> int:
    """Build or search by the command line; prints one line of JSON."""
    module, variant, what, place = sys.argv[1:]
    folder, contestant = Path(place), importlib.import_module(module)
    own = folder / f"{module}-{variant}"
    # Libraries print to standard output; the result uses a copy of it.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if what == "build":
        own.mkdir(exist_ok=True)
        start = time.perf_counter()
        details = contestant.build(np.load(folder / "vectors.npy", mmap_mode="r"), own, variant) or {}
        result = {"build_s": round(time.perf_counter() - start, 1)} | details
    else:
        result = searched(contestant.opened(own, variant), contestant.EFFORTS[variant], folder)
    answers.write(json.dumps(result) + "\n")
    return 0


def searched(search: Callable[[np.ndarray, Any], np.ndarray], efforts: list[Any], folder: Path) -> dict[str, Any]:
    """Recall, seconds and memory with the first effort that is enough, or the last; of two rounds the second counts.

    In the first one pages of the mapped files come from the disk, as after the start of a server.
    """
    queries, truth = np.load(folder / "queries.npy"), np.load(folder / "truth.npy")
    result: dict[str, Any] = {}
    for effort in efforts:
        for _ in range(2):
            found, seconds = answered(search, queries, effort)
        hits = [len(set(map(int, own)) & set(map(int, best))) for own, best in zip(found, truth, strict=False)]
        result |= {
            "effort": str(effort),
            "queries": len(found),
            "recall": round(float(np.mean(hits)) / NEAREST, 4),
            "p50_ms": round(1000 * float(np.percentile(seconds, 50)), 2),
            "p95_ms": round(1000 * float(np.percentile(seconds, 95)), 2),
            "qps": round(len(seconds) / sum(seconds), 1),
        } | memory()
        if result["recall"] >= WANTED_RECALL:
            break
    return result


def answered(
    search: Callable[[np.ndarray, Any], np.ndarray], queries: np.ndarray, effort: Any
) -> tuple[list[np.ndarray], list[float]]:
    """Answers and seconds of each query, in their order, until it takes too long."""
    found: list[np.ndarray] = []
    seconds: list[float] = []
    for query in queries:
        start = time.perf_counter()
        found.append(search(query, effort))
        seconds.append(time.perf_counter() - start)
        if sum(seconds) > LONGEST_S:
            break
    return found, seconds


def memory() -> dict[str, int]:
    """MiB of this process: its own, and mapped from files."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in status if line.startswith("Rss")}
    return {"own_mib": kib["RssAnon"] // 1024, "mapped_mib": kib["RssFile"] // 1024}


if __name__ == "__main__":
    sys.exit(main())
