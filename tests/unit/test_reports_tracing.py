"""The commands that trace the report's numbers are commands, for rows that it shows, whatever their names hold."""

from __future__ import annotations

import shlex

import pandas as pd

from imagelake.lake.row_lookup import column_of, parse_condition
from imagelake.lake.trace import parser
from imagelake.reports.report import SECTIONS
from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.tracing import _NUMBERS, COMMAND, tracing
from imagelake.tables import TABLES
from planted_report import planted_rows


def commands(rows: ReportRows) -> list[list[str]]:
    return [shlex.split(one["command"]) for one in tracing(rows).values["commands"]]


def test_each_command_names_a_row_and_a_number_of_a_table() -> None:
    """The command takes it, every column is one of the table, and the row is named by the first row shown."""
    found = commands(planted_rows())
    assert len(found) >= 3
    prefix = COMMAND.split()
    for words in found:
        options = parser().parse_args(words[len(prefix) :])
        table = TABLES[options.table]
        *row, number = options.conditions
        assert number.startswith("column=")
        column_of(table, number.removeprefix("column="))
        assert all(parse_condition(table, word) for word in row)


def test_sections_that_are_linked_are_there() -> None:
    """A link leads to a section of the report."""
    names = {section(planted_rows()).name for section in SECTIONS}
    assert {number.section for number in _NUMBERS} <= names


def test_a_hostile_label_stays_one_word() -> None:
    """Quotes, semicolons, dollar signs and line breaks in a name cannot end the word in a shell."""
    label = "'; rm -rf ~ #$(id)\n`id`"
    rows = ReportRows("", {"label_accuracy": pd.DataFrame({"label": [label]})}, {}, {"label_accuracy": {"rows": 1}})
    (words,) = commands(rows)
    assert len(words) == len(COMMAND.split()) + 3
    assert words[-2].startswith("label='; rm -rf ~ #$(id)")
