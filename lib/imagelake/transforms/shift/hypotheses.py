"""What may explain a drop of accuracy: each hypothesis with its evidence, its verdict and how much it explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imagelake.measures.shift.corrections import holm
from imagelake.measures.shift.proportions import two_shares_p
from imagelake.measures.shift.ranks import rank_correlation
from imagelake.measures.shift.replication import matched_accuracy
from imagelake.measures.shift.strata import Explained, explained_by_mix
from imagelake.measures.shift.welch import welch_test
from imagelake.transforms.shift.feature_rows import LARGE_EFFECT, FeatureResults
from imagelake.transforms.shift.sets import LABEL_ISSUE
from imagelake.transforms.shift.words import chance, points, share, within

if TYPE_CHECKING:
    from imagelake.config import ShiftSection
    from imagelake.transforms.shift.figures import PairFigures
    from imagelake.transforms.shift.property_counts import PropertyCounts

Row = dict[str, Any]

SUPPORTED, NOT_SUPPORTED, CANNOT = "supported", "not_supported", "cannot"
PROBABILITY_STRATA = 10
NAMES = 3  # classes or values that an answer lists


@dataclass(frozen=True)
class Evidence:
    """What is known of two sets.

    Attributes:
        pair: their figures.
        summary: the row of shift_summary of the judging model; empty where a set has no predictions.
        classes: rows of shift_classes of that model.
        lines: rows of shift_lines.
        features: the tests on features.
        rules: levels and seed.
    """

    pair: PairFigures
    summary: Row
    classes: Sequence[Row]
    lines: Sequence[Row]
    features: FeatureResults
    rules: ShiftSection

    @property
    def alpha(self) -> float:
        """A p-value below this is called significant."""
        return 1 - self.rules.confidence_level

    @property
    def lost(self) -> float | None:
        """The drop where it is more than chance: what there is to explain; None elsewhere."""
        drop, p = self.summary.get("drop"), self.summary.get("p")
        return drop if drop is not None and p is not None and p < self.alpha and drop else None

    def of_drop(self, found: Explained) -> str:
        """How much of the drop a mix explains, in words."""
        if found.undefined:
            return f"what that explains is not known: {found.undefined}"
        with_interval = f"{100 * found.drop:.1f} points {within(found.low, found.high, self.rules.confidence_level)}"
        whole = f" of {points(self.lost)}" if self.lost is not None and self.lost > 0 else ""
        left_out = f"; {share(found.left_out)} of the images after are of none before" if found.left_out else ""
        return f"reweighting the images before to this mix explains {with_interval}{whole}{left_out}"


class CannotError(Exception):
    """A hypothesis that cannot be judged; the message says why."""


def hypothesis_rows(evidence: Evidence) -> list[Row]:
    """Every hypothesis on two sets; one that cannot be judged says why."""
    judges: list[tuple[str, Callable[[Evidence], Row]]] = [
        ("chance", _chance),
        ("prior_shift", _prior_shift),
        ("covariate_shift", _covariate_shift),
        ("harder_images", _harder_images),
        ("class_imbalance", _class_imbalance),
        ("adaptive_overfitting", _adaptive_overfitting),
        ("overfitting", _overfitting),
        ("label_noise", _label_noise),
        ("copies", _copies),
        ("replication_bias", _replication_bias),
    ]
    rows = [_judged(evidence, name, judge) for name, judge in judges]
    rows += [
        _judged(evidence, f"property_{one.name}", lambda known, one=one: _property(known, one))  # type: ignore[misc]
        for one in evidence.pair.properties
        if one.name != LABEL_ISSUE
    ]
    if not evidence.pair.properties:
        rows.append(_judged(evidence, "properties", _no_properties))
    return rows


def _judged(evidence: Evidence, name: str, judge: Callable[[Evidence], Row]) -> Row:
    pair = evidence.pair
    row: Row = {"before": pair.before.name, "after": pair.after.name, "model": pair.model, "hypothesis": name}
    try:
        row |= judge(evidence)
    except CannotError as reason:
        return row | {"verdict": CANNOT, "answer": f"cannot: {reason}", "undefined": str(reason)}
    if evidence.lost is not None and row.get("explained") is not None:
        row["explained_share"] = row["explained"] / evidence.lost
    return row


def _row(supported: bool, answer: str, statistic: float, p: float | None = None, found: Explained | None = None) -> Row:
    row: Row = {"verdict": SUPPORTED if supported else NOT_SUPPORTED, "answer": answer, "statistic": statistic, "p": p}
    if found is not None and not found.undefined:
        row |= {"explained": found.drop, "explained_low": found.low, "explained_high": found.high}
    return row


def _explains(found: Explained, evidence: Evidence) -> bool:
    """Whether a mix explains a part of the drop, or of the rise, beyond its interval."""
    if found.undefined:
        return False
    return found.high < 0 if evidence.lost is not None and evidence.lost < 0 else found.low > 0


def _need_labels(evidence: Evidence, *sides: str) -> None:
    """Raise CannotError unless the sets have labels and predictions of the judging model."""
    for side, figures in (("before", evidence.pair.before), ("after", evidence.pair.after)):
        if side in sides:
            for lacking in ("outcomes", "labels"):
                if lacking in figures.lacks:
                    raise CannotError(figures.lacks[lacking])
            if figures.outcomes is None or not figures.outcomes.labelled(str(evidence.pair.model)):
                raise CannotError(f"{figures.name} has no predictions of {evidence.pair.model}")


def _chance(evidence: Evidence) -> Row:
    _need_labels(evidence, "before", "after")
    row, level = evidence.summary, evidence.rules.confidence_level
    small = row["p"] >= evidence.alpha
    interval = within(row["drop_low"], row["drop_high"], level)
    answer = (
        f"the difference of {100 * row['drop']:.1f} points {interval} is {'no more' if small else 'more'} than chance"
    )
    return _row(small, f"{answer} ({chance(row['p'])})", row["drop"], row["p"]) | {
        "low": row["drop_low"],
        "high": row["drop_high"],
    }


def _prior_shift(evidence: Evidence) -> Row:
    _need_labels(evidence, "before")
    estimated = "labels" in evidence.pair.after.lacks
    name = "share_estimated" if estimated else "share_after"
    known = [row for row in evidence.classes if row.get(name) is not None and row["share_before"] is not None]
    if not known:
        raise CannotError(evidence.pair.after.lacks.get("labels", "no class has images in both sets"))
    moved = sum(abs(row[name] - row["share_before"]) for row in known) / 2
    if estimated:
        outside = [row for row in known if not row[f"{name}_low"] <= row["share_before"] <= row[f"{name}_high"]]
        p, differs = None, bool(outside)
        how = f"as its predictions let estimate; {len(outside)} classes differ beyond their interval"
    else:
        p = min(row["share_p_holm"] for row in known)
        differs = p < evidence.alpha
        how = f"smallest adjusted {chance(p)}"
    total = float(evidence.pair.predicted["images"].sum())
    images_after = [row[name] * total if estimated else row["images_after"] for row in known]
    right = [round((row.get("accuracy_before") or 0) * row["images_before"]) for row in known]
    found = explained_by_mix(
        right, [row["images_before"] for row in known], images_after, evidence.rules.confidence_level
    )
    most = sorted(known, key=lambda row: -abs(row[name] - row["share_before"]))[:NAMES]
    listed = ", ".join(f"{row['label']} {share(row['share_before'])} to {share(row[name])}" for row in most)
    answer = f"{share(moved)} of the images are of other classes ({how}): {listed}" if differs else (
        f"the classes have the same shares in both sets ({how})"
    )  # fmt: skip
    return _row(differs and _explains(found, evidence), f"{answer}; {evidence.of_drop(found)}", moved, p, found)


def _covariate_shift(evidence: Evidence) -> Row:
    tests = {row["test"]: row for row in evidence.features.tests}
    if reason := tests["classifier"].get("undefined"):
        raise CannotError(reason.removeprefix("cannot: "))
    found, classifier = tests["classifier"], evidence.features.classifier
    assert classifier is not None
    effects, corrected = np.abs(evidence.features.effects), evidence.features.p_holm
    moved = int(np.sum((corrected < evidence.alpha) & (effects >= LARGE_EFFECT)))
    significant = int(np.sum(corrected < evidence.alpha))
    largest = float(np.nanmax(effects)) if np.any(~np.isnan(effects)) else 0.0
    level = evidence.rules.confidence_level
    answer = (
        f"a classifier tells the sets apart with an AUC of {found['statistic']:.3f} ({100 * level:g} %: "
        f"{found['low']:.3f} to {found['high']:.3f}, {chance(found['p'])}); of {len(effects):,} features "
        f"{significant:,} differ, {moved:,} of them by {LARGE_EFFECT} deviations or more, the largest by {largest:.2f}"
    )
    mix = _by_probability(evidence, classifier.first, classifier.second)
    if mix is not None:
        answer += f"; {evidence.of_drop(mix)}"
    shifted = found["p"] < evidence.alpha and found["low"] > 0.5
    row = _row(shifted, answer, found["statistic"], found["p"], mix)
    return row | {"low": found["low"], "high": found["high"]}


def _by_probability(evidence: Evidence, first: Any, second: Any) -> Explained | None:
    """The drop that goes with looking like the set after; None where images before have no labels."""
    sums = evidence.pair.before.sums
    assert sums is not None
    judged = ~np.isnan(sums.sample.right)
    if not judged.any():
        return None
    probabilities, right = first[judged], sums.sample.right[judged]
    edges = np.quantile(probabilities, np.arange(1, PROBABILITY_STRATA) / PROBABILITY_STRATA)
    strata = [np.searchsorted(edges, values) for values in (probabilities, second)]
    before, after = (np.bincount(one, minlength=PROBABILITY_STRATA) for one in strata)
    hits = np.bincount(strata[0], right, PROBABILITY_STRATA)
    return explained_by_mix(hits, before, after, evidence.rules.confidence_level)


def _harder_images(evidence: Evidence) -> Row:
    row = evidence.summary
    if row.get("calibrated_estimate") is None:
        raise CannotError("a set has no scores, or the set before no labels to calibrate them by")
    low, high = row["calibrated_low"], row["calibrated_high"]
    before, level = row["accuracy_before"], evidence.rules.confidence_level
    expected = row["calibrated_estimate"]
    answer = (
        f"by its scores the model should be right about {share(expected)} after ({100 * level:g} %: {share(low)} to "
        f"{share(high)}; by a threshold {share(row['threshold_estimate'])}), {share(before)} before"
    )
    if row.get("accuracy_after") is not None:
        answer += f"; it is about {share(row['accuracy_after'])}"
        answer += (
            ", which it foresees" if low <= row["accuracy_after"] <= high else ", beyond what its scores let expect"
        )
    found = Explained(before - expected, before - high, before - low, 0.0)
    return _row(high < before, answer, expected, None, found) | {"low": low, "high": high}


def _class_imbalance(evidence: Evidence) -> Row:
    _need_labels(evidence, "before", "after")
    if evidence.pair.training is None:
        raise CannotError("the images that the model learnt from are not known: shift.training names them")
    both = [row for row in evidence.classes if row.get("drop") is not None and row["label"] in evidence.pair.training]
    counts = [evidence.pair.training[row["label"]] for row in both]
    found = rank_correlation(counts, [row["drop"] for row in both], evidence.rules.confidence_level)
    if found.undefined:
        raise CannotError(f"{found.undefined}: training images of {found.n} classes with a drop")
    answer = (
        f"the rank correlation of a class's training images with its drop is {found.r:.2f} "
        f"({100 * evidence.rules.confidence_level:g} %: {found.low:.2f} to {found.high:.2f}) over {found.n:,} classes"
    )
    fewer = found.high < 0
    answer += ": classes with fewer training images fall more" if fewer else ": not the rare classes fall most"
    return _row(fewer, answer, found.r) | {"low": found.low, "high": found.high}


def _adaptive_overfitting(evidence: Evidence) -> Row:
    lines = {row["scale"]: row for row in evidence.lines}
    if not lines:
        raise CannotError("no model has an accuracy on both sets")
    line = lines["linear"]
    if line["undefined"]:
        raise CannotError(f"{line['undefined']}: the slope over models tells")
    interval = f"({100 * line['level']:g} %: {line['slope_low']:.2f} to {line['slope_high']:.2f})"
    answer = (
        f"over {line['models']} models the accuracy after rises by {line['slope']:.2f} {interval} for each point before"
    )
    fitted = line["slope_high"] < 1
    answer += (
        ": gains before are lost in part, as where models were fitted to that set"
        if fitted
        else ": gains before are not lost, so models were not fitted to that set"
        if line["slope_low"] >= 1
        else ": the interval holds 1, so there is no sign that models were fitted to that set"
    )
    return _row(fitted, answer, line["slope"]) | {"low": line["slope_low"], "high": line["slope_high"]}


def _overfitting(_: Evidence) -> Row:
    raise CannotError("no training runs are known, whose gap between training and test would tell")


def _label_noise(evidence: Evidence) -> Row:
    suspected = [one for one in evidence.pair.properties if one.name == LABEL_ISSUE]
    if not suspected:
        raise CannotError(
            "no issues of labels are known, whose share in both sets would tell: find_label_issues finds them"
        )
    return _property(evidence, suspected[0])


def _no_properties(evidence: Evidence) -> Row:
    for figures in (evidence.pair.before, evidence.pair.after):
        if reason := figures.lacks.get("properties"):
            raise CannotError(reason)
    raise CannotError("the sets have no property in common")


def _copies(evidence: Evidence) -> Row:
    found = evidence.pair.copies
    if found is None:
        lacks = evidence.pair.before.lacks.get("hashes") or evidence.pair.after.lacks.get("hashes")
        raise CannotError(lacks or "a set has no hashes of its images")
    part = found.images / found.of if found.of else 0.0
    answer = f"{found.images:,} of {found.of:,} images after have the very bytes of one before ({share(part)})"
    if not found.images:
        return _row(False, answer, part)
    if found.judged and found.others_judged:
        one, other = found.right / found.judged, found.others_right / found.others_judged
        p = two_shares_p(found.right, found.judged, found.others_right, found.others_judged)
        answer += f"; the model is right about {share(one)} of these, {share(other)} of the others ({chance(p)})"
        # Without the copies the accuracy after is that of the others.
        all_of = (found.right + found.others_right) / (found.judged + found.others_judged)
        return _row(p < evidence.alpha, answer, part, p) | {"explained": other - all_of}
    return _row(True, answer, part)


def _replication_bias(evidence: Evidence) -> Row:
    _need_labels(evidence, "before", "after")
    before, after = evidence.pair.before.votes, evidence.pair.after.votes
    if before is None or after is None:
        lacks = evidence.pair.before.lacks.get("votes") or evidence.pair.after.lacks.get("votes")
        raise CannotError(lacks or "no image has at least two voters and a label")
    level = evidence.rules.confidence_level
    found = matched_accuracy(before, after, level, evidence.rules.seed)
    explained = Explained(found.accuracy - after.accuracy, found.low - after.accuracy, found.high - after.accuracy, 0.0)
    answer = (
        f"at the true selection frequencies of the set before, the accuracy after would be {share(found.accuracy)} "
        f"({100 * level:g} %: {share(found.low)} to {share(found.high)}) instead of {share(after.accuracy)}"
    )
    return _row(explained.low > 0, answer, found.accuracy, None, explained) | {"low": found.low, "high": found.high}


def _property(evidence: Evidence, one: PropertyCounts) -> Row:
    table = one.strata
    totals = {side: int(table[side].sum()) for side in ("before", "after")}
    if one.before is not None and one.after is not None:
        test = welch_test(one.after, one.before)
        if test.undefined[0]:
            raise CannotError(f"{one.name}: {test.undefined[0]}")
        p, effect = float(test.p[0]), float(test.effect[0])
        means = f"{one.before.mean[0]:.4g} before, {one.after.mean[0]:.4g} after"
        answer = f"{one.name} is {means} on average, {effect:+.2f} deviations ({chance(p)})"
        differs, statistic = p < evidence.alpha and abs(effect) >= LARGE_EFFECT, effect
    else:
        values = table[["before", "after"]].astype(int).to_numpy().tolist()
        each = holm([two_shares_p(n, totals["before"], m, totals["after"]) for n, m in values])
        p = float(np.min(each))
        statistic = float(np.abs(table["before"] / totals["before"] - table["after"] / totals["after"]).sum() / 2)
        most = table.assign(moved=table["after"] / totals["after"] - table["before"] / totals["before"])
        first = most.reindex(most["moved"].abs().sort_values(ascending=False).index).head(NAMES)
        listed = ", ".join(
            f"{row['stratum']} {share(row['before'] / totals['before'])} to {share(row['after'] / totals['after'])}"
            for row in first.to_dict("records")
        )
        answer = f"{share(statistic)} of the images have another {one.name} ({chance(p)}): {listed}"
        differs = p < evidence.alpha
    if not table["labelled"].sum():
        return _row(differs, f"{answer}; what that explains is not known without labels before", statistic, p)
    found = explained_by_mix(table["right"], table["labelled"], table["after"], evidence.rules.confidence_level)
    return _row(differs and _explains(found, evidence), f"{answer}; {evidence.of_drop(found)}", statistic, p, found)
