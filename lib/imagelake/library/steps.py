"""Single steps of the pipeline on frames of one's own: predict and rank."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, overload

import pandas as pd

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.measures.texture import Texture
from imagelake.vision import network as vision_network
from imagelake.vision.published_network import PublishedNetwork

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame

    from imagelake.config import Config
    from imagelake.transforms.predict.predict import PredictSettings
    from imagelake.vision.limits import Limits

_IMAGES = ("image_id", "content")


def open_network(folder: str | Path) -> PublishedNetwork:
    """A network that convert_model has written: the folder model of any lake on this machine.

    Args:
        folder: with network.json and the file that it names.

    Raises:
        ImageLakeError: a file is missing, or another version wrote it.

    Example:
        >>> other = imagelake.open_network("var/other/model")
    """

    def read(name: str) -> bytes:
        file = Path(folder) / name
        try:
            return file.read_bytes()
        except OSError as error:
            raise ImageLakeError(
                f"{file}: {error.strerror}: a network is the folder model of a lake, with network.json in it"
            ) from None

    return PublishedNetwork.read(read)


@overload
def predict(images: pd.DataFrame, network: PublishedNetwork, settings: Iterable[str] = ()) -> pd.DataFrame: ...


@overload
def predict(images: DataFrame, network: PublishedNetwork, settings: Iterable[str] = ()) -> DataFrame: ...


def predict(
    images: pd.DataFrame | DataFrame, network: PublishedNetwork, settings: Iterable[str] = ()
) -> pd.DataFrame | DataFrame:
    """Predictions for images of one's own: the rows that the table predictions would have for the same bytes.

    A pandas frame is predicted here, on one core; a Spark frame on the executors, when its rows are needed.

    Args:
        images: image_id and content, the bytes of the files.
        network: of a lake, or of `open_network`.
        settings: of the sections model and images, as `--set` takes them; what the network fixes stays as it is.

    Returns:
        A frame of the same library with the columns of the table predictions, one row an image; one that cannot be
        decoded is a row with an error.

    Raises:
        ImageLakeError: a column is missing, or a setting is wrong.

    Example:
        >>> photos = pd.DataFrame({"image_id": ["lion"], "content": [Path("lion.jpg").read_bytes()]})
        >>> imagelake.predict(photos, lake.network)[["image_id", "top_names", "top_scores"]]
    """
    from imagelake.transforms.predict.predict import predict_images

    _require_columns("images", images.columns, _IMAGES)
    how = _predict_settings(network, load_config(settings=settings))
    if isinstance(images, pd.DataFrame):
        return _predict_here(images, network, how)
    return predict_images(images, network.packed, how)


def _predict_settings(network: PublishedNetwork, config: Config) -> PredictSettings:
    """The configured ones, but for what the network was converted for."""
    from imagelake.transforms.predict.model import image_limits, predict_settings

    fixed = {"resolution": network.card.resolution, "framing": network.card.framing}
    return predict_settings(config.model.model_copy(update=fixed), image_limits(config.images), network.classes)


def _predict_here(images: pd.DataFrame, network: PublishedNetwork, how: PredictSettings) -> pd.DataFrame:
    import pyarrow as pa  # type: ignore[import-untyped]

    from imagelake.transforms.predict.predict import PREDICTED, ImagePart, predict_batch

    opened = vision_network.open_network(network.packed)
    batches = []
    for start in range(0, len(images), how.batch_size):
        part = images.iloc[start : start + how.batch_size]
        contents = (content if isinstance(content, bytes) else None for content in part["content"])
        batches.append(predict_batch(opened, ImagePart(part["image_id"].tolist(), contents), how))
    frame: pd.DataFrame = pa.Table.from_batches(batches, PREDICTED).to_pandas()
    return frame


def rank(images: DataFrame, predictions: DataFrame, settings: Iterable[str] = ()) -> DataFrame:
    """The quality of images of one's own and their ranks by one measure of it.

    Headers are read once, when this is called. The combined measure quality is relative to the given images.

    Args:
        images: a Spark frame of image_id and content.
        predictions: of the same images, as `predict` gives them.
        settings: of the sections rank and images, as `--set` takes them, e.g. rank.measure=entropy.

    Returns:
        One row an image that can be decoded: the measures of the table image_quality but for split and kind, then
        measure, value and rank (1 is best, ties by image_id).

    Raises:
        ImageLakeError: a frame is not Spark's or lacks a column, or a setting is wrong.

    Example:
        >>> imagelake.rank(photos, imagelake.predict(photos, lake.network), ["rank.measure=quality"]).orderBy("rank")
    """
    for name, frame, columns in (
        ("images", images, _IMAGES),
        ("predictions", predictions, ("image_id", *Texture._fields, "error")),
    ):
        if isinstance(frame, pd.DataFrame):
            raise ImageLakeError(f"{name}: rank takes Spark frames; session.createDataFrame({name}) makes one")
        _require_columns(name, frame.columns, columns)
    from imagelake.transforms.predict.model import image_limits
    from imagelake.transforms.rank.image_quality import combine_quality
    from imagelake.transforms.rank.image_rank import rank_images

    config = load_config(settings=settings)
    quality = combine_quality(_measured(images, predictions, image_limits(config.images)))
    no_labels = images.sparkSession.createDataFrame([], "image_id string, label string")
    ranks = rank_images(quality, no_labels, config.rank).select("image_id", "measure", "value", "rank")
    return quality.drop("split").join(ranks, "image_id", how="inner")


def _measured(images: DataFrame, predictions: DataFrame, limits: Limits) -> DataFrame:
    """The measures of every image with a size, computed now; freed when nothing refers to them."""
    from pyspark.sql import functions as F

    from imagelake.transforms.ingest.image_headers import read_headers
    from imagelake.transforms.rank.image_quality import add_decoding_errors, judge_sizes, measure_images
    from imagelake.transforms.rows.verdicts import kept

    present = images.where(F.col("content").isNotNull())
    headers = read_headers(present, limits).select(
        "*", F.lit(None).cast("string").alias("split"), F.lit(True).alias("has_bytes")
    )
    return measure_images(kept(judge_sizes(add_decoding_errors(headers, predictions))), predictions).localCheckpoint()


def _require_columns(name: str, columns: Iterable[str], needed: Iterable[str]) -> None:
    found = list(columns)
    missing = [column for column in needed if column not in found]
    if missing:
        raise ImageLakeError(f"{name}: lacks the columns {', '.join(missing)}; it has {', '.join(found) or 'none'}")
