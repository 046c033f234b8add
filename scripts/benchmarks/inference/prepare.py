"""The inputs of all contestants: the photos as Parquet, the weights, and the converted networks. Needs TensorFlow."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from contestants import ROW_GROUP, photos_file

from imagelake.vision.errors import ImageError
from imagelake.vision.limits import Limits
from imagelake.vision.mobilenet import build_model
from imagelake.vision.packed import pack
from imagelake.vision.preprocess import InputSettings, prepare

SIDE, CALIBRATED_ON = 224, 200


def main() -> None:
    """Write them into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--images", type=int, nargs="+", required=True, help="a file of photos for each number")
    options = parser.parse_args()
    contents = readable_photos(options.photos, max(options.images))
    photos = {"image_id": [f"{index:07d}" for index in range(len(contents))], "content": contents}
    for images in options.images:
        part = pa.table(photos).slice(0, images)
        pq.write_table(part, photos_file(images), row_group_size=ROW_GROUP)
    write_networks(options.folder, options.weights, contents)


def readable_photos(folder: Path, images: int) -> list[bytes]:
    """Photos in a random order, repeated until there are enough; other files are left out."""
    files = sorted(folder.rglob("*"), key=lambda path: hashlib.sha256(str(path.relative_to(folder)).encode()).digest())
    contents = [content for file in files if file.is_file() and is_image(content := file.read_bytes())]
    if not contents:
        raise SystemExit(f"no images in {folder}")
    return [contents[index % len(contents)] for index in range(images)]


def is_image(content: bytes) -> bool:
    """Whether our decoder reads it."""
    try:
        prepare(content, InputSettings(SIDE, "squeeze", Limits()))
    except ImageError:
        return False
    return True


def write_networks(folder: Path, weights: Path | None, contents: list[bytes]) -> None:
    """Weights for Keras, and both precisions for LiteRT; without weights, random ones, which cost the same time."""
    import tensorflow as tf  # type: ignore[import-untyped]

    tf.keras.utils.set_random_seed(0)
    plain = tf.keras.applications.MobileNet(weights=None, classes=1000)
    if weights:
        plain.load_weights(weights)
    plain.save_weights(folder / "network.weights.h5")
    plain.export(folder / "saved_model", verbose=False)
    network = build_model("mobilenet_v1", 1.0, SIDE, 1000, folder / "network.weights.h5")
    sample = np.stack(
        [prepare(content, InputSettings(SIDE, "squeeze", Limits())) for content in contents[:CALIBRATED_ON]]
    )
    (folder / "network.tflite").write_bytes(pack(network, "litert").payload)
    (folder / "network.int8.tflite").write_bytes(pack(network, "litert", sample).payload)


if __name__ == "__main__":
    main()
