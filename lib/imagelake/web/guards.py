"""Middleware: security headers, limits of bodies and request rate, HEAD, and no requests from other sites."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagelake.web.problems import ProblemError, busy, problem_response

_UPLOAD_S = 60.0  # a phone on a slow line needs 30 s for 10 MB
_DRAINED = 4  # a body of so many times the limit is read and dropped, so that its sender reads the error
_JUDGED = "/judge/"
_FORM_BYTES = 4_096  # around a photo in a form: field names and boundaries

# Scripts, styles and pictures come from this server alone. Charts carry their sizes in style attributes.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# It sends verdicts while the page stays.
JUDGING_POLICY = f"{PAGE_POLICY}; connect-src 'self'"
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
                problem = ProblemError(403, "this was sent from a page of another site; use the page itself")
                await problem_response(problem, Request(scope))(scope, receive, send)
                return
        await self._app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, and drop the body of its response."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


class BodyMemory:
    """The bytes of all bodies in memory, from a body's first piece until its response is complete."""

    def __init__(self, max_bytes: int, one_body: int) -> None:
        """Bound them.

        Args:
            max_bytes: of all bodies.
            one_body: the longest one, which a client may always send if it has no other.
        """
        self._max_bytes, self._most_of_client = max_bytes, max(one_body, max_bytes // 4)
        self._held: Counter[str] = Counter()

    def take(self, client: str, size: int) -> bool:
        """Count a piece of a body; False where there is no room for it."""
        if self._held.total() + size > self._max_bytes or self._held[client] + size > self._most_of_client:
            return False
        self._held[client] += size
        return True

    def give_back(self, client: str, size: int) -> None:
        """Count pieces as gone."""
        self._held[client] -= size
        if not self._held[client]:
            del self._held[client]


class BodyLimit:
    """Refuses a body that is too long, as soon as this is known, too slow, or one too many at a time."""

    def __init__(self, app: ASGIApp, max_bytes: int, max_bytes_of_all: int, seconds: float = _UPLOAD_S) -> None:
        self._app, self._max_bytes, self._seconds = app, max_bytes + _FORM_BYTES, seconds
        self._memory = BodyMemory(max_bytes_of_all, self._max_bytes)

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
        await self._with_memory(scope, self._bounded(receive, self._max_bytes), send)

    async def _with_memory(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with a body that is counted."""
        client, held = client_of(scope), 0

        async def counted() -> Message:
            nonlocal held
            message = await receive()
            size = len(message.get("body", b""))
            if not self._memory.take(client, size):
                if message.get("more_body"):
                    await _drain(receive)
                raise busy(503, "too many photos are being sent; try again soon", 5)
            held += size
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._memory.give_back(client, held)

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
    """Limits the requests a minute from one client, with a lower limit for searches by photo or address.

    A verdict costs no more than a page, and comes once a second.
    """

    def __init__(self, app: ASGIApp, requests: int, searches: int) -> None:
        self._app = app
        self._requests, self._searches = RateLimitItemPerMinute(requests), RateLimitItemPerMinute(searches)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or refuse the request."""
        if scope["type"] == "http" and not self._may(scope):
            problem = busy(429, "that was too much in a minute; wait a little", 60, "Too many requests in a minute")
            await problem_response(problem, Request(scope))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        client = client_of(scope)
        costly = scope["method"] not in {"GET", "HEAD"} and not scope["path"].startswith(_JUDGED)
        if costly and not self._window.hit(self._searches, "searches", client):
            return False
        return self._window.hit(self._requests, "requests", client)


def client_of(scope: Scope) -> str:
    """The client of a request."""
    return client_key(scope["client"][0] if scope.get("client") else "")


def client_key(host: str) -> str:
    """The client of a request: its IPv4 address, or its IPv6 network of 64 bits, which one household has."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(int(address) >> 64)
    return host
