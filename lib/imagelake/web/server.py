"""The HTTP server, with the limits of its connections."""

from __future__ import annotations

import math

import uvicorn
from starlette.types import ASGIApp

from imagelake.config import WebSection
from imagelake.web.connections import Doors, guarded_protocol, most_connections

_BACKLOG = 100  # connections that may be accepted at once, before they are counted


def server_of(app: ASGIApp, rules: WebSection, proxy: str | None = None) -> uvicorn.Server:
    """A server of an application.

    Args:
        app: the application.
        rules: the limits of connections.
        proxy: in front of the server, whose X-Forwarded-For is believed; it makes the connections of all its clients.
    """
    most = most_connections(rules.connections)
    doors = Doors(most, most if proxy else rules.connections_per_client)
    config = uvicorn.Config(
        app,
        http=guarded_protocol(doors, rules.idle_s),
        ws="none",
        backlog=_BACKLOG,
        timeout_keep_alive=math.ceil(rules.idle_s),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)
