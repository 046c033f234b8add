"""Whether images are in both sets, and how much of the drop these conceal or make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagelake.measures.shift.proportions import difference_interval, two_shares_p
from imagelake.measures.shift.strata import Explained
from imagelake.transforms.shift.evidence import CannotError, Evidence, judged_row
from imagelake.transforms.shift.words import chance, share, within

if TYPE_CHECKING:
    from imagelake.transforms.shift.outcome_counts import Duplicates

Row = dict[str, Any]


def duplicates_between(evidence: Evidence) -> Row:
    """Images after that are duplicates of one before: how many, and what the drop would be without them.

    Raises:
        CannotError: a set has no hashes.
    """
    found = evidence.pair.duplicates
    if found is None:
        lacks = evidence.pair.before.lacks.get("hashes") or evidence.pair.after.lacks.get("hashes")
        raise CannotError(lacks or "a set has no hashes of its images")
    part = found.images / found.of if found.of else 0.0
    answer = (
        f"{found.images:,} of {found.of:,} images after are duplicates of one before ({share(part)}; {_how(found)})"
    )
    if not found.images:
        return judged_row(False, answer, part)
    if not (found.judged and found.others_judged):
        return judged_row(True, answer, part)
    one, other = found.right / found.judged, found.others_right / found.others_judged
    p = two_shares_p(found.right, found.judged, found.others_right, found.others_judged)
    without = _without(found, evidence.rules.confidence_level)
    answer += (
        f"; the model is right about {share(one)} of these, {share(other)} of the others ({chance(p)}): they explain "
        f"{100 * without.drop:.1f} points {within(without.low, without.high, evidence.rules.confidence_level)}"
    )
    if without.drop < 0:
        answer += ", that is, without them the accuracy after would be lower"
    return judged_row(p < evidence.alpha, answer, part, p, without)


def _how(found: Duplicates) -> str:
    if found.lakes is not None:
        return _how_of_lakes(found, *(root.removeprefix("file://") for root in found.lakes))
    if found.near is None:
        return "by equal bytes alone: find_duplicates tells near ones within a lake"
    return f"{found.images - found.near:,} by equal bytes, {found.near:,} near or by equal pixels"


def _how_of_lakes(found: Duplicates, before: str, after: str) -> str:
    if found.near is None:
        return f"by equal bytes alone: measure_overlap --root {after} --reference {before} tells near ones"
    return f"{found.images - found.near:,} by equal bytes, {found.near:,} more by measure_overlap"


def _without(found: Duplicates, level: float) -> Explained:
    """The accuracy of all images after less that without the duplicates, with its sign turned: a part of the drop."""
    weight = found.judged / (found.judged + found.others_judged)
    low, high = difference_interval(found.others_right, found.others_judged, found.right, found.judged, level)
    drop = found.others_right / found.others_judged - found.right / found.judged
    return Explained(weight * drop, weight * low, weight * high, 0.0)
