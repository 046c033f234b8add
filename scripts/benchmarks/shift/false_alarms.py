"""Pairs of sets without a shift: how often each family of tests sees one, and how often intervals hold the truth."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from imagelake.config import ShiftSection, load_config
from imagelake.measures.shift.confidence import ScoreCounts
from imagelake.measures.shift.moments import Moments
from imagelake.measures.shift.strata import explained_by_mix
from imagelake.transforms.shift.class_rows import class_rows, summary_row
from imagelake.transforms.shift.evidence import Evidence
from imagelake.transforms.shift.feature_rows import compare_features
from imagelake.transforms.shift.feature_sums import FeatureSums, PartialSums, merged_sums
from imagelake.transforms.shift.figures import Outcomes, PairFigures, SetFigures
from imagelake.transforms.shift.hypotheses import hypothesis_rows
from imagelake.transforms.shift.property_counts import PropertyCounts

IMAGES, CLASSES, WIDTH, RUNS = (600, 400), 10, 24, 1000
NUMBERS = ("ppi", "aspect_ratio", "bytes_per_pixel", "entropy", "gradient", "brightness", "contrast", "sharpness")
WORDS = {"format": (0.8, 0.2), "kind": (0.6, 0.4)}
SETTINGS = ("shift.permutations=99", "shift.sample=400", "shift.clusters=3")
COVERED = ("drop", "threshold", "calibrated", "combined", "explained", "resampled")
RIGHT, WRONG = 5, 2  # of the beta distribution of an image's chance to be right, for class 0
RESAMPLED = np.arange(1, CLASSES + 1) / np.arange(1, CLASSES + 1).sum()  # shares of classes after, where they shift


class MadeImages:
    """A set of images of one distribution: classes, outcomes, scores, features and properties."""

    def __init__(self, draw: np.random.Generator, n: int) -> None:
        self.labels = draw.integers(0, CLASSES, n)
        true = draw.beta(RIGHT + self.labels / 3, WRONG)
        self.scores = 1 / (1 + np.exp(-(1.5 * np.log(true / (1 - true)) + 0.2)))  # surer than it is right
        self.right = draw.uniform(size=n) < true
        self.features = draw.normal(size=(n, WIDTH)).astype(np.float32)
        self.features[:, :CLASSES] += 0.5 * np.eye(CLASSES, dtype=np.float32)[self.labels]
        hardness = np.log(true / (1 - true))
        self.numbers = {name: hardness * (position % 3) / 4 + draw.gamma(2, 1, n) for position, name in
                        enumerate(NUMBERS)}  # fmt: skip
        self.words = {name: draw.choice(len(shares), n, p=shares) for name, shares in WORDS.items()}

    def figures(self, name: str) -> SetFigures:
        """The figures as the passes give them."""
        rows = [
            {"model": "model", "label": str(label), "images": int(np.sum(self.labels == label)),
             "right": int(np.sum(self.right[self.labels == label]))}
            for label in range(CLASSES)
        ]  # fmt: skip
        table = pd.DataFrame(rows)
        models = table.groupby("model")[["images", "right"]].sum()
        outcomes = Outcomes(models, table, {"model": ScoreCounts.of(self.scores, self.right)})
        return SetFigures(name, outcomes, self._sums(), None, {"votes": "no votes", "hashes": "no hashes"})

    def _sums(self) -> FeatureSums:
        sums = PartialSums(WIDTH)
        columns = {
            "image_id": pa.array([f"{number:05}" for number in range(len(self.labels))]),
            "sampled": pa.array([True] * len(self.labels)),
            "right": pa.array(self.right),
            "features": pa.array(list(self.features), pa.list_(pa.float32())),
        }
        sums.add(pa.RecordBatch.from_pydict(columns))
        made = merged_sums(sums.rows(), WIDTH)
        assert made is not None
        return made


def holds_what_classes_explain(before: MadeImages, n: int, draw: np.random.Generator, level: float) -> bool:
    """Whether the interval of what another mix of classes explains of a drop holds the truth."""
    accuracies = 1 - WRONG / (RIGHT + WRONG + np.arange(CLASSES) / 3)
    known = np.bincount(before.labels, minlength=CLASSES)
    right = np.bincount(before.labels, before.right, CLASSES)
    found = explained_by_mix(right, known, draw.multinomial(n, RESAMPLED), level)
    return found.low <= float((1 / CLASSES - RESAMPLED) @ accuracies) <= found.high


def properties_of(before: MadeImages, after: MadeImages, strata: int) -> list[PropertyCounts]:
    """The properties of two sets, in ranges with about as many images before in each."""
    made = []
    for name in NUMBERS:
        values = before.numbers[name], after.numbers[name]
        edges = np.quantile(values[0], np.arange(1, strata) / strata)
        of = [np.searchsorted(edges, one) for one in values]
        moments = [Moments.of(one[:, None]) for one in values]
        made.append(PropertyCounts(name, moments[0], moments[1], _strata(of[0], of[1], before.right)))
    made += [
        PropertyCounts(name, None, None, _strata(before.words[name], after.words[name], before.right)) for name in WORDS
    ]
    return made


def _strata(before: NDArray[np.int64], after: NDArray[np.int64], right: NDArray[np.bool_]) -> pd.DataFrame:
    size = int(max(before.max(), after.max())) + 1
    counts = np.bincount(before, minlength=size)
    return pd.DataFrame(
        {
            "stratum": [f"{number:02}" for number in range(size)],
            "before": counts,
            "labelled": counts,
            "right": np.bincount(before, right, size),
            "after": np.bincount(after, minlength=size),
        }
    )


def run(seed: int, rules: ShiftSection) -> tuple[set[str], dict[str, list[bool]]]:
    """What sees a shift between two sets of one distribution, and which intervals hold the truth.

    Args:
        seed: of the sets.
        rules: level and sizes.
    """
    draw = np.random.default_rng(seed)
    before, after = (MadeImages(draw, n) for n in IMAGES)
    pair = PairFigures(
        before.figures("before"), after.figures("after"), "model", properties=properties_of(before, after, rules.strata)
    )
    summary, classes = summary_row(pair, "model", rules), class_rows(pair, "model", rules)
    features = compare_features(pair, rules)
    rows = hypothesis_rows(Evidence(pair, summary, classes, [], features, rules))
    alpha = 1 - rules.confidence_level
    seen = {f"hypothesis {row['hypothesis']}" for row in rows if row["verdict"] == "supported"} - {"hypothesis chance"}
    families: dict[str, float] = {
        "the drop": summary["p"],
        "features, by Welch and Holm": float(features.p_holm.min()),
        "classes that fall, by Fisher and Holm": min(row["p_holm"] for row in classes),
        "shares of classes, by Holm": min(row["share_p_holm"] for row in classes),
        **{f"the whole sets, {row['test']}": row["p"] for row in features.tests},
    }
    seen |= {name for name, p in families.items() if p < alpha}
    if any(name.startswith("hypothesis") for name in seen):
        seen.add("any hypothesis")
    held = {
        "drop": [summary["drop_low"] <= 0 <= summary["drop_high"]],
        **{name: [summary[f"{name}_low"] <= summary["accuracy_after"] <= summary[f"{name}_high"]] for name in
           ("threshold", "calibrated", "combined")},
        "explained": [row["explained_low"] <= 0 <= row["explained_high"] for row in rows
                      if row["hypothesis"] == "prior_shift" or row["hypothesis"].startswith("property_")],
        "resampled": [holds_what_classes_explain(before, IMAGES[1], draw, rules.confidence_level)],
    }  # fmt: skip
    return seen, held


def measure(runs: int) -> dict[str, Any]:
    """The share of runs in which each family of tests sees a shift, and the share of intervals that hold the truth."""
    rules = load_config(settings=SETTINGS).shift
    alarms: Counter[str] = Counter()
    held: dict[str, list[bool]] = {name: [] for name in COVERED}
    for seed in range(runs):
        seen, intervals = run(seed, rules)
        alarms.update(seen)
        for name, values in intervals.items():
            held[name] += values
    return {
        "runs": runs,
        "alarms": {name: count / runs for name, count in sorted(alarms.items())},
        "covered": {name: float(np.mean(values)) for name, values in held.items()},
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
