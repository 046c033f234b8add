"""Rows of a comparison of sets as measure_shift gives them, with hostile names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from imagelake.tables import TABLES
from planted_report import HOSTILE, picture

PAIR = {"before": "var/one", "after": "var/<b>two</b>"}


def frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A table with null where a row has nothing."""
    columns = [column.name for column in TABLES[name].columns]
    return pd.DataFrame([{column: row.get(column) for column in columns} for row in rows], columns=columns)


def planted_shift() -> dict[str, pd.DataFrame]:
    """Two models, three hypotheses, two classes, features, images and two runs."""
    summary = {**PAIR, "accuracy_before": 0.76, "accuracy_after": 0.63, "drop": 0.13, "level": 0.95}
    feature = {**PAIR, "comparison": "sets", "variance_first": 1.0, "mean_first": 0.0, "p_holm": 0.01}
    judged = {**PAIR, "model": "resnet50"}
    explained = {"explained": 0.04, "explained_share": 0.3}
    rows: dict[str, list[dict[str, Any]]] = {
        "shift_summary": [
            {**summary, "model": "resnet50", "answer": f"It fell. {HOSTILE}", "alarm": "above shift.max_drop = 0.1"},
            {**summary, "model": HOSTILE, "answer": "It fell, too."},
        ],
        "shift_hypotheses": [
            {**judged, "hypothesis": "prior_shift", "verdict": "supported", "answer": "so", **explained},
            {**judged, "hypothesis": "duplicates", "verdict": "not_supported", "answer": "none"},
            {**judged, "hypothesis": "label_noise", "verdict": "cannot", "answer": "cannot: no issues"},
        ],
        "shift_classes": [
            {**PAIR, "model": "resnet50", "label": HOSTILE, "images_before": 50, "images_after": 10, "drop": 0.4,
             "accuracy_before": 0.9, "accuracy_after": 0.5, "drop_low": 0.1, "drop_high": 0.6, "p_holm": 0.02},
            {**PAIR, "model": "resnet50", "label": "owl", "images_before": 50, "images_after": 0},
        ],
        "shift_ranges": [
            {"set_name": name, "model": "resnet50", "low": step / 10, "high": (step + 1) / 10, "classes": step}
            for name in PAIR.values() for step in range(10)
        ],
        "shift_lines": [{**PAIR, "scale": "linear", "slope": 1.1, "slope_low": 1.0, "slope_high": 1.2, "models": 2}],
        "shift_features": [
            {**feature, "feature": 0, "mean_second": 0.5, "difference": 0.5, "variance_second": 1.2, "effect": 0.5,
             "effect_rank": 1, "cluster": 0},
            {**feature, "feature": 1, "mean_second": 0.0, "difference": 0.0, "variance_second": 1.0, "effect_rank": 2,
             "cluster": 7, "undefined": "the same constant in both sets"},
        ],
        "shift_clusters": [{**PAIR, "cluster": 0, "features": 1, "effect": 0.5, "outcome_effect_before": 0.1}],
        "shift_images": [
            {**PAIR, "set_name": PAIR["after"], "rank": 1, "image_id": HOSTILE, "probability": 0.97, "correct": False,
             "thumbnail": picture(1)},
            {**PAIR, "set_name": PAIR["before"], "rank": 1, "image_id": "x", "probability": 0.03},
        ],
        "shift_history": [
            {**PAIR, "model": "resnet50", "run_id": run, "measured": datetime(2026, 11, day), "drop": 0.1 + day / 1000}
            for day, run in ((3, "a"), (4, "b"))
        ],
    }  # fmt: skip
    return {name: frame(name, table) for name, table in rows.items()}
