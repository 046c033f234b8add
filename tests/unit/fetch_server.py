"""A real HTTP server on the loopback address that serves files with ranges and entity tags, and misbehaves on order."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple


class Seen(NamedTuple):
    """One request that the server saw, and what it answered."""

    path: str
    range: str | None
    status: int


class FileServer:
    """Serves ``files`` by path; ``faults`` holds, for a path, what goes wrong with its next requests, in order.

    Faults: a status such as ``"503"``; ``"drop"``: the connection breaks half-way through the body; ``"silent"``: it
    breaks before any answer; ``"html"``: a web page comes instead; ``"hold"``: half of the body, then nothing until
    ``gate`` is set; ``"busy"``: 503 with Retry-After of one second.
    """

    def __init__(self, files: dict[str, bytes], ranges: bool = True) -> None:
        self.files, self.ranges = files, ranges
        self.faults: defaultdict[str, deque[str]] = defaultdict(deque)
        self.seen: list[Seen] = []
        self.gate = threading.Event()
        self.held = threading.Semaphore(0)
        self._http = _QuietServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"lake": self}))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> FileServer:
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def fail(self, path: str, faults: Iterable[str]) -> None:
        """Let the next requests for a path go wrong."""
        self.faults[path].extend(faults)

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(request.path == path for request in self.seen)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed: that is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    lake: FileServer

    def do_GET(self) -> None:
        faults = self.lake.faults[self.path]
        fault = faults.popleft() if faults else ""
        body = self.lake.files.get(self.path)
        if fault == "silent":
            self._note(0)
            self.close_connection = True
        elif fault == "html":
            self._answer(200, b"<html>please log in</html>", {"Content-Type": "text/html; charset=utf-8"})
        elif fault == "busy":
            self._answer(503, b"busy", {"Retry-After": "1"})
        elif fault.isdecimal() or body is None:
            self._answer(int(fault or 404), b"no", {})
        else:
            self._serve(body, fault)

    def _serve(self, body: bytes, fault: str) -> None:
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        start = self._start(etag)
        headers = {"ETag": etag, "Content-Type": "application/octet-stream"}
        if start >= len(body) > 0:
            self._answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        elif start:
            self._answer(
                206, body[start:], {**headers, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, fault
            )
        else:
            self._answer(200, body, headers, fault)

    def _start(self, etag: str) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", etag) == etag
        return int(match.group(1)) if match and same and self.lake.ranges else 0

    def _answer(self, status: int, body: bytes, headers: dict[str, str], fault: str = "") -> None:
        self._note(status)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if fault in {"drop", "hold"}:
                self._half(body, fault)
            else:
                self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def _half(self, body: bytes, fault: str) -> None:
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if fault == "hold":
            self.lake.held.release()
            self.lake.gate.wait(60)
        self.close_connection = True

    def _note(self, status: int) -> None:
        self.lake.seen.append(Seen(self.path, self.headers.get("Range"), status))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on standard error: tests read ``seen``."""
