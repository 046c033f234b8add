"""Middleware: security headers, limits of body size and request rate, and no requests from other sites."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagelake.web.problems import ProblemError, problem_response

_UPLOAD_S = 60.0  # a phone on a slow line needs 30 s for 10 MB
_DRAINED = 4  # a body of so many times the limit is read and dropped, so that its sender reads the error
_FORM_BYTES = 4_096  # around a photo in a form: field names and boundaries

# Scripts, styles and pictures come from this server alone. Charts carry their sizes in style attributes.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The report contains its styles and pictures, and no script.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# A file of the lake must be treated as a picture only.
FILE_POLICY = "default-src 'none'; sandbox"

_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SafeHeaders:
    """Adds the security headers to every response that does not set them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, and add the headers to its response."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class OwnSiteOnly:
    """Refuses cross-site requests of browsers, which could make this server fetch addresses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or refuse the request."""
        if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}:
            site = Headers(scope=scope).get("sec-fetch-site", "none")
            if site not in {"same-origin", "none"}:
                problem = ProblemError(403, "this was sent from a page of another site; search from the page itself")
                await problem_response(problem, Request(scope))(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too long, as soon as this is known, or too slow."""

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float = _UPLOAD_S) -> None:
        self._app, self._max_bytes, self._seconds = app, max_bytes + _FORM_BYTES, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with a body that raises an error when it is too long."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        size = int(announced) if announced.isdecimal() else sys.maxsize
        if size > self._max_bytes:
            if size <= _DRAINED * self._max_bytes:
                await _drain(self._bounded(receive, sys.maxsize))
            await problem_response(self._too_long(), Request(scope))(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive, self._max_bytes), send)

    def _bounded(self, receive: Receive, max_bytes: int) -> Receive:
        """The messages of a request, until there are too many bytes or too much time has passed."""
        received, ends = 0, time.monotonic() + self._seconds

        async def bounded() -> Message:
            nonlocal received
            try:
                message = await asyncio.wait_for(receive(), max(0.0, ends - time.monotonic()))
            except TimeoutError:
                raise ProblemError(408, f"the upload took longer than {self._seconds:g} s") from None
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise self._too_long()
            return message

        return bounded

    def _too_long(self) -> ProblemError:
        return ProblemError(413, f"a photo may have {self._max_bytes - _FORM_BYTES:,} bytes at most")


async def _drain(receive: Receive) -> None:
    """Read a body and drop it: a browser reads the response only when it has sent everything."""
    while (await receive()).get("more_body"):
        pass


class RateLimit:
    """Limits the requests a minute from one client, with a lower limit for searches by photo or address."""

    def __init__(self, app: ASGIApp, requests: int, searches: int) -> None:
        self._app = app
        self._requests, self._searches = RateLimitItemPerMinute(requests), RateLimitItemPerMinute(searches)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or refuse the request."""
        if scope["type"] == "http" and not self._may(scope):
            problem = ProblemError(429, "that was too much in a minute; wait a little")
            response = problem_response(problem, Request(scope))
            response.headers["Retry-After"] = "60"
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        client = client_key(scope["client"][0] if scope.get("client") else "")
        if scope["method"] not in {"GET", "HEAD"} and not self._window.hit(self._searches, "searches", client):
            return False
        return self._window.hit(self._requests, "requests", client)


def client_key(host: str) -> str:
    """The client of a request: its IPv4 address, or its IPv6 network of 64 bits, which one household has."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(int(address) >> 64)
    return host
