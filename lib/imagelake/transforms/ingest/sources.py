"""The files of a source by content, which their names and first lines show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.transforms.ingest.raw_csv import CsvFile, open_csv

if TYPE_CHECKING:
    from imagelake.config import Config
    from imagelake.lake.storage import Storage

SAMPLE_FILES = "sample_files"
METADATA_NAME = r"(?i)(\.(csv|json|parquet|txt|md|crc)$|/_[^/]*$)"


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


def source_folder(config: Config) -> str:
    """The folder that holds the source: the drawn sample's, or the user's.

    Raises:
        ImageLakeError: the configuration names none.
    """
    if config.source.type == "sample":
        return f"{to_uri(config.lake.root)}/{SAMPLE_FILES}"
    if not config.source.path:
        raise ImageLakeError(f"source.type = {config.source.type!r} needs source.path, the folder to read")
    return to_uri(config.source.path)


def find_open_images_files(storage: Storage, folder: str) -> OpenImagesFiles:
    """Group the metadata files of a folder, at any depth, by content.

    Raises:
        ImageLakeError: none of the published files is there.
    """
    uris = sorted(file.path for file in storage.files(folder))
    by_content: dict[str, list[CsvFile]] = {}
    for uri in (uri for uri in uris if uri.lower().endswith(".csv")):
        file = open_csv(storage, uri)
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
    if file.has("LabelName", "DisplayName"):
        return "headed_classes"
    return "others"
