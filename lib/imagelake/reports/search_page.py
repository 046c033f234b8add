"""The page of a search: each query with its results, with the style of the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imagelake.reports.names import clean_name
from imagelake.reports.pages import render
from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.search import search


def write_search_page(rows: ReportRows, folder: Path) -> None:
    """Write the page as ``index.html`` into a folder.

    Args:
        rows: with the frames search_queries and search_results, and thumbnails of the results.
        folder: an empty local folder.
    """
    results = replace(search(rows), title="Queries and their results")
    page = render("report.html", title=clean_name(rows.title), sections=[results], made=None, about=(), left_out=())
    (folder / "index.html").write_text(page, encoding="utf-8")
