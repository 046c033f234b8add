"""The page of a comparison of sets, with the style of the report."""

from __future__ import annotations

from pathlib import Path

from imagelake.reports.pages import render
from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.shift import shift


def write_shift_page(rows: ReportRows, folder: Path) -> None:
    """Write the page as ``index.html`` into a folder.

    Args:
        rows: with the frames of all tables of shift, as in the lake.
        folder: an empty local folder.
    """
    page = render("report.html", title=rows.title, sections=[shift(rows)], made=None, about=(), left_out=())
    (folder / "index.html").write_text(page, encoding="utf-8")
