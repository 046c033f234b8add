"""The capabilities that add findings to the report. A new one is a file of this folder and a line here."""

from __future__ import annotations

from imagelake.transforms.report.findings import (
    copies,
    damaged_files,
    label_issues,
    near_duplicates,
    uncovered_labels,
    unusable_images,
    wrong_labels,
)

CONTRIBUTIONS = (
    wrong_labels.CONTRIBUTION,
    label_issues.CONTRIBUTION,
    copies.CONTRIBUTION,
    near_duplicates.CONTRIBUTION,
    damaged_files.CONTRIBUTION,
    unusable_images.CONTRIBUTION,
    uncovered_labels.CONTRIBUTION,
)
TABLES_READ = tuple(dict.fromkeys(name for one in CONTRIBUTIONS for name in (*one.reads, *one.optional)))
