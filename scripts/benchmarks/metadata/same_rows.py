"""Whether the tables of the jobs have the rows of DuckDB's, and their summaries its counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
from plain_sql import ACCOUNTS, CLEANED, EXPLORED, INGESTED

from imagelake.lake.manifest import MANIFEST, Manifest
from imagelake.tables import TABLES

COMPARED = (*INGESTED, *EXPLORED, *CLEANED)
# Means, which depend on the order of additions in their last digits; all else must be equal.
ROUNDED = ("mean_confidence", "mean_width", "mean_height")
DIGITS = 9
# Table whose manifest has the counts of a job -> those that metadata alone decides.
STEPS = {
    "images": ("image list lines",),
    "labels": ("classes lines", "labels lines", "boxes lines"),
    "labels_clean": ("label rows",),
}


def differing_rows(lake: Path, answers: Path) -> dict[str, int]:
    """Of each table the rows that only one of both has, order aside and a repeated row counted as often as it stands.

    Rows are told apart by a hash of 64 bits of all their cells: two rows that differ are taken for the same with a
    probability of 5e-20.

    Args:
        lake: root of the lake of the jobs.
        answers: folder of DuckDB's tables.
    """
    return {name: _differing(lake, answers, name) for name in COMPARED}


def _differing(lake: Path, answers: Path, name: str) -> int:
    cells = ", ".join(
        f"round({column.name}::DOUBLE, {DIGITS})" if column.name in ROUNDED else f"{column.name}::{column.type}"
        for column in TABLES[name].columns
    )
    found = _answered(
        answers,
        "SELECT coalesce(sum(abs(surplus)), 0) FROM (SELECT sum(side) AS surplus FROM ("
        f"SELECT hash({cells}) AS row, 1 AS side FROM '{lake / name}/*.parquet' UNION ALL "
        f"SELECT hash({cells}), -1 FROM '{answers / name}.parquet') GROUP BY row)",
    )
    return int(found[0][0])


def differing_counts(lake: Path, answers: Path) -> list[str]:
    """What the summaries of the jobs say of lines and rows and DuckDB does not: in, kept, and dropped by reason."""
    ours: dict[tuple[str, str], int] = {}
    for table, steps in STEPS.items():
        file = lake / table / MANIFEST
        for account in Manifest.from_bytes(file.read_bytes(), str(file)).accounts:
            if account.what in steps:
                counts = {"in": account.rows_in, "kept": account.kept, **account.rejected}
                ours |= {(account.what, outcome): number for outcome, number in counts.items()}
    theirs = _counts(answers)
    return [
        f"{account}, {outcome}: {ours.get((account, outcome), 0):,}, by DuckDB {theirs.get((account, outcome), 0):,}"
        for account, outcome in sorted(ours.keys() | theirs.keys())
        if ours.get((account, outcome), 0) != theirs.get((account, outcome), 0)
    ]


def unnoticed_faults(truth: Path, answers: Path) -> list[str]:
    """Faults that were planted and are not what DuckDB rejected."""
    planted, found = json.loads(truth.read_text())["rejected"], _counts(answers)
    accounts = {"images": "image list lines"}
    return [
        f"{table}, {reason}: {number:,} planted, {found.get((account, reason), 0):,} found"
        for table, reasons in planted.items()
        for account in [accounts.get(table, f"{table} lines")]
        for reason, number in reasons.items()
        if found.get((account, reason), 0) != number
    ]


def _counts(answers: Path) -> dict[tuple[str, str], int]:
    rows = _answered(answers, f"SELECT account, outcome, number FROM '{answers / ACCOUNTS}.parquet'")
    return {(account, outcome): number for account, outcome, number in rows}


def _answered(answers: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query; what does not fit into memory goes beside the answers."""
    with duckdb.connect(config={"temp_directory": str(answers / "spilled")}) as base:
        return base.execute(query).fetchall()
