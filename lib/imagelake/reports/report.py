"""The report: one HTML file on the lake's content, its accuracy, and the provenance of each number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imagelake.reports.names import clean_name
from imagelake.reports.pages import render
from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.accuracy import accuracy
from imagelake.reports.sections.completeness import completeness
from imagelake.reports.sections.confusions import confusions
from imagelake.reports.sections.duplicates import duplicates
from imagelake.reports.sections.gallery import gallery
from imagelake.reports.sections.label_issues import label_issues
from imagelake.reports.sections.labels import labels
from imagelake.reports.sections.provenance import provenance
from imagelake.reports.sections.rejected import rejected
from imagelake.reports.sections.sample import sample
from imagelake.reports.sections.search import search
from imagelake.reports.sections.shapes import shapes
from imagelake.reports.sections.shift_answer import shift_answer
from imagelake.reports.sections.splits import splits
from imagelake.reports.sections.summary import summary
from imagelake.reports.sections.tracing import section_hows, tracing
from imagelake.reports.sections.training import training
from imagelake.reports.sections.what_to_do import what_to_do

SECTIONS = (
    what_to_do,
    summary,
    labels,
    splits,
    shapes,
    completeness,
    accuracy,
    confusions,
    shift_answer,
    training,
    label_issues,
    gallery,
    duplicates,
    sample,
    search,
    rejected,
    provenance,
    tracing,
)


def render_report(rows: ReportRows) -> str:
    """The report as HTML; equal rows give equal bytes. A section that has nothing to show is named at the end only."""
    made = max((manifest["started"] for manifest in rows.manifests.values()), default=None)
    hows = section_hows(rows)
    sections = [replace(one, how=hows.get(one.name)) for one in (section(rows) for section in SECTIONS)]
    return render(
        "report.html",
        title=clean_name(rows.title),
        sections=[section for section in sections if not section.absent],
        left_out=[section.absent for section in sections if section.absent],
        about=[(clean_name(name), clean_name(value)) for name, value in rows.about],
        made=made,
    )


def write_report(rows: ReportRows, folder: Path) -> Path:
    """Write the report as ``index.html`` into a folder, and return the file."""
    page = folder / "index.html"
    page.write_text(render_report(rows), encoding="utf-8")
    return page
