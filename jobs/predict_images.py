"""Run MobileNet over every image once: the best classes with their scores, and the pooled features.

Reads image_bytes and model. Writes predictions, one row an image; one that cannot be decoded is a row with an error,
and so is one whose bytes are not those that were ingested. Rows of the last run are taken over where bytes, network,
settings and the code that they depend on are the same.
Cost: 69 images/s a core in float32 and 138 in int8 (MobileNet v1 1.0 at 224, photos of about 400 x 400); a Python
worker takes 205 MiB.

    spark-submit jobs/predict_images.py --root var/lake --set model.framing=squeeze
"""

from __future__ import annotations

import sys

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.recipe import recipe_of
from imagelake.runtime.resolve.heads import class_names, with_head
from imagelake.runtime.resolve.labels import class_files
from imagelake.runtime.resolve.network import check_drawn, check_network_choice, load_network
from imagelake.transforms.ingest.image_headers import check_error_ratio
from imagelake.transforms.predict.model import image_limits, predict_settings
from imagelake.transforms.predict.predict import PredictCounts, predict_batch, predict_images, spread
from imagelake.transforms.rows.earlier_rows import divide, is_lasting
from imagelake.transforms.rows.verdicts import count_by_reason
from imagelake.vision.head import HEADS
from imagelake.vision.libraries import network_versions

KEY = ("image_id", "sha256")


def run(work: Work, config: Config) -> None:
    """Broadcast the converted network, predict every image that has no prediction yet."""
    model = load_network(work.folder("model"), config.model, work.lake.storage)
    check_drawn(config.model, work.lake.require("image_bytes"))
    if config.model.head:
        model = with_head(model, config.model, work.folder(HEADS), work.lake.storage)
    names = class_names(model, config.model, work.lake.storage)
    settings = predict_settings(config.model, image_limits(config.images), names)
    before = work.earlier(recipe_of(predict_batch, model.digest, settings, network_versions(model)), "predictions")
    images = work.read("image_bytes")
    known = divide(images, before.read("predictions") if before else None, KEY, is_lasting())
    counts = PredictCounts(work.counter("decoded"), work.counter("passed through the network"))
    fresh = known.fresh_of_table(images) if known.taken else spread(images, work.lake.require("image_bytes").rows)
    predictions = work.write("predictions", predict_images(fresh, model, settings, counts))
    if known.gone:
        predictions = work.take_over_besides("predictions", known.gone)
    check_error_ratio(predictions, config.model.max_error_ratio)
    reasons = count_by_reason(predictions.where("error IS NOT NULL").withColumnRenamed("error", "reason"))
    scored = work.rows["predictions"] - sum(reasons.values())
    work.account("images", work.lake.require("image_bytes").rows, scored, reasons)
    head = f", head {config.model.head}" if config.model.head else ""
    work.note("model", f"{config.model.architecture} {config.model.alpha:g} at {config.model.resolution} px{head}")
    work.images = work.rows["predictions"]


def files(config: Config) -> tuple[str, ...]:
    """The class file; the job runs again when it changes."""
    return class_files(config.model)


def needs(config: Config) -> tuple[str, ...]:
    """The trained heads, too, where one of them predicts."""
    return ("image_bytes", "model", HEADS) if config.model.head else ("image_bytes", "model")


JOB = Job(
    name="predict_images",
    doc=__doc__,
    run=run,
    reads=("image_bytes", "model", HEADS),
    writes=("predictions",),
    settings=("model", "images"),
    files=files,
    check=check_network_choice,
    needs=needs,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
