"""The rows of shift_summary, shift_classes and shift_ranges: accuracy of both sets, overall and by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from imagelake.errors import ImageLakeError
from imagelake.measures.intervals import wilson_interval
from imagelake.measures.shift.confidence import (
    calibrated_estimate,
    combined_estimate,
    plain_accuracies,
    threshold_estimate,
)
from imagelake.measures.shift.corrections import benjamini_hochberg, holm
from imagelake.measures.shift.label_shift import ClassMix, mix_from_predictions, mix_from_probabilities
from imagelake.measures.shift.proportions import (
    difference_interval,
    fisher_p,
    mcnemar_p,
    paired_interval,
    two_shares_p,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imagelake.config import ShiftSection
    from imagelake.transforms.shift.figures import PairFigures, SetFigures

Row = dict[str, Any]

RANGES = 10
NO_PREDICTIONS = "no predictions of this model"


def summary_row(pair: PairFigures, model: str, rules: ShiftSection) -> Row:
    """The figures of one model: answer and alarm are added later."""
    level = rules.confidence_level
    row: Row = {"before": pair.before.name, "after": pair.after.name, "model": model, "level": level}
    reasons = []
    for side, figures in (("before", pair.before), ("after", pair.after)):
        found, reason = _accuracy(figures, model, level)
        row |= {f"{name}_{side}" if name == "images" else name.replace("accuracy", f"accuracy_{side}"): value
                for name, value in found.items()}  # fmt: skip
        reasons += [reason] if reason else []
    if not reasons:
        row |= _drop(pair, model, row, level)
    row |= _estimates(pair, model, rules, reasons)
    return row | {"undefined": "; ".join(reasons) or None}


def _accuracy(figures: SetFigures, model: str, level: float) -> tuple[Row, str | None]:
    """Accuracy with n and interval, or the reason why there is none."""
    if figures.outcomes is None:
        return {"images": 0}, f"cannot: {figures.lacks['outcomes']}"
    if model not in figures.outcomes.models.index:
        return {"images": 0}, f"cannot: {figures.name} has {NO_PREDICTIONS}"
    images, right = (int(figures.outcomes.models[name].to_dict()[model]) for name in ("images", "right"))
    if not images:
        return {"images": 0}, f"cannot: {figures.name} has no labels"
    low, high = wilson_interval(right, images, level)
    return {"images": images, "accuracy": right / images, "accuracy_low": low, "accuracy_high": high}, None


def _drop(pair: PairFigures, model: str, row: Row, level: float) -> Row:
    if cells := pair.pairs.get(model):
        low, high = paired_interval(cells.both, cells.before, cells.after, cells.neither, level)
        drop = (cells.before - cells.after) / cells.n
        p = mcnemar_p(cells.before, cells.after)
        return {"drop": drop, "drop_low": low, "drop_high": high, "p": p, "pairs": cells.n}
    counts = [round(row[f"accuracy_{side}"] * row[f"images_{side}"]) for side in ("before", "after")]
    hits, others = counts
    n, m = row["images_before"], row["images_after"]
    low, high = difference_interval(hits, n, others, m, level)
    drop = row["accuracy_before"] - row["accuracy_after"]
    return {"drop": drop, "drop_low": low, "drop_high": high, "p": two_shares_p(hits, n, others, m)}


def _estimates(pair: PairFigures, model: str, rules: ShiftSection, reasons: list[str]) -> Row:
    """The accuracy after that the scores let expect."""
    row: Row = {}
    sides = (("before", pair.before), ("after", pair.after))
    scores = {side: one.outcomes.scores.get(model) for side, one in sides if one.outcomes is not None}
    row |= {f"confidence_{side}": counts.confidence for side, counts in scores.items() if counts is not None}
    known, others = scores.get("before"), scores.get("after")
    if known is None or others is None:
        reasons.append("cannot estimate accuracy without labels: a set has no scores of this model")
    elif pair.before.outcomes is None or not pair.before.outcomes.labelled(model):
        reasons.append(f"cannot estimate accuracy without labels: {pair.before.name} has none to learn from")
    elif pair.networks is not None:
        reasons.append(f"cannot estimate accuracy without labels: {pair.networks}")
    else:
        level = rules.confidence_level
        threshold = threshold_estimate(known, others, level)
        by_mean = calibrated_estimate(known, others, level, rules.seed)
        for name, one in (
            ("threshold", threshold),
            ("calibrated", by_mean),
            ("combined", combined_estimate(threshold, by_mean, level, plain_accuracies(known, others))),
        ):
            row |= {f"{name}_estimate": one.accuracy, f"{name}_low": one.low, f"{name}_high": one.high}
    return row


def class_rows(pair: PairFigures, model: str, rules: ShiftSection) -> list[Row]:
    """Every class of either set, those that fall most first."""
    sides = {}
    for side, figures in (("before", pair.before), ("after", pair.after)):
        counts = figures.outcomes.of_classes(model) if figures.outcomes is not None else pd.DataFrame()
        sides[side] = (
            counts if len(counts) else pd.DataFrame({"images": [], "right": []}, index=pd.Index([], name="label"))
        )
    joined = (
        sides["before"].join(sides["after"], how="outer", lsuffix="_before", rsuffix="_after").fillna(0).astype(int)
    )
    if joined.empty:
        return []
    level, totals = rules.confidence_level, {side: int(joined[f"images_{side}"].sum()) for side in sides}
    rows = [_class_row(str(label), counts, level) for label, counts in joined.to_dict("index").items()]
    has_labels = all(totals.values())
    for row in rows:
        row |= {f"share_{side}": row[f"images_{side}"] / total if total else None for side, total in totals.items()}
        if has_labels:
            row["share_p"] = two_shares_p(row["images_before"], totals["before"], row["images_after"], totals["after"])
        row |= {"before": pair.before.name, "after": pair.after.name, "model": model}
    for column, name, correct in (
        ("p", "p_holm", holm),
        ("p", "q_bh", benjamini_hochberg),
        ("share_p", "share_p_holm", holm),
    ):
        found = correct([row.get(column, np.nan) for row in rows])
        for row, value in zip(rows, found.tolist(), strict=True):
            row[name] = value
    _add_estimated_shares(pair, rows, rules)
    return sorted(rows, key=lambda row: (-(row["drop"] if row.get("drop") is not None else -2), row["label"]))


def _class_row(label: str, counts: dict[Any, int], level: float) -> Row:
    row: Row = {"label": label}
    for side in ("before", "after"):
        images, right = counts[f"images_{side}"], counts[f"right_{side}"]
        row[f"images_{side}"] = images
        if images:
            low, high = wilson_interval(right, images, level)
            row |= {f"accuracy_{side}": right / images, f"accuracy_{side}_low": low, f"accuracy_{side}_high": high}
    lacking = [side for side in ("before", "after") if not row[f"images_{side}"]]
    if lacking:
        return row | {"undefined": f"cannot: no image with this label {' or '.join(lacking)}"}
    table = counts["right_before"], counts["images_before"], counts["right_after"], counts["images_after"]
    low, high = difference_interval(*table, level)
    drop = row["accuracy_before"] - row["accuracy_after"]
    return row | {"drop": drop, "drop_low": low, "drop_high": high, "p": fisher_p(*table)}


def _add_estimated_shares(pair: PairFigures, rows: list[Row], rules: ShiftSection) -> None:
    """Shares of the set after without its labels, where the rows are the judging model's."""
    if pair.confusion.empty or rows[0]["model"] != pair.model:
        return
    found = _by_probabilities(pair, rules) or _by_predictions(pair, rules)
    for row in rows:
        names = ("share_estimated", "share_estimated_low", "share_estimated_high")
        row |= dict(zip(names, found.get(row["label"], (None,) * 3), strict=True))


def _by_probabilities(pair: PairFigures, rules: ShiftSection) -> dict[str, tuple[float, ...]]:
    """Class -> share with interval, from calibrated probabilities; empty where not every class has labels before."""
    if pair.probabilities is None or not pair.probabilities[0].complete:
        return {}
    known, others = pair.probabilities
    labelled = known.labels >= 0
    level, seed = rules.confidence_level, rules.seed
    mix = mix_from_probabilities(known.values[labelled], known.labels[labelled], others.values, level, seed)
    return _named(map(str, range(len(mix.shares))), mix)


def _by_predictions(pair: PairFigures, rules: ShiftSection) -> dict[str, tuple[float, ...]]:
    """Class -> share with interval, from the numbers of predictions; empty where none is one that was made before."""
    known = pair.confusion.pivot_table(index="label", columns="predicted", values="images", aggfunc="sum", fill_value=0)
    said = pair.predicted.groupby("predicted")["images"].sum()
    counted = said.reindex(known.columns, fill_value=0)
    if not counted.sum():
        return {}
    mix = mix_from_predictions(known.to_numpy(), counted.to_numpy(), rules.confidence_level, rules.seed)
    return _named(map(str, known.index), mix)


def _named(labels: Iterable[str], mix: ClassMix) -> dict[str, tuple[float, ...]]:
    return dict(zip(labels, zip(mix.shares.tolist(), mix.low.tolist(), mix.high.tolist(), strict=True), strict=True))


def range_rows(figures: SetFigures) -> Iterator[Row]:
    """The histogram of classes by their accuracy, for each model of a set."""
    if figures.outcomes is None:
        return
    for model, classes in figures.outcomes.classes.groupby("model"):
        # Whole numbers: nine of ten are exactly the bound 0.9, which a quotient may miss.
        tenths = (classes["right"] * RANGES) // classes["images"]
        counts = np.bincount(np.minimum(tenths, RANGES - 1), minlength=RANGES)
        for number, count in enumerate(counts.tolist()):
            bounds = {"low": number / RANGES, "high": (number + 1) / RANGES}
            yield {"set_name": figures.name, "model": model, **bounds, "classes": count}


def check_comparable(pair: PairFigures) -> None:
    """Raise where two sets with predictions share no model.

    Raises:
        ImageLakeError: there is none; names those of both.
    """
    if pair.before.outcomes is None or pair.after.outcomes is None:
        return
    one, other = (set(map(str, side.outcomes.models.index)) for side in (pair.before, pair.after) if side.outcomes)
    if not one & other:
        raise ImageLakeError(
            f"no model has predicted both sets: {pair.before.name} is of {', '.join(sorted(one)[:5])}, "
            f"{pair.after.name} of {', '.join(sorted(other)[:5])}"
        )
