"""What to do about the lake: every finding with its count, pictures, paths and a CSV, the most severe first."""

from __future__ import annotations

from typing import Any

from imagelake.reports import numbers
from imagelake.reports.finding import Example, Finding, by_severity
from imagelake.reports.how import how
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section


def what_to_do(rows: ReportRows) -> Section:
    """The findings that count something, and the names of the others: what was looked for and not found."""
    found = by_severity(rows.findings)
    values = {
        "findings": [_described(finding, rows) for finding in found],
        "clean": [finding.title for finding in rows.findings if not finding.count],
        "decoded": "predictions" in rows.manifests,
    }
    absent = None if rows.findings else "Nothing has been looked for: no finding was given."
    return Section("what_to_do", "What to do", values, absent)


def _described(finding: Finding, rows: ReportRows) -> dict[str, Any]:
    return {
        "name": finding.name,
        "title": finding.title,
        "advice": finding.advice,
        "severity": finding.severity,
        "count": numbers.whole(finding.count),
        "counted": finding.counted + ("" if finding.count == 1 else "s"),
        "examples": [_example(example, rows) for example in finding.examples],
        "csv": finding.csv,
        "how": how(rows, "The rows of its CSV, counted over these tables.", finding.tables),
        "cut": numbers.whole(finding.listed) if finding.listed < finding.count else None,
    }


def _example(example: Example, rows: ReportRows) -> dict[str, Any]:
    return {
        "image_id": clean_name(example.image_id or ""),
        "note": clean_name(example.note),
        "uri": rows.thumbnail(example.image_id),
    }
