"""The answer to what happened between two sets, in a paragraph; and the alarm where a limit is passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagelake.transforms.shift.damage import LOOK
from imagelake.transforms.shift.evidence import CANNOT, SUPPORTED
from imagelake.transforms.shift.property_hypotheses import CHANGE
from imagelake.transforms.shift.words import chance, change, points, share, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagelake.config import ShiftSection

Row = dict[str, Any]

CHANGES = 3  # of properties, in an answer
NAMED = {
    "prior_shift": "another mix of classes",
    "covariate_shift": "images that look different",
    "harder_images": "images that are harder by the model's own scores",
    "class_imbalance": "rare classes in training",
    "adaptive_overfitting": "models fitted to the set before",
    "overfitting": "overfitting",
    "label_noise": "wrong labels",
    "duplicates": "images in both sets",
    "replication_bias": "noisy votes when images were chosen",
}


def answer_of(row: Row, hypotheses: Sequence[Row]) -> str:
    """What happened, how sure that is, what explains it and what does not.

    Args:
        row: of shift_summary.
        hypotheses: rows of shift_hypotheses of its two sets; empty for a model that they are not judged by.
    """
    sentences = [_drop(row)]
    supported = [one for one in hypotheses if one["verdict"] == SUPPORTED and one["hypothesis"] != "chance"]
    explaining = sorted(filter(_explains, supported), key=lambda one: -one["explained_share"])
    if explaining:
        parts = [f"{share(one['explained_share'])} by {named(one)}" for one in explaining]
        left = share(max(0.0, 1 - explaining[0]["explained_share"]))
        overlap = " (these overlap)" if len(parts) > 1 else ""
        sentences.append(f"Reweighting explains {', '.join(parts)}{overlap}; {left} is left.")
    others = [named(one) for one in supported if one not in explaining and not one.get(LOOK)]
    if others:
        sentences.append(f"There is evidence of {', '.join(others)}.")
    changes = sorted((one for one in hypotheses if one.get(CHANGE)), key=lambda one: -abs(one["statistic"]))
    if changes:
        look = next((f"look {one[LOOK]}; they " for one in hypotheses if one.get(LOOK)), "")
        listed = ", ".join(one[CHANGE] for one in changes[:CHANGES])
        sentences.append(f"The images themselves {look}differ most in {listed}.")
    judged = [one for one in hypotheses if one["verdict"] != CANNOT and one["hypothesis"] != "chance"]
    if judged and not supported:
        sentences.append(f"None of {len(judged)} hypotheses that could be judged is supported.")
    lacking = [named(one) for one in hypotheses if one["verdict"] == CANNOT and one["hypothesis"] != "chance"]
    if lacking:
        sentences.append(f"Not judged: {', '.join(lacking)}.")
    return " ".join(sentences)


def _explains(row: Row) -> bool:
    """Whether a hypothesis explains a part of the change beyond its interval."""
    low, high, part = row.get("explained_low"), row.get("explained_high"), row.get("explained_share")
    if low is None or high is None or part is None:
        return False
    return bool(part > 0 and (low > 0 or high < 0))


def named(row: Row) -> str:
    """A hypothesis as a phrase."""
    name: str = row["hypothesis"]
    if name.startswith("property_"):
        return f"another {name.removeprefix('property_')}"
    return NAMED.get(name, name.replace("_", " "))


def _drop(row: Row) -> str:
    level = row["level"]
    if row.get("drop") is not None:
        figures = (
            f"{row['model']} is right about {share(row['accuracy_before'])} of {row['images_before']:,} images in "
            f"{row['before']} and {share(row['accuracy_after'])} of {row['images_after']:,} in {row['after']}"
        )
        paired = f", over {row['pairs']:,} images of both" if row.get("pairs") else ""
        interval = within(row["drop_low"], row["drop_high"], level)
        sure = "more than chance" if row["p"] < 1 - level else "no more than chance"
        return f"{figures}: {change(row['drop'])} {interval}{paired}, {sure} ({chance(row['p'])})."
    if row.get("combined_estimate") is not None:
        low, high = share(row["combined_low"]), share(row["combined_high"])
        return (
            f"{row['after']} has no labels; by its scores {row['model']}, right about {share(row['accuracy_before'])} "
            f"of {row['images_before']:,} images in {row['before']}, should be right there about "
            f"{share(row['combined_estimate'])} ({100 * level:g} %: {low} to {high})."
        )
    return f"The accuracy of {row['model']} cannot be compared: {row['undefined']}."


def alarm_of(row: Row, tests: Sequence[Row], rules: ShiftSection) -> str | None:
    """Which limit is passed, in one line; None where none is.

    Args:
        row: of shift_summary.
        tests: rows of shift_tests of its two sets.
        rules: the limits.
    """
    alarms = []
    low, how = row.get("drop_low"), "fell"
    if low is None and row.get("combined_high") is not None:
        low, how = row["accuracy_before"] - row["combined_high"], "has, by its scores, fallen"
    if low is not None and low > rules.max_drop:
        alarms.append(
            f"the accuracy of {row['model']} {how} by at least {points(low)} points from {row['before']} to "
            f"{row['after']}, more than shift.max_drop = {rules.max_drop:g}"
        )
    alarms += [
        f"a classifier tells {row['before']} and {row['after']} apart with an AUC of {test['statistic']:.3f}, "
        f"more than shift.max_auc = {rules.max_auc:g}"
        for test in tests
        if test["test"] == "classifier" and test.get("low") is not None and test["low"] > rules.max_auc
    ]
    return "; ".join(alarms) or None
