"""HTML pages from templates; values are escaped, and styles are inside the page."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined

from imagelake.reports import numbers


@cache
def environment() -> Environment:
    """The templates of this package; they are found in a zip on sys.path as well."""
    return new_environment(PackageLoader("imagelake.reports"))


def new_environment(loader: BaseLoader) -> Environment:
    """An environment that escapes values, raises on undefined ones, and has the report's number formats as filters."""
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (numbers.whole, numbers.decimal, numbers.percent, numbers.duration, numbers.moment, numbers.byte_size)
    made.filters |= {function.__name__: function for function in filters}
    made.globals |= {"interval": numbers.interval, "plural": numbers.plural}
    return made


def render(template: str, **values: Any) -> str:
    """A page from a template that extends base.html.

    Args:
        template: its path below templates/.
        values: what it shows; base.html itself needs ``title``.
    """
    return environment().get_template(template).render(values)
