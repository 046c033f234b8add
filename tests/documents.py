"""The documents as their readers meet them: their blocks, links, headings and commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from project import PROJECT

PAGES = (
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((PROJECT / "docs").rglob("*.md")),
)


@dataclass(frozen=True)
class Link:
    """One link of a page: where it leads, with the heading after ``#``."""

    page: Path
    target: str

    def __str__(self) -> str:
        """As pytest names it."""
        return f"{self.page.relative_to(PROJECT)}: {self.target}"


def text_of(page: Path) -> str:
    """The text of a document."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), flags=re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """Every command that a reader may copy from a block of shell."""
    lines = (line.strip() for page in PAGES for block in blocks(page, "sh") for line in block.splitlines())
    return list(dict.fromkeys(shlex.join(shlex.split(line, comments=True)) for line in lines if line))


def links() -> list[Link]:
    """Every link and picture that leads to a file or heading of the project."""
    found = ((page, target) for page in PAGES for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)))
    return [Link(page, target) for page, target in found if "://" not in target]


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
