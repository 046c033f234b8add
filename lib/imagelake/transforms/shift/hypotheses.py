"""What may explain a drop of accuracy: each hypothesis with its evidence, its verdict and how much it explains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imagelake.measures.shift.ranks import rank_correlation
from imagelake.measures.shift.replication import matched_accuracy
from imagelake.measures.shift.strata import Explained, explained_by_mix
from imagelake.transforms.shift.damage import damage
from imagelake.transforms.shift.duplicates_between import duplicates_between
from imagelake.transforms.shift.evidence import CANNOT, CannotError, Evidence, explains, judged_row, need_labels
from imagelake.transforms.shift.feature_rows import LARGE_EFFECT
from imagelake.transforms.shift.overfitting import overfitting
from imagelake.transforms.shift.property_hypotheses import label_noise, no_properties, property_judges
from imagelake.transforms.shift.words import chance, share, within

Row = dict[str, Any]

PROBABILITY_STRATA = 10
NAMES = 3  # classes or values that an answer lists


def hypothesis_rows(evidence: Evidence) -> list[Row]:
    """Every hypothesis on two sets; one that cannot be judged says why."""
    judges: list[tuple[str, Callable[[Evidence], Row]]] = [
        ("chance", _chance),
        ("prior_shift", _prior_shift),
        ("covariate_shift", _covariate_shift),
        ("harder_images", _harder_images),
        ("class_imbalance", _class_imbalance),
        ("adaptive_overfitting", _adaptive_overfitting),
        ("overfitting", overfitting),
        ("label_noise", label_noise),
        ("duplicates", duplicates_between),
        ("replication_bias", _replication_bias),
        ("damage", damage),
    ]
    rows = [_judged(evidence, name, judge) for name, judge in judges]
    judged = property_judges(evidence) or [("properties", no_properties)]
    return [*rows, *(_judged(evidence, name, judge) for name, judge in judged)]


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


def _chance(evidence: Evidence) -> Row:
    need_labels(evidence, "before", "after")
    row, level = evidence.summary, evidence.rules.confidence_level
    small = row["p"] >= evidence.alpha
    interval = within(row["drop_low"], row["drop_high"], level)
    answer = (
        f"the difference of {100 * row['drop']:.1f} points {interval} is {'no more' if small else 'more'} than chance"
    )
    return judged_row(small, f"{answer} ({chance(row['p'])})", row["drop"], row["p"]) | {
        "low": row["drop_low"],
        "high": row["drop_high"],
    }


def _prior_shift(evidence: Evidence) -> Row:
    need_labels(evidence, "before")
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
    return judged_row(differs and explains(found, evidence), f"{answer}; {evidence.of_drop(found)}", moved, p, found)


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
    row = judged_row(shifted, answer, found["statistic"], found["p"], mix)
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
    if row.get("combined_estimate") is None:
        reason = evidence.pair.networks or "a set has no scores, or the set before no labels to calibrate them by"
        raise CannotError(reason)
    low, high = row["combined_low"], row["combined_high"]
    before, level = row["accuracy_before"], evidence.rules.confidence_level
    expected = row["combined_estimate"]
    answer = (
        f"by its scores the model should be right about {share(expected)} after ({100 * level:g} %: {share(low)} to "
        f"{share(high)}; by their calibrated mean {share(row['calibrated_estimate'])}, by a threshold "
        f"{share(row['threshold_estimate'])}), {share(before)} before"
    )
    if row.get("accuracy_after") is not None:
        answer += f"; it is about {share(row['accuracy_after'])}"
        answer += (
            ", which it foresees" if low <= row["accuracy_after"] <= high else ", beyond what its scores let expect"
        )
    found = Explained(before - expected, before - high, before - low, 0.0)
    return judged_row(high < before, answer, expected, None, found) | {"low": low, "high": high}


def _class_imbalance(evidence: Evidence) -> Row:
    need_labels(evidence, "before", "after")
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
    return judged_row(fewer, answer, found.r) | {"low": found.low, "high": found.high}


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
    return judged_row(fitted, answer, line["slope"]) | {"low": line["slope_low"], "high": line["slope_high"]}


def _replication_bias(evidence: Evidence) -> Row:
    need_labels(evidence, "before", "after")
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
    return judged_row(explained.low > 0, answer, found.accuracy, None, explained) | {
        "low": found.low,
        "high": found.high,
    }
