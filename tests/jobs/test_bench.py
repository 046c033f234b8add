"""The benchmark's own contest, as small as it gets: ours against the bare loop."""

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
