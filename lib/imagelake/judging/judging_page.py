"""The page on which a person judges pairs of images, or labels, one HTML file, and the same list as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagelake.reports.pages import render
from imagelake.reports.rows import data_uri
from imagelake.spreadsheet import cell

if TYPE_CHECKING:
    from pathlib import Path

    from imagelake.judging.forms import Form, Question


@dataclass(frozen=True)
class JudgingPage:
    """What a page shows.

    Attributes:
        form: the question, its answers and the columns.
        questions: the first to be judged first.
        command: what the verdicts are given to.
        key: of these questions; a browser keeps verdicts of other ones apart.
    """

    form: Form
    questions: Sequence[Question]
    command: str
    key: str


def write_judging_page(page: JudgingPage, thumbnails: Mapping[str, bytes], folder: Path) -> None:
    """Write index.html, which needs no server, and the list as CSV, in which a column is left for the verdict.

    Args:
        page: what it shows.
        thumbnails: image_id -> a small JPEG.
        folder: an empty local folder.
    """
    form, questions = page.form, page.questions
    uris = {image_id: data_uri(content) for image_id, content in thumbnails.items()}
    script = {"key": page.key, "columns": form.columns, "questions": script_questions(questions, uris)}
    html = render(
        "judging.html",
        title=form.title, form=form, total=len(questions), command=page.command, script=script, action=None,
        question=None, undo=None,
    )  # fmt: skip
    (folder / "index.html").write_text(html, encoding="utf-8")
    sheet = io.StringIO()
    lines = csv.writer(sheet, lineterminator="\n")
    lines.writerow([*form.columns, "verdict", "score"])
    lines.writerows([*map(cell, one.names), "", f"{one.score:.4f}"] for one in questions)
    (folder / form.sheet).write_text(sheet.getvalue(), encoding="utf-8")


def script_questions(questions: Sequence[Question], uris: Mapping[str, str]) -> list[dict[str, Any]]:
    """Questions as the page's script takes them.

    Args:
        questions: in their order.
        uris: image_id -> where its picture is; none of one that has no picture.
    """
    return [
        {
            "images": [{"name": f"{image} ({said})", "uri": uris.get(image)} for image, said in one.images],
            "cells": [cell(name) for name in one.names],
            "evidence": one.evidence,
        }
        for one in questions
    ]
