"""The rows of shift_models and shift_lines: many models on two sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imagelake.measures.shift.lines import SCALES, fit_line

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]


def line_rows(summaries: Sequence[Row], level: float) -> tuple[list[Row], list[Row]]:
    """The rows of shift_models and of shift_lines of one pair of sets.

    Args:
        summaries: its rows of shift_summary.
        level: of the slope's interval.
    """
    both = [row for row in summaries if row.get("drop") is not None]
    before, after = (np.array([row[f"accuracy_{side}"] for row in both], np.float64) for side in ("before", "after"))
    names = {"before": summaries[0]["before"], "after": summaries[0]["after"]}
    models = [
        {
            **names,
            "model": row["model"],
            "accuracy_before": row["accuracy_before"],
            "accuracy_after": row["accuracy_after"],
        }
        for row in both
    ]
    lines = []
    for scale in SCALES:
        line = fit_line(before, after, scale, level)
        lines.append({**names, **line.__dict__, "level": level})
        expected, robustness = line.after(before), line.effective_robustness(before, after)
        for row, value, above in zip(models, expected.tolist(), robustness.tolist(), strict=True):
            row |= {f"{scale}_expected": value, f"{scale}_robustness": above}
    return models, lines
