"""Nearest images of made features, a query at a time on one thread: ours, plain FAISS and the alternatives.

Every contestant builds its index from the same vectors with all cores, and answers the same queries with ten images.
Recall, milliseconds, memory and build time go to var/bench/search.json, and with --docs into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from environments import python_of
from prepare_vectors import DIMENSION, prepare
from results import BENCH, PROJECT, keep, machine, say, write_docs
from rich.console import Console
from rich.table import Table
from two_processes import two_to_one

HERE = Path(__file__).parent
OURS, OURS_ALONE = "ours", "ours, built on one core"
PLAIN, LIKE_OURS = "FAISS IVF-PQ, re-ranked", "FAISS IVF-PQ, learning as ours"
# Name -> environment, module and variant.
CONTESTANTS = {
    OURS: ("", "ours", "2"),
    OURS_ALONE: ("", "ours", "1"),
    PLAIN: ("", "plain_faiss", "ivfpq"),
    LIKE_OURS: ("", "plain_faiss", "ivfpq_as_ours"),
    "FAISS flat, float16": ("", "plain_faiss", "flat"),
    "FAISS HNSW, float16": ("", "plain_faiss", "hnsw"),
    "usearch, float16": ("vectors", "usearch_graph", "hnsw"),
    "LanceDB IVF-PQ, refined": ("vectors", "lance_database", "ivfpq"),
}
OF_RATIOS = {OURS, OURS_ALONE, PLAIN, LIKE_OURS}
UNLIMITED = OF_RATIOS | {"FAISS flat, float16"}  # the last one builds nothing
ROWS, QUICK_ROWS = 1_000_000, 50_000
LIMIT_S, QUICK_LIMIT_S = 800, 60
ROUNDS, QUICK_ROUNDS, ROUNDS_OF_RATIOS = 3, 1, 7
ONE_CORE = ["taskset", "-c", "0"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


def main() -> int:
    """Run the contest."""
    options = parser().parse_args()
    rows = options.rows or (QUICK_ROWS if options.quick else ROWS)
    limit_s = options.limit or (QUICK_LIMIT_S if options.quick else LIMIT_S)
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    # With few vectors most of a build is Spark's start, which does not depend on cores.
    names = options.only or [name for name in CONTESTANTS if not (options.quick and name == OURS_ALONE)]
    folder = BENCH / "search" / str(rows)
    say(f"preparing {rows:,} vectors")
    prepare(folder, rows)
    if options.prepare:
        return 0
    found = {name: built(name, folder, limit_s) for name in names}
    # After all builds, whose files the system still writes for a while.
    for name, result in answered([name for name in found if can_answer(name, found[name])], folder, rounds).items():
        found[name] |= result
    shares = ratios(found)
    if {OURS, OURS_ALONE} <= found.keys():
        say("encoding in two processes and in one")
        quantizer = folder / "ours-2" / "serving" / "quantizer.faiss"
        shares["encoding alone, two processes to one"] = round(two_to_one(folder / "vectors.npy", quantizer), 2)
    result = {
        "machine": machine(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": rows,
        "dimension": DIMENSION,
        "limit_s": limit_s,
        "rounds": rounds,
        "contestants": {name: found[name] for name in CONTESTANTS if name in found},
        "ratios": shares,
    }
    keep("search", result)
    show(result)
    if options.docs:
        write_docs("search", docs_lines(result), "search-quick" if options.quick else "")
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench search", description=__doc__)
    made.add_argument("--rows", type=int, help=f"vectors; default {ROWS:,}, with --quick {QUICK_ROWS:,}")
    made.add_argument(
        "--limit", type=float, help=f"seconds that a build may take; default {LIMIT_S}, with --quick {QUICK_LIMIT_S}"
    )
    made.add_argument(
        "--quick", action="store_true", help="fewer vectors, in three minutes: every index is faster, graphs most"
    )
    made.add_argument("--only", nargs="+", choices=list(CONTESTANTS), metavar="NAME", help="these contestants alone")
    made.add_argument("--prepare", action="store_true", help="make the vectors and their true neighbours, and stop")
    made.add_argument(
        "--docs", action="store_true", help="write the table into docs/benchmarks.md, where --quick has one of its own"
    )
    return made


def can_answer(name: str, result: dict[str, Any]) -> bool:
    """Whether a contestant has an index to search, which our second build has not."""
    return "failed" not in result and name != OURS_ALONE


def command_of(name: str) -> list[Any]:
    """The command line of a contestant, without the action."""
    environment, module, variant = CONTESTANTS[name]
    python = python_of(environment, BENCH) if environment else Path(sys.executable)
    return [python, HERE / "index_contest.py", module, variant]


def built(name: str, folder: Path, limit_s: float) -> dict[str, Any]:
    """The figures of one contestant's build, or its error."""
    say(f"{name}: building")
    alone = name == OURS_ALONE
    command = [*(ONE_CORE if alone else []), *command_of(name), "build", folder]
    return answer(command, None if name in UNLIMITED else limit_s, ONE_THREAD if alone else {})


def answered(names: list[str], folder: Path, rounds_of_others: int) -> dict[str, dict[str, Any]]:
    """Each contestant's median of alternating rounds by queries a second."""
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(ROUNDS_OF_RATIOS):
        for name, results in rounds.items():
            if turn < rounds_of_others or name in OF_RATIOS:
                say(f"{name}: answering, round {turn + 1}")
                results.append(answer([*ONE_CORE, *command_of(name), "search", folder], None, ONE_THREAD))
    return {name: median_round(results) for name, results in rounds.items()}


def median_round(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The round with the median of queries a second, or one that failed."""
    failed = [result for result in results if "failed" in result]
    return failed[0] if failed else sorted(results, key=lambda result: result["qps"])[len(results) // 2]


def answer(command: list[Any], limit_s: float | None, extra: dict[str, str]) -> dict[str, Any]:
    """The JSON line of a contestant's process."""
    paths = os.pathsep.join(map(str, (HERE, HERE.parent, PROJECT / "lib")))
    surroundings = {**os.environ, "PYTHONPATH": paths, **extra}
    try:
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"not built in {limit_s:g} s"}
    if done.returncode:
        say(done.stderr[-3000:])
        return {"failed": "failed"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ratios(found: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Ours to plain FAISS, and to itself on half the cores, those of the driver and of the JVM included."""
    made, found = {}, {name: row for name, row in found.items() if "failed" not in row}
    if {OURS, PLAIN} <= found.keys():
        made["queries a second, ours to plain FAISS"] = found[OURS]["qps"] / found[PLAIN]["qps"]
        made["build time, ours to plain FAISS"] = found[OURS]["build_s"] / found[PLAIN]["build_s"]
    if {OURS, LIKE_OURS} <= found.keys():
        made["build time, ours to FAISS learning as ours"] = found[OURS]["build_s"] / found[LIKE_OURS]["build_s"]
    if {OURS, OURS_ALONE} <= found.keys():
        made["build time, two cores to one"] = found[OURS]["build_s"] / found[OURS_ALONE]["build_s"]
    return {name: round(value, 2) for name, value in made.items()}


def cells(row: dict[str, Any]) -> list[str]:
    """One contestant's line of the table."""
    if "failed" in row:
        return [row["failed"], *[""] * 5]
    build = f"{row['build_s']:,.0f}"
    if "qps" not in row:
        return [build, *[""] * 5]
    memory = [f"{row['own_mib']:,}", f"{row['mapped_mib']:,}"]
    return [build, f"{row['recall']:.3f}", f"{row['p95_ms']:,.1f}", f"{row['qps']:,.0f}", *memory]


COLUMNS = ("", "build, s", "recall@10", "p95, ms", "queries/s", "memory, MiB", "mapped, MiB")


def show(result: dict[str, Any]) -> None:
    """The table, for people."""
    table = Table(title=f"{result['rows']:,} x {result['dimension']}, one thread, {result['machine']}")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column else "left")
    for name, row in result["contestants"].items():
        table.add_row(name, *cells(row))
    console = Console(width=120)
    console.print(table)
    for name, ratio in result["ratios"].items():
        console.print(f"  {name}: {ratio:.2f}")


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The same as Markdown."""
    lines = [
        f"{result['rows']:,} made vectors of {result['dimension']:,} features in clusters; built on "
        f"{result['machine']}, then one query at a time on one of them, median of "
        f"{ROUNDS_OF_RATIOS} alternating rounds for those that the ratios are of, "
        f"of {result['rounds']} for the others:",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join([name, *cells(row)])} |" for name, row in result["contestants"].items()),
    ]
    ratio = "; ".join(f"{name} {value:.2f}" for name, value in result["ratios"].items())
    lines += ["", f"Ratios: {ratio}."]
    if "peak_mib" in result["contestants"].get(OURS, {}):
        peak = result["contestants"][OURS]["peak_mib"]
        lines[-1] += (
            f" Building, the driver's Python held {peak['driver']:,} MiB at its peak, the JVM of driver and executor "
            f"{peak['jvm']:,} and a Python worker {peak['worker']:,}."
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
