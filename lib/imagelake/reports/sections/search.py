"""Examples of the reverse image search: queries with similar images and images of the same label."""

from __future__ import annotations

from typing import Any

from imagelake.reports import numbers
from imagelake.reports.names import clean_name, listed, words
from imagelake.reports.rows import ReportRows, data_uri
from imagelake.reports.section import Section

PREDICTED, LABELS, OPEN = 3, 3, 1
_MODES = (("similar", "Look alike"), ("label", "Same predicted label, by PPI"))


def search(rows: ReportRows) -> Section:
    """Each query with its results in both modes."""
    results = rows.records("search_results")
    queries = [_described(query, results, rows) for query in rows.records("search_queries")]
    absent = None if queries else "Nothing has been searched for: the table search_queries is absent or empty."
    return Section("search", "Search examples", {"queries": queries, "open": OPEN}, absent)


def _described(query: dict[str, Any], results: list[dict[str, Any]], rows: ReportRows) -> dict[str, Any]:
    own = [row for row in results if row["query"] == query["query"]]
    predicted = zip(query["top_names"] or [], query["top_scores"] or [], strict=False)
    return {
        "name": clean_name(query["query"]),
        "uri": data_uri(query["thumbnail"]) if query["thumbnail"] else rows.thumbnail(query["query_image_id"]),
        "error": words(query["error"]) if query["error"] else None,
        "predicted": [(clean_name(name), numbers.percent(score)) for name, score in list(predicted)[:PREDICTED]],
        "modes": [(title, _answers(own, mode, rows)) for mode, title in _MODES],
    }


def _answers(results: list[dict[str, Any]], mode: str, rows: ReportRows) -> list[dict[str, Any]]:
    chosen = sorted((row for row in results if row["mode"] == mode), key=lambda row: row["rank"])
    return [
        {
            "image_id": clean_name(row["image_id"]),
            "labels": listed(row["labels"] or [], LABELS) or "no clean label",
            "number": f"{row['similarity']:.3f}" if mode == "similar" else f"PPI {numbers.decimal(row['ppi'])}",
            "uri": rows.thumbnail(row["image_id"]),
        }
        for row in chosen
    ]
