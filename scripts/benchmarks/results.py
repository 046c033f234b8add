"""The output of benchmarks: results with the machine as JSON under var/bench/, and a block of a page in docs/."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
BENCH = PROJECT / "var" / "bench"


def machine() -> str:
    """The processor's name and how many cores there are."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{len(names) or '?'} cores of {names[0] if names else platform.processor() or platform.machine()}"


def keep(name: str, result: dict[str, Any]) -> None:
    """Write a result to var/bench/<name>.json."""
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def write_docs(benchmark: str, lines: list[str], block: str = "", file: str = "benchmarks.md") -> None:
    """Write lines between the marks of a block of a page in docs/, by default the block named like the benchmark."""
    name = block or benchmark
    begin, end = f"<!-- {name}: written by scripts/bench {benchmark} --docs -->", f"<!-- end of {name} -->"
    page = PROJECT / "docs" / file
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    if not found:
        sys.exit(f"{page} lacks the mark {begin}")
    page.write_text(before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.partition(end)[2], encoding="utf-8")


def say(text: str) -> None:
    """Print progress to standard error."""
    print(text, file=sys.stderr, flush=True)
