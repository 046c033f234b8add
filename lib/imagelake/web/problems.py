"""Error responses: a page in plain words for browsers, problem JSON (RFC 9457) for programs."""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagelake.errors import ImageLakeError
from imagelake.net.safe_fetch import FetchError
from imagelake.reports.names import short_name
from imagelake.search.filters import UnknownFilterError
from imagelake.serving.errors import QueryError
from imagelake.vision.errors import ImageError
from imagelake.web.pages import address, render

_CLOSING = frozenset({408, 413, 503})
_STATUS_OF_QUERY = {"unusable": 422, "unknown": 404, "gone": 410}
_HEADLINE_OF_QUERY = {
    "unusable": "Choose a photo to search by",
    "unknown": "The lake has no such image",
    "gone": "This photo is no longer kept",
}
_HEADLINES = {
    400: "This request cannot be read",
    403: "This came from another site",
    404: "There is no such page",
    405: "This page cannot be asked that way",
    408: "The upload took too long",
    410: "This is no longer here",
    413: "This photo is too large",
    415: "This is no photo",
    422: "This cannot be searched for",
    429: "Too many requests in a minute",
    500: "Something went wrong in the server",
    503: "The lake cannot be read at the moment",
}
# What the framework itself says in terms of the protocol.
_IN_WORDS = {404: "nothing is at this address", 405: "this address takes no such request"}
# Parameters by their names on the page.
_FIELDS = {
    "min_ppi": "Least PPI",
    "min_pixels": "Least pixels",
    "kind": "Photo or drawing",
    "mode": "Show",
    "order": "Order",
    "label": "Label",
    "split": "Split",
    "duplicates": "Exact copies",
    "show": "Show",
    "group": "Group",
    "page": "Page",
}

_log = logging.getLogger("imagelake.web")


class WayOn(NamedTuple):
    """A link that leads on from a problem."""

    text: str
    href: str


class ProblemError(Exception):
    """An error of a request.

    Attributes:
        status: of the response.
        detail: a sentence for the user, in the terms of the API.
        plainly: the same in those of the pages.
        headline: what happened in a few words, the title of the page.
        ways: links that lead on; every page has one to the first page besides.
        nearest: known names like the unknown one.
        retry_s: seconds after which it may be tried again; None where that would not help.
        photo_address: the address of a photo that could not be searched for, to be mended.
        filters: of the search that failed, which the next attempt keeps.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        headline: str = "",
        ways: Sequence[WayOn] = (),
        nearest: Sequence[str] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.plainly = status, detail, detail
        self.headline = headline or _HEADLINES.get(status, "This did not work")
        self.ways, self.nearest = tuple(ways), tuple(nearest)
        self.retry_s: int | None = None
        self.photo_address = ""
        self.filters: dict[str, str] = {}


def busy(status: int, detail: str, retry_s: float, headline: str = "") -> ProblemError:
    """The problem of a request that may succeed later: after so many seconds, says its header Retry-After."""
    problem = ProblemError(status, detail, headline or "The server is busy")
    problem.retry_s = max(1, round(retry_s))
    return problem


def problem_response(problem: ProblemError, request: Request) -> Response:
    """The response of a problem, as a page if the header Accept has text/html, else as JSON."""
    # Otherwise the server would read a body that is still being sent to its end.
    extra = {"Connection": "close"} if problem.status in _CLOSING else {}
    if problem.retry_s is not None:
        extra["Retry-After"] = str(problem.retry_s)
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(render("problem.html", title=problem.headline, problem=problem), problem.status, extra)
    title = http.HTTPStatus(problem.status).phrase
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
    if problem.nearest:
        body["nearest"] = list(problem.nearest)
    return JSONResponse(body, problem.status, extra, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Register the handlers that turn errors of pages and the API into such responses."""

    async def respond(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if isinstance(error, RequestValidationError):
            problem.ways = _without_wrong_fields(request, error)
        return problem_response(problem, request)

    for error_type in (
        ProblemError,
        QueryError,
        FetchError,
        ImageError,
        RequestValidationError,
        HTTPException,
        ImageLakeError,
    ):
        app.add_exception_handler(error_type, respond)


def problem_of(error: Exception) -> ProblemError:
    """The problem of an error for the client; errors of the server are logged."""
    match error:
        case ProblemError():
            problem = error
        case QueryError():
            headline = _HEADLINE_OF_QUERY[error.problem]
            problem = ProblemError(_STATUS_OF_QUERY[error.problem], str(error), headline)
        case UnknownFilterError():
            problem = ProblemError(422, str(error), unknown_name(error.name, error.value), nearest=error.nearest)
        case FetchError():
            if error.detail != str(error):
                _log.warning("refused to fetch: %s", error.detail)
            problem = ProblemError(422, str(error), "The photo could not be fetched")
        case ImageError():
            detail = f"this is no photo that can be read: {error.reason.replace('_', ' ')}"
            problem = ProblemError(422, detail, "The photo cannot be read")
        case RequestValidationError():
            detail = "; ".join(f"{_name_of(one)}: {one['msg']}" for one in error.errors())
            problem = ProblemError(422, detail, _headline_of(error))
            problem.plainly = "; ".join(map(_plainly, error.errors()))
        case HTTPException():
            problem = ProblemError(error.status_code, error.detail)
            problem.plainly = _IN_WORDS.get(error.status_code, error.detail)
        case ImageLakeError():
            _log.error("%s", error)
            problem = ProblemError(503, "the lake cannot be read at the moment; the server's log says why")
        case _:
            _log.error("an error of the server itself", exc_info=error)
            problem = ProblemError(500, "an error of the server itself; its log says what")
    return problem


def unknown_name(what: str, name: str) -> str:
    """The headline for a label or a split that the lake does not have."""
    return f"No {what} is called “{short_name(name, 40)}”"


def _headline_of(error: RequestValidationError) -> str:
    """The first wrong field by its name on the page."""
    first = error.errors()[0]
    name, value = _name_of(first), first.get("input")
    if first["type"] == "missing":
        return "Something is missing in this address"
    if name not in _FIELDS or not isinstance(value, (str, int, float)):
        return _HEADLINES[422]
    return f"{_FIELDS[name]} cannot be “{short_name(value, 40)}”"


def _plainly(error: Mapping[str, Any]) -> str:
    name = _name_of(error)
    return f"{_FIELDS.get(name, name)}: {str(error['msg']).replace('Input should', 'this should')}"


def _without_wrong_fields(request: Request, error: RequestValidationError) -> tuple[WayOn, ...]:
    """The way to the same page with everything but what is wrong; none where nothing would be left."""
    wrong = set(map(_name_of, error.errors()))
    left = {name: value for name, value in request.query_params.items() if name not in wrong}
    if request.method != "GET" or not left or not wrong <= _FIELDS.keys():
        return ()
    return (WayOn("Search without it", address(request.url.path, left)),)


def _name_of(error: Mapping[str, Any]) -> str:
    field = error["loc"]
    return str(field[-1]) if isinstance(field, tuple) and field else "the request"


class NoTraces:
    """Logs unexpected errors; the client gets only status 500 and a general sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; on an error before the response has begun, respond with 500."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            return  # an upload that its sender gave up: nobody waits for a response
        except Exception as error:
            if scope["type"] != "http":
                raise
            problem = problem_of(error)
            if not begun:
                await problem_response(problem, Request(scope))(scope, receive, send)
