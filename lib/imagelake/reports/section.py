"""One section of a page: its heading and what its template shows, or one sentence that says why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Section:
    """A section.

    Attributes:
        name: its anchor, and the name of its template under templates/sections/.
        title: its heading.
        values: what the template shows.
        absent: why there is nothing to show; then the template is not used.
    """

    name: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    absent: str | None = None
