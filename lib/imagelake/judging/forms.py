"""The two things that people judge, pairs of images and labels: the question, the order, and the answers."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from imagelake.installation import command_name
from imagelake.reports.names import said_label
from imagelake.reports.numbers import percent

Direction = Literal["ascending", "descending"]

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
        table: where they come from.
        needed: a column of it, null where nobody needs to look.
        order: columns of it, the first to be judged first.
        taken_by: the job that takes the file, and its option.
        symmetric: whether the names mean the same in any order.
    """

    title: str
    unit: str
    first: str
    question: str
    columns: tuple[str, str]
    choices: tuple[Choice, ...]
    sheet: str
    table: str
    needed: str
    order: tuple[tuple[str, Direction], ...]
    taken_by: str
    symmetric: bool = False

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What may be said."""
        return tuple(choice.verdict for choice in self.choices)

    def command(self, file: str) -> str:
        """The command that takes a file of verdicts."""
        return f"{command_name('submit')} {self.taken_by}{shlex.quote(file)}"

    def key(self, names: Sequence[str]) -> tuple[str, str]:
        """The values of the columns as one key for what is judged."""
        one, other = sorted(names) if self.symmetric else names
        return one, other


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
    names: tuple[str, str]
    evidence: str
    score: float


PAIRS = Form(
    "Duplicates to judge", "pair", "those in two splits first, and of them the most informative",
    "Are both the same picture?", ("image_id", "other_id"),
    (Choice("d", "duplicate", "duplicate"), Choice("f", "different", "different")), "pairs.csv",
    "duplicate_pairs", "priority",
    (("leak", "descending"), ("priority", "descending"), ("image_id", "ascending"), ("other_id", "ascending")),
    "judge_duplicates --verdicts ", symmetric=True,
)  # fmt: skip
LABELS = Form(
    "Labels to judge", "label", "the most suspicious first", "Is the label wrong?", ("image_id", "label"),
    (Choice("w", "confirmed", "wrong"), Choice("r", "refuted", "right")), "labels.csv",
    "label_issues", "rank", (("rank", "ascending"),),
    "record_verdicts --set verdicts.file=",
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
            _evidence(row),
            row["score"],
        )
        for row in issues
    ]


def _evidence(issue: Mapping[str, Any]) -> str:
    said = said_label(issue["label"], issue.get("present"))
    return f"{said} ({percent(issue['score'])}), rather {issue['suggested']} ({percent(issue['suggested_score'])})"
