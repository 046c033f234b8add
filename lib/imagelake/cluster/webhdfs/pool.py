"""Parallel transfers, and the account of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event

from imagelake.cluster.webhdfs.failures import StoppedError, UnreachableError
from imagelake.errors import ImageLakeError

# Tasks that wait for a worker: enough that none is idle, few enough that a million files need no memory.
_WAITING_PER_WORKER = 4


@dataclass(frozen=True)
class Problem:
    """A file that was not transferred, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Task:
    """One file; ``run`` gives the bytes it transferred, or None where the file was there already."""

    name: str
    run: Callable[[], int | None]


@dataclass
class Account:
    """The counts and problems of a run."""

    files: int = 0
    bytes: int = 0
    skipped: int = 0
    problems: list[Problem] = field(default_factory=list)


def run_all(items: Iterator[Task | Problem], workers: int, stop: Event, account: Account) -> None:
    """Run the tasks in parallel, and count each in the account.

    Raises:
        ImageLakeError: no NameNode serves; the account holds what was done before.
        KeyboardInterrupt: after every worker has stopped.
    """
    running: dict[Future[int | None], Task] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="webhdfs") as pool:
        try:
            for item in items:
                if isinstance(item, Problem):
                    account.problems.append(item)
                    continue
                running[pool.submit(item.run)] = item
                if len(running) >= workers * _WAITING_PER_WORKER:
                    _settle(running, account)
            while running:
                _settle(running, account)
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            for future in [future for future in running if not future.cancelled() and not future.exception()]:
                _enter(future.result(), account)
            raise


def _settle(running: dict[Future[int | None], Task], account: Account) -> None:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        task = running.pop(future)
        try:
            moved = future.result()
        except (StoppedError, UnreachableError):
            raise
        except (ImageLakeError, OSError) as error:
            account.problems.append(Problem(task.name, _reason(error)))
            continue
        _enter(moved, account)


def _enter(moved: int | None, account: Account) -> None:
    account.files += moved is not None
    account.skipped += moved is None
    account.bytes += moved or 0


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
