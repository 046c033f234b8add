"""Compare variants of the network on the lake's own images: accuracy, images a second of one core, size.

Reads image_bytes, labels_clean, classes, hierarchy, and the weights that compare.weights lists. Writes the table
model_comparison and the page comparison/index.html. It is no step of the pipeline: run it to choose weights, resolution
or precision. The driver needs TensorFlow; executors run LiteRT.
Cost: at most 253 s for 848 photos of about 300 x 200 and eight variants of MobileNet v1 1.0 on two cores.

    spark-submit jobs/compare_models.py --set model.classes=imagenet --set 'compare.weights=["v1.h5", "v2.h5"]'
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from imagelake.config import Config
from imagelake.reports.comparison_page import write_comparison_page
from imagelake.reports.rows import ReportRows
from imagelake.reports.variants import summary_lines
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.labels import check_label_files, label_class_files, read_label_rules
from imagelake.runtime.resolve.network import local_weights, weights_files
from imagelake.transforms.accuracy.comparison import Comparison, ComparisonSettings, comparison_rows, variants_of
from imagelake.transforms.accuracy.comparison_sample import choose_sample
from imagelake.transforms.labels.label_classes import label_classes, vocabulary
from imagelake.transforms.predict.model import image_limits


def run(work: Work, config: Config) -> None:
    """Choose the images once, measure every variant on them, write the table and the page."""
    labels, image_bytes = work.read("labels_clean"), work.read("image_bytes")
    words = vocabulary(labels, work.read("classes"), work.read("hierarchy"))
    meanings = label_classes(words, read_label_rules(config, work.lake.storage))
    sample = choose_sample(labels, image_bytes, meanings.covered, config.compare.images)
    settings = ComparisonSettings(config.model, image_limits(config.images), config.accuracy.confidence_level)
    fetch = partial(local_weights, storage=work.lake.storage)
    comparison = Comparison(settings, meanings, image_bytes, fetch)
    variants, measured = variants_of(config.compare, config.model), []
    for number, variant in enumerate(variants, start=1):
        announce(f"{work.job.name}: {number} of {len(variants)}: {variant}")
        measured.append(comparison.measure(variant, sample))
    table = work.write("model_comparison", comparison_rows(work.lake.spark, measured))
    shown = ReportRows("Comparison of models", {"model_comparison": table.toPandas()})
    with tempfile.TemporaryDirectory() as scratch:
        write_comparison_page(shown, Path(scratch))
        work.write_folder("comparison", Path(scratch), files=1)
    failed = table.where("error IS NOT NULL").count()
    work.account("variants", len(variants), len(variants) - failed, {"not_measured": failed})
    work.note("labels covered by the model", f"{len(meanings.covered):,} of {len(meanings.classes):,}")
    work.note("images", f"{sample.size:,}, the same ones for every variant")
    for name, value in summary_lines(shown.records("model_comparison")).items():
        work.note(name, value)
    work.note("page", f"{work.lake.address('comparison')}/index.html")


def weights(config: Config) -> tuple[str, ...]:
    """The user's own weights; one that is missing is a row with an error."""
    models = (
        config.model.model_copy(update={"weights": variant.weights, "resolution": variant.resolution})
        for variant in variants_of(config.compare, config.model)
    )
    return tuple(dict.fromkeys(file for model in models for file in weights_files(model)))


JOB = Job(
    name="compare_models",
    doc=__doc__,
    run=run,
    reads=("image_bytes", "labels_clean", "classes", "hierarchy"),
    writes=("model_comparison", "comparison"),
    settings=("compare", "model", "accuracy", "source.type", "source.label_map", "images"),
    files=label_class_files,
    check=check_label_files,
    optional_files=weights,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
