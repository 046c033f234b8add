"""What a search needs from configuration and lake: its rules, how queries are read, the network and the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.lake.predicting_network import predicting_network
from imagelake.lake.storage import to_uri
from imagelake.net.safe_fetch import SafeFetch
from imagelake.search.filters import Filters
from imagelake.search.index_files import INDEX_TABLE, TRAINED_FOLDER, load_trained, require_one_run
from imagelake.search.query import is_address
from imagelake.transforms.search.nearest import SearchedIndex
from imagelake.transforms.search.queries import QueryReader
from imagelake.transforms.search.search import SearchRules

if TYPE_CHECKING:
    from imagelake.config import SearchSection
    from imagelake.lake.lake import Lake
    from imagelake.lake.storage import Storage
    from imagelake.search.index_files import TrainedIndex
    from imagelake.vision.published_network import PublishedNetwork


def search_rules(search: SearchSection) -> SearchRules:
    """Which answers a configuration wants."""
    return SearchRules(Filters.of_settings(search), search.order, search.neighbours, search.method == "exact")


def query_files(search: SearchSection) -> tuple[str, ...]:
    """The queries that are files: by a full path or address no image of a lake is called."""
    return tuple(to_uri(name) for name in search.queries if not is_address(name) and _is_full(name))


def possible_query_files(search: SearchSection) -> tuple[str, ...]:
    """The queries that are files or images of the lake: those of a folder of photos are called by relative paths."""
    return tuple(to_uri(name) for name in search.queries if not is_address(name) and not _is_full(name))


def _is_full(name: str) -> bool:
    return name.startswith(("/", "~")) or "://" in name


def query_reader(search: SearchSection, max_bytes: int, storage: Storage) -> QueryReader:
    """How queries from outside the lake are read; a file may be no longer than so many bytes."""

    def read_file(name: str) -> bytes | None:
        return storage.read_bytes(to_uri(name), max_bytes) if storage.exists(to_uri(name)) else None

    return QueryReader(SafeFetch(search.url_timeout_s, search.url_max_bytes, search.allow_networks), read_file)


def published_network(lake: Lake) -> PublishedNetwork:
    """The network that the lake's features and predictions come from, with the trained head where there is one.

    Raises:
        ImageLakeError: there is none, or the head is gone.
    """
    return predicting_network(lake.manifest, lambda name, file: lake.storage.read_bytes(f"{lake.folder(name)}/{file}"))


def trained_index(lake: Lake) -> TrainedIndex:
    """The trained part of a lake's index."""
    return load_trained(lambda name: lake.storage.read_bytes(f"{lake.folder(TRAINED_FOLDER)}/{name}"))


def published_index(lake: Lake) -> SearchedIndex:
    """The index of a lake.

    Raises:
        ImageLakeError: there is none, or its two parts are of different runs.
    """
    table = lake.require(INDEX_TABLE)
    require_one_run(lake.root, table.run_id, lake.require(TRAINED_FOLDER).run_id)
    return SearchedIndex(lake.read(INDEX_TABLE), table.rows, trained_index(lake))
