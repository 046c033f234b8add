"""The field's tools on the same two sets, in memory, in environments of their own: what they find and what it costs."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]

MOVED = set(range(100, 120))
Features = Any  # float32 [N, D]; the environments have different NumPy versions


def features_of(file: Path) -> Features:
    """The features of a set in memory."""
    column = pq.read_table(file, columns=["features"])["features"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


def evidently(before: Features, after: Features) -> list[int]:
    """Its preset of drift, a test a column; the share of columns that drift is its answer for the whole set."""
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    frames = [pd.DataFrame(one, columns=[f"f{number}" for number in range(one.shape[1])]) for one in (after, before)]
    result = Report([DataDriftPreset(num_method="ks")]).run(*frames).dict()
    found = []
    for metric in result["metrics"]:
        column = metric["config"].get("column")
        if column and metric["value"] < 0.05:
            found.append(int(column[1:]))
    return found


def alibi_detect(before: Features, after: Features) -> list[int]:
    """Kolmogorov and Smirnov's test of each feature with Bonferroni's correction."""
    from alibi_detect.cd import KSDrift

    result = KSDrift(before, p_val=0.05).predict(after, drift_type="feature")
    return [number for number, p in enumerate(result["data"]["p_val"]) if p < 0.05 / before.shape[1]]


def nannyml(before: Features, after: Features) -> list[int]:
    """Its univariate drift of each feature by Kolmogorov and Smirnov's statistic, the set after as one chunk."""
    import nannyml as nml
    import pandas as pd

    names = [f"f{number}" for number in range(before.shape[1])]
    frames = [pd.DataFrame(one, columns=names) for one in (before, after)]
    calculator = nml.UnivariateDriftCalculator(
        column_names=names, continuous_methods=["kolmogorov_smirnov"], chunk_size=len(after)
    )
    result = calculator.fit(frames[0]).calculate(frames[1]).filter(period="analysis").to_df()
    return [number for number, name in enumerate(names) if bool(result[(name, "kolmogorov_smirnov", "alert")].iloc[-1])]


def scipy_t(before: Features, after: Features) -> list[int]:
    """Welch's t of all features by SciPy with Holm's correction by hand: what a notebook does."""
    from scipy import stats  # type: ignore[import-untyped]

    p = stats.ttest_ind(before, after, equal_var=False).pvalue
    order = np.argsort(p)
    corrected = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return [int(number) for number in order[corrected < 0.05]]


TOOLS: dict[str, Callable[[Features, Features], list[int]]] = {
    "evidently": evidently,
    "alibi-detect": alibi_detect,
    "nannyml": nannyml,
    "scipy": scipy_t,
}


def main() -> None:
    """Run a tool on a folder of two sets, and print what it found as a line of JSON."""
    tool, folder = sys.argv[1], Path(sys.argv[2])
    start = time.perf_counter()
    before, after = features_of(folder / "before.parquet"), features_of(folder / "after.parquet")
    moved = TOOLS[tool](before, after)
    used = resource.getrusage(resource.RUSAGE_SELF)
    made = {
        "seconds": round(time.perf_counter() - start, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "features": before.shape[1],
        "found": len(set(moved) & MOVED),
        "false": len(set(moved) - MOVED),
        "peak_mib": used.ru_maxrss >> 10,
    }
    print(json.dumps(made))


if __name__ == "__main__":
    main()
