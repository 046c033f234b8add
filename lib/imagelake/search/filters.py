"""Which images may be answers, with one meaning for the job, the server and the terminal.

Letters: N images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagelake.errors import ImageLakeError
from imagelake.search.query import DEPICTION, ImageKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.config import SearchSection
    from imagelake.taxonomy.lake_labels import LakeLabels


class UnknownFilterError(ImageLakeError):
    """A filter by a label or a split that the lake does not have.

    Attributes:
        name: of the filter.
        value: what the lake does not have.
        nearest: the known labels most like it, or all splits.
    """

    def __init__(self, name: Literal["label", "split"], value: str, message: str, nearest: Sequence[str]) -> None:
        super().__init__(message)
        self.name, self.value, self.nearest = name, value, tuple(nearest)


@dataclass(frozen=True)
class Filters:
    """Which images may be answers; the default lets all pass.

    Attributes:
        label: a display name; images with this clean label or one that the hierarchy has below it.
        split: the images of one split.
        min_ppi: at least this PPI; an image without one does not pass.
        min_pixels: at least so many pixels.
        kind: depiction takes what boxes or features tell to be one, photo everything else.
        hide_duplicates: leave out files of exactly the query's bytes.
    """

    label: str | None = None
    split: str | None = None
    min_ppi: float = 0.0
    min_pixels: int = 0
    kind: ImageKind | None = None
    hide_duplicates: bool = False

    @classmethod
    def of_settings(cls, search: SearchSection) -> Filters:
        """The filters that a configuration sets."""
        return cls(
            label=search.label or None,
            split=search.split or None,
            min_ppi=search.min_ppi,
            min_pixels=search.min_pixels,
            kind=None if search.kind == "any" else search.kind,
            hide_duplicates=search.exclude_duplicates,
        )

    @property
    def by_columns(self) -> bool:
        """Whether a column of an image decides, see `passing`."""
        return bool(self.split or self.min_ppi or self.min_pixels or self.kind)

    def resolved(self, labels: LakeLabels, splits: Sequence[str]) -> Filters:
        """These filters with the label as the lake names it, see `LakeLabels.find`.

        A label of the hierarchy that no image has is no mistake: it has no answers.

        Raises:
            UnknownFilterError: suggests the nearest.
        """
        label = None if self.label is None else labels.find(self.label)
        if self.label is not None and label is None:
            nearest = labels.nearest(self.label)
            raise UnknownFilterError(
                "label",
                self.label,
                f"unknown label {self.label!r}: none of the {len(labels):,} labels of this lake and its hierarchy"
                f"{_suggestion(nearest)}",
                nearest,
            )
        if self.split is not None and self.split not in splits:
            known = ", ".join(sorted(splits)) or "none"
            message = f"unknown split {self.split!r}; splits of this lake: {known}"
            raise UnknownFilterError("split", self.split, message, sorted(splits))
        return replace(self, label=label)


@dataclass(frozen=True, eq=False)
class FilterColumns:
    """What images are filtered by, besides labels.

    Attributes:
        splits: the names of splits.
        split: int [N], numbers of these names; -1 for an image without one.
        ppi: float64 [N], NaN where it is unknown.
        pixels: int64 [N], 0 where they are unknown.
        is_depiction: bool [N], whether boxes or features tell that it is one.
    """

    splits: Sequence[str | None]
    split: NDArray[np.integer]
    ppi: NDArray[np.float64]
    pixels: NDArray[np.int64]
    is_depiction: NDArray[np.bool_]


def passing(filters: Filters, columns: FilterColumns) -> NDArray[np.bool_]:
    """Which images pass the filters by split, size and kind: bool [N]."""
    allowed = np.ones(len(columns.ppi), np.bool_)
    if filters.split is not None:
        known = filters.split in columns.splits
        allowed &= columns.split == (columns.splits.index(filters.split) if known else -2)
    if filters.min_ppi:
        allowed &= columns.ppi >= filters.min_ppi  # NaN never is
    if filters.min_pixels:
        allowed &= columns.pixels >= filters.min_pixels
    if filters.kind is not None:
        allowed &= columns.is_depiction == (filters.kind == DEPICTION)
    return allowed


def _suggestion(nearest: Sequence[str]) -> str:
    return f". Did you mean {' or '.join(map(repr, nearest))}?" if nearest else ""
