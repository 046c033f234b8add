"""What tests try on purpose, for the table of docs/reliability.md: their marks become part of the report of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pytest

MARK = (
    "tried(section, what, result, n=1, unit=''): what the test does to the product on purpose, how often in each of "
    "its cases, and what must come of it; the fixture count_tried counts where the mark cannot"
)


@dataclass(frozen=True)
class Tried:
    """One line of the table.

    Attributes:
        section: of the page.
        what: was done.
        result: what came of it.
        n: how often a case of the test does it.
        unit: of what n counts; empty for times.
    """

    section: str
    what: str
    result: str
    n: int = 1
    unit: str = ""


def record(items: Iterable[pytest.Item]) -> None:
    """Write the marks of tests into the report of the run."""
    for item in items:
        for mark in item.iter_markers("tried"):
            item.user_properties.append(("tried", json.dumps(asdict(Tried(*mark.args, **mark.kwargs)))))
