"""One decode and one forward pass an image: the best classes, the pooled features and the texture of the pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.measures.perceptual_hash import perceptual_hashes
from imagelake.measures.texture import Texture, texture_of
from imagelake.vision.checksum import require_unaltered, sha256_of
from imagelake.vision.engine import top_k, unit_length
from imagelake.vision.errors import ImageError
from imagelake.vision.fingerprint import Fingerprint, fingerprint_of, grey_of, thumbnail_pixels
from imagelake.vision.network import Network, Prepared, open_network
from imagelake.vision.packed import PackedModel
from imagelake.vision.preprocess import InputSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark import Accumulator
    from pyspark.sql import DataFrame

IMAGES_A_TASK = 2_048  # half a minute of a core
FeaturePrecision = Literal["float32", "float16"]

PREDICTED = pa.schema(
    {
        "image_id": pa.string(),
        "top_classes": pa.list_(pa.int32()),
        "top_names": pa.list_(pa.string()),
        "top_scores": pa.list_(pa.float32()),
        "features": pa.list_(pa.float32()),
        **dict.fromkeys(Texture._fields, pa.float64()),
        "pixel_hash": pa.string(),
        "perceptual_hash": pa.int64(),
        "thumbnail": pa.binary(),
        "sha256": pa.string(),
        "error": pa.string(),
        "error_detail": pa.string(),
    }
)


@dataclass(frozen=True)
class PredictSettings:
    """How images are scored.

    Attributes:
        input: how an image becomes the network's input.
        batch_size: images decoded before they go through the network: a worker holds so many inputs, and one image's
            pixels.
        top_k: classes kept.
        class_names: the names of the network's classes.
        features: float16 rounds features to half precision. They stay 32-bit floats, which every reader understands,
            but take 12,000 different values at most, so that Parquet keeps each as a number of 14 bits.
    """

    input: InputSettings
    batch_size: int
    top_k: int
    class_names: tuple[str, ...]
    features: FeaturePrecision = "float32"


@dataclass(frozen=True)
class PredictCounts:
    """What executors did, repeated attempts included.

    Attributes:
        decoded: images.
        scored: images that went through the network.
    """

    decoded: Accumulator[int]
    scored: Accumulator[int]


def predict_images(
    image_bytes: DataFrame, model: PackedModel, settings: PredictSettings, counts: PredictCounts | None = None
) -> DataFrame:
    """The predictions table: one row an image of image_bytes.

    The model travels to the executors once, as bytes; a Python worker opens it once, whatever the number of
    tasks it serves.

    Decoding and inference take turns in one thread, which keeps a task slot's core 100 % busy: a second thread that
    decodes ahead gives 74.0 images/s instead of 73.8 (int8: 155 instead of 156) on one core, and 84 and 215 only by
    using another slot's core.

    Args:
        image_bytes: image_id, content, and sha256 of the bytes as they should be where that is known.
        model: the network.
        settings: how images are scored.
        counts: what is counted, if anything.
    """
    shipped = image_bytes.sparkSession.sparkContext.broadcast(model)

    def predict(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        network = _network(shipped.value)
        for part in parts(batches, settings.batch_size):
            rows = predict_batch(network, part, settings)
            if counts:
                counts.decoded.add(rows.num_rows)
                counts.scored.add(rows["error"].null_count)
            yield rows

    return with_checksums(image_bytes).mapInArrow(predict, from_arrow_schema(PREDICTED))


def with_checksums(image_bytes: DataFrame) -> DataFrame:
    """The columns that `parts` takes; sha256 is null where the frame has none."""
    known = "sha256" if "sha256" in image_bytes.columns else "CAST(NULL AS string) AS sha256"
    return image_bytes.selectExpr("image_id", "content", known)


def spread(image_bytes: DataFrame, images: int) -> DataFrame:
    """The images in tasks of a size that progress shows soon, and of which a task that fails loses little.

    Where images are tiny, a part of a file as Spark reads it holds tens of thousands. Photos stay where they are.

    Args:
        image_bytes: image_id and content.
        images: how many there are.
    """
    wanted = ceil(images / IMAGES_A_TASK)
    if wanted <= 2 * image_bytes.rdd.getNumPartitions():
        return image_bytes
    return image_bytes.repartition(wanted, "image_id")


@dataclass(frozen=True)
class ImagePart:
    """Some images.

    Attributes:
        image_ids: their identifiers.
        contents: their bytes, which may be read once.
        checksums: the SHA-256 that they should have, None where unknown; empty where all are.
    """

    image_ids: Sequence[str]
    contents: Iterable[bytes | None]
    checksums: Sequence[str | None] = ()


def parts(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[ImagePart]:
    """At most `rows` images at a time; contents are copied lazily, one by one.

    After the last content nothing refers to the batch, so that it is freed before Spark reads the next one.
    """
    for batch in batches:
        for start in range(0, batch.num_rows, rows):
            yield _part(batch.slice(start, rows))
        del batch


def _part(rows: pa.RecordBatch) -> ImagePart:
    contents = (content.as_py() for content in rows["content"])
    return ImagePart(rows["image_id"].to_pylist(), contents, rows["sha256"].to_pylist())


@cache
def _network(model: PackedModel) -> Network:
    return open_network(model)


def predict_batch(network: Network, part: ImagePart, settings: PredictSettings) -> pa.RecordBatch:
    """Rows of predictions for N images; one that cannot be decoded, or was altered, has an error and nulls.

    Contents are decoded one at a time, and only the network's input and the fingerprint of each are kept.
    """
    # No variable of this function may hold a content, while the network runs.
    pairs = [
        _prepared(network, content, expected, settings.input)
        for content, expected in zip_longest(part.contents, part.checksums)
    ]
    prepared, found = [image for image, _ in pairs], [sha256 for _, sha256 in pairs]
    errors = [image if isinstance(image, ImageError) else None for image in prepared]
    images = [image for image in prepared if not isinstance(image, ImageError)]
    columns = {}
    if images:
        columns = _scored(network, [image for image, _ in images], settings)
        columns |= _fingerprints([fingerprint for _, fingerprint in images])
    row_numbers = np.cumsum([error is None for error in errors]) - 1
    rows = pa.array(row_numbers, mask=np.array([error is not None for error in errors], bool))
    spread = {name: column.take(rows) for name, column in columns.items()} | {
        "image_id": pa.array(part.image_ids, pa.string()),
        "sha256": pa.array(found, pa.string()),
        "error": pa.array([error and error.reason for error in errors], pa.string()),
        "error_detail": pa.array([error and error.detail for error in errors], pa.string()),
    }
    return pa.record_batch(
        [spread.get(field.name, pa.nulls(len(errors), field.type)) for field in PREDICTED], schema=PREDICTED
    )


def _prepared(
    network: Network, content: bytes | None, expected: str | None, settings: InputSettings
) -> tuple[tuple[Prepared, Fingerprint] | ImageError, str | None]:
    """The network's input of an image and its fingerprint, or what is wrong with it; and the SHA-256 of its bytes."""
    found = sha256_of(content)
    try:
        require_unaltered(found, expected)
        decoded = network.decode(content, settings)
        return (network.frame(decoded, settings), fingerprint_of(decoded)), found
    except ImageError as error:
        return error, found


def _fingerprints(images: Sequence[Fingerprint]) -> dict[str, pa.Array]:
    """The columns that duplicates are found by."""
    thumbnails = [image.thumbnail for image in images]
    return {
        "pixel_hash": pa.array([image.pixel_hash for image in images], pa.string()),
        "perceptual_hash": pa.array(perceptual_hashes(grey_of(thumbnail_pixels(b"".join(thumbnails))))),
        "thumbnail": pa.array(thumbnails, pa.binary()),
    }


def _scored(network: Network, images: Sequence[Prepared], settings: PredictSettings) -> dict[str, pa.Array]:
    output = network.score(images)
    classes, scores = top_k(output.scores, settings.top_k)
    textures = np.array([texture_of(image[0]) for image in images])
    return {
        "top_classes": _lists(classes),
        "top_names": _lists(np.array(settings.class_names, object)[classes]),
        "top_scores": _lists(scores),
        "features": _lists(rounded(unit_length(output.features), settings.features)),
        **{name: pa.array(values) for name, values in zip(Texture._fields, textures.T, strict=True)},
    }


def rounded(features: NDArray[np.float32], precision: FeaturePrecision) -> NDArray[np.float32]:
    """Features float32 [N, D] as they are kept: as they are, or each as the nearest number of half precision."""
    return features.astype(np.float16).astype(np.float32) if precision == "float16" else features


def _lists(rows: NDArray[Any]) -> pa.ListArray:
    """Rows [N, K] as N lists of K."""
    starts = np.arange(0, rows.size + 1, rows.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(starts, pa.array(rows.ravel()))
