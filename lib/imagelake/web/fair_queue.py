"""Turns at work that only a few requests can do at a time, so that no client waits for all of another's."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from imagelake.web.problems import busy


class FairQueue:
    """Slots for work. Clients take turns, each with at most half of the slots; who waits too long is sent away."""

    def __init__(self, slots: int, wait_s: float) -> None:
        """Open the slots.

        Args:
            slots: work at a time.
            wait_s: the longest that a request waits for its turn.
        """
        self._free, self._share, self._wait_s = slots, max(1, slots // 2), wait_s
        self._working: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        # The number of the last turn of each client that works or waits.
        self._turns, self._last_turn = count(1), Counter[str]()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Hold a slot of a client.

        Raises:
            ProblemError: with status 503, where none came free in time.
        """
        await self._enter(client)
        try:
            yield
        finally:
            self._leave(client)

    async def _enter(self, client: str) -> None:
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(slot)
        self._give()
        try:
            # Not wait_for, which would drop a slot that was given in the moment of the time-out.
            await asyncio.wait([slot], timeout=self._wait_s)
        except asyncio.CancelledError:
            self._withdraw(client, slot)
            raise
        if not slot.done():
            self._withdraw(client, slot)
            raise busy(503, "too many photos are waiting for their turn; try again soon", self._wait_s)

    def _give(self) -> None:
        """Give free slots to those whose turn it is."""
        while self._free and (client := self._next()) is not None:
            self._free -= 1
            self._working[client] += 1
            self._last_turn[client] = next(self._turns)
            self._waiting[client].popleft().set_result(None)
            if not self._waiting[client]:
                del self._waiting[client]

    def _next(self) -> str | None:
        """The client with the fewest slots, of these the one whose last turn is the longest ago."""
        may = (client for client in self._waiting if self._working[client] < self._share)
        return min(may, key=lambda client: (self._working[client], self._last_turn[client]), default=None)

    def _leave(self, client: str) -> None:
        self._free += 1
        self._working[client] -= 1
        self._give()
        self._forget(client)

    def _withdraw(self, client: str, slot: asyncio.Future[None]) -> None:
        if slot.done():
            self._leave(client)
            return
        self._waiting[client].remove(slot)
        if not self._waiting[client]:
            del self._waiting[client]
        self._forget(client)

    def _forget(self, client: str) -> None:
        """Drop the numbers of a client that neither works nor waits."""
        if not self._working[client] and client not in self._waiting:
            del self._working[client], self._last_turn[client]
