"""The page on which a person judges pairs of images, or labels, one HTML file, and the same list as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagelake.reports.numbers import percent
from imagelake.reports.pages import render
from imagelake.reports.rows import data_uri
from imagelake.spreadsheet import cell

_EVIDENCE = (("score", "score"), ("ssim", "SSIM"), ("distance", "distance"), ("features_cosine", "cosine of features"))


@dataclass(frozen=True)
class Choice:
    """One answer.

    Attributes:
        key: a letter that gives it.
        verdict: as it stands in the CSV.
        text: on its button.
    """

    key: str
    verdict: str
    text: str


@dataclass(frozen=True)
class Form:
    """What a page asks.

    Attributes:
        title: its heading.
        unit: what is judged, in the singular.
        first: which of them come first.
        question: of each of them.
        columns: of the CSV, before the verdict: what names one.
        choices: the answers.
        sheet: the file name of the same list for a spreadsheet.
    """

    title: str
    unit: str
    first: str
    question: str
    columns: tuple[str, ...]
    choices: tuple[Choice, ...]
    sheet: str


@dataclass(frozen=True)
class Question:
    """One thing to judge.

    Attributes:
        images: image_id and what is said of it, one or two.
        names: its values of the form's columns.
        evidence: what speaks for an answer.
        score: for the spreadsheet.
    """

    images: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    evidence: str
    score: float


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


PAIRS = Form(
    "Duplicates to judge", "pair", "the most informative first", "Are both the same picture?", ("image_id", "other_id"),
    (Choice("d", "duplicate", "duplicate"), Choice("f", "different", "different")), "pairs.csv",
)  # fmt: skip
LABELS = Form(
    "Labels to judge", "label", "the most suspicious first", "Is the label wrong?", ("image_id", "label"),
    (Choice("w", "confirmed", "wrong"), Choice("r", "refuted", "right")), "labels.csv",
)  # fmt: skip


def pair_questions(pairs: Iterable[Mapping[str, Any]]) -> list[Question]:
    """Rows of duplicate_pairs as questions, in their order."""
    return [
        Question(
            ((row["image_id"], row["split"] or "no split"), (row["other_id"], row["other_split"] or "no split")),
            (row["image_id"], row["other_id"]),
            ", ".join(f"{name} {row[column]:.2f}" for column, name in _EVIDENCE if row[column] is not None),
            row["score"],
        )
        for row in pairs
    ]


def label_questions(issues: Iterable[Mapping[str, Any]]) -> list[Question]:
    """Rows of label_issues as questions, in their order."""
    return [
        Question(
            ((row["image_id"], row["split"] or "no split"),),
            (row["image_id"], row["label"]),
            f"{row['label']} ({percent(row['score'])}), rather {row['suggested']} ({percent(row['suggested_score'])})",
            row["score"],
        )
        for row in issues
    ]


def write_judging_page(page: JudgingPage, thumbnails: Mapping[str, bytes], folder: Path) -> None:
    """Write index.html, which needs no server, and the list as CSV, in which a column is left for the verdict.

    Args:
        page: what it shows.
        thumbnails: image_id -> a small JPEG.
        folder: an empty local folder.
    """
    form, questions = page.form, page.questions
    shown = [
        {
            "images": [{"name": f"{image} ({said})", "uri": _uri(image, thumbnails)} for image, said in one.images],
            "cells": [cell(name) for name in one.names],
            "evidence": one.evidence,
        }
        for one in questions
    ]
    html = render("judging.html", title=form.title, form=form, questions=shown, command=page.command, key=page.key)
    (folder / "index.html").write_text(html, encoding="utf-8")
    sheet = io.StringIO()
    lines = csv.writer(sheet, lineterminator="\n")
    lines.writerow([*form.columns, "verdict", "score"])
    lines.writerows([*map(cell, one.names), "", f"{one.score:.4f}"] for one in questions)
    (folder / form.sheet).write_text(sheet.getvalue(), encoding="utf-8")


def _uri(image_id: str, thumbnails: Mapping[str, bytes]) -> str | None:
    content = thumbnails.get(image_id)
    return data_uri(content) if content else None
