"""What is known of two sets when hypotheses on them are judged, and the rows that judgements become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagelake.transforms.shift.words import points, share, within

if TYPE_CHECKING:
    from imagelake.config import ShiftSection
    from imagelake.measures.shift.strata import Explained
    from imagelake.transforms.shift.feature_rows import FeatureResults
    from imagelake.transforms.shift.figures import PairFigures

Row = dict[str, Any]

SUPPORTED, NOT_SUPPORTED, CANNOT = "supported", "not_supported", "cannot"


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


def judged_row(
    supported: bool, answer: str, statistic: float, p: float | None = None, found: Explained | None = None
) -> Row:
    """The columns of a hypothesis that was judged; what it explains, where that is known."""
    row: Row = {"verdict": SUPPORTED if supported else NOT_SUPPORTED, "answer": answer, "statistic": statistic, "p": p}
    if found is not None and not found.undefined:
        row |= {"explained": found.drop, "explained_low": found.low, "explained_high": found.high}
    return row


def explains(found: Explained, evidence: Evidence) -> bool:
    """Whether a mix explains a part of the drop, or of the rise, beyond its interval."""
    if found.undefined:
        return False
    return found.high < 0 if evidence.lost is not None and evidence.lost < 0 else found.low > 0


def need_labels(evidence: Evidence, *sides: str) -> None:
    """Raise CannotError unless the sets have labels and predictions of the judging model."""
    for side, figures in (("before", evidence.pair.before), ("after", evidence.pair.after)):
        if side in sides:
            for lacking in ("outcomes", "labels"):
                if lacking in figures.lacks:
                    raise CannotError(figures.lacks[lacking])
            if figures.outcomes is None or not figures.outcomes.labelled(str(evidence.pair.model)):
                raise CannotError(f"{figures.name} has no predictions of {evidence.pair.model}")
