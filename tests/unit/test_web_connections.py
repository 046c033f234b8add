"""Connections over real sockets: idle and half-sent ones are closed, their number is bounded, bodies fit memory."""

from __future__ import annotations

import logging
import resource
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from imagelake.web.connections import most_connections
from small_server import SmallServer, everything, head

IDLE_S = 1.0
OTHER = "127.0.0.2"  # another client


def eventually(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends, "it did not come true within 10 s"
        time.sleep(0.05)


@pytest.mark.tried(
    "The browser app",
    "connections that stop inside the header of a request",
    "closed at the time-out; another client is served meanwhile",
    n=300,
)
def test_half_sent_requests_are_closed_and_block_nobody() -> None:
    """Of 300 connections with half a header none is open after the time-out, and another client is served meanwhile."""
    with SmallServer(idle_s=IDLE_S, connections=400, connections_per_client=350) as server, ExitStack() as stack:
        lines = [stack.enter_context(server.connection()) for _ in range(300)]
        for line in lines:
            line.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nX-Half: ")
        began = time.monotonic()
        assert server.ask(b"12345", OTHER).endswith("\r\n\r\n5")
        assert time.monotonic() - began < IDLE_S
        assert {everything(line) for line in lines} == {""}
        assert time.monotonic() - began < 3 * IDLE_S


@pytest.mark.parametrize("sent", [b"", b"GET / HT", head(100) + b"half a body", head(0).replace(b"close", b"x")])
def test_what_a_client_leaves_open_is_closed(sent: bytes) -> None:
    """A connection without a byte, one with half a header or half a body, and one that idles after its response."""
    with SmallServer(idle_s=IDLE_S) as server, server.connection() as line:
        began = time.monotonic()
        line.sendall(sent)
        everything(line)
        assert 0.8 * IDLE_S < time.monotonic() - began < 2.5 * IDLE_S


def test_single_bytes_do_not_keep_a_header_waiting() -> None:
    """A header that grows by a byte now and then is closed as early as one that does not grow."""
    with SmallServer(idle_s=IDLE_S) as server, server.connection() as line:
        line.settimeout(0.1)
        began, closed = time.monotonic(), False
        while not closed and time.monotonic() - began < 5 * IDLE_S:
            try:
                line.sendall(b"G")
                closed = line.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                closed = True
        assert closed
        assert time.monotonic() - began < 2 * IDLE_S


def test_a_slow_body_is_received() -> None:
    """A body that takes longer than the time-out is received, as long as it goes on."""
    with SmallServer(idle_s=IDLE_S) as server, server.connection() as line:
        line.sendall(head(6))
        for _ in range(6):
            time.sleep(IDLE_S / 3)
            line.sendall(b"x")
        assert everything(line).endswith("\r\n\r\n6")


def test_a_connection_serves_many_requests() -> None:
    """Requests after another and at once (pipelined) are answered on one connection."""
    request = head(3).replace(b"close", b"keep-alive") + b"abc"
    with SmallServer(idle_s=IDLE_S) as server, server.connection() as line:
        line.sendall(request)
        time.sleep(0.3)
        line.sendall(request + request)
        assert everything(line).count("HTTP/1.1 200 OK") == 3


def test_a_client_has_so_many_connections() -> None:
    """The one that is too many is told 503 and closed; another client is served; a place that comes free is given."""
    with SmallServer(connections_per_client=5, connections=20) as server:
        with ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(server.connection())
            eventually(lambda: "503" in server.ask())
            assert "Retry-After" in server.ask()
            assert "200 OK" in server.ask(client=OTHER)
        eventually(lambda: "200 OK" in server.ask())


def test_all_clients_have_so_many_connections() -> None:
    with SmallServer(connections_per_client=5, connections=8) as server, ExitStack() as stack:
        for number in range(8):
            stack.enter_context(server.connection(f"127.0.0.{3 + number % 2}"))
        eventually(lambda: "503" in server.ask(client=OTHER))


def test_connections_leave_files_for_the_lake() -> None:
    """Whatever is set, half of the files that may be open are for something else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most_connections(10) == 10
    assert most_connections(10**9) == soft // 2


def half_body(server: SmallServer, client: str, size: int) -> socket.socket:
    """A connection that has sent a body but for its last byte."""
    line = server.connection(client)
    line.sendall(head(size + 1) + bytes(size))
    return line


@pytest.mark.tried(
    "The browser app",
    "bodies of uploads held open",
    "at most what the setting allows, then 503; given up ones make room",
    n=8,
    unit="of 1 MB",
)
def test_bodies_in_memory_are_bounded() -> None:
    """A client holds a quarter of the room, all clients together the whole, and what is given up comes free."""
    size = 1_000_000
    settings = {"upload_max_bytes": 2 * size, "bodies_max_bytes": 8 * size + 100}
    with SmallServer(**settings) as server, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(half_body(server, "127.0.0.3", size))
        eventually(lambda: "503" in server.ask(bytes(size), "127.0.0.3"))
        assert "retry-after: 5" in server.ask(bytes(size), "127.0.0.3")
        assert server.ask(bytes(size), OTHER).endswith(f"\r\n\r\n{size}")
        for number in range(6):
            stack.enter_context(half_body(server, f"127.0.0.{4 + number // 2}", size))
        eventually(lambda: "503" in server.ask(bytes(size), OTHER))
        stack.close()
        eventually(lambda: "200 OK" in server.ask(bytes(size), OTHER))


@pytest.mark.tried("The browser app", "uploads given up in the middle", "no line in the log", n=5)
def test_an_upload_given_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Clients that go away in the middle of a body leave no line in the log."""
    with SmallServer() as server:
        for _ in range(5):
            half_body(server, OTHER, 100_000).close()
        assert "200 OK" in server.ask()
        time.sleep(0.3)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_head_is_get_without_a_body() -> None:
    """The headers are those of GET, the length among them."""
    with SmallServer() as server:
        got, asked = server.ask(method="GET"), server.ask(method="HEAD")
    assert "200 OK" in asked
    assert got.endswith("\r\n\r\n0")
    assert asked.endswith("\r\n\r\n")
    assert "content-length: 1" in got
    assert "content-length: 1" in asked
