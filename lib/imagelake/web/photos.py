"""The photo of a request: in a form, as the body, or by its address; predicted, and kept by its token."""

from __future__ import annotations

import json
import math
from typing import Any

from anyio import CapacityLimiter, fail_after
from anyio.to_thread import run_sync
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from imagelake.net.safe_fetch import FetchError, SafeFetch
from imagelake.search.query import Query
from imagelake.serving.served_lake import ServedLake
from imagelake.vision.errors import ImageError
from imagelake.web.fair_queue import FairQueue
from imagelake.web.guards import client_of
from imagelake.web.problems import ProblemError, problem_of

_FETCHES = 8  # at a time; each may wait for ten seconds
PHOTO, URL = "photo", "url"

# The description of the body for OpenAPI: it has three forms.
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {PHOTO: {"type": "string", "format": "binary"}, URL: {"type": "string"}},
                }
            },
            "application/json": {
                "schema": {"type": "object", "properties": {URL: {"type": "string"}}, "required": [URL]}
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class Photos:
    """Reads and predicts the photos of requests. Waiting requests hold no thread."""

    def __init__(self, served: ServedLake, fetch: SafeFetch, threads: int, wait_s: float) -> None:
        """Take photos.

        Args:
            served: the lake.
            fetch: how photos behind addresses are fetched.
            threads: photos predicted at a time.
            wait_s: the longest that a request waits for its turn.
        """
        self._served, self._fetch = served, fetch
        self._predicting, self._fetching = FairQueue(threads, wait_s), FairQueue(_FETCHES, wait_s)
        # Threads apart from those of pages, and of each other: a hanging resolver keeps its own.
        self._predictors, self._fetchers = CapacityLimiter(threads), CapacityLimiter(_FETCHES)

    async def take(self, request: Request) -> tuple[str, Query]:
        """The photo of a request as a query, which is kept, and its token.

        Raises:
            ProblemError: there is none, its address is refused or does not respond, it cannot be read, or its turn does
                not come in time.
        """
        sent, client = await self._sent(request), client_of(request.scope)
        try:
            content = await self._behind(sent, client) if isinstance(sent, str) else sent
            async with self._predicting.turn(client):
                photo = await run_sync(self._served.predictor.predict, content, limiter=self._predictors)
        except (FetchError, ImageError) as error:
            problem = problem_of(error)
            problem.photo_address = sent if isinstance(sent, str) else ""
            problem.filters = dict(request.query_params)
            raise problem from None
        return self._served.queries.keep(photo), photo.query

    async def take_part(self, request: Request) -> str:
        """The token of a part of a photo that was shown before, or of an image of the lake, from a form.

        Raises:
            ProblemError: the form names neither, or no part; the photo is gone, or cannot be read.
        """
        async with request.form(max_files=0, max_fields=8) as form:
            box, image, query = _box(_text(form, "box")), _text(form, "image"), _text(form, "query")
        async with self._predicting.turn(client_of(request.scope)):
            try:
                content = await run_sync(self._shown, image, query)
                photo = await run_sync(self._served.predictor.predict_part, content, box, limiter=self._predictors)
            except ImageError as error:
                raise problem_of(error) from None
        return self._served.queries.keep(photo)

    def _shown(self, image: str, query: str) -> bytes:
        """The bytes of an image of the lake, else the small picture of a photo that was shown before."""
        if query:
            kept = self._served.queries.get(query)
            if kept is None:
                raise ProblemError(410, "this photo is no longer kept", "This photo is no longer kept")
            return kept.thumbnail
        row = self._served.catalogue.row_of(image)
        content = None if row is None else self._served.originals.read(row)
        if content is None:
            raise ProblemError(404, "the lake has no bytes of this image", "There is no such picture")
        return content

    async def _sent(self, request: Request) -> bytes | str:
        """The photo that a request sends, or its address."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == "multipart/form-data":
            return await self._of_form(request)
        body = await request.body()
        if media_type == "application/json":
            return _url_in(body)
        if media_type == "application/octet-stream" or media_type.startswith("image/"):
            return body
        raise ProblemError(415, "send a form with a photo or a url, JSON with a url, or the photo itself as image/*")

    async def _of_form(self, request: Request) -> bytes | str:
        try:
            async with request.form(max_files=1, max_fields=8) as form:
                photo = form.get(PHOTO)
                if isinstance(photo, UploadFile) and photo.size:
                    return await photo.read()
                url = _text(form, URL)
        except HTTPException as error:
            raise ProblemError(400, f"the form cannot be read: {error.detail}") from None
        if not url:
            raise ProblemError(400, "choose a photo, or give the address of one", "No photo was chosen")
        return url

    async def _behind(self, url: str, client: str) -> bytes:
        try:
            # A hanging resolver blocks its thread, but no request.
            async with self._fetching.turn(client):
                with fail_after(self._fetch.timeout_s + 1):
                    return await run_sync(self._fetch.fetch, url, abandon_on_cancel=True, limiter=self._fetchers)
        except TimeoutError:
            raise FetchError(f"the file was not received within {self._fetch.timeout_s:g} s") from None


def _box(text: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in percent, commas between, as shares from 0 to 1.

    Raises:
        ProblemError: they are no part of a picture.
    """
    try:
        edges = [float(part) / 100 for part in text.split(",")]
        left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in edges if math.isfinite(edge))
    except ValueError:
        left = top = right = bottom = 0.0
    if not (left < right and top < bottom):
        detail = f"{text!r} is no part of a picture: left,top,right,bottom in percent, such as 10,10,60,80"
        raise ProblemError(422, detail, "Mark a part of the picture")
    return left, top, right, bottom


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _url_in(body: bytes) -> str:
    try:
        given: Any = json.loads(body)
    except (ValueError, RecursionError):  # the latter for brackets nested a thousand times
        raise ProblemError(400, "the body is no JSON") from None
    url = given.get(URL) if isinstance(given, dict) else None
    if not isinstance(url, str):
        raise ProblemError(422, 'the body must be {"url": "https://..."}')
    return url.strip()
