"""Files of verdicts, CSV with a form's columns and the verdict, as people, spreadsheets and pages write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.spreadsheet import cell, text_of_cell

if TYPE_CHECKING:
    from imagelake.judging.forms import Form


def read_verdicts(form: Form, content: bytes, source: str) -> dict[tuple[str, str], str]:
    """The verdicts of a file by what they are on, in the order of its lines; of two on one the later one counts.

    Lines without a verdict are what nobody has judged yet. Other columns are ignored.

    Raises:
        ImageLakeError: it is no such CSV, or a verdict is none; the message names file and line.
    """
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        columns = (*form.columns, "verdict")
        missing = [column for column in columns if column not in (rows.fieldnames or ())]
        if missing:
            raise ImageLakeError(
                f"{source} lacks the columns {', '.join(missing)}; it has {', '.join(rows.fieldnames or ()) or 'none'}"
            )
        verdicts: dict[tuple[str, str], str] = {}
        for row in rows:
            if any(row[column] is None for column in columns):
                raise ImageLakeError(f"{source}, line {rows.line_num}: it has fewer cells than the header")
            verdict = row["verdict"].strip().lower()
            if not verdict:
                continue
            if verdict not in form.verdicts:
                known = ", ".join(form.verdicts)
                raise ImageLakeError(f"{source}, line {rows.line_num}: verdict {verdict!r}; known: {known}")
            key = form.key([text_of_cell(row[column]) for column in form.columns])
            verdicts.pop(key, None)
            verdicts[key] = verdict
    except UnicodeDecodeError as error:
        raise ImageLakeError(f"{source} is not UTF-8: {error}") from None
    except csv.Error as error:
        raise ImageLakeError(f"{source}, line {rows.reader.line_num}: not CSV: {error}") from None
    return verdicts


def written(form: Form, verdicts: Mapping[tuple[str, str], str]) -> bytes:
    """Verdicts as such a file; a text that a spreadsheet would compute is written as one that it shows."""
    sheet = io.StringIO(newline="")
    lines = csv.writer(sheet, lineterminator="\n")
    lines.writerow([*form.columns, "verdict"])
    lines.writerows([*map(cell, names), verdict] for names, verdict in verdicts.items())
    return sheet.getvalue().encode()
