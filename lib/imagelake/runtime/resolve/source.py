"""The configured source: where it is, and which files hold what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.taxonomy.hierarchy import Hierarchy, read_parts
from imagelake.transforms.ingest.raw_csv import HEAD_BYTES, CsvFile
from imagelake.transforms.ingest.sources import OpenImagesFiles, Source, sort_open_images_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagelake.config import Config
    from imagelake.lake.storage import Storage

SAMPLE_FILES = "sample_files"
PARTS = "labels/hierarchy_parts.csv"


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


def find_source(config: Config, storage: Storage) -> Source:
    """The source with its files.

    Raises:
        ImageLakeError: the folder is not there, or has none of the files that a source of its type needs.
    """
    folder = source_folder(config)
    if not storage.is_folder(folder):
        raise ImageLakeError(f"{folder}: there is no such folder of images")
    empty, metadata = [], []
    for file in storage.files(folder):
        if file.size == 0:
            empty.append(file.path)
        if file.path.lower().endswith((".csv", ".json", ".parquet")):
            metadata.append(file.path)
    published = None if config.source.type == "folder" else _sorted_files(folder, metadata, storage)
    return Source(folder, tuple(empty), published)


def _sorted_files(folder: str, uris: Iterable[str], storage: Storage) -> OpenImagesFiles:
    ordered = sorted(uris)
    csv_uris = [uri for uri in ordered if uri.lower().endswith(".csv")]
    csv_files = [CsvFile.from_head(uri, storage.read_head(uri, HEAD_BYTES)) for uri in csv_uris]
    return sort_open_images_files(folder, csv_files, [uri for uri in ordered if uri not in set(csv_uris)])


def read_hierarchy(published: OpenImagesFiles, storage: Storage) -> Hierarchy | None:
    """The hierarchy of a source; None where it has no such file.

    Raises:
        ImageLakeError: there are several files, or one is no hierarchy.
    """
    uris = published.hierarchies
    if len(uris) > 1:
        raise ImageLakeError(f"several hierarchy files, which would be one too many: {', '.join(uris)}; keep one")
    if not uris:
        return None
    # One published form does not tell parts from narrower labels; the other one does and is not changed by this list.
    parts = read_parts(conf_text(PARTS), f"conf/{PARTS}")
    return Hierarchy.from_json(storage.read_bytes(uris[0]).decode("utf-8"), uris[0], parts)
