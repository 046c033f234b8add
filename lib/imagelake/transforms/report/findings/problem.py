"""What a capability contributes to the report's findings: rows of what is wrong, in the order of urgency."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import functions as F

from imagelake.reports.finding import Example, Finding
from imagelake.spreadsheet import cell

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import Column, DataFrame

    from imagelake.config import ReportSection
    from imagelake.reports.finding import Severity

NOTE = "note"
CSV_FOLDER = "findings"


@dataclass(frozen=True)
class Problem:
    """Something that is wrong in a lake, before it is counted.

    Attributes:
        name, title, advice, severity, counted: as of a Finding.
        rows: one row a thing that is counted: image_id (the image, or an example; may be null), note (in a few words,
            what is wrong), and the other columns of the CSV in their order.
        order: columns of rows, the worst first; unique together.
    """

    name: str
    title: str
    advice: str
    severity: Severity
    rows: DataFrame
    order: Sequence[Column]
    counted: str = "image"


Tables = Mapping[str, "DataFrame"]


@dataclass(frozen=True)
class Contribution:
    """The findings of one capability.

    Attributes:
        reads: the tables it needs; where one is not published it contributes nothing.
        problems: from these tables and the section [report] to the problems.
        optional: tables that it is given where they are published.
    """

    reads: tuple[str, ...]
    problems: Callable[[Tables, ReportSection], Sequence[Problem]]
    optional: tuple[str, ...] = ()


def find_all(
    contributions: Sequence[Contribution], tables: Tables, rules: ReportSection, folder: Path
) -> list[Finding]:
    """The findings of a lake; the CSV of each that counts something is written.

    Args:
        contributions: of every capability.
        tables: the published ones.
        rules: thresholds, and how many rows and pictures are shown.
        folder: of the report, local.
    """
    return [
        replace(find(problem, rules, folder), tables=contribution.reads)
        for contribution in contributions
        if all(name in tables for name in contribution.reads)
        for problem in contribution.problems(
            {name: tables[name] for name in (*contribution.reads, *contribution.optional) if name in tables}, rules
        )
    ]


def find(problem: Problem, rules: ReportSection, folder: Path) -> Finding:
    """A problem counted, with its worst rows as CSV: a bounded number of them comes to the driver."""
    most = rules.finding_rows
    worst: pd.DataFrame = problem.rows.orderBy(*problem.order).limit(most + 1).toPandas()
    count = len(worst) if len(worst) <= most else problem.rows.count()
    worst = worst.head(most)
    csv = f"{CSV_FOLDER}/{problem.name}.csv"
    if count:
        (folder / CSV_FOLDER).mkdir(exist_ok=True)
        worst.drop(columns=NOTE).map(cell).to_csv(folder / csv, index=False, lineterminator="\n")
    shown = worst.head(rules.finding_images)
    return Finding(
        name=problem.name,
        title=problem.title,
        advice=problem.advice,
        severity=problem.severity,
        count=count,
        counted=problem.counted,
        examples=tuple(Example(row["image_id"], str(row[NOTE])) for row in shown.to_dict("records")),
        csv=csv,
        listed=len(worst),
    )


def joined(labels: str) -> Column:
    """A column of arrays as text: ``Animal; Lion``, empty for null."""
    return F.coalesce(F.array_join(F.array_sort(labels), "; "), F.lit(""))
