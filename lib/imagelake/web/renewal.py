"""The renewal of a served lake: when tables were published again, a new application replaces the old one."""

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

WATCHED = (*SHOWN, "image_index", "index_quantizer", "heads")


class LakeWatch:
    """Checks whether a lake was published again since it was last opened, and is complete."""

    def __init__(self, lake: PublishedLake) -> None:
        self._lake = lake
        self._opened = self._last = self._runs()

    def _runs(self) -> dict[str, str]:
        """Table -> the run that published it."""
        return self._lake.runs(WATCHED)

    def renewed(self) -> bool:
        """Whether it differs from the opened version, and has not changed since the last call.

        A pipeline publishes one table after the other, so a table that has just changed may be followed by others.

        Raises:
            ImageLakeError, OSError: it cannot be read at the moment.
        """
        now = self._runs()
        settled, self._last = now == self._last, now
        return settled and now != self._opened

    def opened(self) -> None:
        """Record the version of the last call as opened."""
        self._opened = self._last


class RenewedApp:
    """Passes requests to the application of the lake's last version; a request ends in the application it began in."""

    def __init__(self, app: ASGIApp, again: Callable[[], ASGIApp], watch: LakeWatch) -> None:
        """Start with one application.

        Args:
            app: of the current version of the lake.
            again: opens the lake again, and returns its application.
            watch: of the lake, created before it was opened.
        """
        self._app, self._again, self._watch = app, again, watch
        self._logged = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        await self._app(scope, receive, send)

    def renew(self) -> None:
        """Open the lake again if it was published again.

        A version that cannot be opened is logged once and tried again the next time; the old one is served until then.
        """
        try:
            if self._watch.renewed():
                self._app = self._again()
                self._watch.opened()
            self._logged = ""
        except Exception as error:  # a half-published file can raise anything; the thread must go on
            if str(error) != self._logged:
                sys.stderr.write(f"serve: the version served until now stays: {error}\n")
            self._logged = str(error)

    def renew_every(self, seconds: float) -> None:
        """Call ``renew`` every so many seconds in a daemon thread; never for 0 seconds."""

        def keep_looking() -> None:
            while True:
                time.sleep(seconds)
                self.renew()

        if seconds:
            threading.Thread(target=keep_looking, name="renewal", daemon=True).start()
