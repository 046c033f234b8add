"""The images of a lake by row: details to show from a mapped file, and columns to filter by in memory.

Letters: N images of the lake, listed ones without bytes too, in the order of the table images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from imagelake.search.filters import FilterColumns, Filters, passing
from imagelake.search.identifiers import row_of
from imagelake.search.query import DEPICTION, PHOTO, ImageKind
from imagelake.serving.image_file import DetailsFile
from imagelake.serving.image_labels import ImageLabels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake

_KINDS: tuple[ImageKind | None, ...] = (None, PHOTO, DEPICTION)
_HASH_DIGITS = 16  # of a SHA-256 in hex: 64 bits tell nine million files apart but for one chance in 400,000


@dataclass(frozen=True)
class ImageDetails:
    """What is known of one image; the names are those of the tables images and image_quality."""

    row: int
    image_id: str
    split: str | None
    path: str | None
    format: str | None
    mode: str | None
    width: int | None
    height: int | None
    byte_size: int | None
    sha256: str | None
    ppi: float | None
    pixels: int | None
    kind: ImageKind | None
    labels: tuple[str, ...]
    title: str | None
    author: str | None
    author_profile: str | None
    license: str | None
    landing_url: str | None
    original_url: str | None
    error: str | None
    error_detail: str | None


class Catalogue:
    """The images of a lake. Threads may share it.

    Attributes:
        by_id: uint32 [N], row numbers in the order of their identifiers.
        labels: which images have which.
        ppi: float64 [N], NaN where it is unknown.
        pixels: int64 [N], 0 where they are unknown.
    """

    def __init__(self, lake: PublishedLake, folder: Path) -> None:
        """Read what can be filtered by.

        Args:
            lake: the published tables.
            folder: of this machine, for the mapped file.
        """
        self._details = DetailsFile(lake, folder)
        self._image_ids = self._details.column("image_id")
        self.by_id = pc.sort_indices(self._image_ids).to_numpy().astype(np.uint32)
        self.labels = ImageLabels(lake, self.rows_of, len(self))
        self.ppi, self.pixels, self._kinds = _quality(lake, self)
        splits = self._details.column("split").dictionary_encode().unify_dictionaries().combine_chunks()
        self._split_names: list[str | None] = splits.dictionary.to_pylist()
        self._splits = pc.fill_null(splits.indices, -1).to_numpy().astype(np.int8)
        self._hashes = _hashes(self._details.column("sha256"))

    def __len__(self) -> int:
        """N."""
        return len(self._details)

    def image_id(self, row: int) -> str:
        """The identifier of an image."""
        return str(self._image_ids[row].as_py())

    def rows_of(self, image_ids: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """The row number of each identifier, -1 for one that the lake does not have; made for many at once."""
        found = pc.index_in(image_ids, value_set=self._image_ids.cast(image_ids.type))
        return cast("NDArray[np.int64]", pc.fill_null(found, -1).to_numpy().astype(np.int64))

    def row_of(self, image_id: str) -> int | None:
        """The row number of an image; None where the lake does not have it."""
        return row_of(image_id, self._image_ids, self.by_id)

    def details(self, rows: Sequence[int]) -> list[ImageDetails]:
        """What is known of some images, in the order of the given row numbers."""
        return [self._details_of(int(row), values) for row, values in zip(rows, self._details.rows(rows), strict=True)]

    def _details_of(self, row: int, values: dict[str, Any]) -> ImageDetails:
        known = not np.isnan(self.ppi[row])
        return ImageDetails(
            row=row,
            ppi=float(self.ppi[row]) if known else None,
            pixels=int(self.pixels[row]) if known else None,
            kind=_KINDS[self._kinds[row]],
            labels=self.labels.labels_of(row),
            **values,
        )

    @property
    def splits(self) -> list[str]:
        """The splits that there are."""
        return sorted(name for name in self._split_names if name is not None)

    @cached_property
    def tells_depictions(self) -> bool:
        """Whether it is known of any image that it is a photo or a drawing."""
        return bool(self._kinds.any())

    @cached_property
    def split_sizes(self) -> dict[str, int]:
        """Split -> its images."""
        counts = np.bincount(self._splits[self._splits >= 0], minlength=len(self._split_names))
        sizes = dict(zip(self._split_names, map(int, counts), strict=True))
        return {name: sizes[name] for name in self.splits}

    def sampler(self, most: int) -> list[int]:
        """Row numbers of readable images, evenly far apart in the order of their identifiers."""
        readable = self.by_id[~np.isnan(self.ppi[self.by_id])]
        steps = np.linspace(0, len(readable), min(most, len(readable)), endpoint=False)
        return [*map(int, readable[steps.astype(np.int64)])]

    def allowed(self, filters: Filters, sha256: str | None) -> NDArray[np.bool_] | None:
        """Which images pass, bool [N]; None where all do.

        Args:
            filters: what may be an answer.
            sha256: of the query's file, where it is known.

        Raises:
            UnknownFilterError: the lake has no such label or split.
        """
        filters = filters.resolved(self.labels.known, self.splits)
        hidden = sha256 if filters.hide_duplicates else None
        if not filters.by_columns and filters.label is None and hidden is None:
            return None
        is_depiction = self._kinds == _KINDS.index(DEPICTION)
        allowed = passing(filters, FilterColumns(self._split_names, self._splits, self.ppi, self.pixels, is_depiction))
        if filters.label is not None:
            allowed &= self.labels.with_any(self.labels.known.ids_and_narrower(filters.label))
        if hidden is not None:
            allowed &= self._hashes != np.uint64(int(hidden[:_HASH_DIGITS], 16))
        return allowed

    def of_label(self, label: str, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Row numbers of the images that have this very label and a PPI, the highest PPI first, then by image_id."""
        chosen = self.labels.with_any(self.labels.known.ids(label)) & ~np.isnan(self.ppi)
        if allowed is not None:
            chosen &= allowed
        rows = self.by_id[chosen[self.by_id]].astype(np.int64)
        return np.asarray(rows[np.argsort(-self.ppi[rows], kind="stable")])

    def equal_files(self) -> list[NDArray[np.int64]]:
        """Row numbers of readable images whose files are equal byte by byte, a group each, in no order."""
        readable = np.flatnonzero(~np.isnan(self.ppi) & (self._hashes != 0))
        order = readable[np.argsort(self._hashes[readable], kind="stable")]
        groups = np.split(order, np.flatnonzero(np.diff(self._hashes[order])) + 1)
        return [group for group in groups if len(group) > 1]


def _quality(
    lake: PublishedLake, catalogue: Catalogue
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int8]]:
    """PPI, NaN where it is unknown; pixels, then 0; and the kind by its number in `_KINDS`; all [N]."""
    ppi, pixels = np.full(len(catalogue), np.nan), np.zeros(len(catalogue), np.int64)
    kinds = np.zeros(len(catalogue), np.int8)
    quality = lake.read("image_quality", ("image_id", "ppi", "pixels", "kind"))
    rows = catalogue.rows_of(quality["image_id"])
    known = rows >= 0
    ppi[rows[known]], pixels[rows[known]] = quality["ppi"].to_numpy()[known], quality["pixels"].to_numpy()[known]
    numbers = pc.fill_null(pc.index_in(quality["kind"], value_set=pa.array(_KINDS)), 0)
    kinds[rows[known]] = numbers.to_numpy()[known]
    return ppi, pixels, kinds


def _hashes(sha256: pa.ChunkedArray) -> NDArray[np.uint64]:
    """The first 64 bits of each hash, uint64 [N]; 0 for a file that has none."""
    parts = [np.empty(0, np.uint64)]
    for chunk in sha256.chunks:
        digits = pc.utf8_slice_codeunits(pc.fill_null(chunk, "0" * _HASH_DIGITS), 0, _HASH_DIGITS).to_pylist()
        parts.append(np.frombuffer(bytes.fromhex("".join(digits)), ">u8").astype(np.uint64))
    return np.concatenate(parts)
