"""A finished lake as pandas, Arrow and Spark frames, its network, and the nearest images to a photo."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import pandas as pd

from imagelake.config import load_config
from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.installation import command_name
from imagelake.lake import published
from imagelake.lake.predicting_network import predicting_network
from imagelake.library.neighbours import Photo, SearchOptions, nearest, queries_of, search_parameters
from imagelake.serving.served_lake import ServedLake
from imagelake.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa  # type: ignore[import-untyped]
    from pyspark.sql import DataFrame, SparkSession

    from imagelake.vision.published_network import PublishedNetwork


class OpenedLake:
    """The published tables of a lake, its network and its image index; made by `open_lake`.

    Tables are read when they are requested. The network and the index are opened once, at their first use: open the
    lake again after a new run.

    Attributes:
        root: of the lake.
    """

    def __init__(self, lake: published.PublishedLake, cache: Path) -> None:
        self.root, self._lake, self._cache = lake.root, lake, cache

    def __repr__(self) -> str:
        return f"open_lake({self.root!r})"

    def tables(self) -> pd.DataFrame:
        """The published tables: table, rows, and the meaning of a row.

        Example:
            >>> lake.tables().sort_values("rows")
        """
        rows = [
            (name, manifest.rows, TABLES[name].meaning) for name in TABLES if (manifest := self._lake.manifest(name))
        ]
        return pd.DataFrame(rows, columns=["table", "rows", "meaning"])

    def table(self, name: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """A published table as a pandas frame in memory.

        Args:
            name: of the table, see `tables`.
            columns: None for all; image_bytes holds whole files, and predictions 1,024 features an image.

        Raises:
            ImageLakeError: it is not published or lacks a column; the message lists what there is.

        Example:
            >>> lake.table("labels_clean").groupby("label").image_id.nunique()
        """
        frame: pd.DataFrame = self.arrow(name, columns).to_pandas()
        return frame

    def arrow(self, name: str, columns: Iterable[str] | None = None) -> pa.Table:
        """A published table as an Arrow table in memory, which DuckDB and Polars read without a copy.

        Args:
            name: of the table, see `tables`.
            columns: None for all.

        Raises:
            ImageLakeError: it is not published or lacks a column; the message lists what there is.

        Example:
            >>> polars.from_arrow(lake.arrow("images", ["image_id", "width", "height"]))
        """
        self._require(name)
        wanted = None if columns is None else list(columns)
        for column in wanted or ():
            known = [one.name for one in TABLES[name].columns]
            if column not in known:
                raise unknown_choice(f"column of {name}", column, known)
        return self._lake.read(name, wanted)

    def spark(self, name: str, session: SparkSession) -> DataFrame:
        """A published table as a Spark frame; nothing is read before an action.

        Args:
            name: of the table, see `tables`.
            session: a running session that reaches the lake.

        Raises:
            ImageLakeError: it is not published; the message lists what there is.

        Example:
            >>> lake.spark("predictions", session).where("top_scores[0] < 0.2").count()
        """
        from imagelake.lake.lake import Lake

        self._require(name)
        return Lake(session, self.root).read(name)

    @cached_property
    def network(self) -> PublishedNetwork:
        """The network that the lake's predictions come from, a trained head included, for `predict`.

        Example:
            >>> lake.network.card.name
            'mobilenet_v1 0.25 at 128 px'
        """
        return predicting_network(self._lake.manifest, self._lake.read_file)

    def neighbours(self, query: Photo, count: int = 12, **options: Unpack[SearchOptions]) -> pd.DataFrame:
        """The nearest images of the lake: the answers of `scripts/search` and of the server.

        Args:
            query: a photo, as its bytes or its pathlib.Path; the image_id of an image of the lake; or features, as
                `predict` gives them with the lake's network: one vector [D], or one for each query [Q, D].
            count: answers for each query.
            **options: label, split, min_ppi, min_pixels and kind filter answers; order is similarity, ppi or both;
                duplicates="hide" leaves out files of the query's very bytes.

        Returns:
            query (its number, from 0), rank (1 is best), image_id, split, similarity (a cosine), ppi, labels.

        Raises:
            ImageLakeError: the query cannot be read, or an option has another name or value than those listed.

        Example:
            >>> lake.neighbours(Path("lion.jpg"), label="Carnivore", order="both")
        """
        if count < 1:
            raise ImageLakeError(f"count = {count}: must be at least 1")
        parameters = search_parameters(options)
        queries = queries_of(self._served, query)
        return pd.concat(
            [nearest(self._served, one, number, count, parameters) for number, one in enumerate(queries)],
            ignore_index=True,
        )

    @cached_property
    def _served(self) -> ServedLake:
        return ServedLake(self._lake, load_config(), self._cache)

    def _require(self, name: str) -> None:
        if name in TABLES and self._lake.manifest(name):
            return
        there = list(self.tables()["table"])
        if name not in TABLES and there:
            raise unknown_choice(f"table of {self.root}", name, there)
        raise ImageLakeError(
            f"there is no table {name!r} under {self.root}; published are: {', '.join(sorted(there)) or 'none'}. "
            f"{command_name('run')} --root {self.root} makes all of them"
        )


def open_lake(
    root: str | Path,
    cache: str | Path | None = None,
    namenodes: str | None = None,
    user: str | None = None,
    kerberos: bool = False,
) -> OpenedLake:
    """Open the lake of a finished run, without Spark and without Java.

    Args:
        root: a local folder, or hdfs://.
        cache: a local folder for the image index, as `--cache` of `scripts/serve`; None for imagelake/ in the user's
            folder for caches.
        namenodes: http://host:9870[,http://other:9870], for hdfs:// without Hadoop's settings.
        user: the HDFS user; None for the user of this process.
        kerberos: whether to authenticate by the ticket of kinit.

    Raises:
        ImageLakeError: no folder is there, or no NameNode is known.

    Example:
        >>> lake = imagelake.open_lake("var/sample")
        >>> lake = imagelake.open_lake("hdfs://cluster/lakes/animals", user="anna")
    """
    lake = published.open_lake(str(root), namenodes, user, kerberos)
    return OpenedLake(lake, Path(cache) if cache else _user_cache())


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "imagelake"
