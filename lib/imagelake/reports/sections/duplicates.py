"""Duplicates: how many there are in each split, what leaks, which labels conflict, and pictures of groups."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from imagelake.reports import numbers
from imagelake.reports.names import clean_name, listed
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import OPEN, Section

VALUES = 4
GROUPS_OPEN = 4


def duplicates(rows: ReportRows) -> Section:
    """The counts by split, the conflicts, and some groups with their pictures."""
    splits = [row for row in rows.records("duplicate_counts") if row["label"] is None]
    labels = [row for row in rows.records("duplicate_counts") if row["label"] is not None]
    values = {
        "splits": [_counted(row) for row in splits],
        "labels": [_counted(row) for row in labels],
        "conflicts": [_conflict(row, rows) for row in rows.records("duplicate_conflicts")],
        "groups": _groups(rows),
        "open": OPEN,
        "groups_open": GROUPS_OPEN,
    }
    absent = None if splits else "Duplicates have not been looked for: the table duplicate_counts is absent or empty."
    return Section("duplicates", "Duplicates", values, absent)


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    names = {name: clean_name(row[name]) for name in ("split", "label") if row[name] is not None}
    return {**row, **names, "share": numbers.share_of(row["redundant"], row["images"])}


def _conflict(row: dict[str, Any], rows: ReportRows) -> dict[str, Any]:
    return {
        "title": "Labels" if row["conflict"] == "labels" else "Splits",
        "values": listed(row["values"], VALUES),
        "images": row["images"],
        "examples": [_shown(image_id, image_id, rows) for image_id in row["examples"]],
    }


def _groups(rows: ReportRows) -> list[dict[str, Any]]:
    """The groups to show, each with its representative first."""
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.records("duplicate_groups"):
        members[row["representative_id"]].append(row)
    return [
        {
            "images": group[0]["images"],
            "members": [
                _shown(row["image_id"], _caption(row), rows)
                for row in sorted(group, key=lambda row: (row["evidence"] != "representative", -row["score"]))
            ],
        }
        for group in members.values()
    ]


def _caption(row: dict[str, Any]) -> str:
    if row["evidence"] == "near":
        return f"{clean_name(row['split'])}, near, {numbers.decimal(row['score'], 2)}"
    return f"{clean_name(row['split'])}, {'the best' if row['evidence'] == 'representative' else row['evidence']}"


def _shown(image_id: str, caption: str, rows: ReportRows) -> dict[str, Any]:
    return {"image_id": clean_name(image_id), "caption": clean_name(caption), "uri": rows.thumbnail(image_id)}
