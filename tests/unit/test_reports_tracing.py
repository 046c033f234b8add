"""The commands that trace the report's numbers are commands, for rows that it shows, whatever their names hold."""

from __future__ import annotations

import re
import shlex

import pandas as pd

from imagelake.lake.row_lookup import column_of, parse_condition
from imagelake.lake.trace import parser
from imagelake.reports.how import COMMAND
from imagelake.reports.report import SECTIONS, render_report
from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.summary import summary
from imagelake.reports.sections.tracing import _NUMBERS, section_hows, tracing
from imagelake.reports.sections.what_to_do import what_to_do
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
    manifest = {"job": "measure_accuracy", "run_id": "1", "inputs": {}}
    rows = ReportRows("", {"label_accuracy": pd.DataFrame({"label": [label]})}, {}, {"label_accuracy": manifest})
    (words,) = commands(rows)
    assert len(words) == len(COMMAND.split()) + 3
    assert words[-2].startswith("label='; rm -rf ~ #$(id)")


def test_each_headline_number_tells_how_it_came_about() -> None:
    """Figures, findings and sections name a published table, the run of its manifest, and a command that is one."""
    rows = planted_rows()
    figures = {figure.name: figure.how for figure in summary(rows).values["figures"]}
    assert [name for name, told in figures.items() if told is None] == ["Time"]
    findings = [finding["how"] for finding in what_to_do(rows).values["findings"]]
    found = [told for told in (*figures.values(), *findings, *section_hows(rows).values()) if told]
    assert len(found) == len(figures) - 1 + len(findings) + len(section_hows(rows))
    page = render_report(rows)
    for told in found:
        options = parser().parse_args(shlex.split(told.command)[len(COMMAND.split()) :])
        assert options.table == told.made[0].table
        for made in told.made:
            manifest = rows.manifests[made.table]
            assert (made.job, made.run_id) == (manifest["job"], manifest["run_id"])
            assert len(made.inputs) + made.more == len(manifest["inputs"])
            assert f'id="run-{made.run_id}"' in page


def test_how_numbers_came_about_weighs_little() -> None:
    """Beside pictures and charts, some twenty of them are a few per cent of the page."""
    page = render_report(planted_rows())
    weight = sum(map(len, re.findall(r'<details class="how">.*?</details>', page, re.DOTALL)))
    assert 1_000 < weight < 0.05 * len(page)
