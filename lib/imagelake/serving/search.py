"""One search, as the page and the API both show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagelake.serving.errors import QueryError
from imagelake.serving.served_lake import Ranked

if TYPE_CHECKING:
    from imagelake.serving.catalogue import ImageDetails
    from imagelake.serving.parameters import QueryParameters, SearchParameters
    from imagelake.serving.served_lake import SearchQuery, ServedLake


@dataclass(frozen=True)
class Answer:
    """One image of the lake; the similarity is a cosine, None where answers are not chosen by it."""

    details: ImageDetails
    similarity: float | None


@dataclass(frozen=True)
class Found:
    """The answers to a query.

    Attributes:
        answers: of the page asked for.
        total: on all pages.
        pages: how many there are, at least 1.
        label: what the network takes the query for, as a label of the lake; None where it predicted nothing.
    """

    answers: list[Answer]
    total: int
    pages: int
    label: str | None


def query_of(served: ServedLake, parameters: QueryParameters) -> SearchQuery:
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


def search(served: ServedLake, query: SearchQuery, parameters: SearchParameters, size: int) -> Found:
    """The answers of one page.

    Raises:
        QueryError: the label is unknown.
    """
    if parameters.label is not None and not served.catalogue.labelling.is_known(parameters.label):
        raise QueryError("unusable", f"no image has the label {parameters.label!r}, and the hierarchy does not know it")
    filters, label = parameters.filters(query.sha256), served.predicted_label(query)
    if parameters.mode == "similar":
        ranked = served.similar(query, filters, parameters.order)
    else:
        ranked = served.of_label(label, filters, query.row) if label else Ranked(np.empty(0, np.int64))
    total = len(ranked.rows)
    return Found(answers_of(served, ranked, parameters.page, size), total, page_count(total, size), label)


def answers_of(served: ServedLake, ranked: Ranked, page: int, size: int) -> list[Answer]:
    """The answers on one page of a ranking; the first page is 1."""
    shown = slice((page - 1) * size, page * size)
    details = served.catalogue.details(list(map(int, ranked.rows[shown])))
    if ranked.similarities is None:
        return [Answer(one, None) for one in details]
    return [Answer(one, float(cosine)) for one, cosine in zip(details, ranked.similarities[shown], strict=True)]


def page_count(total: int, size: int) -> int:
    """How many pages a list fills, at least 1."""
    return max(1, -(-total // size))
