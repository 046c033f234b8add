"""Write the report: what to do about the lake, its content and accuracy, and the provenance of each number.

Reads all tables of the lake, of the large ones a few rows; those of a network where there are some. Writes the folder
report: index.html, which contains its charts and thumbnails and needs no network connection, and a CSV of each finding
below findings/.
Cost: at most 10 s for 1,212 images and 136 thumbnails on two cores.

    spark-submit jobs/write_report.py --root var/lake --set report.gallery_images=48
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from imagelake.config import Config
from imagelake.reports.report import write_report
from imagelake.reports.rows import ReportRows
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.resolve.network import published_card
from imagelake.spreadsheet import cell
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.report.about import about_duplicates, about_lake, about_network, about_thresholds
from imagelake.transforms.report.confusion_images import CONFUSIONS_CSV, confusion_images
from imagelake.transforms.report.findings.every_finding import CONTRIBUTIONS, TABLES_READ
from imagelake.transforms.report.findings.problem import find_all
from imagelake.transforms.report.rows import OPTIONAL, SHOWN, images_to_show, report_frames

READ = tuple(dict.fromkeys((*SHOWN, *OPTIONAL, *TABLES_READ, "image_bytes", "labels", "boxes", "classes", "hierarchy")))
COUNTED = ("images_without_label", "labels_without_image")
OF_A_NETWORK = ("predictions", "label_accuracy", "confusion", "mistakes", "search_queries", "search_results",
                "duplicate_counts", "duplicate_conflicts", "duplicate_groups")  # fmt: skip
NETWORK = "model"
MAY_BE_MISSING = (*OF_A_NETWORK, *OPTIONAL)


def run(work: Work, config: Config) -> None:
    """Find what to do, collect a few rows of each table, thumbnails of their images, all manifests; render the page."""
    there = [name for name in (*READ, *COUNTED) if name not in MAY_BE_MISSING or work.has(name)]
    tables = {name: work.read(name) for name in READ if name in there}
    frames = report_frames(tables, config.report)
    manifests = {name: asdict(work.lake.require(name)) for name in there}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        findings = find_all(CONTRIBUTIONS, tables, config.report, folder)
        if "confusion" in frames and "mistakes" in tables:
            frames["confusion_images"] = confusion_images(tables, frames["confusion"], config.report.finding_rows)
            frames["confusion_images"].map(cell).to_csv(folder / CONFUSIONS_CSV, index=False, lineterminator="\n")
        thumbnails = make_thumbnails(
            tables["image_bytes"],
            images_to_show(frames, findings),
            config.report.thumbnail_side,
            image_limits(config.images),
        )
        about = about_lines(work, config, manifests)
        page = write_report(ReportRows(config.report.title, frames, thumbnails, manifests, findings, about), folder)
        work.note("size", f"{page.stat().st_size:,} bytes, {len(thumbnails):,} images in it")
        for finding in findings:
            if finding.count:
                work.note(finding.title.lower(), f"{finding.count:,}, {finding.csv}")
        work.write_folder("report", folder, files=1)
    work.note("report", f"{work.lake.address('report')}/index.html")


def about_lines(work: Work, config: Config, manifests: dict[str, dict[str, object]]) -> list[tuple[str, str]]:
    """The lake, its network if it has one, and the thresholds."""
    card, digest, network = None, "", None
    if work.has(NETWORK):
        folder, network = work.folder(NETWORK), work.lake.require(NETWORK)
        card = published_card(folder, work.lake.storage)
        digest = hashlib.sha256(work.lake.storage.read_bytes(f"{folder}/{card.file}")).hexdigest()
    same_rules = manifests["labels_clean"]["config_digest"] == config.digest(("clean",))
    return [
        *about_lake(work.lake.root, manifests, READ),
        *about_network(card, digest, asdict(network) if network else {}),
        *about_thresholds(config.clean.min_confidence if same_rules else None, config.report),
        *about_duplicates(manifests.get("duplicate_groups", {})),
    ]


JOB = Job(
    name="write_report",
    doc=__doc__,
    run=run,
    reads=(*READ, *COUNTED, NETWORK),
    optional=(*MAY_BE_MISSING, NETWORK),
    writes=("report",),
    settings=("report", "images", "clean"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
