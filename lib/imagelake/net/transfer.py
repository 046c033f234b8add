"""HTTP downloads with retries and back-off, resumed where the server allows it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from urllib3 import exceptions as urllib3_errors

from imagelake import __version__
from imagelake.errors import ImageLakeError
from imagelake.net.connection_errors import plain_reason, was_answered
from imagelake.net.retry import RetryPolicy

CHUNK_BYTES = 1 << 16
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
TRANSIENT_ERRORS = (requests.exceptions.ConnectionError, requests.exceptions.Timeout)


class DownloadError(ImageLakeError):
    """A download that finally failed: ``reason`` is a short text to count by, ``reached`` whether a server answered."""

    def __init__(self, url: str, reason: str, reached: bool = True) -> None:
        super().__init__(f"cannot download {url}: {reason}")
        self.url, self.reason, self.reached = url, reason, reached


class _BrokenError(Exception):
    """A failure that is worth a retry."""

    def __init__(self, reason: str, reached: bool, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.reached, self.wait_s = reason, reached, wait_s


@dataclass
class Position:
    """The position of a download: bytes so far, and the version of the file (entity tag, length) that they are of."""

    offset: int = 0
    etag: str | None = None
    total: int | None = None


class Sink(Protocol):
    """The receiver of a download's bytes; it advances ``position.offset`` itself, so that the two agree."""

    position: Position

    def restart(self) -> None:
        """Drop all bytes so far: the next ones are the file's first."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""


@dataclass(frozen=True, kw_only=True)
class DownloadRetryPolicy(RetryPolicy):
    """When to give up: after more than ``retries`` failures in a row without progress; silence counts as one."""

    retries: int = 5
    timeout_s: float = 30.0


class Client:
    """Downloads for any number of threads; ``received`` counts the bytes of all of them."""

    def __init__(self, policy: DownloadRetryPolicy) -> None:
        self.received = 0
        self._policy = policy
        self._lock = threading.Lock()
        self._local = threading.local()

    def pull(self, url: str, sink: Sink, watch: Callable[[Position], None] | None = None) -> None:
        """Download the file at ``url`` into the sink, from the sink's position to the end.

        Args:
            url: http or https address.
            sink: receiver of the bytes; restarted where the server cannot or must not resume.
            watch: called with the position after each chunk.

        Raises:
            DownloadError: the server refuses (404 and the like), or every attempt failed.
        """
        failures, furthest = 0, sink.position.offset

        def count(_: RetryCallState) -> None:
            nonlocal failures, furthest
            progressed = sink.position.offset > furthest
            failures, furthest = 1 if progressed else failures + 1, max(furthest, sink.position.offset)

        def end(state: RetryCallState) -> None:
            broken = _broken(state)
            reason = f"{broken.reason} ({failures} attempt{'s' if failures > 1 else ''})"
            raise DownloadError(url, reason, broken.reached) from None

        Retrying(
            retry=retry_if_exception_type(_BrokenError),
            after=count,
            # A server may ask for a longer wait.
            wait=lambda state: max(self._policy.wait_s(failures), _broken(state).wait_s),
            stop=lambda _: failures > self._policy.retries,
            retry_error_callback=end,
        )(self._attempt, url, sink, watch)

    def _attempt(self, url: str, sink: Sink, watch: Callable[[Position], None] | None) -> None:
        try:
            with self._request(url, sink.position) as response:
                if _is_complete(response, sink.position):
                    return
                self._check_status(url, response)
                _agree_on_position(response, sink)
                self._take(response, sink, watch)
        except TRANSIENT_ERRORS as error:
            raise _BrokenError(plain_reason(error), was_answered(error)) from None
        except requests.exceptions.RequestException as error:
            raise DownloadError(url, plain_reason(error)) from None

    def _request(self, url: str, position: Position) -> requests.Response:
        # With compression, Content-Length and Range would not count the file's own bytes.
        headers = {"Accept-Encoding": "identity", "User-Agent": f"imagelake/{__version__}"}
        if position.offset:
            headers["Range"] = f"bytes={position.offset}-"
            if position.etag and not position.etag.startswith("W/"):
                headers["If-Range"] = position.etag
        return self._session().get(url, headers=headers, stream=True, timeout=self._policy.timeout_s)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session

    def _check_status(self, url: str, response: requests.Response) -> None:
        reason = f"HTTP {response.status_code}"
        if response.status_code in TRANSIENT_STATUS:
            raise _BrokenError(reason, reached=True, wait_s=self._requested_wait_s(response))
        if response.status_code not in {200, 206, 416}:
            raise DownloadError(url, reason)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise DownloadError(url, "a web page came instead of the file (a proxy or login page?)")

    def _requested_wait_s(self, response: requests.Response) -> float:
        value = response.headers.get("Retry-After", "")
        return min(float(value), self._policy.longest_wait_s) if value.isdecimal() else 0.0

    def _take(self, response: requests.Response, sink: Sink, watch: Callable[[Position], None] | None) -> None:
        for chunk in _chunks(response):
            sink.write(chunk)
            with self._lock:
                self.received += len(chunk)
            if watch:
                watch(sink.position)
        position = sink.position
        if position.total is not None and position.offset != position.total:
            raise _BrokenError("the file ended before its announced length", reached=True)


def _broken(state: RetryCallState) -> _BrokenError:
    error = state.outcome and state.outcome.exception()
    assert isinstance(error, _BrokenError)
    return error


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives; ``iter_content`` waits for whole chunks, and loses an incomplete one on failure."""
    try:
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            yield chunk
    except urllib3_errors.HTTPError as error:
        raise requests.exceptions.ConnectionError(error) from error


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """First byte and total length in ``Content-Range``: ``bytes 5-9/10`` or, with status 416, ``bytes */10``."""
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match:
        return None, None
    first, total = match.groups()
    return int(first) if first else None, int(total) if total != "*" else None


def _is_complete(response: requests.Response, position: Position) -> bool:
    return response.status_code == 416 and _content_range(response) == (None, position.offset)


def _agree_on_position(response: requests.Response, sink: Sink) -> None:
    """Continue where the server continues; restart if it sends the whole file or another version of it."""
    position = sink.position
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    if response.status_code == 200:
        if position.offset:
            sink.restart()
    else:
        first, total = _content_range(response)
        if first != position.offset or (position.total and total and total != position.total):
            sink.restart()
            raise _BrokenError("the server resumed at another position, or the file has changed", reached=True)
    sink.position.total, sink.position.etag = total, response.headers.get("ETag")
