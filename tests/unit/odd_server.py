"""A web server on one loopback address that answers as it is told, and counts who connects."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class OddServer:
    """Answers each path by a function of the request; anything else is a small file."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.connections = 0
        self.hosts: list[str] = []
        handler = type("Handler", (_Handler,), {"odd": self})
        self._http = _Counting((address, port), handler, self)
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.port = int(self._http.server_address[1])
        self.url = f"http{'s' if tls else ''}://{address}:{self.port}"

    def __enter__(self) -> OddServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def leads_to(self, path: str, target: str, status: int = 302) -> None:
        """Let a path redirect."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            request.send_header("Location", target)
            request.send_header("Content-Length", "0")
            request.end_headers()

        self.answers[path] = answer


class _Counting(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Any, odd: OddServer) -> None:
        self._odd = odd
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        self._odd.connections += 1
        return super().get_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that leave: that is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    odd: OddServer

    def do_GET(self) -> None:
        self.odd.hosts.append(self.headers.get("Host", ""))
        answer = self.odd.answers.get(self.path)
        if answer:
            answer(self)
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"file")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
