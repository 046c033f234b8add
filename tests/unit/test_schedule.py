"""Jobs that run at once leave the tables that they leave one after the other."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.runtime.job import Job
from imagelake.runtime.schedule import earlier_needed, run_at_once

TABLES = "abcdef"


class Shape(NamedTuple):
    """What a job reads and writes, by names of one letter."""

    reads: str
    writes: str


def a_job(name: str, shape: Shape) -> Job:
    """A job that is never run."""
    return Job(name, "", lambda *_: None, writes=tuple(shape.writes), reads=tuple(shape.reads))


def made_by(job: Job, tables: Mapping[str, str]) -> dict[str, str]:
    """What a job's tables hold: its name and what it has read. One that reads no table reads every file there is."""
    read = [f"{name}={tables.get(name, '')}" for name in (job.reads or TABLES)]
    return dict.fromkeys(job.writes, f"{job.name}({','.join(read)})")


shapes = st.builds(Shape, st.text(TABLES, max_size=3), st.text(TABLES, min_size=1, max_size=2))


@given(st.lists(shapes, min_size=1, max_size=6), st.data())
def test_every_schedule_leaves_the_tables_of_one_job_after_the_other(found: list[Shape], data: st.DataObject) -> None:
    """Jobs begin in any order that is allowed, read when they begin, and write when they end."""
    jobs = [a_job(f"job{number}", shape) for number, shape in enumerate(found)]
    expected: dict[str, str] = {}
    for job in jobs:
        expected |= made_by(job, expected)
    needed, tables = earlier_needed(jobs), dict[str, str]()
    waiting, running, ended = list(jobs), dict[str, dict[str, str]](), set[str]()
    while waiting or running:
        ready = [job for job in waiting if needed[job.name] <= ended]
        assert ready or running, "no job can begin"
        chosen = data.draw(st.sampled_from([*(job.name for job in ready), *running]))
        if chosen in running:
            tables |= running.pop(chosen)
            ended.add(chosen)
        else:
            job = next(job for job in ready if job.name == chosen)
            waiting.remove(job)
            running[chosen] = made_by(job, tables)
    assert tables == expected


def test_jobs_that_need_nothing_of_each_other_do_not_wait() -> None:
    """The two sides of a diamond may run at once, and the last job waits for both."""
    jobs = [
        a_job(name, shape)
        for name, shape in {
            "first": Shape("", "a"),
            "left": Shape("a", "b"),
            "right": Shape("a", "c"),
            "last": Shape("bc", "d"),
        }.items()
    ]
    assert earlier_needed(jobs) == {
        "first": set(),
        "left": {"first"},
        "right": {"first"},
        "last": {"first", "left", "right"},
    }


INDEPENDENT = [a_job(name, Shape("x", name)) for name in "abcd"]


def results(run: Callable[[Job], str], jobs: Sequence[Job], most: int) -> list[str]:
    """What jobs returned, as it came; the first failure is raised where it stands."""
    return [ended.result() for _, ended in run_at_once(jobs, run, most, lambda: None)]


def test_as_many_run_at_once_as_may_and_no_more() -> None:
    """Two at a time meet at a barrier, which one by itself would wait at in vain; a third is never inside."""
    meeting, inside, most_inside = threading.Barrier(2, timeout=20), set[str](), list[int]()

    def run(job: Job) -> str:
        inside.add(job.name)
        most_inside.append(len(inside))
        meeting.wait()
        inside.discard(job.name)
        return job.name

    assert sorted(results(run, INDEPENDENT, 2)) == list("abcd")
    assert max(most_inside) == 2
    assert results(lambda job: job.name, INDEPENDENT, 1) == list("abcd"), "one at a time keeps the order"


def test_a_failure_is_told_last_and_lets_no_other_job_begin() -> None:
    """The job that runs beside the failing one ends and is told; the two that wait never begin."""
    failed, begun = threading.Event(), list[str]()

    def run(job: Job) -> str:
        begun.append(job.name)
        if job.name == "a":
            failed.set()
            raise ValueError("of a")
        failed.wait(20)
        time.sleep(0.2)  # the failure is known before this one ends
        return job.name

    told = []
    with pytest.raises(ValueError, match="of a"):
        told += [ended.result() for _, ended in run_at_once(INDEPENDENT[:2], run, 2, lambda: None)]
    ended = [(job.name, future.exception() is None) for job, future in run_at_once(INDEPENDENT, run, 2, lambda: None)]
    assert ended == [("b", True), ("a", False)]
    assert sorted(begun) == ["a", "a", "b", "b"]


def test_an_interrupt_makes_what_runs_fail() -> None:
    """A user who presses Ctrl+C does not wait for the end of a job that would run for a minute."""
    interrupted, began = threading.Event(), time.monotonic()

    def run(_: Job) -> None:
        threading.Timer(0.2, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
        assert interrupted.wait(60)
        raise ValueError("its Spark has stopped")

    with pytest.raises(KeyboardInterrupt):
        list(run_at_once(INDEPENDENT[:1], run, 2, interrupted.set))
    assert interrupted.is_set()
    assert time.monotonic() - began < 30
