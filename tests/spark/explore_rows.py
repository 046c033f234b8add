"""Rows of ingested tables with defaults, so that a test shows only the cells that matter to it."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from imagelake.tables import TABLES

DEFAULTS: dict[str, dict[str, Any]] = {
    "images": {"image_id": "i1", "split": "train", "has_bytes": True, "listed": True},
    "labels": {"image_id": "i1", "label_id": "/m/lion", "label": "Lion", "split": "train", "confidence": 1.0},
    "boxes": {"image_id": "i1", "label_id": "/m/lion", "label": "Lion", "split": "train", "is_depiction": 0},
    "classes": {"label_id": "/m/lion", "label": "Lion", "boxable": True},
    "hierarchy": {"relation": "subcategory"},
}


def table(spark: SparkSession, name: str, *rows: dict[str, Any]) -> DataFrame:
    """A table of the lake: each row has the defaults of its table, the given cells, and null elsewhere."""
    columns = [column.name for column in TABLES[name].columns]
    cells = ({**DEFAULTS[name], **row} for row in rows)
    return spark.createDataFrame([tuple(row.get(column) for column in columns) for row in cells], TABLES[name].ddl)


def edges(spark: SparkSession, *names: tuple[str, str | None] | tuple[str, str | None, str]) -> DataFrame:
    """A hierarchy from (child, parent[, relation]), ids being /m/ and the name; parents come before children."""
    depths: dict[str, int] = {}
    rows = []
    for child, parent, *relation in names:
        depth = 0 if parent is None else depths[parent] + 1
        depths[child] = min(depth, depths.get(child, depth))
        rows.append((child, parent, relation[0] if relation else "subcategory"))
    return table(
        spark,
        "hierarchy",
        *(
            {
                "label_id": f"/m/{child}",
                "label": child,
                "parent_id": parent and f"/m/{parent}",
                "parent": parent,
                "relation": relation if parent else None,
                "depth": depths[child],
            }
            for child, parent, relation in rows
        ),
    )


def found(frame: DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of a frame as sorted tuples, nulls first; all columns where none is named."""
    rows = (tuple(row) for row in frame.select(*(columns or ("*",))).collect())
    return sorted(rows, key=lambda row: tuple((cell is not None, str(type(cell)), cell) for cell in row))
