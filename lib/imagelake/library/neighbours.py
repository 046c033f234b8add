"""What is looked for and how, as a notebook says it, and the answers as a frame.

Letters: Q queries, D features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np
import pandas as pd
from pydantic import ValidationError

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.search.page import Page
from imagelake.search.query import ImageKind, Query
from imagelake.serving.parameters import SearchParameters
from imagelake.serving.search import answers_of
from imagelake.vision.engine import unit_length
from imagelake.vision.errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.search.order import Order
    from imagelake.serving.served_lake import ServedLake

Photo = bytes | Path | str | np.ndarray[Any, np.dtype[Any]]
"""A photo's bytes or file, the image_id of an image of the lake, or features [D] or [Q, D]."""

COLUMNS = ("query", "rank", "image_id", "split", "similarity", "ppi", "labels")


class SearchOptions(TypedDict, total=False):
    """Which images may be answers, and their order; see the parameters of the search page."""

    order: Order
    label: str
    split: str
    min_ppi: float
    min_pixels: int
    kind: ImageKind
    duplicates: Literal["show", "hide"]


def search_parameters(options: Mapping[str, Any]) -> SearchParameters:
    """The options with their bounds checked.

    Raises:
        ImageLakeError: a name is none of `SearchOptions`, or a value is none of the option's.
    """
    for name in options:
        if name not in SearchOptions.__annotations__:
            raise unknown_choice("option", name, SearchOptions.__annotations__)
    try:
        return SearchParameters(**options)
    except ValidationError as error:
        first = error.errors()[0]
        raise ImageLakeError(f"{first['loc'][0]} = {first['input']!r}: {first['msg']}") from None


def queries_of(served: ServedLake, query: Photo) -> Iterator[Query]:
    """The queries that were given: one, or one for each row of features.

    Raises:
        ImageLakeError: a photo cannot be read, the lake has no such image, or features have another shape.
    """
    if isinstance(query, str):
        found = served.query_of_image(query)
        if found is None:
            raise ImageLakeError(
                f"{query}: {served.lake.root} has no image of this image_id; a file is given as pathlib.Path"
            )
        yield found
    elif isinstance(query, np.ndarray):
        yield from (Query(row, (), None) for row in _rows(query, served))
    else:
        yield _query_of_photo(served, query)


def _query_of_photo(served: ServedLake, photo: bytes | Path) -> Query:
    name = f"a photo of {len(photo):,} bytes" if isinstance(photo, bytes) else str(photo)
    try:
        return served.predictor.predict(photo if isinstance(photo, bytes) else photo.read_bytes()).query
    except (ImageError, OSError) as error:
        raise ImageLakeError(f"{name}: {error}") from None


def _rows(features: NDArray[Any], served: ServedLake) -> NDArray[np.float32]:
    """Features [D] or [Q, D] as float32 [Q, D] of unit length."""
    dimension = served.index.dimension
    if features.shape[-1:] != (dimension,) or features.ndim > 2:
        raise ImageLakeError(
            f"features of shape {list(features.shape)}: expected [{dimension}] or [Q, {dimension}], as "
            f"{served.predictor.network.card.name} gives them"
        )
    return unit_length(np.atleast_2d(features).astype(np.float32))


def nearest(served: ServedLake, query: Query, number: int, count: int, parameters: SearchParameters) -> pd.DataFrame:
    """The best answers to a query, with its number.

    Raises:
        UnknownFilterError: the lake has no such label or split.
    """
    ranked = served.similar(query, parameters.filters, parameters.order, count)
    rows = [
        (number, rank, one.details.image_id, one.details.split, one.similarity, one.details.ppi, one.details.labels)
        for rank, one in enumerate(answers_of(served, ranked, Page(1, count)), 1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
