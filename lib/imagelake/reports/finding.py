"""One thing to do about a lake: what was found, in how many images, which, and where to read all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
"""high: spoils training or evaluation; medium: costs quality or space; low: limits what the report can tell."""


@dataclass(frozen=True)
class Example:
    """One image of a finding.

    Attributes:
        image_id: the image; None for a row that is about no single one.
        note: what is wrong with it, in a few words.
    """

    image_id: str | None
    note: str


@dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes:
        name: unique among the findings; that of its CSV, and its anchor.
        title: what was found.
        advice: what to do about it, and how it was found.
        severity: how much it matters.
        count: how many things were found.
        counted: what is counted, in the singular: image, label.
        examples: the first few, the worst first.
        csv: the address of the CSV with all of them, relative to the page; its first rows where it is cut.
        listed: rows of the CSV.
        tables: that it was counted from.
    """

    name: str
    title: str
    advice: str
    severity: Severity
    count: int
    counted: str
    examples: tuple[Example, ...]
    csv: str
    listed: int
    tables: tuple[str, ...] = ()


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that count something, the most severe first, then those with most rows, then by name."""
    found = [finding for finding in findings if finding.count]
    return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), -one.count, one.name))
