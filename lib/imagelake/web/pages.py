"""Pages from templates, with the style of the report, and their static files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader

from imagelake.reports import numbers
from imagelake.reports.names import clean_name, listed, short_name, words
from imagelake.reports.pages import new_environment

_OF_REPORTS = {"report.css": "style.css", "judging.css": "judging.css", "judging.js": "judging.js"}
MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@cache
def static_files() -> Mapping[str, bytes]:
    """Name -> content of the static files, read once, so that no request reaches the file system."""
    folder = resources.files("imagelake.web") / "static"
    files = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    reports = resources.files("imagelake.reports") / "templates"
    shared = {name: (reports / file).read_bytes() for name, file in _OF_REPORTS.items()}
    return files | shared


@cache
def static_version() -> str:
    """A hash of the static files, for their addresses, so that browsers do not use cached ones of another version."""
    return hashlib.sha256(b"".join(static_files().values())).hexdigest()[:12]


@cache
def environment() -> Environment:
    """The templates of this package; those of the report are found below reports/."""
    reports = PrefixLoader({"reports": PackageLoader("imagelake.reports")})
    made = new_environment(ChoiceLoader([PackageLoader("imagelake.web"), reports]))
    made.filters |= {
        function.__name__: function for function in (clean_name, listed, short_name, words, web_link, licence)
    }
    made.globals |= {"address": address, "static_version": static_version(), "share_of": numbers.share_of}
    return made


def address(path: str, parameters: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """A link to this server: parameters with some of them changed, without empty ones."""
    merged = {**(parameters or {}), **changes}
    given = {name: value for name, value in merged.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def web_link(text: str | None) -> str | None:
    """An address from a table as a link; None unless it is http or https (not javascript:)."""
    return text if text and text.startswith(("https://", "http://")) else None


def licence(text: str | None) -> str:
    """The usual name of a licence: https://creativecommons.org/licenses/by/2.0/ is CC BY 2.0."""
    if not text:
        return "licence unknown"
    found = re.search(r"creativecommons\.org/(licenses|publicdomain)/([a-z-]+)/(\d\.\d)", text)
    if found is None:
        return short_name(text, 32)
    if found[1] == "publicdomain":
        return f"CC0 {found[3]}" if found[2] == "zero" else "public domain"
    return f"CC {found[2].upper()} {found[3]}"


def render(template: str, **values: Any) -> str:
    """A page from a template that extends base.html, which itself needs ``title``."""
    return environment().get_template(template).render(values)
