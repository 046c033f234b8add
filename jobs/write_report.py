"""Write the report: one HTML file on the lake's content, its accuracy, and the provenance of each number.

Reads all tables of the lake, of the large ones a few rows; those of a network where there are some. Writes the folder
report with index.html, which contains its charts and thumbnails and needs no network connection.
Cost: at most 10 s for 1,212 images and 136 thumbnails on two cores.

    spark-submit jobs/write_report.py --root var/lake --set report.gallery_images=48
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from imagelake.config import Config
from imagelake.reports.report import write_report
from imagelake.reports.rows import ReportRows
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.report.rows import SHOWN, images_to_show, report_frames

NAMED = ("image_bytes", "labels", "labels_clean", "boxes", "classes", "hierarchy", "image_quality")
COUNTED = ("images_without_label", "labels_without_image")
OF_A_NETWORK = ("predictions", "label_accuracy", "confusion", "search_queries", "search_results")


def run(work: Work, config: Config) -> None:
    """Collect a few rows of each table, thumbnails of their images, and all manifests; then render the page."""
    there = [name for name in work.job.reads if name not in OF_A_NETWORK or work.has(name)]
    frames = report_frames({name: work.read(name) for name in SHOWN if name in there}, config.report)
    thumbnails = make_thumbnails(
        work.read("image_bytes"), images_to_show(frames), config.report.thumbnail_side, image_limits(config.images)
    )
    manifests = {name: asdict(work.lake.require(name)) for name in there}
    with tempfile.TemporaryDirectory() as scratch:
        page = write_report(ReportRows(config.report.title, frames, thumbnails, manifests), Path(scratch))
        work.note("size", f"{page.stat().st_size:,} bytes, {len(thumbnails):,} images in it")
        work.write_folder("report", Path(scratch), files=1)
    work.note("report", f"{work.lake.address('report')}/index.html")


JOB = Job(
    name="write_report",
    doc=__doc__,
    run=run,
    reads=(*SHOWN, *NAMED, *COUNTED),
    optional=OF_A_NETWORK,
    writes=("report",),
    settings=("report", "images"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
