"""One section of a page: its heading and the values of its template, or a sentence why it is empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagelake.reports.how import How

OPEN = 8  # rows of a long table that are open; the others unfold


@dataclass(frozen=True)
class Section:
    """A section.

    Attributes:
        name: its anchor, and the name of its template under templates/sections/.
        title: its heading.
        values: the values of the template.
        absent: why the section is empty; then the template is not used.
        how: how its numbers came about.
    """

    name: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    absent: str | None = None
    how: How | None = None
