"""Ingest and predict a folder of photos, half of them damaged in 26 ways: which reasons they get, and what it costs.

scripts/damage_trial                # 10,000 photos
scripts/damage_trial --images 1000

The account must balance: a row for each photo, an error for each damaged one and none for the others, the right reason
for each type of damage, no failed task of Spark, and no worker above 600 MiB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import psutil
from pyspark import SparkContext

from damaged_files import DAMAGE_TYPES, LIMITS, DamageType, encoded, picture
from imagelake.config import load_config
from imagelake.installation import PACKAGE, SAMPLE_WEIGHTS
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.runtime.options import weights_settings
from imagelake.runtime.session import start_session
from pipeline_steps import job

STEPS = ("ingest_images", "convert_model", "predict_images")
FEW = 10  # files of a type that are costly
WORKER_MIB = 600
SETTINGS = (
    "source.type=folder",
    f"images.max_pixels={LIMITS.max_pixels}",
    f"images.max_bytes={LIMITS.max_bytes}",
    f"images.timeout_s={LIMITS.timeout_s}",
    # So many errors are the trial, and no sign of a wrong source.
    "images.max_error_ratio=1.0",
    "model.max_error_ratio=1.0",
)


class Found(NamedTuple):
    """What came of a trial.

    Attributes:
        reasons: photos by type of damage ('' for sound ones) and the reason they got ('' for none).
        rows: of the table images.
        accounts: what the jobs say: rows in, kept, and rejected by reason.
        failed_tasks: of Spark.
        worker_mib: the most memory that one Python worker held.
        seconds: that the jobs took.
    """

    reasons: Counter[tuple[str, str]]
    rows: int
    accounts: dict[str, tuple[int, int, dict[str, int]]]
    failed_tasks: int
    worker_mib: int
    seconds: float

    def wrong(self) -> list[str]:
        """What is not as it must be, in words."""
        expected = {one.name: str(one.reason) for one in DAMAGE_TYPES}
        found = [
            f"{count:,} of {name or 'sound photos'} got {reason or 'no reason'}"
            for (name, reason), count in self.reasons.items()
            if reason != expected.get(name, "")
        ]
        if self.rows != self.reasons.total():
            found.append(f"{self.rows:,} rows for {self.reasons.total():,} photos")
        found += [
            f"{what}: {rows_in:,} in, {kept:,} kept, {sum(rejected.values()):,} rejected"
            for what, (rows_in, kept, rejected) in self.accounts.items()
            if rows_in != kept + sum(rejected.values())
        ]
        if self.failed_tasks:
            found.append(f"{self.failed_tasks:,} failed tasks")
        if self.worker_mib > WORKER_MIB:
            found.append(f"a worker of {self.worker_mib:,} MiB")
        return found

    def __str__(self) -> str:
        lines = [f"{count:7,} {name or 'sound'}: {reason or 'predicted'}" for (name, reason), count in self.ordered()]
        return "\n".join(
            [
                *lines,
                f"{self.rows:,} rows of {self.reasons.total():,} photos, {self.failed_tasks} failed tasks, "
                f"a worker of at most {self.worker_mib:,} MiB, {self.seconds:.0f} s",
            ]
        )

    def ordered(self) -> list[tuple[tuple[str, str], int]]:
        """Sound photos first, then by reason and type."""
        return sorted(self.reasons.items(), key=lambda item: (item[0][0] != "", item[0][1], item[0][0]))


def make_photos(folder: Path, images: int) -> dict[str, str]:
    """Write photos, every second one damaged; the type of damage by the name of the file, '' for a sound one."""
    types, made = _types(images // 2), dict[str, str]()
    for number in range(images):
        damage = next(types) if number % 2 else None
        name = f"{number:06}.{damage.extension if damage else 'jpg'}"
        content = damage.make(number) if damage else encoded(picture(number), "JPEG")
        (folder / name).write_bytes(content)
        made[name] = damage.name if damage else ""
    return made


def _types(images: int) -> Iterator[DamageType]:
    """A type of damage for each of so many files: all in turn, costly ones until there are a few."""
    left = {one.name: FEW if one.costly else images for one in DAMAGE_TYPES}
    while True:
        for one in DAMAGE_TYPES:
            if left[one.name]:
                left[one.name] -= 1
                yield one


@contextmanager
def watched_workers() -> Iterator[list[int]]:
    """The most MiB that a Python process below this one holds within the block, once it is left."""
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            for process in psutil.Process().children(recursive=True):
                try:
                    if "python" in process.name():
                        peak[0] = max(peak[0], process.memory_info().rss >> 20)
                except psutil.NoSuchProcess:
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def failed_tasks(context: SparkContext) -> int:
    """Of all stages that Spark still knows."""
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(number) for number in tracker.getJobIdsForGroup()]
    stages = {number for one in jobs if one for number in one.stageIds}
    return sum(stage.numFailedTasks for number in stages if (stage := tracker.getStageInfo(number)))


def trial(lake: Lake, folder: Path, images: int) -> Found:
    """Make photos in a folder, ingest and predict them in an empty lake."""
    made, began = make_photos(folder, images), time.monotonic()
    weights = weights_settings(str(PACKAGE / SAMPLE_WEIGHTS))
    config = load_config(settings=[f"lake.root={lake.root}", f"source.path={folder}", *SETTINGS, *weights])
    before = failed_tasks(lake.spark.sparkContext)
    with watched_workers() as peak:
        outcomes = [execute(job(step), lake, config) for step in STEPS]
    root = lake.root.removeprefix("file://")
    rows = pd.read_parquet(f"{root}/images", columns=["image_id", "path", "error"]).set_index("image_id")
    predicted = pd.read_parquet(f"{root}/predictions", columns=["image_id", "error"]).set_index("image_id")
    reason = rows["error"].fillna(predicted["error"].reindex(rows.index)).fillna("")
    names = [Path(path).name for path in rows["path"]]
    reasons = Counter((made[name], str(one)) for name, one in zip(names, reason, strict=True))
    reasons += Counter((made[name], "no row") for name in made.keys() - set(names))
    accounts = {
        account.what: (account.rows_in, account.kept, dict(account.rejected))
        for outcome in outcomes
        if outcome.work
        for account in outcome.work.accounts
    }
    failed = failed_tasks(lake.spark.sparkContext) - before
    return Found(reasons, len(rows), accounts, failed, peak[0], time.monotonic() - began)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="scripts/damage_trial", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--images", type=int, default=10_000, help="photos, every second one damaged")
    return made


def main() -> int:
    """Try once; returns 1 where anything went wrong."""
    options = parser().parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(scratch) / "photos"
        photos.mkdir()
        lake = Lake(start_session("damage trial", load_config().spark), str(Path(scratch) / "lake"))
        found = trial(lake, photos, options.images)
        lake.spark.stop()
    sys.stdout.write(f"{found}\n")
    for one in found.wrong():
        sys.stdout.write(f"wrong: {one}\n")
    return int(bool(found.wrong()))


if __name__ == "__main__":
    sys.exit(main())
