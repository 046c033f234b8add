"""One search, as the page and the API both show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagelake.web.problems import ProblemError
from imagelake.web.served_lake import Ranked

if TYPE_CHECKING:
    from imagelake.web.catalogue import ImageFacts
    from imagelake.web.questions import Asked, Choice
    from imagelake.web.served_lake import Question, ServedLake


@dataclass(frozen=True)
class Answer:
    """One image of the lake; the similarity is a cosine, None where answers are not chosen by it."""

    facts: ImageFacts
    similarity: float | None


@dataclass(frozen=True)
class Found:
    """The answers to a question.

    Attributes:
        answers: of the page asked for.
        total: on all pages.
        pages: how many there are, at least 1.
        label: what the network takes the query for, as a label of the lake; None where it has seen nothing.
    """

    answers: list[Answer]
    total: int
    pages: int
    label: str | None


def question_of(served: ServedLake, asked: Asked) -> Question:
    """The question that parameters ask.

    Raises:
        ProblemError: they name no query or two, or one that is not there.
    """
    if (asked.query is None) == (asked.image is None):
        raise ProblemError(422, "name one query: a photo's token (query) or an image of the lake (image)")
    if asked.query is not None:
        question = served.question_of_photo(asked.query)
        if question is None:
            raise ProblemError(
                410, "this photo is no longer kept: the server keeps the latest ones until it stops. Send it again"
            )
        return question
    question = served.question_of_image(asked.image or "")
    if question is None:
        raise ProblemError(404, "the lake has no such image")
    return question


def search(served: ServedLake, question: Question, choice: Choice, size: int) -> Found:
    """The answers of one page.

    Raises:
        ProblemError: the label is unknown.
    """
    if choice.label is not None and not served.catalogue.labelling.is_known(choice.label):
        raise ProblemError(422, f"no image has the label {choice.label!r}, and the hierarchy does not know it")
    filters, label = choice.filters(question.sha256), served.predicted_label(question)
    if choice.mode == "similar":
        ranked = served.similar(question, filters, choice.order)
    else:
        ranked = served.of_label(label, filters, question.row) if label else Ranked(np.empty(0, np.int64))
    total = len(ranked.rows)
    return Found(answers_of(served, ranked, choice.page, size), total, page_count(total, size), label)


def answers_of(served: ServedLake, ranked: Ranked, page: int, size: int) -> list[Answer]:
    """The answers on one page of a ranking; the first page is 1."""
    shown = slice((page - 1) * size, page * size)
    facts = served.catalogue.facts(list(map(int, ranked.rows[shown])))
    if ranked.similarities is None:
        return [Answer(fact, None) for fact in facts]
    return [Answer(fact, float(cosine)) for fact, cosine in zip(facts, ranked.similarities[shown], strict=True)]


def page_count(total: int, size: int) -> int:
    """How many pages a list fills, at least 1."""
    return max(1, -(-total // size))
