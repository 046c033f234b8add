"""The rows of all tables of shift, from sets to answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from imagelake.tables import TABLES
from imagelake.transforms.shift.answers import alarm_of, answer_of
from imagelake.transforms.shift.class_rows import check_comparable, class_rows, range_rows, summary_row
from imagelake.transforms.shift.evidence import Evidence
from imagelake.transforms.shift.feature_rows import LARGE_EFFECT, compare_features, image_rows
from imagelake.transforms.shift.figures import SetFigures, judging_model, measure_pair, measure_set, outcomes_of
from imagelake.transforms.shift.hypotheses import hypothesis_rows
from imagelake.transforms.shift.model_rows import line_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame, SparkSession

    from imagelake.config import ShiftSection
    from imagelake.transforms.shift.sets import ShiftSet

Row = dict[str, Any]

SUMMARY, CLASSES, RANGES, MODELS, LINES, FEATURES, CLUSTERS, TESTS, IMAGES, HYPOTHESES = (
    f"shift_{name}"
    for name in (
        "summary",
        "classes",
        "ranges",
        "models",
        "lines",
        "features",
        "clusters",
        "tests",
        "images",
        "hypotheses",
    )
)
HISTORY = "shift_history"


@dataclass(frozen=True)
class Comparisons:
    """The rows of each table, and what was left out of the features of each set.

    Attributes:
        rows: table -> rows.
        figures: of the set before and of those after, in their order.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    figures: list[SetFigures] = field(default_factory=list)

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows of a table."""
        self.rows.setdefault(table, []).extend(rows)


def compare_sets(
    before: ShiftSet,
    others: Sequence[ShiftSet],
    training: Mapping[str, int] | None,
    rules: ShiftSection,
    announce: Callable[[str], None],
) -> Comparisons:
    """Compare one set with each of the others.

    Args:
        before: the one set.
        others: the sets after.
        training: label -> images that the model learnt from; None where they are not known.
        rules: levels, sizes and seed.
        announce: is given a line as each part begins.

    Raises:
        ImageLakeError: a set shares no model with the one before.
    """
    made = Comparisons()
    announce(f"measuring {before.name}")
    known = outcomes_of(before)
    model = judging_model(known, rules.model)
    was = measure_set(before, known, model, rules.sample)
    made.figures.append(was)
    made.add(RANGES, range_rows(was))
    for after in others:
        announce(f"measuring {after.name}")
        became = measure_set(after, outcomes_of(after, known), model, rules.sample)
        made.figures.append(became)
        made.add(RANGES, range_rows(became))
        _compare((before, after), (was, became), _Judged(model, training, rules), made)
    return made


@dataclass(frozen=True)
class _Judged:
    """By which model, with which training images and rules, two sets are judged."""

    model: str | None
    training: Mapping[str, int] | None
    rules: ShiftSection


def _compare(
    sets: tuple[ShiftSet, ShiftSet], figures: tuple[SetFigures, SetFigures], judged: _Judged, made: Comparisons
) -> None:
    """Add the rows of two sets."""
    model, rules = judged.model, judged.rules
    pair = measure_pair(sets, figures, model, judged.training, rules)
    check_comparable(pair)
    names = {"before": pair.before.name, "after": pair.after.name}
    summaries = [summary_row(pair, one, rules) for one in pair.models]
    by_class = {one: class_rows(pair, one, rules) for one in pair.models}
    models, lines = line_rows(summaries, rules.confidence_level) if summaries else ([], [])
    features = compare_features(pair, rules)
    own = next((row for row in summaries if row["model"] == model), {})
    evidence = Evidence(pair, own, by_class.get(str(model), []), lines, features, rules)
    hypotheses = hypothesis_rows(evidence)
    if not summaries:  # features alone, without any prediction
        lacks = "; ".join(sorted({side.lacks["outcomes"] for side in figures if "outcomes" in side.lacks}))
        none = {"images_before": 0, "images_after": 0, "level": rules.confidence_level}
        summaries = [{**names, **none, "model": "model", "undefined": f"cannot: {lacks}"}]
    for row in summaries:
        mine = row["model"] == model or model is None
        row["answer"] = answer_of(row, hypotheses if mine else [])
        row["alarm"] = alarm_of(row, features.tests if mine else [], rules)
    made.add(SUMMARY, summaries)
    made.add(CLASSES, (row for rows in by_class.values() for row in rows))
    made.add(MODELS, models)
    made.add(LINES, lines)
    made.add(FEATURES, features.features)
    made.add(CLUSTERS, features.clusters)
    made.add(TESTS, features.tests)
    made.add(IMAGES, image_rows(pair, features, rules.images))
    made.add(HYPOTHESES, hypotheses)


def history_rows(made: Comparisons, run_id: str, measured: Any, alpha: float) -> list[Row]:
    """One row a row of shift_summary, for the drift over time.

    Args:
        made: of this run.
        run_id: of it.
        measured: when.
        alpha: a corrected p-value below this is called significant.
    """
    rows = []
    for summary in made.rows[SUMMARY]:
        pair = {name: summary[name] for name in ("before", "after")}
        tests = [row for row in made.rows[TESTS] if pair.items() <= row.items() and row["test"] == "classifier"]
        moved = [row for row in made.rows[FEATURES] if pair.items() <= row.items() and row["comparison"] == "sets"]
        effects = np.abs(np.array([row["effect"] for row in moved], np.float64))
        corrected = np.array([row["p_holm"] for row in moved], np.float64)
        rows.append(
            {
                **summary,
                "run_id": run_id,
                "measured": measured,
                "auc": tests[0].get("statistic") if tests else None,
                "features": len(moved),
                "features_moved": int(np.sum((corrected < alpha) & (effects >= LARGE_EFFECT))),
                "largest_effect": float(np.nanmax(effects)) if np.any(~np.isnan(effects)) else None,
            }
        )
    return rows


def table_of(spark: SparkSession, name: str, rows: Sequence[Row]) -> DataFrame:
    """Rows as a frame of a table; what a row has not is null, and so is NaN."""
    table = TABLES[name]
    cells = [tuple(_cell(row.get(column.name)) for column in table.columns) for row in rows]
    return spark.createDataFrame(cells, table.ddl).coalesce(1)


def _cell(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
