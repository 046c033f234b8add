"""What differs between sets, as an answer with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imagelake.reports import numbers
from imagelake.reports.charts.columns import Columns, column_chart
from imagelake.reports.charts.feature_map import MappedFeature, feature_map
from imagelake.reports.names import clean_name, short_name, words
from imagelake.reports.rows import ReportRows, data_uri
from imagelake.reports.section import Section

Row = dict[str, Any]

CLASSES, FEATURES, MODELS = 15, 12, 80
SETS = "sets"
CANNOT = "cannot"
VERDICTS = {"supported": "yes", "not_supported": "no", CANNOT: "not judged"}
NAME_COLUMNS = 48


def shift(rows: ReportRows) -> Section:
    """One answer a pair of sets; below it hypotheses, classes, features, images and the drift over time.

    Args:
        rows: with the frames shift_summary and, as evidence, the other tables of shift as in the lake.
    """
    tables = {name: rows.records(name) for name in rows.frames}
    pairs = dict.fromkeys((row["before"], row["after"]) for row in tables.get("shift_summary", []))
    shown = [
        _pair(number, {name: of_pair(table, pair) for name, table in tables.items()}, tables.get("shift_ranges", []))
        for number, pair in enumerate(pairs)
    ]
    absent = None if shown else "No sets have been compared: the job measure_shift does."
    return Section("shift", "Did it shift?", {"pairs": shown}, absent)


def of_pair(table: Sequence[Row], pair: tuple[str, str]) -> list[Row]:
    """The rows of two sets."""
    return [row for row in table if (row.get("before"), row.get("after")) == pair]


def _pair(number: int, tables: dict[str, list[Row]], ranges: Sequence[Row]) -> Row:
    summaries = tables["shift_summary"]
    hypotheses = tables.get("shift_hypotheses", [])
    main = main_summary(summaries, hypotheses)
    classes = [row for row in tables.get("shift_classes", []) if row["model"] == main["model"]]
    features = [row for row in tables.get("shift_features", []) if row["comparison"] == SETS]
    return {
        "title": f"{set_name(main['before'])} to {set_name(main['after'])}",
        "answer": clean_name(main["answer"]),
        "alarm": main["alarm"] and clean_name(main["alarm"]),
        "hypotheses": [hypothesis_shown(row) for row in hypotheses],
        "models": [{**row, "name": clean_name(row["model"])} for row in summaries[:MODELS]]
        if len(summaries) > 1
        else [],
        "lines": [row for row in tables.get("shift_lines", []) if not row["undefined"]],
        "classes": [
            {**row, "name": clean_name(row["label"])}
            for row in sorted((row for row in classes if row["drop"] is not None), key=lambda row: -row["drop"])[
                :CLASSES
            ]
        ],
        "all_classes": len(classes),
        "ranges": _ranges_chart(number, main, ranges),
        "features": sorted(features, key=lambda row: row["effect_rank"])[:FEATURES],
        "all_features": len(features),
        "map": _map(number, features),
        "clusters": tables.get("shift_clusters", []),
        "images": [
            {
                "name": set_name(name),
                "rows": [image_shown(row) for row in tables.get("shift_images", []) if row["set_name"] == name],
            }
            for name in (main["before"], main["after"])
        ],
        "history": _history_chart(number, main, tables.get("shift_history", [])),
        "level": main["level"],
    }


def main_summary(summaries: Sequence[Row], hypotheses: Sequence[Row]) -> Row:
    """The row of the model by which the hypotheses are judged; the first where there is none."""
    judging = next((row["model"] for row in hypotheses if row["model"]), summaries[0]["model"])
    return next((row for row in summaries if row["model"] == judging), summaries[0])


def set_name(name: str) -> str:
    """A set's name: of a path its last part."""
    return short_name(name.rstrip("/").rpartition("/")[2], NAME_COLUMNS)


def hypothesis_shown(row: Row) -> Row:
    """Name, verdict, evidence and share of the drop of a row of shift_hypotheses."""
    explained = row["explained_share"] if row["verdict"] != CANNOT else None
    return {
        "name": words(row["hypothesis"]),
        "verdict": VERDICTS[row["verdict"]],
        "answer": clean_name(row["answer"]),
        "explained": None if explained is None else f"{100 * explained:.0f}%",
    }


def image_shown(row: Row) -> Row:
    """Name, picture and outcome of a row of shift_images."""
    thumbnail = row["thumbnail"]
    outcome = {None: "no label", True: "right", False: "wrong"}[row["correct"]]
    return {
        "image_id": clean_name(row["image_id"]),
        "uri": data_uri(bytes(thumbnail)) if thumbnail is not None else None,
        "probability": row["probability"],
        "outcome": outcome,
    }


def _ranges_chart(number: int, main: Row, ranges: Sequence[Row]) -> Any:
    """The histogram of classes by accuracy in both sets; None where a set has none."""
    counts = {
        name: [row["classes"] for row in sorted(ranges, key=lambda row: row["low"])
               if row["set_name"] == name and row["model"] == main["model"]]
        for name in (main["before"], main["after"])
    }  # fmt: skip
    if not all(sum(values) for values in counts.values()):
        return None
    steps = [f"{10 * step}" for step in range(10)]
    series = {set_name(name): values for name, values in counts.items()}
    columns = Columns(steps, series, "accuracy of a class, from so many percent", numbers.whole)
    return {
        "keys": list(series),
        "chart": column_chart(columns, f"shift-ranges-{number}", "Classes by accuracy", "In both sets, by tenths."),
    }


def _map(number: int, features: Sequence[Row]) -> Any:
    points = [
        MappedFeature(row["difference"], row["variance_second"] - row["variance_first"], row["cluster"] or 0)
        for row in features
        if row["variance_second"] is not None and row["variance_first"] is not None
    ]
    if not points:
        return None
    description = f"{len(points):,} features by what differs between the sets."
    return feature_map(
        points, f"shift-map-{number}", "Features by mean difference and variance difference", description
    )


def _history_chart(number: int, main: Row, history: Sequence[Row]) -> Any:
    """The drop of each run; None of a single run."""
    runs = sorted((row for row in history if row["model"] == main["model"]), key=lambda row: row["measured"])
    drops = [(row["measured"], row["drop"]) for row in runs if row["drop"] is not None]
    if len(drops) < 2:
        return None
    steps = [f"{measured:%d %b}" for measured, _ in drops]
    columns = Columns(steps, {"drop": [drop for _, drop in drops]}, "run", numbers.percent)
    return column_chart(columns, f"shift-history-{number}", "Drop of accuracy over time", f"{len(drops)} runs.")
