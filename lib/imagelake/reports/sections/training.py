"""The trained head: its runs, its measures, and its weakest labels."""

from __future__ import annotations

from typing import Any

from imagelake.reports import numbers
from imagelake.reports.names import clean_name, words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import OPEN, Section

LABELS = 20
MEASURES = ("accuracy", "balanced_accuracy", "macro_f1", "top5", "calibration_error", "loss")


def training(rows: ReportRows) -> Section:
    """Runs side by side, measures with intervals, and the labels of lowest F1."""
    runs = rows.records("training_runs")
    chosen = next((row for row in runs if row["chosen"]), None)
    values = {
        "runs": [_run(row) for row in runs],
        "head": clean_name(chosen["head"]) if chosen else "",
        "evaluated_on": words(chosen["evaluated_on"]) if chosen else "",
        **_measures(rows.records("training_measures")),
        "open": OPEN,
        "labels": [_label(row) for row in rows.records("training_labels") if row["images"]][:LABELS],
    }
    absent = None if chosen else "No head has been trained on this lake's labels: run train_classifier."
    return Section("training", "The trained head", values, absent)


def _run(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": clean_name(row["run"]),
        "chosen": row["chosen"],
        "loss": numbers.decimal(row["loss"], 3),
        "accuracy": numbers.percent(row["accuracy"]),
        "interval": numbers.interval(row["accuracy_low"], row["accuracy_high"]),
        "balanced": numbers.percent(row["balanced_accuracy"]),
    }


def _measures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was measured on, each with its images, and a row a measure with a cell for each of these."""
    sides = {row["evaluated_on"]: row["images"] for row in rows if row["measure"] == "accuracy"}
    found = {(row["measure"], row["evaluated_on"]): row for row in rows}
    return {
        "sides": [(words(side), images) for side, images in sides.items()],
        "measures": [
            (words(name), [_measured(found.get((name, side))) for side in sides])
            for name in MEASURES
            if any((name, side) in found for side in sides)
        ],
    }


def _measured(row: dict[str, Any] | None) -> dict[str, str] | None:
    if row is None:
        return None
    known = row["low"] is not None
    interval = f"{numbers.decimal(row['low'], 3)} to {numbers.decimal(row['high'], 3)}" if known else ""
    return {"value": numbers.decimal(row["value"], 3), "interval": interval}


def _label(row: dict[str, Any]) -> dict[str, Any]:
    precision = "never predicted" if row["never_predicted"] else numbers.percent(row["precision"])
    return {
        "label": clean_name(row["label"]),
        "evaluated_on": words(row["evaluated_on"]),
        "images": row["images"],
        "precision": precision,
        "recall": numbers.percent(row["recall"]),
        "f1": numbers.percent(row["f1"]),
        "interval": numbers.interval(row["f1_low"], row["f1_high"]),
    }
