"""Build the image index: centroids and codes learnt from a sample, then every image assigned where its features are.

Reads predictions and model. Writes image_index, by cell, and the folder index_quantizer. What was learnt is used again
for new images as long as features and sizes stay and the lake has not doubled; only they are assigned. Probes and
candidates follow the settings and the lake's size at each run.

A million images of 1,024 features took 159 s on two cores, 6,300 a second with what is learnt, and 292 s on one; the
driver's Python held 1.0 GiB, the JVM 1.5 GiB and a Python worker 0.13 GiB (scripts/bench search).

    spark-submit jobs/build_image_index.py --root var/lake --set index.code_bytes=128
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.recipe import recipe_of
from imagelake.runtime.resolve.network import load_network
from imagelake.runtime.resolve.search import trained_index
from imagelake.search.index_files import INDEX_TABLE, TRAINED_FOLDER, save_trained
from imagelake.search.quantizer import faiss_version
from imagelake.transforms.predict.model import PREDICTION_SETTINGS, features_name, require_features
from imagelake.transforms.rows.earlier_rows import divide
from imagelake.transforms.search.image_index import (
    INDEX_OPTIONS,
    in_order_of_cells,
    index_images,
    indexable,
    width_of,
)
from imagelake.transforms.search.trained_index import overrides_of, reused, train_index


def run(work: Work, config: Config) -> None:
    """Learn, or take what was learnt; assign what is new; write everything by cell."""
    network = load_network(work.folder("model"), config.model, work.lake.storage)
    model_id = features_name(network, config.model)
    require_features(work.lake.require("predictions"), work.lake.require("model"), config.digest(PREDICTION_SETTINGS))
    images = indexable(work.read("predictions"))
    rows, dimension = images.count(), width_of(images)
    before = work.earlier(recipe_of(train_index, recipe_of(index_images), faiss_version()), INDEX_TABLE, TRAINED_FOLDER)
    trained = reused(trained_index(before), rows, dimension, model_id, config.index) if before else None
    if before and trained:
        known = divide(images, before.read(INDEX_TABLE), ("image_id", "features_hash"))
        indexed = index_images(known.fresh_of(images), trained.quantizer)
        if known.taken:
            indexed = indexed.unionByName(known.taken)
        if known.fresh:
            work.taken_over[INDEX_TABLE] = rows - known.fresh.count
        work.note("trained", "in an earlier run; only new images are assigned")
    else:
        trained = train_index(images, rows, dimension, model_id, overrides_of(config.index))
        indexed = index_images(images, trained.quantizer)
        if not trained.description.parameters.is_exact:
            work.note("trained", f"on {trained.description.trained_on:,} images")
    work.write(INDEX_TABLE, in_order_of_cells(indexed, rows, trained.description), INDEX_OPTIONS)
    with tempfile.TemporaryDirectory() as scratch:
        save_trained(trained, Path(scratch))
        work.write_folder(TRAINED_FOLDER, Path(scratch), files=2)
    total = work.lake.require("predictions").rows
    work.account("images", total, work.rows[INDEX_TABLE], {"undecodable": total - rows})
    work.note("index", str(trained.description.parameters))
    work.images = rows


JOB = Job(
    name="build_image_index",
    doc=__doc__,
    run=run,
    reads=("predictions", "model"),
    writes=("image_index", "index_quantizer"),
    settings=("index", "model", "images"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
