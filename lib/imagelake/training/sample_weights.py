"""The small MobileNet that ships with the library, trained on drawn animals.

It knows ten of the eleven labels: the rhinoceros is left out, as ImageNet leaves it out, so that the sample shows what
a label that no class covers looks like. To make it again (about 10 minutes on two cores; top-1 on held-out drawings is
printed at the end):

    python -m imagelake.training.sample_weights --output lib/imagelake/samples/weights
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagelake.config import conf_text
from imagelake.samples import training_images
from imagelake.taxonomy.class_map import ClassMap
from imagelake.vision.litert import convert
from imagelake.vision.mobilenet import build_model
from imagelake.vision.preprocess import normalise, resize_for_model
from imagelake.vision.tensorflow_import import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ARCHITECTURE, ALPHA, RESOLUTION = "mobilenet_v1", 0.25, 128
FILE_NAME = f"{ARCHITECTURE}_{ALPHA}_{RESOLUTION}.weights.h5"
CONVERTED_NAME = f"{ARCHITECTURE}_{ALPHA}_{RESOLUTION}.tflite"
HELD_OUT_SEED_OFFSET = 1_000_003  # drawings of this seed are never trained on


@dataclass(frozen=True)
class Drawings:
    """N prepared drawings.

    Attributes:
        pixels: uint8 [N, S, S, 3].
        classes: int32 [N].
    """

    pixels: NDArray[np.uint8]
    classes: NDArray[np.int32]


def draw(count: int, seed: int, class_map: ClassMap) -> Drawings:
    """Draw animals that the classes cover, framed in turn as the model may meet them: cropped and squeezed."""
    index = {model_class.label: number for number, model_class in enumerate(class_map.classes)}
    drawn = ((image, index[label]) for image, label in training_images(count, seed) if label in index)
    framings = ("crop", "squeeze")
    prepared = [
        (resize_for_model(np.asarray(image), RESOLUTION, framings[number % 2]), label)  # type: ignore[arg-type]
        for number, (image, label) in enumerate(drawn)
    ]
    return Drawings(np.stack([pixels for pixels, _ in prepared]), np.array([label for _, label in prepared], np.int32))


def train(drawings: Drawings, classes: int, epochs: int, seed: int) -> Any:
    """A trained network from `build_model`: Adam with a cosine schedule, mirrored images, smoothed labels."""
    tensorflow = import_tensorflow()
    tensorflow.keras.utils.set_random_seed(seed)
    model = build_model(ARCHITECTURE, ALPHA, RESOLUTION, classes)
    scores = tensorflow.keras.Model(model.input, model.output["scores"])
    steps = epochs * -(-len(drawings.classes) // 32)
    scores.compile(
        optimizer=tensorflow.keras.optimizers.Adam(tensorflow.keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        loss=tensorflow.keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    scores.fit(_batches(drawings, classes, seed), epochs=epochs, verbose=2)
    return model


def _batches(drawings: Drawings, classes: int, seed: int) -> Any:
    data = import_tensorflow().data.Dataset
    image = import_tensorflow().image

    def augment(pixels: Any, label: Any) -> tuple[Any, Any]:
        mirrored = image.random_flip_left_right(pixels)
        moved = image.random_crop(
            image.resize_with_crop_or_pad(mirrored, RESOLUTION + 16, RESOLUTION + 16), pixels.shape
        )
        return import_tensorflow().cast(moved, "float32") / 127.5 - 1, label

    targets = np.eye(classes, dtype=np.float32)[drawings.classes]
    shuffled = data.from_tensor_slices((drawings.pixels, targets)).shuffle(len(targets), seed=seed)
    return shuffled.map(augment, num_parallel_calls=2).batch(32).prefetch(2)


def accuracy(model: Any, drawings: Drawings) -> float:
    """The share of drawings whose best class is the right one."""
    scores = model.predict(normalise(drawings.pixels), verbose=0)["scores"]
    return float((scores.argmax(axis=1) == drawings.classes).mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, train, say how good it is, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output", type=Path, required=True, help=f"the folder to write {FILE_NAME} and {CONVERTED_NAME} into"
    )
    parser.add_argument("--images", type=int, default=4500, help="drawings to train on")
    parser.add_argument("--epochs", type=int, default=18, help="passes over the drawings")
    parser.add_argument("--seed", type=int, default=20, help="of drawings and training")
    options = parser.parse_args(arguments)
    class_map = ClassMap.from_csv(conf_text("labels/sample_classes.csv"), "conf/labels/sample_classes.csv")
    model = train(draw(options.images, options.seed, class_map), len(class_map), options.epochs, options.seed)
    unseen = draw(500, options.seed + HELD_OUT_SEED_OFFSET, class_map)
    sys.stdout.write(f"top-1 on {len(unseen.classes)} unseen drawings: {accuracy(model, unseen):.3f}\n")
    options.output.mkdir(parents=True, exist_ok=True)
    model.save_weights(options.output / FILE_NAME)
    (options.output / CONVERTED_NAME).write_bytes(convert(model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
