"""Error responses: a page for browsers, problem JSON (RFC 9457) for programs."""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagelake.errors import ImageLakeError
from imagelake.net.safe_fetch import FetchError
from imagelake.serving.errors import QueryError
from imagelake.vision.errors import ImageError
from imagelake.web.pages import render

_CLOSING = frozenset({408, 413, 503})
_STATUS_OF_QUERY = {"unusable": 422, "unknown": 404, "gone": 410}

_log = logging.getLogger("imagelake.web")


class ProblemError(Exception):
    """An error of a request: its status, a sentence for the user, and the seconds after which it may be tried again."""

    def __init__(self, status: int, detail: str, retry_s: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_s = status, detail, retry_s


def problem_response(problem: ProblemError, headers: Mapping[str, str]) -> Response:
    """The response of a problem, as a page if the header Accept has text/html, else as JSON.

    Args:
        problem: what went wrong.
        headers: of the request.
    """
    title = http.HTTPStatus(problem.status).phrase
    # Otherwise the server would read a body that is still being sent to its end.
    extra = {"Connection": "close"} if problem.status in _CLOSING else {}
    if problem.retry_s is not None:
        extra["Retry-After"] = str(max(1, problem.retry_s))
    if "text/html" in headers.get("accept", ""):
        return HTMLResponse(render("problem.html", title=title, detail=problem.detail), problem.status, extra)
    body = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
    return JSONResponse(body, problem.status, extra, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Register the handlers that turn errors of pages and the API into such responses."""

    async def respond(request: Request, error: Exception) -> Response:
        return problem_response(problem_of(error), request.headers)

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
            problem = ProblemError(_STATUS_OF_QUERY[error.problem], str(error))
        case FetchError():
            if error.detail != str(error):
                _log.warning("refused to fetch: %s", error.detail)
            problem = ProblemError(422, str(error))
        case ImageError():
            problem = ProblemError(422, f"this is no photo that can be read: {error.reason.replace('_', ' ')}")
        case RequestValidationError():
            problem = ProblemError(422, "; ".join(map(_said, error.errors())))
        case HTTPException():
            problem = ProblemError(error.status_code, error.detail)
        case ImageLakeError():
            _log.error("%s", error)
            problem = ProblemError(503, "the lake cannot be read at the moment; the server's log says why")
        case _:
            _log.error("an error of the server itself", exc_info=error)
            problem = ProblemError(500, "an error of the server itself; its log says what")
    return problem


def _said(error: Mapping[str, object]) -> str:
    field = error["loc"]
    name = field[-1] if isinstance(field, tuple) and field else "the request"
    return f"{name}: {error['msg']}"


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
                await problem_response(problem, Headers(scope=scope))(scope, receive, send)
