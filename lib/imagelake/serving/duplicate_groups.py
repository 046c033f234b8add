"""Groups of duplicates as find_duplicates published them; where it never ran, files that are equal byte by byte.

Letters: M images in groups, G groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake
    from imagelake.serving.catalogue import Catalogue

GroupKind = Literal["exact", "near", "conflict", "leak"]
GROUP_KINDS: tuple[GroupKind, ...] = get_args(GroupKind)
GROUPS, CONFLICTS = "duplicate_groups", "duplicate_conflicts"

_EVIDENCE = ("representative", "bytes", "pixels", "thumbnail", "near")
_FIRST_NEAR = _EVIDENCE.index("thumbnail")
_BIT: Mapping[GroupKind, int] = {kind: 1 << number for number, kind in enumerate(GROUP_KINDS)}
_KIND_OF_CONFLICT: Mapping[str, GroupKind] = {"labels": "conflict", "splits": "leak"}


@dataclass(frozen=True)
class Copy:
    """An image of a group: its row number, what makes it a duplicate of the one to keep, and how surely, 0 to 1."""

    row: int
    evidence: str
    score: float


@dataclass(frozen=True)
class DuplicateGroup:
    """Images that show the same picture.

    Attributes:
        copies: some of its images; the first of all is the one to keep.
        images: how many it has.
        labels: its labels where these exclude each other.
        splits: its splits where it lies in several.
    """

    copies: tuple[Copy, ...]
    images: int
    labels: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Members:
    """The images of all groups, those of one group beside each other, the one to keep first.

    Attributes:
        rows: int64 [M], row numbers of the catalogue.
        evidence: int8 [M], numbers in `_EVIDENCE`.
        scores: float32 [M].
        starts: int64 [G + 1], where each group begins.
    """

    rows: NDArray[np.int64]
    evidence: NDArray[np.int8]
    scores: NDArray[np.float32]
    starts: NDArray[np.int64]

    @property
    def kept(self) -> NDArray[np.int64]:
        """The row number of the image to keep, int64 [G]."""
        return self.rows[self.starts[:-1]]


class _Index:
    """Finds the place of a number among others: 16 bytes each."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self._order = np.argsort(numbers)
        self._sorted = numbers[self._order]

    def places(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of each, -1 for one that is not among them."""
        found = np.searchsorted(self._sorted, wanted)
        inside = found < len(self._sorted)
        found = np.where(inside, found, 0)
        if not len(self._sorted):
            return np.full(len(wanted), -1)
        return np.where(inside & (self._sorted[found] == wanted), self._order[found], -1)

    def place(self, wanted: int) -> int | None:
        """The place of one; None where it is not among them."""
        place = int(self.places(np.array([wanted]))[0])
        return None if place < 0 else place


@dataclass(frozen=True, eq=False)
class _Conflicts:
    """What the images of some groups disagree in: the numbers of the groups, int64 [C], and the values of each."""

    numbers: NDArray[np.int64]
    index: _Index
    values: pa.ChunkedArray

    def of(self, number: int) -> tuple[str, ...]:
        """The values of a group; none where its images agree."""
        place = self.index.place(number)
        return () if place is None else tuple(self.values[place].as_py())


class DuplicateGroups:
    """All groups of a lake, the largest first, then by the image to keep.

    Holds 13 bytes an image and 25 a group, besides the values of those that conflict; reading the table takes what its
    identifiers take.

    Attributes:
        published: whether find_duplicates has run; else these are files of equal bytes.
        counts: kind -> how many groups are of it.
        spare: images that are not the one to keep.
    """

    def __init__(self, lake: PublishedLake, catalogue: Catalogue) -> None:
        """Read the tables, or compare the files' hashes."""
        self.published = lake.manifest(GROUPS) is not None
        self._members = _published(lake, catalogue) if self.published else _equal_files(catalogue)
        self._by_kept = _Index(self._members.kept)
        known = self.published and lake.manifest(CONFLICTS) is not None
        self._conflicts = self._read_conflicts(lake, catalogue) if known else {}
        self._kinds = self._kinds_of_groups()
        self.counts: dict[str, int] = {kind: len(self.of_kind(kind)) for kind in GROUP_KINDS}
        self.spare = len(self._members.rows) - len(self)

    def __len__(self) -> int:
        """G."""
        return len(self._members.starts) - 1

    def of_kind(self, kind: GroupKind | None) -> NDArray[np.int64]:
        """The numbers of the groups of a kind, or of all of them."""
        if kind is None:
            return np.arange(len(self))
        return np.flatnonzero(self._kinds & _BIT[kind])

    def numbered(self, kept_row: int) -> int | None:
        """The number of the group whose image to keep has this row number; None where there is none."""
        return self._by_kept.place(kept_row)

    def kept_row(self, number: int) -> int:
        """The row number of the image to keep of a group."""
        return int(self._members.kept[number])

    def group(self, number: int, part: slice) -> DuplicateGroup:
        """A group with a part of its images."""
        members = self._members
        start, end = int(members.starts[number]), int(members.starts[number + 1])
        found = range(start, end)[part]
        copies = tuple(
            Copy(int(members.rows[n]), _EVIDENCE[members.evidence[n]], float(members.scores[n])) for n in found
        )
        values = {kind: conflicts.of(number) for kind, conflicts in self._conflicts.items()}
        return DuplicateGroup(copies, end - start, values.get("conflict", ()), values.get("leak", ()))

    def _read_conflicts(self, lake: PublishedLake, catalogue: Catalogue) -> dict[GroupKind, _Conflicts]:
        found = lake.read(CONFLICTS, ("representative_id", "conflict", "values"))
        numbers = self._by_kept.places(catalogue.rows_of(found["representative_id"]))
        conflicts: dict[GroupKind, _Conflicts] = {}
        for name, kind in _KIND_OF_CONFLICT.items():
            own = np.flatnonzero(pc.equal(found["conflict"], name).to_numpy() & (numbers >= 0))
            conflicts[kind] = _Conflicts(numbers[own], _Index(numbers[own]), found["values"].take(pa.array(own)))
        return conflicts

    def _kinds_of_groups(self) -> NDArray[np.uint8]:
        """Which kinds each group is of, one bit each, uint8 [G]."""
        kinds = np.zeros(len(self), np.uint8)
        if not len(self):
            return kinds
        evidence, starts = self._members.evidence, self._members.starts[:-1]
        near = evidence >= _FIRST_NEAR
        kinds[np.logical_or.reduceat((evidence > 0) & ~near, starts)] |= _BIT["exact"]
        kinds[np.logical_or.reduceat(near, starts)] |= _BIT["near"]
        for kind, conflicts in self._conflicts.items():
            kinds[conflicts.numbers] |= _BIT[kind]
        return kinds


def _published(lake: PublishedLake, catalogue: Catalogue) -> _Members:
    """The table duplicate_groups; images that the lake no longer lists are left out."""
    found = lake.read(GROUPS, ("image_id", "representative_id", "evidence", "score"))
    names = pc.dictionary_encode(found["representative_id"]).unify_dictionaries().combine_chunks()
    groups = names.indices.to_numpy().astype(np.int64)
    evidence = pc.fill_null(pc.index_in(found["evidence"], value_set=pa.array(_EVIDENCE)), len(_EVIDENCE) - 1)
    rows = catalogue.rows_of(found["image_id"])
    return _in_order(
        catalogue, rows, groups, evidence.to_numpy().astype(np.int8), found["score"].to_numpy().astype(np.float32)
    )


def _equal_files(catalogue: Catalogue) -> _Members:
    """Files of equal bytes, where find_duplicates never ran.

    The one to keep is that of find_duplicates: equal bytes are of equal PPI and sharpness, so the first by name.
    """
    groups = catalogue.equal_files()
    rows = np.concatenate([np.empty(0, np.int64), *groups])
    numbers = np.repeat(np.arange(len(groups)), list(map(len, groups)))
    order = np.lexsort((_by_name(catalogue)[rows], numbers))
    rows, numbers = rows[order], numbers[order]
    first = np.diff(numbers, prepend=-1) != 0
    evidence = np.where(first, _EVIDENCE.index("representative"), _EVIDENCE.index("bytes")).astype(np.int8)
    return _in_order(catalogue, rows, numbers, evidence, np.ones(len(rows), np.float32))


def _in_order(
    catalogue: Catalogue,
    rows: NDArray[np.int64],
    groups: NDArray[np.int64],
    evidence: NDArray[np.int8],
    scores: NDArray[np.float32],
) -> _Members:
    """Images in the order of their groups, and in a group the one to keep first, then the surest, then by name."""
    listed = rows >= 0
    rows, groups, evidence, scores = rows[listed], groups[listed], evidence[listed], scores[listed]
    sizes = np.bincount(groups)
    several = sizes[groups] > 1 if len(groups) else np.zeros(0, bool)
    rows, groups, evidence, scores = rows[several], groups[several], evidence[several], scores[several]
    by_name = _by_name(catalogue)[rows]
    kept = np.full(len(sizes), np.iinfo(np.int64).max)
    np.minimum.at(kept, groups, np.where(evidence == 0, by_name, np.iinfo(np.int64).max))
    order = np.lexsort((by_name, -scores, evidence > 0, groups, kept[groups], -sizes[groups]))
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    starts = np.r_[0, ends, len(rows)] if len(rows) else np.zeros(1, np.int64)
    return _Members(rows[order], evidence[order], scores[order], starts)


def _by_name(catalogue: Catalogue) -> NDArray[np.int64]:
    """The place of each row number in the order of the identifiers, int64 [N]."""
    places = np.empty(len(catalogue), np.int64)
    places[catalogue.by_id] = np.arange(len(catalogue))
    return places
