"""One search, as the page, the API and the terminal show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.search.order import candidate_count
from imagelake.search.page import SIMILAR, Page
from imagelake.serving.errors import QueryError

if TYPE_CHECKING:
    from imagelake.search.query import PredictedLabel, Query
    from imagelake.serving.catalogue import ImageDetails
    from imagelake.serving.parameters import QueryParameters, SearchParameters
    from imagelake.serving.served_lake import Ranked, ServedLake


@dataclass(frozen=True)
class Answer:
    """One image of the lake; the similarity is a cosine, None where answers are not chosen by it."""

    details: ImageDetails
    similarity: float | None


@dataclass(frozen=True)
class Found:
    """The answers to a query.

    Attributes:
        answers: of one page.
        total: on all pages.
        pages: how many there are, at least 1.
        label: what the network takes the query for, as a label of the lake; None where it predicted nothing.
    """

    answers: list[Answer]
    total: int
    pages: int
    label: PredictedLabel | None


@dataclass(frozen=True)
class WordAnswer:
    """One image that words find: whether it has one of their labels, and the highest score of one of their classes."""

    details: ImageDetails
    labelled: bool
    score: float


@dataclass(frozen=True)
class FoundByWords:
    """What words find.

    Attributes:
        answers: of one page.
        labels: what the words mean; none where they mean classes of the network alone, or nothing.
        nearest: labels like words that find nothing.
        labelled: images with one of the labels.
        total: images with one of the labels or classes; the first of them are on the pages.
        pages: how many there are, at least 1.
    """

    answers: list[WordAnswer]
    labels: tuple[str, ...]
    nearest: tuple[str, ...]
    labelled: int
    total: int
    pages: int


def query_of(served: ServedLake, parameters: QueryParameters) -> Query:
    """The query that parameters name.

    Raises:
        QueryError: they name no query or two, or one that is not there.
    """
    if (parameters.query is None) == (parameters.image is None):
        raise QueryError("unusable", "name one query: a photo's token (query) or an image of the lake (image)")
    if parameters.query is not None:
        query = served.query_of_photo(parameters.query)
        if query is None:
            raise QueryError(
                "gone", "this photo is no longer kept: the server keeps the latest ones until it stops. Send it again"
            )
        return query
    query = served.query_of_image(parameters.image or "")
    if query is None:
        raise QueryError("unknown", "the lake has no such image")
    return query


def search(served: ServedLake, query: Query, parameters: SearchParameters, size: int) -> Found:
    """The answers of one page.

    Raises:
        UnknownFilterError: the lake has no such label or split.
    """
    page = Page(parameters.page, size)
    if parameters.mode == SIMILAR:
        ranked = served.similar(query, parameters.filters, parameters.order, size)
    else:
        ranked = served.of_predicted_label(query, parameters.filters, size)
    total = len(ranked.rows)
    return Found(answers_of(served, ranked, page), total, page.count(total), served.predicted_label(query))


def search_by_words(served: ServedLake, words: str, page: Page) -> FoundByWords:
    """The images that words find, on one page."""
    meaning = served.words.meaning(words)
    ranked = served.by_words(meaning)
    most = candidate_count(page.size)
    rows, labelled, scores = (values[:most][page.rows] for values in (ranked.rows, ranked.labelled, ranked.scores))
    details = served.catalogue.details(list(map(int, rows)))
    return FoundByWords(
        answers=[WordAnswer(*one) for one in zip(details, map(bool, labelled), map(float, scores), strict=True)],
        labels=meaning.labels,
        nearest=() if len(ranked.rows) else served.words.nearest(words),
        labelled=int(ranked.labelled.sum()),
        total=len(ranked.rows),
        pages=page.count(min(len(ranked.rows), most)),
    )


def answers_of(served: ServedLake, ranked: Ranked, page: Page) -> list[Answer]:
    """The answers on one page of a ranking."""
    details = served.catalogue.details(list(map(int, ranked.rows[page.rows])))
    if ranked.similarities is None:
        return [Answer(one, None) for one in details]
    return [Answer(one, float(cosine)) for one, cosine in zip(details, ranked.similarities[page.rows], strict=True)]
