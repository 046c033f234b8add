"""The pages of a search, by the same functions as the API: the form, the results, one image."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from imagelake.reports.names import clean_name
from imagelake.search.filters import UnknownFilterError
from imagelake.search.order import candidate_count
from imagelake.search.page import Page
from imagelake.serving.catalogue import ImageDetails
from imagelake.serving.parameters import QueryParameters, SearchParameters, Text, WordParameters
from imagelake.serving.search import query_of, search, search_by_words
from imagelake.serving.served_lake import ServedLake
from imagelake.web.pages import address, render
from imagelake.web.photos import BODY, Photos
from imagelake.web.problems import ProblemError, unknown_name

_LABELS_OFFERED = 2_000  # in the list of the browser's suggestions


def search_views(served: ServedLake, photos: Photos, size: int, upload_bytes: int) -> APIRouter:
    """The routes of these pages.

    Args:
        served: the lake.
        photos: takes photos from requests.
        size: answers on one page.
        upload_bytes: the longest upload, which the page shows.
    """
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    labels = served.catalogue.labels
    page = partial(render, version=served.version, largest=upload_bytes)

    @router.get("/")
    def home() -> str:
        return page(
            "home.html",
            title="Search",
            images=len(served.catalogue),
            searchable=len(served.index),
            network=served.predictor.network,
            examples=served.examples,
            sampler=served.sampler,
            counts=labels.counts,
            splits=served.catalogue.split_sizes,
            offered=served.words.offered[:_LABELS_OFFERED],
        )

    @router.get("/words")
    def words(parameters: Annotated[WordParameters, Query()]) -> str:
        said = clean_name(parameters.words)
        found = search_by_words(served, parameters.words, Page(parameters.page, size)) if said else None
        return page(
            "words.html",
            title=said or "Search by words",
            words=said,
            found=found,
            sheet=parameters.page,
            most=candidate_count(size),
            offered=served.words.offered[:_LABELS_OFFERED],
        )

    @router.post("/search", openapi_extra=BODY)
    async def search_by_photo(request: Request, parameters: Annotated[SearchParameters, Query()]) -> Response:
        token, _ = await photos.take(request)
        return RedirectResponse(address("/search", parameters.link_parameters(), query=token), 303)

    @router.get("/search")
    def results(parameters: Annotated[QueryParameters, Query()]) -> Response:
        query = query_of(served, parameters)
        found, unknown = None, None
        try:
            found = search(served, query, parameters, size)
        except UnknownFilterError as error:
            unknown = error
        content = page(
            "search.html",
            title=unknown_name(unknown.name, unknown.value) if unknown else "Search results",
            parameters=parameters,
            link=parameters.link_parameters(),
            found=found,
            unknown=unknown,
            classes=query.classes,
            details=_details(served, query.image_id),
            offered=served.words.offered[:_LABELS_OFFERED],
            splits=served.catalogue.splits,
            tells_depictions=served.catalogue.tells_depictions,
            most=candidate_count(size),
        )
        return HTMLResponse(content, 422 if unknown else 200)

    @router.get("/image")
    def image(id: Annotated[Text, Query()]) -> str:
        row = served.catalogue.row_of(id)
        if row is None:
            raise ProblemError(404, "no image has this identifier", "The lake has no such image")
        query = served.query_of_image(id)
        (details,) = served.catalogue.details([row])
        return page(
            "image.html",
            title=details.title or details.image_id,
            details=details,
            boxes=served.boxes.of(row),
            classes=query.classes if query else (),
            searchable=served.index.row_of(id) is not None,
        )

    @router.post("/crop")
    async def search_by_part(request: Request) -> Response:
        token = await photos.take_part(request)
        return RedirectResponse(address("/search", query=token), 303)

    return router


def _details(served: ServedLake, image_id: str | None) -> ImageDetails | None:
    """What is known of the image of the lake that a query is; None for a photo from outside."""
    row = None if image_id is None else served.catalogue.row_of(image_id)
    return None if row is None else served.catalogue.details([row])[0]
