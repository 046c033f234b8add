"""Convert the network to the file that executors run, so that only this job needs TensorFlow.

Reads the weights: the embedded ones, those of ImageNet that Keras publishes, or a .weights.h5, .h5 or .keras file,
local or on HDFS; for model.precision=int8 also a sample of image_bytes for the calibration; and model.extractor,
another network for the features, with its description beside it. Writes the folder model: the network and its network
card. A network is kept as long as weights, settings and the code of the conversion are the same, one in int8 until the
lake has doubled or halved. The driver needs TensorFlow, which the executors' environment lacks: on YARN, run it in
client mode.
Cost: at most 12 s for MobileNet v1 1.0 at 224 in float32.

    spark-submit jobs/convert_model.py --root var/lake --set model.weights=mobilenet_v1_1.0_224.weights.h5
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.recipe import recipe_of
from imagelake.runtime.resolve.labels import class_files, read_class_map
from imagelake.runtime.resolve.network import (
    check_network,
    configured_extractor,
    extractor_files,
    load_network,
    local_weights,
    published_card,
    weights_files,
)
from imagelake.transforms.predict.calibration import calibration_images, still_calibrated
from imagelake.transforms.predict.model import (
    conversion_settings,
    convert_model,
    described_weights,
    image_limits,
    input_settings,
    network_name,
    save_network,
)
from imagelake.vision.packed import PackedModel


def run(work: Work, config: Config) -> None:
    """Build the network, load its weights, convert it and write it; or write the one of the last run again."""
    model, storage = config.model, work.lake.storage
    class_map, extractor = read_class_map(model, storage), configured_extractor(model, storage)
    calibrated_of = work.lake.require("image_bytes").rows if model.precision == "int8" else None
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as fetched:
        weights = local_weights(model, Path(fetched), storage)
        described = described_weights(model, weights)
        work.note("weights", described)
        recipe = recipe_of(
            convert_model, conversion_settings(model), image_limits(config.images), described, len(class_map)
        )
        before = work.earlier(recipe, "model")
        card = published_card(before.folder("model"), storage) if before else None
        if before and card and (calibrated_of is None or still_calibrated(card.calibrated_of, calibrated_of)):
            # The extractor is read from where the settings name it, whatever that run had.
            alone = model.model_copy(update={"extractor": ""})
            packed, calibrated_of = load_network(before.folder("model"), alone, storage), card.calibrated_of
            work.note("converted", "in an earlier run")
        else:
            packed = _converted(work, config, len(class_map), weights)
        packed = replace(packed, extractor=extractor)
        network = save_network(packed, model, class_map, Path(scratch), calibrated_of)
        work.note("network", f"{network_name(model)}, {len(class_map):,} classes")
        work.note("size", f"{network.stat().st_size / 2**20:,.1f} MiB for {model.engine}, {model.precision}")
        if extractor:
            work.note("features", f"{extractor.name}, {extractor.description.dimension:,} an image")
        work.write_folder("model", Path(scratch), files=4 if extractor else 2)


def _converted(work: Work, config: Config, classes: int, weights: Path) -> PackedModel:
    """The network, made of its weights."""
    model, calibration = config.model, None
    if model.precision == "int8":
        settings = input_settings(model, image_limits(config.images))
        calibration = calibration_images(work.read("image_bytes"), settings, model.calibration_images)
        work.note("calibrated on", f"{len(calibration):,} images of the lake")
    return convert_model(model, classes, weights, calibration)


def files(config: Config) -> tuple[str, ...]:
    """The weights, the class file and the network for features; the job runs again when they change."""
    return (*weights_files(config.model), *class_files(config.model), *extractor_files(config.model))


def needs(config: Config) -> tuple[str, ...]:
    """image_bytes only for int8, which is calibrated on them."""
    return ("image_bytes",) if config.model.precision == "int8" else ()


JOB = Job(
    name="convert_model",
    doc=__doc__,
    run=run,
    reads=("image_bytes",),
    writes=("model",),
    settings=("model", "images"),
    files=files,
    check=check_network,
    needs=needs,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
