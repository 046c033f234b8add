"""One search, as the page, the API and the terminal show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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


def answers_of(served: ServedLake, ranked: Ranked, page: Page) -> list[Answer]:
    """The answers on one page of a ranking."""
    details = served.catalogue.details(list(map(int, ranked.rows[page.rows])))
    if ranked.similarities is None:
        return [Answer(one, None) for one in details]
    return [Answer(one, float(cosine)) for one, cosine in zip(details, ranked.similarities[page.rows], strict=True)]
