"""A lake served as it is now: when the pipeline has published it anew, a new application takes the old one's place."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from imagelake.web.tables import SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from imagelake.lake.published import PublishedLake

WATCHED = (*SHOWN, "image_index", "index_quantizer")


class LakeWatch:
    """Looks whether a lake has been published anew since it was last opened, and has settled."""

    def __init__(self, lake: PublishedLake) -> None:
        self._lake = lake
        self._opened = self._seen = self._runs()

    def _runs(self) -> dict[str, str]:
        """The run that published each table."""
        found = {name: self._lake.manifest(name) for name in WATCHED}
        return {name: manifest.run_id for name, manifest in found.items() if manifest is not None}

    def renewed(self) -> bool:
        """Whether it differs from what was last opened, and is as it was when this was last asked.

        A pipeline publishes one table after the other, so what has just changed is likely to change again.

        Raises:
            ImageLakeError, OSError: it cannot be read at the moment.
        """
        now = self._runs()
        settled, self._seen = now == self._seen, now
        return settled and now != self._opened

    def opened(self) -> None:
        """Count the lake as opened as it was when this was last asked."""
        self._opened = self._seen


class RenewedApp:
    """Passes requests to the application of the lake's last version; one under way ends where it began."""

    def __init__(self, app: ASGIApp, again: Callable[[], ASGIApp], watch: LakeWatch) -> None:
        """Begin with one application.

        Args:
            app: of the lake as it is.
            again: opens the lake anew, and makes its application.
            watch: of the lake, begun before it was opened.
        """
        self._app, self._again, self._watch = app, again, watch
        self._told = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        await self._app(scope, receive, send)

    def renew(self) -> None:
        """Open the lake anew if it was published anew.

        What cannot be opened is told once, and tried again the next time; the old version stays until then.
        """
        try:
            if self._watch.renewed():
                self._app = self._again()
                self._watch.opened()
            self._told = ""
        except Exception as error:  # whatever a half-published file makes of a reader: the thread goes on looking
            if str(error) != self._told:
                sys.stderr.write(f"serve: the version served until now stays: {error}\n")
            self._told = str(error)

    def renew_every(self, seconds: float) -> None:
        """Look so often, from a thread that ends with the process; never where there are 0 seconds."""

        def keep_looking() -> None:
            while True:
                time.sleep(seconds)
                self.renew()

        if seconds:
            threading.Thread(target=keep_looking, name="renewal", daemon=True).start()
