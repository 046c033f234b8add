"""The pages of a search, by the same functions as the API: the form, the results, one image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Annotated

import numpy as np
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, field_validator
from starlette.responses import HTMLResponse, RedirectResponse, Response

from imagelake.reports.names import clean_name, listed
from imagelake.search.filters import Filters, UnknownFilterError
from imagelake.search.order import candidate_count
from imagelake.search.page import Page
from imagelake.serving.catalogue import ImageDetails
from imagelake.serving.export import MEDIA_TYPES, ExportFormat, exported
from imagelake.serving.parameters import QueryParameters, SearchParameters, Text, WordParameters
from imagelake.serving.search import query_of, search, search_by_words
from imagelake.serving.served_lake import ServedLake
from imagelake.web.pages import address, render
from imagelake.web.photos import BODY, Photos
from imagelake.web.problems import ProblemError, unknown_name

_LABELS_OFFERED = 2_000  # in the list of the browser's suggestions
_MOST_EXPORTED = 2_000
_POINTS, _SIDE, _COLOURS = 3_000, 1_000, 5  # points of the map, its side in units of the drawing, labels with a colour


class MapParameters(BaseModel):
    """Which images of the map stand out."""

    model_config = ConfigDict(frozen=True)

    label: Text | None = None

    @field_validator("label")
    @classmethod
    def _unsaid(cls, value: str | None) -> str | None:
        return value or None


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
            network=served.predictor.card.name,
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

    @router.post("/export")
    async def export(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=_MOST_EXPORTED) as form:
            chosen = form.getlist("id") or form.getlist("all")
            wanted = str(form.get("format", "csv"))
        if wanted not in MEDIA_TYPES:
            raise ProblemError(422, f"there is no format {wanted!r}; there are {', '.join(MEDIA_TYPES)}")
        return await run_sync(_exported, served, [str(name) for name in chosen], wanted)

    @router.get("/map")
    def image_map(parameters: Annotated[MapParameters, Query()]) -> str:
        allowed = served.catalogue.allowed(Filters(label=parameters.label), None)
        every = served.map.rows(_POINTS, None, served.catalogue.by_id)
        marked = served.map.rows(_POINTS, allowed, served.catalogue.by_id) if allowed is not None else every[:0]
        frame = served.map.frame()
        return page(
            "map.html",
            title="Map",
            label=parameters.label,
            points=_points(served, every, frame, labels.counts),
            marked=_points(served, marked, frame, labels.counts),
            coloured=[*islice(labels.counts, _COLOURS)],
            total=int((~np.isnan(served.map.points[:, 0])).sum()),
            offered=served.words.offered[:_LABELS_OFFERED],
        )

    return router


def _exported(served: ServedLake, chosen: Sequence[str], wanted: ExportFormat) -> Response:
    """Images as a file.

    Raises:
        ProblemError: none is chosen, or the lake does not have one.
    """
    rows = [served.catalogue.row_of(name) for name in dict.fromkeys(chosen)]
    known = [row for row in rows if row is not None]
    if not known or len(known) < len(rows):
        raise ProblemError(422, "choose images of this lake to export", "No images were chosen")
    name, media_type = MEDIA_TYPES[wanted]
    content = exported(served.catalogue.details(known), wanted, served.boxes.of)
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@dataclass(frozen=True)
class _Point:
    """An image on the map: pixels from the top left, its colour's number, and its labels."""

    image_id: str
    x: float
    y: float
    colour: int
    labels: str


def _points(
    served: ServedLake, rows: Iterable[int], frame: tuple[float, float, float, float], counts: Mapping[str, int]
) -> list[_Point]:
    colours = {label: number for number, label in enumerate(islice(counts, _COLOURS), 1)}
    left, bottom, right, top = frame
    found = []
    for row in rows:
        x, y = served.map.points[row]
        own = served.catalogue.labels.labels_of(int(row))
        across = min(max((float(x) - left) / (right - left), -0.02), 1.02)
        up = min(max((float(y) - bottom) / (top - bottom), -0.02), 1.02)
        colour = next((colours[label] for label in own if label in colours), 0)
        found.append(
            _Point(served.catalogue.image_id(int(row)), _SIDE * across, _SIDE * (1 - up), colour, listed(own, 3))
        )
    return found


def _details(served: ServedLake, image_id: str | None) -> ImageDetails | None:
    """What is known of the image of the lake that a query is; None for a photo from outside."""
    row = None if image_id is None else served.catalogue.row_of(image_id)
    return None if row is None else served.catalogue.details([row])[0]
