"""Connections of the server: closed when they idle, send half a request or read nothing, and limited in number."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter

from uvicorn.protocols.http.h11_impl import H11Protocol

from imagelake.web.guards import client_key

_STALLED_S = 60.0  # without reading any of a response; a phone on a slow line empties its buffers within
_REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Doors:
    """How many connections are open, in all and of each client."""

    def __init__(self, most: int, most_of_client: int) -> None:
        self._most, self._most_of_client = most, most_of_client
        self._open: Counter[str] = Counter()

    def enter(self, client: str) -> bool:
        """Count a new connection; False where it is one too many."""
        if self._open.total() >= self._most or self._open[client] >= self._most_of_client:
            return False
        self._open[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Count a connection as closed."""
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


def most_connections(wanted: int) -> int:
    """At most half of the files that this process may open: the others are for the lake and the cache."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if files == resource.RLIM_INFINITY else max(1, min(wanted, files // 2))


def guarded_protocol(doors: Doors, idle_s: float) -> type[H11Protocol]:
    """Uvicorn's protocol with limits; it has itself only one of the time between two requests.

    Args:
        doors: counts the connections.
        idle_s: for the whole header of a request, and between two pieces of its body.
    """

    class Guarded(H11Protocol):
        _key: str | None = None
        _sending: asyncio.TimerHandle | None = None  # runs while the client has to send
        _reading: asyncio.TimerHandle | None = None  # runs while the client has to read

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            key = client_key(self.client[0] if self.client else "")
            if not doors.enter(key):
                transport.write(_REFUSAL)
                transport.close()
                return
            self._key = key
            self._expect_more(anew=True)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.transport.is_closing() or self._has_whole_request():
                self._expect_nothing()
            else:
                # Single bytes must not keep a header waiting; a body has a limit of its own in all.
                self._expect_more(anew=self._is_in_body() or self._sending is None)

        def on_response_complete(self) -> None:
            self._expect_nothing()
            super().on_response_complete()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._reading = self.loop.call_later(_STALLED_S, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._expect_no_reading()

        def connection_lost(self, exc: Exception | None) -> None:
            self._expect_nothing()
            self._expect_no_reading()
            if self._key is not None:
                doors.leave(self._key)
            super().connection_lost(exc)

        def _is_in_body(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body

        def _has_whole_request(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

        def _expect_more(self, anew: bool) -> None:
            if anew:
                self._expect_nothing()
                self._sending = self.loop.call_later(idle_s, self._sent_too_little)

        def _expect_nothing(self) -> None:
            if self._sending is not None:
                self._sending.cancel()
                self._sending = None

        def _expect_no_reading(self) -> None:
            if self._reading is not None:
                self._reading.cancel()
                self._reading = None

        def _sent_too_little(self) -> None:
            if self.flow.read_paused:  # it is the server that does not take more
                self._expect_more(anew=True)
            else:
                self.transport.abort()

    return Guarded
