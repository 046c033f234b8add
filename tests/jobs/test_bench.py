"""The benchmarks' own contests, as small as they get."""

from __future__ import annotations

import json
import subprocess

from project import PROJECT

OURS, LIMIT = "ours in Spark, float32", "bare LiteRT loop, float32"


def test_a_small_contest_of_ours_against_the_limit() -> None:
    """Both give every photo the same class, a worker stays within its memory, and the ratio is written down."""
    command = [PROJECT / "scripts" / "bench", "inference", "--images", "48", "--rounds", "1", "--only", OURS, LIMIT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads((PROJECT / "var" / "bench" / "inference.json").read_text())
    assert [result["contestants"][name]["same_top1"] for name in (OURS, LIMIT)] == [1.0, 1.0]
    assert result["ratios"].keys() == {"ours to the bare loop"}
    assert result["worker"]["peak_mb"] < 400
    assert "ours to the bare loop" in done.stdout


def test_a_small_contest_of_the_index() -> None:
    """Ours and plain FAISS find the true neighbours, ours was built with bounded memory, and the ratios are written."""
    ours, plain = "ours", "FAISS IVF-PQ, re-ranked"
    command = [PROJECT / "scripts" / "bench", "search", "--rows", "20000", "--only", ours, plain]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads((PROJECT / "var" / "bench" / "search.json").read_text())
    assert min(result["contestants"][name]["recall"] for name in (ours, plain)) >= 0.95
    assert max(result["contestants"][ours]["peak_mib"].values()) < 4096
    assert len(result["ratios"]) == 2
