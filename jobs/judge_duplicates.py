"""Let a person judge pairs: a page with two keys for the most informative ones, and the verdicts that come back.

Reads duplicate_pairs, images and image_bytes, and the CSV files of --verdicts. Writes duplicate_verdicts, the new
verdicts and all earlier ones, of which find_duplicates takes each for the truth from its next run on; and the folder
duplicate_judging, one HTML page and the same pairs as CSV. Its summary states the precision of the score.
Cost: at most 11 s for a page of the pairs of 60,000 images, on two cores.

    spark-submit jobs/judge_duplicates.py --root var/lake --verdicts verdicts.csv
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.judging.forms import PAIRS, pair_questions
from imagelake.judging.judging_page import JudgingPage, write_judging_page
from imagelake.lake.inputs import Inputs
from imagelake.lake.storage import to_uri
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.options import Shortcut
from imagelake.transforms.duplicates.verdicts import COLUMNS, read_files, unknown_images, verdict_notes
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.rows.questions import open_questions

NAMED = 5


def run(work: Work, config: Config) -> None:
    """Add the new verdicts, then show the pairs that nobody has judged."""
    rules, storage, pairs = config.judging, work.lake.storage, work.read("duplicate_pairs")
    given = read_files({file: storage.read_bytes(file) for file in files(config)})
    if unknown := unknown_images(given, work.read("images")):
        named = ", ".join(unknown[:NAMED])
        raise ImageLakeError(f"{', '.join(rules.verdicts)}: {len(unknown):,} images are not in the lake: {named}")
    spark = pairs.sparkSession
    new = spark.createDataFrame(
        [(*pair, verdict) for pair, verdict in given.items()], "image_id string, other_id string, verdict string"
    )
    verdicts = new
    if work.previous("duplicate_verdicts"):
        earlier = work.lake.read("duplicate_verdicts").select(*COLUMNS)
        verdicts = earlier.join(new, ["image_id", "other_id"], how="left_anti").unionByName(new)
    kept = work.write("duplicate_verdicts", verdicts)
    ordered = pairs.withColumns(
        {"first": F.least("image_id", "other_id"), "second": F.greatest("image_id", "other_id")}
    ).withColumnRenamed("verdict", "of_copies")
    known = kept.withColumnsRenamed({"image_id": "first", "other_id": "second"})
    judged = ordered.join(known, ["first", "second"], how="left").withColumn(
        "verdict", F.coalesce("verdict", "of_copies")
    )
    for name, value in verdict_notes(judged, config.duplicates.min_score).items():
        work.note(name, value)
    rows = [row.asDict() for row in open_questions(judged, PAIRS).limit(rules.pairs).collect()]
    shown = {row[name] for row in rows for name in ("image_id", "other_id")}
    thumbnails = make_thumbnails(work.read("image_bytes"), shown, rules.side, image_limits(config.images))
    with tempfile.TemporaryDirectory() as scratch:
        page = JudgingPage(PAIRS, pair_questions(rows), PAIRS.command("verdicts.csv"), work.run_id)
        write_judging_page(page, thumbnails, Path(scratch))
        work.write_folder("duplicate_judging", Path(scratch), files=2)
    work.note("to judge", f"{len(rows):,} pairs: {work.lake.address('duplicate_judging')}/index.html")


def check(config: Config, inputs: Inputs) -> None:
    """Read the verdicts before anything runs."""
    read_files({file: inputs.read_bytes(file) for file in files(config)})


def files(config: Config) -> tuple[str, ...]:
    """The files of verdicts; the job runs again when they change."""
    return tuple(map(to_uri, config.judging.verdicts))


JOB = Job(
    name="judge_duplicates",
    doc=__doc__,
    run=run,
    reads=("duplicate_pairs", "images", "image_bytes"),
    writes=("duplicate_verdicts", "duplicate_judging"),
    settings=("judging", "duplicates.min_score", "images"),
    files=files,
    shortcuts=(Shortcut("--verdicts", "FILE", "judging.verdicts", "a CSV file of verdicts; repeatable"),),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
