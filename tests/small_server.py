"""A small application behind the guards of the real server, on loopback, for tests that need no lake."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import TracebackType

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from imagelake.config import load_config
from imagelake.web.app import guarded
from imagelake.web.problems import NoTraces
from imagelake.web.server import server_of


async def length_of_body(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers GET and POST with the number of bytes that were sent."""
    if scope["method"] not in {"GET", "POST"}:
        await PlainTextResponse("no such method", 405)(scope, receive, send)
        return
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


class SmallServer:
    """Serves until the end of the with; settings are those of the section web."""

    def __init__(self, **settings: float) -> None:
        config = load_config(settings=[f"web.{name}={value}" for name, value in settings.items()])
        app = guarded(NoTraces(length_of_body), config, ["*"])
        self._server = server_of(app, config.web)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([self._listening])))

    def __enter__(self) -> SmallServer:
        self._thread.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    def connection(self, client: str = "127.0.0.1") -> socket.socket:
        """A connection from one of the addresses of loopback."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(client, 0))

    def ask(self, sent: bytes = b"", client: str = "127.0.0.1", method: str = "POST") -> str:
        """The whole response to one request, until the server closes the connection."""
        with self.connection(client) as line:
            line.sendall(head(len(sent), method) + sent)
            return everything(line)


def head(length: int, method: str = "POST") -> bytes:
    """The head of a request that announces a body."""
    return f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode()


def everything(line: socket.socket) -> str:
    """What comes until the other side closes; a reset is an end, too."""
    found = b""
    try:
        while piece := line.recv(65_536):
            found += piece
    except ConnectionResetError:
        pass
    return found.decode()
