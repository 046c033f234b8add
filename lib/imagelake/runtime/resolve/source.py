"""The configured source: where it is, and which files hold what."""

from __future__ import annotations

import json
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq  # type: ignore[import-untyped]

from imagelake.arrays.packing import ArrayFile, companions, is_array_file, pack_arrays
from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import LOCAL, is_local
from imagelake.lake.listing import FoundFile, hidden_from_spark
from imagelake.lake.storage import to_uri
from imagelake.taxonomy.hierarchy import Hierarchy, read_parts
from imagelake.transforms.ingest.loose_files import listing_table
from imagelake.transforms.ingest.raw_csv import ALIAS_PREFIX, CSV_ENDINGS, HEAD_BYTES, CsvFile
from imagelake.transforms.ingest.sources import OpenImagesFiles, Source, sort_open_images_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from imagelake.config import Config
    from imagelake.lake.storage import Storage

SAMPLE_FILES = "sample_files"
PARTS = "labels/hierarchy_parts.csv"
_METADATA_ENDINGS = (".json", ".parquet")


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


def source_files(config: Config) -> tuple[str, ...]:
    """The files and folders from outside the lake that hold the source.

    Raises:
        ImageLakeError: the configuration names none.
    """
    if config.source.type != "arrays":
        return (source_folder(config),)
    if not config.source.arrays:
        raise ImageLakeError("source.type = 'arrays' needs source.arrays, the files or folders to read")
    return tuple(map(to_uri, config.source.arrays))


def companion_files(config: Config) -> tuple[str, ...]:
    """What may lie beside the files of arrays and describe them; nothing for other sources."""
    if config.source.type != "arrays":
        return ()
    named = source_files(config)
    return tuple(dict.fromkeys(beside for file in named for beside in companions(file) if beside not in named))


def find_source(config: Config, storage: Storage, scratch: str) -> Source:
    """The source with a listing of all its files.

    Args:
        config: names the source.
        storage: lists it, or has.
        scratch: a folder for copies of files whose names Spark does not read, and for the images of arrays; it must
            last as long as the run.

    Raises:
        ImageLakeError: the folder is not there, or has none of the files that a source of its type needs.
    """
    if config.source.type == "arrays":
        return _packed_source(config, storage, scratch)
    folder, copies = _existing_folder(config, storage), partial(_visible_copies, storage, scratch)
    metadata: list[FoundFile] = []
    listing = listing_table(_noting(storage.listed(folder), metadata))
    published = None if config.source.type == "folder" else _sorted_files(folder, metadata, storage, copies)
    return _folder_source(folder, listing, storage, scratch, published)


def _packed_source(config: Config, storage: Storage, scratch: str) -> Source:
    """The images of arrays, packed into Parquet where executors reach it: the driver reads one array at a time."""
    beside = filter(storage.exists, companion_files(config))
    found = [file for address in (*source_files(config), *beside) for file in storage.listed(address)]
    files = [file for file in found if file.problem is None and is_array_file(file.path)]
    if not files:
        raise ImageLakeError(f"{', '.join(config.source.arrays)}: there is no array file")
    target = f"{to_uri(scratch)}/arrays"
    with tempfile.TemporaryDirectory(prefix="imagelake-arrays-") as local:
        # A folder for each one there, so that files which describe each other lie beside each other here as well.
        there = dict.fromkeys(_folder_of(file) for file in files if not is_local(file.path))
        copies = {address: Path(local) / str(number) for number, address in enumerate(there)}
        here = [_array_file(file, storage, copies) for file in files]
        folder = Path(target.removeprefix(LOCAL)) if is_local(target) else Path(local) / "packed"
        folder.mkdir(parents=True)
        try:
            pack_arrays(here, folder)
        except ImageLakeError as error:
            raise ImageLakeError(_naming_addresses(str(error), copies)) from None
        if not is_local(target):
            storage.make_folder(scratch)
            storage.upload(folder, target)
    empty = listing_table([])
    stored = _stored(empty, storage, scratch)
    return Source(", ".join(config.source.arrays), empty, stored, lambda _: {}, None, target)


def _array_file(file: FoundFile, storage: Storage, copies: Mapping[str, Path]) -> ArrayFile:
    """A file of arrays on this machine, copied into the folder for the files of its folder where it is elsewhere."""
    if is_local(file.path):
        return ArrayFile(Path(os.fsdecode(file.raw)), file.path, file.modified_ms)
    folder = copies[_folder_of(file)]
    folder.mkdir(exist_ok=True)
    local = folder / file.path.rpartition("/")[2]
    storage.download(file.path, local)
    return ArrayFile(local, file.path, file.modified_ms)


def _folder_of(file: FoundFile) -> str:
    return file.path.rpartition("/")[0]


def _naming_addresses(message: str, copies: Mapping[str, Path]) -> str:
    """An error of copied files with the addresses that the user gave."""
    for address, folder in copies.items():
        message = message.replace(f"{folder}/", f"{address}/")
    return message


def find_xml(config: Config, storage: Storage, scratch: str) -> Source | None:
    """The XML files beside photos, with a listing of these alone; None where there are none; see find_source."""
    if config.source.type != "folder":
        return None
    folder = _existing_folder(config, storage)
    found = (file for file in storage.listed(folder) if file.problem is None and file.path.lower().endswith(".xml"))
    listing = listing_table(found)
    return _folder_source(folder, listing, storage, scratch) if len(listing) else None


def find_folder(folder: str, storage: Storage, scratch: str) -> Source:
    """A folder of photos that is no source of the lake, with a listing of all its files; see find_source.

    Raises:
        ImageLakeError: it is not there.
    """
    if not storage.is_folder(folder):
        raise ImageLakeError(f"{folder}: there is no such folder of images")
    return _folder_source(folder, listing_table(storage.files(folder)), storage, scratch)


def _folder_source(
    folder: str, listing: pa.Table, storage: Storage, scratch: str, published: OpenImagesFiles | None = None
) -> Source:
    copies = partial(_visible_copies, storage, scratch)
    return Source(folder, listing, _stored(listing, storage, scratch), copies, published)


def _stored(listing: pa.Table, storage: Storage, scratch: str) -> str:
    """A listing as Parquet: as a frame's own rows it would be a part of every plan, which Spark looks through anew."""
    address = f"{scratch}/listing.parquet"
    with tempfile.TemporaryDirectory(prefix="imagelake-listing-") as local:
        file = Path(local) / "listing.parquet"
        pq.write_table(listing, file)
        storage.make_folder(scratch)
        storage.upload(file, address)
    return address


def find_published(config: Config, storage: Storage, scratch: str) -> OpenImagesFiles | None:
    """The published files of a source, see find_source; None for photos and arrays, which are not listed."""
    if config.source.type in ("folder", "arrays"):
        return None
    folder, copies = _existing_folder(config, storage), partial(_visible_copies, storage, scratch)
    return _sorted_files(folder, list(filter(_holds_metadata, storage.listed(folder))), storage, copies)


def _existing_folder(config: Config, storage: Storage) -> str:
    folder = source_folder(config)
    if not storage.is_folder(folder):
        raise ImageLakeError(f"{folder}: there is no such folder of images")
    return folder


def _noting(files: Iterable[FoundFile], metadata: list[FoundFile]) -> Iterator[FoundFile]:
    """The files as they come, those that hold metadata added to a list."""
    for file in files:
        if _holds_metadata(file):
            metadata.append(file)
        yield file


def _holds_metadata(file: FoundFile) -> bool:
    return file.problem is None and file.path.lower().endswith((*CSV_ENDINGS, *_METADATA_ENDINGS))


def _visible_copies(storage: Storage, scratch: str, paths: Sequence[str]) -> dict[str, str]:
    """Copy files to names that Spark reads; what each became."""
    copies = {path: f"{scratch}/{number}/{ALIAS_PREFIX}{_spelt(path)}" for number, path in enumerate(paths)}
    storage.copy_files(copies)
    return copies


def _spelt(path: str) -> str:
    """The name of a file without what Hadoop's paths cannot hold."""
    return path.rpartition("/")[2].replace(":", "_")


def _sorted_files(
    folder: str,
    metadata: Sequence[FoundFile],
    storage: Storage,
    visible_copies: Callable[[Sequence[str]], Mapping[str, str]],
) -> OpenImagesFiles:
    odd = [file.path for file in metadata if hidden_from_spark(file.relative) or ":" in file.relative]
    copies = visible_copies(odd) if odd else {}
    uris = sorted(copies.get(file.path, file.path) for file in metadata)
    csv_files = [
        CsvFile.from_head(uri, storage.read_head(uri, HEAD_BYTES)) for uri in uris if uri.lower().endswith(CSV_ENDINGS)
    ]
    return sort_open_images_files(folder, csv_files, [uri for uri in uris if not uri.lower().endswith(CSV_ENDINGS)])


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
    return Hierarchy.from_json(_json_text(storage.read_bytes(uris[0]), uris[0]), uris[0], parts)


def _json_text(content: bytes, uri: str) -> str:
    """JSON as text, in any of Unicode's encodings.

    Raises:
        ImageLakeError: it is in another one.
    """
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as error:
        raise ImageLakeError(f"{uri}: is not in UTF-8, at byte {error.start}; save it as UTF-8") from None
