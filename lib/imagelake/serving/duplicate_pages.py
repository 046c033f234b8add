"""The groups of duplicates of one page, as the page and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.search.page import Page
from imagelake.serving.errors import QueryError

if TYPE_CHECKING:
    from imagelake.serving.catalogue import ImageDetails
    from imagelake.serving.duplicate_groups import Copy, DuplicateGroup
    from imagelake.serving.parameters import DuplicateParameters
    from imagelake.serving.served_lake import ServedLake

COPIES_SHOWN = 12  # of each group, where many groups are shown


@dataclass(frozen=True)
class FoundGroup:
    """A group, and what is known of those of its images that are shown."""

    group: DuplicateGroup
    copies: list[tuple[Copy, ImageDetails]]
    keep_id: str


@dataclass(frozen=True)
class FoundGroups:
    """The groups of one page.

    Attributes:
        groups: of the page.
        total: on all pages: groups, or the images of the one that was asked for.
        pages: how many there are, at least 1.
    """

    groups: list[FoundGroup]
    total: int
    pages: int


def duplicates_of(served: ServedLake, parameters: DuplicateParameters, size: int) -> FoundGroups:
    """The groups that were asked for.

    Args:
        served: the lake.
        parameters: which ones.
        size: groups on one page, or images where one group is asked for.

    Raises:
        QueryError: the group that was asked for is none.
    """
    groups, part = served.duplicates, Page(parameters.page, size)
    if parameters.group is None:
        numbers = groups.of_kind(parameters.show)
        shown = [groups.group(int(number), slice(COPIES_SHOWN)) for number in numbers[part.rows]]
        found = [
            _with_details(served, group, int(number)) for group, number in zip(shown, numbers[part.rows], strict=True)
        ]
        return FoundGroups(found, len(numbers), part.count(len(numbers)))
    row = served.catalogue.row_of(parameters.group)
    number = None if row is None else groups.numbered(row)
    if number is None:
        raise QueryError("unknown", "no group of duplicates has this image to keep")
    group = groups.group(number, part.rows)
    return FoundGroups([_with_details(served, group, number)], group.images, part.count(group.images))


def _with_details(served: ServedLake, group: DuplicateGroup, number: int) -> FoundGroup:
    details = served.catalogue.details([copy.row for copy in group.copies])
    keep_id = served.catalogue.image_id(served.duplicates.kept_row(number))
    return FoundGroup(group, list(zip(group.copies, details, strict=True)), keep_id)
