"""Made metadata of Open Images' size, without images: four jobs beside DuckDB with the same cores, table by table.

Of each share of the true size the jobs ingest_images, ingest_annotations, explore_lake and clean_labels run on the
files in one session with the default settings, then DuckDB on the same files; seconds, those of the processor, memory,
and whether all tables and counts are the same go to var/bench/metadata.json, and with --docs into docs/benchmarks.md.
Before that the same jobs run on next to nothing, which is what they cost by themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from made_metadata import BOXES, IMAGES, LABELS, TRUTH, make_metadata
from our_jobs import JOBS, START
from peaks import TreeMemory
from results import BENCH, PROJECT, keep, machine, say, write_docs
from same_rows import differing_counts, differing_rows, unnoticed_faults

HERE = Path(__file__).parent
SHARES = (0.01, 0.1)
NEXT_TO_NOTHING = 1e-5
FOLDER = BENCH / "metadata"


def main() -> int:
    """Measure each share in turn; returns 1 where a table or count differs."""
    options = parser().parse_args()
    made = datetime.now(UTC).isoformat(timespec="seconds")
    result: dict[str, Any] = {"machine": machine(), "made": made, "cores": options.cores, "shares": {}}
    if not options.no_fixed_cost:
        result["fixed"] = ours(source_of(NEXT_TO_NOTHING, options.seed), options.cores)
        keep("metadata", result)
    for share in options.share:
        result["shares"][f"{share:g}"] = contest(share, options.seed, options.cores)
        keep("metadata", result)
    if not options.keep:
        shutil.rmtree(FOLDER)
    print("\n".join(docs_lines(result)))
    if options.docs:
        write_docs("metadata", docs_lines(result))
    problems = [problem for row in result["shares"].values() for problem in row["problems"]]
    for problem in problems:
        say(problem)
    return 1 if problems else 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench metadata", description=__doc__)
    sizes = " ".join(map(str, SHARES))
    made.add_argument("--share", type=float, nargs="+", default=SHARES, help=f"of the true size; default {sizes}")
    made.add_argument("--cores", type=int, default=2, help="of each; default 2")
    made.add_argument("--seed", type=int, default=7, help="of the made files; default 7")
    made.add_argument("--no-fixed-cost", action="store_true", help="without the run on next to nothing")
    made.add_argument("--keep", action="store_true", help="keep the made files, 8 GB at the true size, for another run")
    made.add_argument("--docs", action="store_true", help="write the table into docs/benchmarks.md")
    return made


def source_of(share: float, seed: int) -> Path:
    """The folder of the made files."""
    folder = FOLDER / f"{share:g}" / "source"
    say(f"making {share:.3%} of the metadata")
    make_metadata(folder, share, seed)
    return folder


def contest(share: float, seed: int, cores: int) -> dict[str, Any]:
    """Both on the same files, and what is not the same."""
    source = source_of(share, seed)
    lake, answers = source.parent / "lake", source.parent / "answers"
    say(f"the jobs on {share:.3%}")
    of_ours = ours(source, cores)
    say(f"DuckDB on {share:.3%}")
    theirs = duckdb_on(source, cores)
    say("comparing")
    rows = differing_rows(lake, answers)
    problems = [f"{name}: {number:,} rows differ" for name, number in rows.items() if number]
    problems += differing_counts(lake, answers) + unnoticed_faults(source / TRUTH, answers)
    bytes_in = sum(file.stat().st_size for file in source.iterdir())
    for folder in (lake, answers):
        shutil.rmtree(folder)
    return {"bytes": bytes_in, "ours": of_ours, "duckdb": theirs, "tables": len(rows), "problems": problems}


def ours(source: Path, cores: int) -> dict[str, Any]:
    """The jobs' seconds and those of the processor, by step and altogether, and the memory of all processes."""
    lake = source.parent / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    lines, peak_mib = measured("our_jobs.py", source, lake, cores)
    steps = {line["step"]: {"seconds": line["seconds"], "cpu_s": line["cpu_s"]} for line in lines}
    total = {name: round(sum(step[name] for step in steps.values()), 1) for name in ("seconds", "cpu_s")}
    return {**total, "peak_mib": peak_mib, "steps": steps}


def duckdb_on(source: Path, cores: int) -> dict[str, Any]:
    """DuckDB's seconds, by part and altogether, those of the processor, and its memory."""
    answers = source.parent / "answers"
    shutil.rmtree(answers, ignore_errors=True)
    (line,), peak_mib = measured("plain_sql.py", source, answers, cores)
    return {"seconds": round(sum(line["parts"].values()), 1), "cpu_s": line["cpu_s"], "peak_mib": peak_mib, **line}


def measured(program: str, source: Path, target: Path, cores: int) -> tuple[list[dict[str, Any]], int]:
    """The lines of JSON that a program of this folder prints, and the most memory that it and all below it held."""
    command = [sys.executable, str(HERE / program), str(source), str(target), str(cores)]
    paths = os.pathsep.join(map(str, (HERE, HERE.parent, PROJECT / "lib")))
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True)
    memory = TreeMemory(process.pid)
    printed, _ = process.communicate()
    memory.stop()
    if process.returncode:
        sys.exit(f"{program} ended with code {process.returncode}")
    return [json.loads(line) for line in printed.splitlines()], memory.peak_mib


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The result as Markdown."""
    lines = [
        f"Made metadata of a share of Open Images' size on {result['cores']} of {result['machine']}: in full "
        f"{sum(IMAGES.values()):,} images, {sum(LABELS.values()):,} labels and {sum(BOXES.values()):,} boxes. Seconds "
        "are from CSV to Parquet, the start of Spark included:",
        "",
        "| share | CSV, MB | | s | CPU s | memory, MiB | " + " | ".join(f"{job}, s" for job in JOBS) + " |",
        "|" + "---|" * (6 + len(JOBS)),
    ]
    for share, row in result["shares"].items():
        first = f"| {float(share):.3g} | {row['bytes'] / 1e6:,.0f} |"
        of_jobs = " | ".join(f"{row['ours']['steps'][job]['seconds']:,.1f}" for job in JOBS)
        lines.append(f"{first} ours | {cost(row['ours'])} | {of_jobs} |")
        lines.append(f"{first} DuckDB | {cost(row['duckdb'])} |" + " |" * len(JOBS))
    lines += [""] if result["shares"] else []
    lines += [f"- {verdict(share, row)}" for share, row in result["shares"].items()]
    if fixed := result.get("fixed"):
        start = fixed["steps"][START]
        lines += [
            "",
            f"On next to nothing, {round(sum(IMAGES.values()) * NEXT_TO_NOTHING)} images, the same jobs take "
            f"{fixed['seconds']:.1f} s and {fixed['cpu_s']:.1f} s of the processor, of which the start of Spark is "
            f"{start['seconds']:.1f} and {start['cpu_s']:.1f}.",
        ]
    return lines


def cost(of: dict[str, Any]) -> str:
    """Seconds, those of the processor and memory as cells."""
    return f"{of['seconds']:,.1f} | {of['cpu_s']:,.1f} | {of['peak_mib']:,}"


def verdict(share: str, row: dict[str, Any]) -> str:
    """How much longer ours takes, and whether it says the same."""
    times = row["ours"]["seconds"] / row["duckdb"]["seconds"]
    found = row["problems"]
    same = (
        f"all {row['tables']} tables and all counts are the same" if not found else f"not the same: {'; '.join(found)}"
    )
    return f"{float(share):.3g}: ours takes {times:.1f} times as long; {same}."


if __name__ == "__main__":
    sys.exit(main())
