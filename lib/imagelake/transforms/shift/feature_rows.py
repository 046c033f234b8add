"""The rows of shift_features, shift_clusters, shift_tests and shift_images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imagelake.measures.shift.clusters import cluster
from imagelake.measures.shift.corrections import benjamini_hochberg, holm
from imagelake.measures.shift.mmd import discrepancy
from imagelake.measures.shift.ranks import rank_tests
from imagelake.measures.shift.two_sample_classifier import FEWEST, TwoSampleClassifier, tell_apart
from imagelake.measures.shift.welch import welch_test
from imagelake.transforms.shift.feature_sums import RIGHT, WRONG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagelake.config import ShiftSection
    from imagelake.measures.shift.moments import Moments
    from imagelake.transforms.shift.feature_sums import FeatureSums, Sample
    from imagelake.transforms.shift.figures import PairFigures

Row = dict[str, Any]

SETS, OUTCOME_BEFORE, OUTCOME_AFTER = "sets", "outcome_before", "outcome_after"
DISCREPANCY_SHARE = 4  # the discrepancy takes one of so many images of the sample: its kernel is of all pairs
LARGE_EFFECT = 0.2  # deviations: small by Cohen's words, and what a test of many images should be about


@dataclass(frozen=True)
class FeatureResults:
    """All that features say of two sets; the reasons stand in ``tests`` where they say nothing.

    Attributes:
        features: rows of shift_features.
        clusters: rows of shift_clusters.
        tests: rows of shift_tests.
        classifier: of the two samples; None where undefined.
        effects: float64 [D], between the sets; empty where undefined.
        p_holm: float64 [D]; empty where undefined.
    """

    features: list[Row] = field(default_factory=list)
    clusters: list[Row] = field(default_factory=list)
    tests: list[Row] = field(default_factory=list)
    classifier: TwoSampleClassifier | None = None
    effects: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    p_holm: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def compare_features(pair: PairFigures, rules: ShiftSection) -> FeatureResults:
    """Every test on the features of two sets."""
    names = {"before": pair.before.name, "after": pair.after.name}
    before, after = pair.before.sums, pair.after.sums
    reason = _incomparable(pair)
    if reason or before is None or after is None:
        tests = [{**names, "test": test, "undefined": f"cannot: {reason}"} for test in ("classifier", "discrepancy")]
        return FeatureResults(tests=tests)
    comparisons = {SETS: (_all(before), _all(after))}
    for name, sums in ((OUTCOME_BEFORE, before), (OUTCOME_AFTER, after)):
        if {RIGHT, WRONG} <= sums.groups.keys():
            comparisons[name] = (_group(sums, RIGHT, 1.0), _group(sums, WRONG, 0.0))
    tables = {name: _comparison_rows(*sides) for name, sides in comparisons.items()}
    numbers = _clusters(tables[SETS], rules)
    for name, rows in tables.items():
        for row, number in zip(rows, numbers.tolist(), strict=True):
            row |= {**names, "comparison": name, "cluster": number}
    tests, classifier = _whole_set_tests(before.sample, after.sample, rules)
    effects, corrected = (np.array([row[name] for row in tables[SETS]], np.float64) for name in ("effect", "p_holm"))
    return FeatureResults(
        [row for rows in tables.values() for row in rows],
        [{**names, **row} for row in _cluster_rows(tables, numbers)],
        [{**names, **row, "level": rules.confidence_level} for row in tests],
        classifier,
        effects,
        corrected,
    )


def _incomparable(pair: PairFigures) -> str | None:
    """Why the features of two sets cannot be compared; None where they can."""
    for side in (pair.before, pair.after):
        if side.sums is None:
            return side.lacks["features"]
    one, other = pair.before.sums, pair.after.sums
    assert one is not None
    assert other is not None
    if one.width != other.width:
        return (
            f"{pair.before.name} has {one.width:,} features, {pair.after.name} {other.width:,}: "
            "they are of different models"
        )
    return pair.networks


@dataclass(frozen=True)
class _Side:
    moments: Moments
    sample: NDArray[np.float32]


def _all(sums: FeatureSums) -> _Side:
    return _Side(sums.whole, sums.sample.features)


def _group(sums: FeatureSums, name: str, right: float) -> _Side:
    return _Side(sums.groups[name], sums.sample.features[sums.sample.right == right])


def _comparison_rows(first: _Side, second: _Side) -> list[Row]:
    """A row a feature, without the names of the comparison."""
    # The second less the first, so that a drift upwards has a positive sign.
    tests = welch_test(second.moments, first.moments)
    rank = np.empty(len(tests.effect), np.int64)
    # Undefined effects come last.
    rank[np.argsort(np.nan_to_num(-np.abs(tests.effect), nan=1.0))] = np.arange(1, len(rank) + 1)
    columns: dict[str, Any] = {
        "mean_first": first.moments.mean,
        "mean_second": second.moments.mean,
        "variance_first": first.moments.variance,
        "variance_second": second.moments.variance,
        "difference": tests.difference,
        "t": tests.t,
        "df": tests.df,
        "p": tests.p,
        "p_holm": holm(tests.p),
        "q_bh": benjamini_hochberg(tests.p),
        "effect": tests.effect,
        "effect_rank": rank,
    }
    if len(first.sample) and len(second.sample):
        ordered = rank_tests(second.sample, first.sample)
        columns |= {"ks": ordered.ks, "ks_p": ordered.ks_p, "above": ordered.above, "above_p": ordered.above_p}
    counts = {
        "n_first": first.moments.n,
        "n_second": second.moments.n,
        "sampled_first": len(first.sample),
        "sampled_second": len(second.sample),
    }
    lists = [values.tolist() for values in columns.values()]
    return [
        {"feature": feature, **counts, **dict(zip(columns, values, strict=True)), "undefined": reason}
        for feature, (reason, *values) in enumerate(zip(tests.undefined, *lists, strict=True))
    ]


def _clusters(rows: list[Row], rules: ShiftSection) -> NDArray[np.int64]:
    """The cluster of each feature by the differences of mean and variance between the sets."""
    points = np.array([[row["difference"], row["variance_second"] - row["variance_first"]] for row in rows])
    return cluster(np.nan_to_num(points), min(rules.clusters, len(points)), rules.seed)


def _cluster_rows(tables: dict[str, list[Row]], numbers: NDArray[np.int64]) -> Iterator[Row]:
    effects = {name: np.abs(np.array([row["effect"] for row in rows], np.float64)) for name, rows in tables.items()}
    for number in range(int(numbers.max()) + 1):
        mine = np.flatnonzero(numbers == number)
        rows = [tables[SETS][feature] for feature in mine]
        means = {name: _mean(values[mine]) for name, values in effects.items()}
        yield {
            "cluster": number,
            "features": len(mine),
            "mean_difference": float(np.mean([row["difference"] for row in rows])),
            "variance_difference": float(np.mean([row["variance_second"] - row["variance_first"] for row in rows])),
            "effect": means[SETS],
            "outcome_effect_before": means.get(OUTCOME_BEFORE),
            "outcome_effect_after": means.get(OUTCOME_AFTER),
        }


def _mean(values: NDArray[np.float64]) -> float | None:
    """The mean of those that are defined."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None


def _whole_set_tests(
    before: Sample, after: Sample, rules: ShiftSection
) -> tuple[list[Row], TwoSampleClassifier | None]:
    n, m = len(before.features), len(after.features)
    if min(n, m) < FEWEST:
        reason = f"cannot: a sample of {min(n, m)} images with features, fewer than {FEWEST}"
        counts = {"n_before": n, "n_after": m, "undefined": reason}
        return [{"test": test, **counts} for test in ("classifier", "discrepancy")], None
    found = tell_apart(before.features, after.features, rules.confidence_level, rules.seed)
    fewer = max(2, rules.sample // DISCREPANCY_SHARE)
    one, other = before.features[:fewer], after.features[:fewer]
    apart = discrepancy(one, other, rules.permutations, rules.seed)
    return [
        {"test": "classifier", "statistic": found.auc, "low": found.low, "high": found.high, "p": found.p,
         "n_before": n, "n_after": m},
        {"test": "discrepancy", "statistic": apart.value, "p": apart.p, "n_before": len(one), "n_after": len(other)},
    ], found  # fmt: skip


def image_rows(pair: PairFigures, found: FeatureResults, images: int) -> list[Row]:
    """The images of both samples that give their set away most."""
    if found.classifier is None or pair.before.sums is None or pair.after.sums is None:
        return []
    rows = []
    for figures, sums, probabilities, sign in (
        (pair.before, pair.before.sums, found.classifier.first, 1),
        (pair.after, pair.after.sums, found.classifier.second, -1),
    ):
        for rank, at in enumerate(np.argsort(sign * probabilities)[:images].tolist(), 1):
            right = float(sums.sample.right[at])
            rows.append(
                {
                    "before": pair.before.name,
                    "after": pair.after.name,
                    "set_name": figures.name,
                    "rank": rank,
                    "image_id": str(sums.sample.image_ids[at]),
                    "probability": float(probabilities[at]),
                    "correct": None if np.isnan(right) else right == 1,
                }
            )
    return rows
