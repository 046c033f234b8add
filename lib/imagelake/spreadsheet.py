"""Cells of a CSV file that people open in a spreadsheet, which takes a text that begins like a formula for one."""

from __future__ import annotations

from typing import Any

FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the last four: full-width


def cell(value: Any) -> Any:
    """A value as it may stand in such a file: a text that a spreadsheet would compute has an apostrophe before it.

    Numbers are no texts and stay as they are, also negative ones. Blanks before the sign do not help a text, for some
    spreadsheets strip them. Source: OWASP, CSV Injection.
    """
    if isinstance(value, str) and (value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)):
        return f"'{value}"
    return value


def text_of_cell(written: str) -> str:
    """The text that a cell of such a file stands for: the converse of `cell`."""
    return written[1:] if written.startswith("'") and cell(written[1:]) == written else written
