"""Sends a run's OpenLineage events to where the settings or OpenLineage's environment say; no job fails of it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imagelake.config import LineageSection
from imagelake.errors import ImageLakeError
from imagelake.lake.manifest import Manifest
from imagelake.net.credentials import without_credentials
from imagelake.runtime.lineage_events import JobRun, run_event
from imagelake.runtime.progress import announce

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

_TIMEOUT_S = 5.0  # of a request; a second one is made where the first failed
_OF_CLIENT = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT__TYPE", "OPENLINEAGE__TRANSPORT")


class Lineage:
    """The events of one run: START when it is made, then exactly one of COMPLETE, ABORT and FAIL."""

    def __init__(self, run: JobRun, emit: Callable[[RunEvent], None] | None) -> None:
        """Say that a run has begun.

        Args:
            run: which.
            emit: sends an event; what it raises is announced once, and ends the sending. None: nobody wants events.
        """
        self._run, self._emit = run, emit
        self._send("START")

    def ended(self, manifests: Sequence[Manifest], published: bool) -> None:
        """Say that the run is done: COMPLETE, or ABORT where another run has published meanwhile."""
        if published:
            self._send("COMPLETE", manifests)
        else:
            self._send("ABORT")

    def failed(self, error: BaseException) -> None:
        """Say that the run has failed, or ABORT where somebody ended it."""
        if isinstance(error, Exception):
            first = next(iter(str(error).splitlines()), "")
            self._send("FAIL", error=without_credentials(f"{type(error).__name__}: {first}"))
        else:
            self._send("ABORT")

    def _send(self, state: str, manifests: Sequence[Manifest] = (), error: str | None = None) -> None:
        if self._emit is None:
            return
        try:
            self._emit(run_event(self._run, state, manifests, error))
        except Exception as problem:  # whatever the client, its transport or the network raise
            self._emit = None
            first = without_credentials(next(iter(str(problem).splitlines()), ""))
            announce(f"{self._run.job}: no OpenLineage event could be sent ({type(problem).__name__}: {first})")


def sender(section: LineageSection, environment: Mapping[str, str] = os.environ) -> Callable[[RunEvent], None] | None:
    """What sends events; None where nobody wants them.

    Args:
        section: the settings, which win over the environment.
        environment: may name a configuration of the client's own.

    Raises:
        ImageLakeError: events are wanted by a setting, and the client is not installed, or takes no such setting.
    """
    wanted = bool(section.url or section.file)
    if not wanted and not any(environment.get(name) for name in _OF_CLIENT):
        return None
    if importlib.util.find_spec("openlineage") is None:
        if wanted:
            raise ImageLakeError("lineage.url and lineage.file need one more package: pip install 'imagelake[lineage]'")
        return None  # the environment may be meant for others
    try:
        return _client(section, environment).emit
    except Exception as error:  # of any class: the client reads files and variables of many forms
        if wanted:
            raise ImageLakeError(f"lineage: {without_credentials(str(error))}") from None
        announce(f"OpenLineage's own configuration is of no use, no event is sent: {without_credentials(str(error))}")
        return None


def _client(section: LineageSection, environment: Mapping[str, str]) -> OpenLineageClient:
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport.file import FileConfig, FileTransport
    from openlineage.client.transport.http import HttpConfig, HttpTransport

    # Otherwise the client asks git of the folder that the user happens to be in.
    quiet: dict[str, Any] = {"facets": {"source_code_location": {"disabled": True}}}
    if section.file:
        transport = FileTransport(FileConfig(section.file, append=True))
        return OpenLineageClient(transport=transport, config=quiet)
    if section.url:
        values: dict[str, Any] = {"url": section.url, "timeout": _TIMEOUT_S, "retry": {"total": 1}}
        if key := environment.get("OPENLINEAGE_API_KEY"):
            values["auth"] = {"type": "api_key", "apiKey": key}
        return OpenLineageClient(transport=HttpTransport(HttpConfig.from_dict(values)), config=quiet)
    return OpenLineageClient(config=quiet)
