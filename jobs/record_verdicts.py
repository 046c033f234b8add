"""Record what people said of labels that are probably wrong: clean_labels respects it from then on.

Reads the CSV verdicts.file with the columns image_id, label and verdict (confirmed: the label is wrong; refuted: it is
right), labels, and its own earlier verdicts, which stay unless the file says otherwise. Writes label_verdicts. It is no
step of the pipeline.
Cost: at most 9 s in a lake of 60,000 labels.

    spark-submit jobs/record_verdicts.py --root var/lake --set verdicts.file=reviewed.csv
"""

from __future__ import annotations

import sys
from pathlib import PurePath

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.judging.forms import LABELS
from imagelake.judging.verdict_files import read_verdicts
from imagelake.lake.storage import to_uri
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.issues.label_verdicts import given_verdicts, merged_verdicts
from imagelake.transforms.rows.verdicts import count_by_reason

TABLE_NAME = "label_verdicts"


def run(work: Work, config: Config) -> None:
    """Read the file, find the labels it speaks of, put its verdicts over the earlier ones."""
    file = config.verdicts.file
    verdicts = read_verdicts(LABELS, work.lake.storage.read_bytes(to_uri(file)), file)
    given = given_verdicts(verdicts, work.read("labels"), PurePath(file).name).persist()
    unknown = given.where("label_id IS NULL")
    earlier = work.lake.read(TABLE_NAME) if work.previous(TABLE_NAME) else None
    table = work.write(TABLE_NAME, merged_verdicts(given.where("label_id IS NOT NULL"), earlier))
    lost = unknown.count()
    work.account("lines", len(verdicts), len(verdicts) - lost, {"no_such_label": lost})
    counts = count_by_reason(table.withColumnRenamed("verdict", "reason"))
    work.note("verdicts in all", f"{sum(counts.values()):,}")
    work.note("of these", ", ".join(f"{name} {n:,}" for name, n in counts.items()) or "none")


def files(config: Config) -> tuple[str, ...]:
    """The file of verdicts.

    Raises:
        ImageLakeError: none is given.
    """
    if not config.verdicts.file:
        raise ImageLakeError("verdicts.file names no file: give a CSV with the columns image_id, label and verdict")
    return (to_uri(config.verdicts.file),)


JOB = Job(
    name="record_verdicts",
    doc=__doc__,
    run=run,
    reads=("labels",),
    writes=("label_verdicts",),
    settings=("verdicts",),
    files=files,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
