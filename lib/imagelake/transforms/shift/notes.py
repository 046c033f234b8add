"""The summary of a run that a person reads at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imagelake.transforms.shift.evidence import CANNOT
from imagelake.transforms.shift.words import change, share, within

if TYPE_CHECKING:
    from imagelake.transforms.shift.figures import SetFigures

Row = dict[str, Any]

SHOWN = 4  # models, classes and reasons


def feature_accounts(figures: Sequence[SetFigures]) -> Iterator[tuple[str, int, int, dict[str, int]]]:
    """What became of the images of each set with features: what, rows in, kept, rejected by reason."""
    for one in figures:
        if one.sums is not None:
            kept, rejected = one.sums.whole.n, one.sums.rejected
            yield f"images of {one.name} with features", kept + sum(rejected.values()), kept, rejected


def summary_notes(rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """Name -> text, of all pairs of sets: the drop of each model, the answer, the classes that fall most, the limits.

    Args:
        rows: table -> rows.
    """
    notes: dict[str, str] = {}
    pairs = dict.fromkeys((row["before"], row["after"]) for row in rows["shift_summary"])
    for before, after in pairs:
        mine = {name: [row for row in table if row.get("after") == after] for name, table in rows.items()}
        title = f"{before} to {after}"
        answered = max(mine["shift_summary"], key=lambda row: len(row["answer"]))
        notes[title] = answered["answer"]
        others = [row for row in mine["shift_summary"] if row is not answered]
        for row in others[:SHOWN]:
            notes[f"{title}, {row['model']}"] = _short(row)
        if len(others) > SHOWN:
            notes[f"{title}, more models"] = f"{len(others) - SHOWN} in shift_summary"
        if fallen := _fallen(mine["shift_classes"], answered["model"], 1 - answered["level"]):
            notes[f"{title}, classes that fall beyond chance"] = fallen
        reasons = [f"{row['hypothesis']}: {row['undefined']}" for row in mine["shift_hypotheses"]
                   if row["verdict"] == CANNOT]  # fmt: skip
        if reasons:
            notes[f"{title}, not judged"] = "; ".join(reasons)
    return notes


def _short(row: Row) -> str:
    if row.get("drop") is None:
        return str(row["undefined"])
    interval = within(row["drop_low"], row["drop_high"], row["level"])
    return f"{share(row['accuracy_before'])} to {share(row['accuracy_after'])}, {change(row['drop'])} {interval}"


def _fallen(classes: Sequence[Row], model: str, alpha: float) -> str:
    judged = [row for row in classes if row["model"] == model and row.get("drop") is not None]
    if not judged:
        return ""
    fallen = sorted((row for row in judged if row["p_holm"] < alpha and row["drop"] > 0), key=lambda row: -row["drop"])
    named = ", ".join(
        f"{row['label']} ({share(row['accuracy_before'])} to {share(row['accuracy_after'])})" for row in fallen[:SHOWN]
    )
    more = f" and {len(fallen) - SHOWN} more" if len(fallen) > SHOWN else ""
    return f"{len(fallen):,} of {len(judged):,}" + (f": {named}{more}" if fallen else "")
