"""Turns at the work on photos: clients take turns, nobody has all slots, and who would wait too long is told so."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from imagelake.web.fair_queue import FairQueue
from imagelake.web.problems import ProblemError


async def work(queue: FairQueue, client: str, seconds: float, ended: list[str]) -> None:
    async with queue.turn(client):
        await asyncio.sleep(seconds)
        ended.append(client)


@pytest.mark.parametrize("slots", [1, 2, 3, 8])
def test_nobody_waits_for_all_of_anothers_photos(slots: int) -> None:
    """Behind twelve photos of one client, the first one of another ends before the third of those that had to wait."""

    async def scene() -> list[str]:
        queue, ended = FairQueue(slots, 10), list[str]()
        busy = [asyncio.create_task(work(queue, "busy", 0.05, ended)) for _ in range(12)]
        await asyncio.sleep(0.01)
        await work(queue, "other", 0.05, ended)
        await asyncio.gather(*busy)
        return ended

    ended = asyncio.run(scene())
    assert len(ended) == 13
    assert ended.index("other") <= slots + 1


def test_clients_take_turns() -> None:
    """With one slot, three clients with three photos each are served in rounds, whatever the order of arrival."""

    async def scene() -> list[str]:
        queue, ended = FairQueue(1, 10), list[str]()
        await asyncio.gather(*(work(queue, client, 0.001, ended) for client in "aaabbbccc"))
        return ended

    assert asyncio.run(scene()) == list("abcabcabc")


def test_one_client_has_half_of_the_places() -> None:
    """Another one that comes finds a slot at once, and no more than there are is ever given."""

    async def scene() -> tuple[int, int]:
        queue, now, most = FairQueue(4, 10), Counter[str](), Counter[str]()

        async def counted(client: str) -> None:
            async with queue.turn(client):
                now[client] += 1
                most[client], most["all"] = max(most[client], now[client]), max(most["all"], now.total())
                await asyncio.sleep(0.005)
                now[client] -= 1

        await asyncio.gather(*(counted("a") for _ in range(9)), counted("b"), counted("b"), counted("c"))
        return most["a"], most["all"]

    assert asyncio.run(scene()) == (2, 4)


def test_who_would_wait_too_long_is_told_when_to_come_back() -> None:
    async def scene() -> ProblemError:
        queue = FairQueue(1, 0.05)
        async with queue.turn("a"):
            with pytest.raises(ProblemError) as refused:
                async with queue.turn("b"):
                    pass
        async with queue.turn("b"):  # the slot is free again
            return refused.value

    problem = asyncio.run(scene())
    assert problem.status == 503
    assert problem.retry_s is not None


def test_no_place_is_lost() -> None:
    """When hundreds of requests have ended, failed, timed out or been given up, all slots are free again."""

    async def scene() -> tuple[int, set[str]]:
        queue, dice = FairQueue(3, 0.02), random.Random(5)

        async def request() -> None:
            async with queue.turn(dice.choice("abcd")):
                await asyncio.sleep(dice.uniform(0, 0.004))
                if dice.random() < 0.2:
                    raise ValueError

        tasks = [asyncio.create_task(request()) for _ in range(300)]
        for task in dice.sample(tasks, 100):
            await asyncio.sleep(dice.choice([0, 0.0005]))
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ended: list[str] = []
        await asyncio.wait_for(asyncio.gather(*(work(queue, client, 0.01, ended) for client in "wxyz")), 1)
        remembered = {*queue._working, *queue._waiting, *queue._last_turn}
        return queue._free, remembered

    assert asyncio.run(scene()) == (3, set())
