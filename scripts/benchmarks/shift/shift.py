"""Two sets of made features with planted differences: our pass and tests beside the field's tools in memory.

Twenty of 1,024 features differ by a fifth of a deviation. Every contestant reads the same Parquet files and says which
features differ. Seconds, memory and what was found go to var/bench/shift.json, and with --docs into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from environments import python_of
from made_features import WIDTH, make_sets
from results import BENCH, PROJECT, keep, say, write_docs
from sized_contest import folders_of, run_contest

HERE = Path(__file__).parent
OURS = "ours"
TOOLS = ("scipy", "evidently", "alibi-detect", "nannyml")
SIZES, QUICK_SIZES = (10_000, 80_000, 1_281_167), (10_000,)
LIMIT_S = 600.0


def main() -> int:
    """Run the contest: each size in turn, and a tool that failed at one is not tried at a larger one."""
    options = parser().parse_args()
    sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    result = run_contest(
        options.only or [OURS, *TOOLS],
        folders_of("shift", sizes),
        make_sets,
        lambda name, folder: measured(name, folder, options.limit, options.cores),
        options.cores,
    )
    result |= {"width": WIDTH, "limit_s": options.limit}
    keep("shift", result)
    print("\n".join(docs_lines(result)))
    if options.docs:
        write_docs("shift", docs_lines(result))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench shift", description=__doc__)
    made.add_argument("--sizes", type=int, nargs="+", help=f"images of the set before; default {SIZES}")
    made.add_argument("--quick", action="store_true", help=f"{QUICK_SIZES[0]:,} images alone")
    made.add_argument("--cores", type=int, default=2, help="task slots of ours; default 2")
    made.add_argument("--limit", type=float, default=LIMIT_S, help=f"seconds of a tool; default {LIMIT_S:g}")
    made.add_argument("--only", nargs="+", choices=[OURS, *TOOLS], metavar="NAME", help="these contestants alone")
    made.add_argument("--docs", action="store_true", help="write the table into docs/benchmarks.md")
    return made


def measured(name: str, folder: Path, limit_s: float, cores: int) -> dict[str, Any]:
    """The JSON line of a contestant's process, or why there is none."""
    if name == OURS:
        command: list[Any] = [sys.executable, HERE / "our_shift.py", folder, str(cores)]
    else:
        try:
            python = Path(sys.executable) if name == "scipy" else python_of(name, BENCH)
        except subprocess.CalledProcessError:
            return {"failed": "does not install"}
        command = [python, HERE / "other_tools.py", name, folder]
    ours = os.pathsep.join(map(str, (HERE, HERE.parent, PROJECT / "lib")))
    paths = ours if name in (OURS, "scipy") else ""
    surroundings = {**os.environ, "PYTHONPATH": paths}
    try:
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {limit_s:g} s"}
    if done.returncode:
        say(done.stderr[-2000:])
        return {"failed": "killed, out of memory" if done.returncode == -9 else "failed"}
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The result as Markdown."""
    lines = [
        f"{result['width']:,} features on {result['machine']}, of which ours used {result['cores']}; the set after "
        "has a fifth of the images; 20 features are planted:",
        "",
        "| | images before | seconds | of cores | memory, MiB | planted found | false |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, sizes in result["contestants"].items():
        for rows, row in sizes.items():
            if "failed" in row:
                lines.append(f"| {name} | {int(rows):,} | {row['failed']} | | | | |")
            else:
                cost = f"{row['seconds']:,.1f} | {row['cpu_s']:,.1f} | {row['peak_mib']:,}"
                lines.append(f"| {name} | {int(rows):,} | {cost} | {row['found']} of 20 | {row['false']:,} |")
    passes = {rows: row["pass_s"] for rows, row in result["contestants"].get(OURS, {}).items() if "pass_s" in row}
    if passes:
        of = "; ".join(f"{seconds:,.1f} s of {int(rows):,} images" for rows, seconds in passes.items())
        lines += [
            "",
            f"The pass over both sets, moments by outcome and the sample, took {of}; all tests took the rest.",
        ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
