"""The files of a source by content, which their names and first lines show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.transforms.ingest.raw_csv import CsvFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa  # type: ignore[import-untyped]

CLASS_HEADERS = (("LabelName", "DisplayName"), ("label", "name"))  # as published, and as others pass them on
METADATA_NAME = r"(?i)\.([ct]sv(\.gz)?|json|parquet|txt|md|crc)$"


@dataclass(frozen=True)
class OpenImagesFiles:
    """The published files found in one folder, by content; ``others`` are the other CSV files."""

    image_lists: tuple[CsvFile, ...]
    labels: tuple[CsvFile, ...]
    boxes: tuple[CsvFile, ...]
    classes: tuple[CsvFile, ...]
    headed_classes: tuple[CsvFile, ...]
    hierarchies: tuple[str, ...]
    parquet: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """What is ingested.

    Attributes:
        folder: its full address.
        listing: of all its files, as `loose_files.listing_table` has it.
        listed: the address of the same listing as Parquet, where executors reach it.
        visible_copies: copies files to names that Spark reads, and tells which became which.
        published: the metadata files of Open Images in it; None for a folder of photos.
        packed_arrays: the folder of Parquet that the images of arrays were packed into; None for other sources.
    """

    folder: str
    listing: pa.Table
    listed: str
    visible_copies: Callable[[Sequence[str]], Mapping[str, str]]
    published: OpenImagesFiles | None
    packed_arrays: str | None = None


def sort_open_images_files(folder: str, csv_files: Sequence[CsvFile], uris: Sequence[str]) -> OpenImagesFiles:
    """Sort the metadata files of a folder, found at any depth, by what they hold.

    Args:
        folder: for errors.
        csv_files: CSV files.
        uris: JSON and Parquet files.

    Raises:
        ImageLakeError: none of the published files is there.
    """
    by_content: dict[str, list[CsvFile]] = {}
    for file in csv_files:
        by_content.setdefault(_content_of_csv(file), []).append(file)
    hierarchies = tuple(uri for uri in uris if uri.lower().endswith(".json") and "hierarchy" in uri.rsplit("/", 1)[-1])
    parquet = tuple(uri for uri in uris if uri.lower().endswith(".parquet"))
    if not (set(by_content) - {"others"} or parquet or hierarchies):
        raise ImageLakeError(
            f"{folder}: none of the published Open Images files is here: an image list, image-level labels, boxes, "
            "class descriptions (CSV), a hierarchy (JSON) or images (Parquet)"
        )
    return OpenImagesFiles(
        **{
            content: tuple(by_content.get(content, ()))
            for content in ("image_lists", "labels", "boxes", "classes", "headed_classes")
        },
        hierarchies=hierarchies,
        parquet=parquet,
        others=tuple(file.name for file in by_content.get("others", [])),
    )


def _content_of_csv(file: CsvFile) -> str:
    if file.has("ImageID", "LabelName", "XMin"):
        return "boxes"
    if file.has("ImageID", "LabelName", "Confidence"):
        return "labels"
    if file.has("ImageID", "Subset") or file.has("ImageID", "OriginalURL"):
        return "image_lists"
    if len(file.first_line) == 2 and file.first_line[0].startswith("/"):
        return "classes"
    if any(file.has(*header) for header in CLASS_HEADERS):
        return "headed_classes"
    return "others"
