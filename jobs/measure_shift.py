"""Measure the shift between sets: how far accuracy drops, where, why, and whether it is more than chance.

Sets are splits of the lake, other lakes (LAKE or LAKE:split), or files of features and predictions: Parquet, CSV, .npy.
Of splits it reads predictions, images, labels_clean, classes, hierarchy and, where they are there, image_quality,
image_bytes, label_issues, duplicate_groups, image_overlap, overlap_counts, training_runs, run_comparison and the card
of model. Writes shift_summary, whose answer is a sentence for each model; shift_hypotheses, what explains the drop;
shift_classes, shift_ranges, shift_models, shift_lines, shift_features, shift_clusters, shift_tests and shift_images as
evidence; shift_history, kept from run to run; and the page shift/index.html. It is no step of the pipeline. A limit of
[shift] that is passed ends it with exit code 3.
Cost: at most 71 s for sets of 50,000 and 10,000 images with 1,024 features, a column each, and the labels of 1.28
million training images, on two cores; 36 s for the features of 1.28 and 0.26 million images as lists, in 1.9 GiB.

    spark-submit jobs/measure_shift.py --root var/lake --before validation --after test
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from imagelake.config import Config
from imagelake.lake.lake import Lake
from imagelake.reports.rows import ReportRows
from imagelake.reports.shift_page import write_shift_page
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.options import Shortcut
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.labels import label_class_files
from imagelake.runtime.resolve.shift import (
    LAKE_TABLES,
    NETWORK,
    OPTIONAL_TABLES,
    SetReader,
    check_sets,
    lake_tables,
    shift_companions,
    shift_files,
)
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.shift.comparison import HISTORY, IMAGES, SUMMARY, compare_sets, history_rows, table_of
from imagelake.transforms.shift.evidence_images import add_thumbnails
from imagelake.transforms.shift.notes import feature_accounts, summary_notes

PAGE = "shift"


def run(work: Work, config: Config) -> None:
    """Open the sets, compare them, write every table, and add this run to the history."""
    rules, spark = config.shift, work.lake.spark
    reader = SetReader(work.lake, work.read, config)
    before, others = reader.open(rules.before[0]), [reader.open(name) for name in rules.after]
    made = compare_sets(before, others, reader.training(), rules, lambda text: announce(f"{work.job.name}: {text}"))
    limits = image_limits(config.images)
    add_thumbnails(made.rows[IMAGES], [before, *others], config.report.thumbnail_side, limits)
    alpha = 1 - rules.confidence_level
    history = table_of(spark, HISTORY, history_rows(made, work.run_id, datetime.now(UTC), alpha))
    if work.previous(HISTORY):
        history = work.lake.read(HISTORY).unionByName(history).coalesce(1)
    written = {
        name: work.write(name, history if name == HISTORY else table_of(spark, name, made.rows[name]))
        for name in work.job.writes
        if name != PAGE
    }
    shown = ReportRows("Distribution shift", {name: table.toPandas() for name, table in written.items()})
    with tempfile.TemporaryDirectory() as scratch:
        write_shift_page(shown, Path(scratch))
        work.write_folder(PAGE, Path(scratch), files=1)
    for what, rows_in, kept, rejected in feature_accounts(made.figures):
        work.account(what, rows_in, kept, rejected)
    for name, value in summary_notes(made.rows).items():
        work.note(name, value)
    work.note("page", f"{work.lake.address(PAGE)}/index.html")


def alarm(lake: Lake) -> str | None:
    """The limits that the published summary passes; None where it passes none."""
    alarms = lake.read(SUMMARY).where("alarm IS NOT NULL").select("alarm").distinct().orderBy("alarm").collect()
    return "; ".join(row["alarm"] for row in alarms) or None


JOB = Job(
    name="measure_shift",
    doc=__doc__,
    run=run,
    reads=(*LAKE_TABLES, *OPTIONAL_TABLES, NETWORK),
    writes=(
        "shift_summary",
        "shift_hypotheses",
        "shift_classes",
        "shift_ranges",
        "shift_models",
        "shift_lines",
        "shift_features",
        "shift_clusters",
        "shift_tests",
        "shift_images",
        "shift_history",
        "shift",
    ),
    settings=("shift", "model", "source", "images", "report.thumbnail_side"),
    files=lambda config: (*label_class_files(config), *shift_files(config)),
    optional_files=shift_companions,
    check=check_sets,
    needs=lake_tables,
    optional=(*OPTIONAL_TABLES, NETWORK),
    alarm=alarm,
    shortcuts=(
        Shortcut("--before", "SET", "shift.before", "the set to compare with: a split, a lake or files"),
        Shortcut("--after", "SET", "shift.after", "a set that is compared with it; repeatable"),
    ),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
