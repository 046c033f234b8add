"""The command line of scripts/serve."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from imagelake.config import WebSection
from imagelake.errors import ImageLakeError
from imagelake.serving.options import fetch_of, lake_of
from imagelake.serving.served_lake import ServedLake
from imagelake.serving.verdict_file import VerdictFile
from imagelake.web.app import guarded, pages_of
from imagelake.web.judging_views import FORMS, What
from imagelake.web.log import log_warnings
from imagelake.web.memory import give_back_large_blocks
from imagelake.web.options import parser
from imagelake.web.renewal import LakeWatch, RenewedApp
from imagelake.web.server import server_of

# Its messages on malformed forms are in the responses.
logging.getLogger("python_multipart").setLevel(logging.ERROR)
_UNUSABLE = 2
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a lake until Ctrl-C; returns the exit code."""
    options = parser().parse_args(arguments)
    began = time.monotonic()
    try:
        lake, config = lake_of(options)
        verdicts = verdict_files(options.verdicts)
        watch = LakeWatch(lake)
        served = lake.consistent(lambda now: ServedLake(now, config, options.cache))
    except ImageLakeError as error:
        sys.stderr.write(f"serve: {error}\n")
        return _UNUSABLE
    fetch = fetch_of(config, options.allow_network)
    sys.stdout.write(f"{summary(served, time.monotonic() - began)}\n")

    def again() -> FastAPI:
        nonlocal served
        began = time.monotonic()
        before = served
        served = lake.consistent(lambda now: ServedLake(now, config, options.cache, before))
        sys.stdout.write(f"published anew: {summary(served, time.monotonic() - began)}\n")
        sys.stdout.flush()
        return pages_of(served, config, fetch, verdicts)

    app = RenewedApp(pages_of(served, config, fetch, verdicts), again, watch)
    app.renew_every(config.web.renewed_every_s)
    return _serve(guarded(app, config, allowed_hosts(options)), config.web, options)


def _serve(app: ASGIApp, rules: WebSection, options: argparse.Namespace) -> int:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        listening = socket.create_server((options.host, options.port), family=family)
    except OSError as error:
        sys.stderr.write(
            f"serve: {options.host}:{options.port}: {os.strerror(error.errno or 0)}; choose another --host or --port\n"
        )
        return _UNUSABLE
    # Connections inherit it; asyncio sets it on its own sockets only, and each response would wait 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    shown = f"[{options.host}]" if family == socket.AF_INET6 else options.host
    sys.stdout.write(f"http://{shown}:{listening.getsockname()[1]}  (Ctrl-C ends it)\n")
    sys.stdout.flush()
    log_warnings()
    give_back_large_blocks()
    server = server_of(app, rules, options.proxy)
    with suppress(KeyboardInterrupt):  # the server has finished its requests before it raises the signal
        server.run(sockets=[listening])
    return 0


def allowed_hosts(options: argparse.Namespace) -> list[str]:
    """Host names that the server accepts: on loopback those of loopback, against DNS rebinding."""
    named = list(options.allow_host)
    if ipaddress.ip_address(options.host).is_loopback:
        return [*_LOOPBACK_NAMES, *named]
    return named or ["*"]


def verdict_files(folder: Path | None) -> dict[What, VerdictFile]:
    """The files of verdicts in a folder; none where no folder is given.

    Raises:
        ImageLakeError: they cannot be written, or are no such files.
    """
    return {what: VerdictFile(form, folder) for what, form in FORMS.items()} if folder else {}


def summary(served: ServedLake, seconds: float) -> str:
    """The served lake as one line of text."""
    network = served.predictor.network
    head = f", predicted by {network.head}" if network.head else ""
    return (
        f"{served.lake.root}: {len(served.catalogue):,} images, {len(served.index):,} of them searchable by "
        f"{network.card.name}{head}; ready after {seconds:.1f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
