"""A long list of answers in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["similar", "label"]
SIMILAR: Mode = "similar"
BY_LABEL: Mode = "label"


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted; the first page is number 1."""

    number: int
    size: int

    @property
    def rows(self) -> slice:
        """Where it lies in the list."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    def count(self, total: int) -> int:
        """How many pages a list of so many answers fills, at least 1."""
        return max(1, -(-total // self.size))
