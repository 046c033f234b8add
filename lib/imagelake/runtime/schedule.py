"""Which jobs of a run wait for which, and running those at once that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from imagelake.runtime.job import Job

Result = TypeVar("Result")


def earlier_needed(jobs: Sequence[Job]) -> dict[str, set[str]]:
    """For each job of a run, in its order, the names of the earlier ones that it waits for.

    It waits for those that write what it reads or writes, and for those that read what it writes. A job that reads no
    table of the lake reads files, which any other may write.
    """
    return {
        job.name: {before.name for before in jobs[:number] if _conflict(before, job)} for number, job in enumerate(jobs)
    }


def _conflict(one: Job, other: Job) -> bool:
    """Whether what two jobs leave may depend on which of them runs first."""
    if not one.reads or not other.reads:
        return True
    return not {*one.writes}.isdisjoint((*other.reads, *other.writes)) or not {*other.writes}.isdisjoint(one.reads)


def run_at_once(
    jobs: Sequence[Job], run: Callable[[Job], Result], most: int, interrupt: Callable[[], object]
) -> Iterator[tuple[Job, Future[Result]]]:
    """Run jobs, each when those that it waits for have ended; yields them as they end.

    After one has failed no other begins. Failures come last, so that nothing that is done meanwhile goes unsaid.

    Args:
        jobs: in an order in which they could run one after the other.
        run: runs one, in a thread of its own.
        most: how many run at once.
        interrupt: makes those that run fail, for a user who will not wait for their end.
    """
    needed, ended, failed = earlier_needed(jobs), set[str](), list[tuple[Job, Future[Result]]]()
    waiting, running = list(jobs), dict[Future[Result], Job]()
    with ThreadPoolExecutor(most, thread_name_prefix="job") as pool:
        while running or (waiting and not failed):
            ready = [] if failed else [job for job in waiting if needed[job.name] <= ended]
            for job in ready[: most - len(running)]:
                waiting.remove(job)
                running[pool.submit(run, job)] = job
            try:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                interrupt()
                raise
            for future in done:
                job = running.pop(future)
                if future.exception() is not None:
                    failed.append((job, future))
                    continue
                ended.add(job.name)
                yield job, future
    yield from failed
