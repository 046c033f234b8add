"""The site holds the documents of the top folder too, as they are: README, CONTRIBUTING, SECURITY and CHANGELOG."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

PROJECT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the documents of the top folder under the names that they have in the site."""
    for document, page in PAGES.items():
        text = (PROJECT / document).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=inside(text)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to the top folder lead to the pages that it has become."""
    del config, files
    depth = page.file.src_uri.count("/")
    up = "../" * (depth + 1)
    for document, name in PAGES.items():
        markdown = markdown.replace(f"]({up}{document}", f"]({'../' * depth}{name}")
    return markdown


def inside(text: str) -> str:
    """The text of a document of the top folder, its links as seen from docs/."""
    text = text.replace("](docs/", "](")
    for document, page in PAGES.items():
        text = text.replace(f"]({document}", f"]({page}")
    return re.sub(r"\]\(LICENSE\)", "](https://www.apache.org/licenses/LICENSE-2.0)", text)
