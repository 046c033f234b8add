"""Predict images from outside the lake: a label or class for each, as a table and as a CSV.

Reads folders of photos, model, and heads for model.head=NAME. Writes unseen_predictions, and the folder unseen with
predictions.csv: path, predicted, score, error. It is no step of the pipeline, and adds nothing to the lake's images.
Cost: at most 25 s for 1,212 photos of about 300 x 200 with MobileNet v1 1.0 at 224, on two cores.

    spark-submit jobs/predict_unseen.py --root var/lake --images new-photos --set model.head=animals
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from functools import reduce
from pathlib import Path

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.options import Shortcut
from imagelake.runtime.resolve.heads import class_names, with_head
from imagelake.runtime.resolve.labels import check_classes, class_files
from imagelake.runtime.resolve.network import load_network
from imagelake.runtime.resolve.source import find_folder
from imagelake.transforms.ingest.image_files import find_images, read_contents
from imagelake.transforms.predict.model import image_limits, predict_settings
from imagelake.transforms.predict.unseen import most_predicted, unseen_predictions, write_csv
from imagelake.transforms.rows.verdicts import count_by_reason
from imagelake.vision.head import HEADS


def run(work: Work, config: Config) -> None:
    """Predict every image of each folder, publish the table and its CSV."""
    model, limits = load_network(work.folder("model"), config.model, work.lake.storage), image_limits(config.images)
    if config.model.head:
        model = with_head(model, config.model, work.folder(HEADS), work.lake.storage)
    settings = predict_settings(config.model, limits, class_names(model, config.model, work.lake.storage))
    parts, files, rejected = [], 0, Counter[str]()
    for number, folder in enumerate(dict.fromkeys(config.unseen.images)):
        source = find_folder(to_uri(folder), work.lake.storage, f"{work.staging}/visible/{number}")
        found = find_images(work.lake.spark, source, config.images.max_bytes, error_on_no_images=True)
        parts.append(unseen_predictions(found.described, read_contents(found.fitting, source), folder, model, settings))
        files += found.files.count()
        rejected.update(count_by_reason(found.rejected))
    table = work.write("unseen_predictions", reduce(lambda one, other: one.unionByName(other), parts))
    work.account("files", files, work.rows["unseen_predictions"], rejected)
    with tempfile.TemporaryDirectory() as scratch:
        write_csv(table, Path(scratch) / "predictions.csv")
        work.write_folder("unseen", Path(scratch), files=1)
    work.note("undecodable", f"{table.where('error IS NOT NULL').count():,}, each a row with an error")
    work.note("predicted most", most_predicted(table) or "nothing")
    work.note("CSV", f"{work.lake.address('unseen')}/predictions.csv")
    work.images = work.rows["unseen_predictions"]


def files(config: Config) -> tuple[str, ...]:
    """The folders, and the class file; the job runs again when a file in them changes.

    Raises:
        ImageLakeError: no folder is given.
    """
    if not config.unseen.images:
        raise ImageLakeError("unseen.images names no folder: give --images FOLDER")
    return (*(to_uri(folder) for folder in config.unseen.images), *class_files(config.model))


def needs(config: Config) -> tuple[str, ...]:
    """The heads only where one is configured."""
    return ("model", "heads") if config.model.head else ("model",)


JOB = Job(
    name="predict_unseen",
    doc=__doc__,
    run=run,
    reads=("model", "heads"),
    needs=needs,
    writes=("unseen_predictions", "unseen"),
    settings=("unseen", "model", "images"),
    files=files,
    check=check_classes,
    shortcuts=(Shortcut("--images", "FOLDER", "unseen.images", "a folder of photos outside the lake; repeatable"),),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
