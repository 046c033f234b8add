"""Whether the images themselves have changed: sizes, light, sharpness, formats, and labels that are probably wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from imagelake.measures.shift.corrections import holm
from imagelake.measures.shift.proportions import two_shares_p
from imagelake.measures.shift.strata import explained_by_mix
from imagelake.measures.shift.welch import welch_test
from imagelake.transforms.shift.evidence import CannotError, Evidence, explains, judged_row
from imagelake.transforms.shift.feature_rows import LARGE_EFFECT
from imagelake.transforms.shift.sets import LABEL_ISSUE
from imagelake.transforms.shift.words import chance, share

if TYPE_CHECKING:
    from imagelake.transforms.shift.property_counts import PropertyCounts

Row = dict[str, Any]

VALUES = 3  # that an answer lists


@dataclass(frozen=True)
class PropertyTest:
    """Whether a property differs between two sets.

    Attributes:
        statistic: of numbers the difference in deviations, of words the share of images that have another one.
        p: of no difference; NaN where undefined.
        large: whether the difference is worth a word, were it more than chance.
        change: what has changed, in words.
        undefined: why there is no test.
    """

    statistic: float
    p: float
    large: bool
    change: str
    undefined: str | None = None


def property_judges(evidence: Evidence) -> list[tuple[str, Callable[[Evidence], Row]]]:
    """A hypothesis for each property that both sets have, whose p-values are corrected for their number by Holm."""
    counted = [one for one in evidence.pair.properties if one.name != LABEL_ISSUE]
    tests = [property_test(one) for one in counted]
    corrected = holm([test.p for test in tests]).tolist()
    return [
        (f"property_{one.name}", partial(_judge, counts=one, test=test, p=p))
        for one, test, p in zip(counted, tests, corrected, strict=True)
    ]


def label_noise(evidence: Evidence) -> Row:
    """The share of images whose label is probably wrong, in both sets.

    Raises:
        CannotError: these are not known.
    """
    suspected = [one for one in evidence.pair.properties if one.name == LABEL_ISSUE]
    if not suspected:
        raise CannotError(
            "no issues of labels are known, whose share in both sets would tell: find_label_issues finds them"
        )
    test = property_test(suspected[0])
    row = _judge(evidence, counts=suspected[0], test=test, p=test.p)
    row.pop(CHANGE, None)
    return row


def no_properties(evidence: Evidence) -> Row:
    """Raise CannotError with the reason why the sets have no property in common."""
    for figures in (evidence.pair.before, evidence.pair.after):
        if reason := figures.lacks.get("properties"):
            raise CannotError(reason)
    raise CannotError("the sets have no property in common")


def property_test(one: PropertyCounts) -> PropertyTest:
    """The test of a property: Welch's of numbers; of words that of each one's share, by Holm."""
    return _numbers_test(one) if one.before is not None and one.after is not None else _words_test(one)


def _numbers_test(one: PropertyCounts) -> PropertyTest:
    assert one.before is not None
    assert one.after is not None
    test = welch_test(one.after, one.before)
    if test.undefined[0]:
        return PropertyTest(np.nan, np.nan, False, "", f"{one.name}: {test.undefined[0]}")
    effect = float(test.effect[0])
    means = f"{one.before.mean[0]:.4g} before, {one.after.mean[0]:.4g} after"
    change = f"{one.name} is {means} on average, {effect:+.2f} deviations"
    return PropertyTest(effect, float(test.p[0]), abs(effect) >= LARGE_EFFECT, change)


def _words_test(one: PropertyCounts) -> PropertyTest:
    shares = {side: one.strata[side] / one.strata[side].sum() for side in ("before", "after")}
    totals = {side: int(one.strata[side].sum()) for side in shares}
    values = one.strata[["before", "after"]].astype(int).to_numpy().tolist()
    p = float(np.min(holm([two_shares_p(n, totals["before"], m, totals["after"]) for n, m in values])))
    moved = (shares["after"] - shares["before"]).abs()
    first = moved.sort_values(ascending=False).index[:VALUES].tolist()
    listed = ", ".join(
        f"{one.strata['stratum'][at]} {share(shares['before'][at])} to {share(shares['after'][at])}" for at in first
    )
    statistic = float(moved.sum() / 2)
    return PropertyTest(statistic, p, True, f"{share(statistic)} of the images have another {one.name}: {listed}")


CHANGE = "change"
"""Key of a row, no column: what has changed in the images in short, where that is more than chance."""


def _judge(evidence: Evidence, counts: PropertyCounts, test: PropertyTest, p: float) -> Row:
    if test.undefined:
        raise CannotError(test.undefined)
    differs = test.large and p < evidence.alpha
    answer, table = f"{test.change} ({chance(p)})", counts.strata
    if not table["labelled"].sum():
        answer += "; what that explains is not known without labels before"
        row = judged_row(differs, answer, test.statistic, p)
    else:
        found = explained_by_mix(table["right"], table["labelled"], table["after"], evidence.rules.confidence_level)
        supported = differs and explains(found, evidence)
        row = judged_row(supported, f"{answer}; {evidence.of_drop(found)}", test.statistic, p, found)
    if differs:
        size = f"{test.statistic:+.1f} deviations" if counts.before is not None else share(test.statistic)
        row[CHANGE] = f"{counts.name.replace('_', ' ')} ({size})"
    return row
