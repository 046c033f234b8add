"""Ours: the pass over the features of two sets and all tests on them, and the whole job."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from local_session import settings
from made_features import MOVED
from peaks import Peaks

from imagelake.config import load_config
from imagelake.runtime.session import start_session
from imagelake.transforms.shift.feature_rows import compare_features
from imagelake.transforms.shift.feature_sums import sum_features
from imagelake.transforms.shift.figures import PairFigures, SetFigures
from imagelake.transforms.shift.sets import set_of_rows


def main() -> None:
    """Measure, and print what was found as a line of JSON."""
    folder, cores = Path(sys.argv[1]), sys.argv[2]
    rules = load_config().shift
    with tempfile.TemporaryDirectory() as scratch:
        spark = start_session("shift", settings(scratch, cores, "1g"))
        peaks = Peaks()
        sets = [set_of_rows(name, spark.read.parquet(str(folder / f"{name}.parquet")), rules) for name in NAMES]
        start = time.perf_counter()
        sums = [sum_features(one, "model", rules.sample) for one in sets]
        passed = time.perf_counter()
        before, after = (SetFigures(one.name, None, made, None, {}) for one, made in zip(sets, sums, strict=True))
        found = compare_features(PairFigures(before, after, "model"), rules)
        done = time.perf_counter()
        peaks.stop()
        cpu_s = cpu_seconds()
        spark.stop()
    moved = [row["feature"] for row in found.features if row["comparison"] == "sets" and row["p_holm"] < 0.05]
    made = answer(len(found.effects), moved, done - start, peaks.mib)
    print(json.dumps(made | {"pass_s": round(passed - start, 1), "cpu_s": round(cpu_s, 1)}))


NAMES = ("before", "after")


def cpu_seconds() -> float:
    """Of driver, JVM and Python workers so far, Spark's start included."""
    driver = psutil.Process()
    times = [process.cpu_times() for process in (driver, *driver.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def answer(features: int, moved: list[int], seconds: float, peaks: dict[str, int]) -> dict[str, Any]:
    """What every contestant says."""
    return {
        "seconds": round(seconds, 1),
        "features": features,
        "found": len(set(moved) & set(MOVED)),
        "false": len(set(moved) - set(MOVED)),
        "peak_mib": sum(peaks.values()),
        "peaks": peaks,
    }


if __name__ == "__main__":
    main()
