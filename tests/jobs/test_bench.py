"""The benchmarks' own contests and the measurement of scaling, as small as they get."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from project import PROJECT

OURS, INT8, LIMIT = "ours in Spark, float32", "ours in Spark, int8", "bare LiteRT loop, float32"


def run(*options: str) -> str:
    """What a benchmark prints."""
    command: list[str | Path] = [PROJECT / "scripts" / "bench", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def written(name: str) -> Any:
    """What it wrote."""
    return json.loads((PROJECT / "var" / "bench" / f"{name}.json").read_text())


def test_a_small_contest_of_ours_against_the_limit() -> None:
    """Spark gives every photo the class of the bare loop; a worker stays within its time, memory and share of measures.

    Start and measures are in seconds of the processor, which do not depend on who else is on the machine. The start is
    what a worker's first photos cost above later ones: 1.1 s on a slow machine, and 8 more with TensorFlow.
    """
    shown = run("inference", "--images", "64", "--rounds", "1", "--only", OURS, INT8, LIMIT)
    result = written("inference")
    found = result["contestants"]
    assert [found[name]["same_top1"] for name in (OURS, LIMIT)] == [1.0, 1.0]
    assert [found[name]["photos"] for name in (OURS, INT8, LIMIT)] == [64, 128, 64]
    rates = {name: found[name]["photos"] / found[name]["seconds"][0] for name in found}
    assert result["ratios"] == {
        "ours to the bare loop": pytest.approx(rates[OURS] / rates[LIMIT], abs=0.01),
        "ours int8 to ours float32": pytest.approx(rates[INT8] / rates[OURS], abs=0.01),
    }
    worker = result["worker"]
    assert worker["start_cpu_s"] < 3
    assert worker["peak_mb"] < 400
    assert max(worker["texture_share"], worker["texture_share_int8"]) < 0.15
    assert "ours to the bare loop" in shown


def test_scaling_counts_what_it_ran() -> None:
    """Each number of photos on one and two cores is a run, the largest on two only; its cost follows from its time."""
    shown = run("inference", "--scaling", "--sizes", "64", "128", "--network", "int8")
    runs = written("scaling")["runs"]
    assert [(run["cores"], run["photos"]) for run in runs] == [(1, 64), (2, 64), (2, 128)]
    assert all(run["seconds"] > 0 for run in runs)
    cost_ms = runs[0]["seconds"] / 64 * 1000
    assert f"| 64 | 1 | {64 / runs[0]['seconds']:.1f} | {cost_ms:.1f} |" in shown


def test_a_small_contest_of_the_index() -> None:
    """Ours and plain FAISS find the true neighbours, ours was built with bounded memory, and the ratios are written."""
    ours, plain = "ours", "FAISS IVF-PQ, re-ranked"
    run("search", "--rows", "20000", "--only", ours, plain)
    result = written("search")
    assert min(result["contestants"][name]["recall"] for name in (ours, plain)) >= 0.95
    assert max(result["contestants"][ours]["peak_mib"].values()) < 4096
    assert len(result["ratios"]) == 2


def test_a_small_contest_of_duplicates() -> None:
    """Of planted duplicates ours finds all exact and nearly all near ones and takes nothing else for one."""
    run("duplicates", "--sizes", "600", "--only", "ours")
    found = written("duplicates")["contestants"]["ours"]["600"]
    assert (found["recall_exact"], found["precision"]) == (1.0, 1.0)
    assert found["recall_near"] > 0.9
    assert found["peak_mib"] < 4096
