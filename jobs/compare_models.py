"""Compare variants of the network on the lake's own images: accuracy, images a second of one core, size.

Reads image_bytes, labels_clean, classes, hierarchy, the weights that compare.weights lists, and heads for those of
compare.heads, which are measured on the network of [model]. Writes the table model_comparison and the page
comparison/index.html. It is no step of the pipeline: run it to choose weights, resolution, precision or head. The
driver needs TensorFlow; executors run LiteRT.
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
from imagelake.runtime.resolve.heads import head_label_rules, packed_head, with_head
from imagelake.runtime.resolve.labels import check_label_files, label_class_files, read_label_rules
from imagelake.runtime.resolve.network import local_weights, weights_files
from imagelake.transforms.accuracy.comparison import (
    Comparison,
    ComparisonSettings,
    Networks,
    comparison_rows,
    variants_of,
)
from imagelake.transforms.accuracy.comparison_sample import choose_sample, labels_of_split
from imagelake.transforms.labels.label_classes import LabelClasses, Vocabulary, label_classes, vocabulary
from imagelake.transforms.predict.model import image_limits
from imagelake.vision.head import HEADS


def run(work: Work, config: Config) -> None:
    """Choose the images once, measure every variant on them, write the table and the page."""
    labels, image_bytes = work.read("labels_clean"), work.read("image_bytes")
    words = vocabulary(labels, work.read("classes"), work.read("hierarchy"))
    meanings = label_classes(words, read_label_rules(config, work.lake.storage))
    networks = _networks(work, config, words, meanings)
    covered = frozenset().union(*(known.covered for known in networks.meanings.values()))
    of_split = labels_of_split(labels, config.compare.split)
    sample = choose_sample(of_split, image_bytes, covered, config.compare.images)
    settings = ComparisonSettings(config.model, image_limits(config.images), config.accuracy.confidence_level)
    comparison = Comparison(settings, networks, image_bytes)
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
    if config.compare.heads and not config.compare.split:
        work.note("mind", "heads learnt from some of these images; compare.split names a split that they did not see")
    for name, value in summary_lines(shown.records("model_comparison")).items():
        work.note(name, value)
    work.note("page", f"{work.lake.address('comparison')}/index.html")


def _networks(work: Work, config: Config, words: Vocabulary, own: LabelClasses) -> Networks:
    """Where weights and heads come from; the labels of a head mean themselves."""
    storage, meanings = work.lake.storage, {"": own}
    fetch = partial(local_weights, storage=storage)
    if not config.compare.heads:
        return Networks(fetch, lambda network, _: network, meanings)
    folder = work.folder(HEADS)
    for head in config.compare.heads:
        meanings[head] = label_classes(words, head_label_rules(packed_head(head, folder, storage).card))
    return Networks(fetch, partial(with_head, folder=folder, storage=storage), meanings)


def needs(config: Config) -> tuple[str, ...]:
    """The heads only where some are compared."""
    always = ("image_bytes", "labels_clean", "classes", "hierarchy")
    return (*always, HEADS) if config.compare.heads else always


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
    reads=("image_bytes", "labels_clean", "classes", "hierarchy", "heads"),
    needs=needs,
    writes=("model_comparison", "comparison"),
    settings=("compare", "model", "accuracy", "source.type", "source.label_map", "images"),
    files=label_class_files,
    check=check_label_files,
    optional_files=weights,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
