"""Choosing and checking TCP ports on loopback."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable

from imagelake.cluster.hadoop.layout import Daemon
from imagelake.cluster.hadoop.processes import owner_of_port
from imagelake.errors import ImageLakeError


def moved_by(offset: int) -> Callable[[int], int]:
    """A function from a standard port to the port at a fixed offset."""
    return lambda standard: standard + offset


def any_free() -> Callable[[int], int]:
    """A function that returns another free port at each call.

    Ports are below 32768, since Linux gives higher ones to outgoing connections: one of those that is free now may be
    in use a second later.
    """
    candidates = iter(random.SystemRandom().sample(range(20000, 32000), 2000))
    return lambda _standard: next(port for port in candidates if is_free("0.0.0.0", port))


def is_free(host: str, port: int) -> bool:
    """Whether a daemon could listen on the port."""
    with socket.socket() as probe:
        # As Java does: connections of a stopped daemon in TIME_WAIT do not prevent listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def check_free(daemons: Iterable[Daemon]) -> None:
    """Raise unless every port of the daemons is free.

    Raises:
        ImageLakeError: names each port in use, its daemon and the process that has it.
    """
    taken = [
        f"port {port} ({variable}) of {daemon.name} is taken by {owner_of_port(port)}"
        for daemon in daemons
        for variable, port in daemon.ports.items()
        if not is_free(daemon.host, port)
    ]
    if taken:
        advice = "stop it, or start with --port-offset 1000 (every port moved) or --free-ports (any that are free)"
        raise ImageLakeError("\n".join([*taken, advice]))
