"""The publishing protocol, tried exhaustively: its real code on a file system in memory, in every order of steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from file_system_model import AgainError, Explorer, MemoryFiles, Process, State, _Replayed

from imagelake.lake import lock as lock_module
from imagelake.lake.lock import Holder, Lock
from imagelake.lake.manifest import Manifest
from imagelake.lake.publication import Publication, publish_holding, remove_left_overs
from imagelake.lake.published import PublishedLake
from imagelake.lake.record import Record, Run, read_record
from imagelake.lake.view import SupersededError, View

TABLES = ("t", "u")


def staged(run: Run, folder: str) -> dict[str, bytes]:
    """A table of a run: its manifest, and a file that holds the run's id."""
    name = folder.rpartition("/")[2]
    manifest = Manifest(name, run.job, run.run_id, "", "", "", {}, 1, [], "", 0.0, None, {})
    return {f"{folder}/_manifest.json": manifest.to_json().encode(), f"{folder}/part": run.run_id.encode()}


def holder(number: int) -> Holder:
    return Holder("job", "user", "host", number, "now", "model", number)


def writer(number: int, run: Run, tables: tuple[str, ...], before: dict[str, Run]) -> Process:
    """A process that publishes what its run has staged."""

    def process(files: _Replayed) -> bool:
        @contextmanager
        def locked() -> Iterator[Lock]:
            lock = Lock(files, holder(number), str(number), lambda other: files.is_dead(other.pid))
            if lock.attempt():
                raise AgainError
            yield lock
            lock.release()

        return publish_holding(files, Publication(run, tables, before), locked())

    return process


def reader(tables: tuple[str, ...]) -> Process:
    """A process that reads all tables of a job; what it read in each."""

    def process(files: _Replayed) -> tuple[bytes, ...]:
        try:
            return PublishedLake("lake", files).attempt(
                lambda now: tuple(now.read_file(name, "part") for name in tables)
            )
        except SupersededError:
            raise AgainError from None

    return process


OLD = Run("j", "old")
FIRST = {
    **staged(OLD, "t"),
    **staged(OLD, "u"),
    "_published.json": Record().with_run(OLD, TABLES).to_json().encode(),
}
BEFORE = {"t": OLD, "u": OLD}


def staged_by(*runs: tuple[Run, tuple[str, ...]]) -> dict[str, bytes]:
    found = dict(FIRST)
    for run, tables in runs:
        for table in tables:
            found |= staged(run, f"{run.staging}/{table}")
    return found


def recovered(contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> MemoryFiles:
    """The files after the next run has begun, when nobody else lives."""
    files = MemoryFiles(contents)
    monkeypatch.setattr(lock_module, "_system", lambda: "model")
    monkeypatch.setattr(lock_module, "_started", lambda _: None)
    remove_left_overs(files, "j")
    return files


def check_end(state: State, runs: tuple[Run, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """When all writers are dead or done: what was published counts, the next run puts it in place, nothing is over."""
    record = read_record(MemoryFiles(state.contents))
    for run, end in zip(runs, state.ends, strict=False):
        assert end != ("done", True) or record.runs["t"] == run, "a publication was lost"
    files = recovered(state.contents, monkeypatch)
    assert read_record(files) == record
    assert {name: files.contents[f"{name}/part"].decode() for name in TABLES} == {
        name: record.runs[name].run_id for name in TABLES
    }
    assert [name for name in files.names("") if name.startswith("_")] == ["_published.json"]


def explore(
    processes: list[Process], mortal: set[int], runs: tuple[Run, ...], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, int]:
    """Go through all states with some writers, then readers; how many looks ended, and how many states there are."""
    explorer, looks = Explorer(processes, mortal), 0
    whole = {tuple(run.run_id.encode() for _ in TABLES) for run in (OLD, *runs)}
    for state in explorer.explore(staged_by(*((run, TABLES) for run in runs))):
        writers, readers = state.ends[: len(runs)], state.ends[len(runs) :]
        assert not [end for end in state.ends if end and end[0] == "error"], state.ends
        assert writers.count(("done", True)) <= 1, "two runs over the same tables both believe that theirs count"
        looks += sum(end is not None for end in readers)
        assert {end[1] for end in readers if end} <= whole, "tables of different runs were read as one"
        if None not in writers:
            check_end(state, runs, monkeypatch)
    assert explorer.states > 1000
    return looks, explorer.states


A, B = Run("j", "a"), Run("j", "b")


@pytest.mark.tried(
    "Killed on one machine",
    "two writers in every order of their steps, each dead at any of them, on files in memory",
    "nothing missing, mixed or lost; repair always ends",
    unit="states",
)
def test_two_writers_in_every_order_with_every_death(
    monkeypatch: pytest.MonkeyPatch, count_tried: Callable[[int], None]
) -> None:
    """No publication is lost, recovery ends and leaves nothing over, whoever dies where."""
    _, states = explore([writer(0, A, TABLES, BEFORE), writer(1, B, TABLES, BEFORE)], {0, 1}, (A, B), monkeypatch)
    count_tried(states)


@pytest.mark.tried(
    "Killed on one machine",
    "a reader beside two publications, in every order of their steps, the publisher dead at any",
    "the tables of one run, never an error",
    unit="states",
)
def test_a_reader_of_two_publications_reads_one_run(count_tried: Callable[[int], None]) -> None:
    """Beside a process that publishes twice and may die anywhere, a reader finds one run's tables, never an error.

    Readers change nothing, so that one in every order of steps stands for any number of them.
    """
    first, second = writer(0, A, TABLES, BEFORE), writer(0, B, TABLES, {"t": A, "u": A})

    def twice(files: _Replayed) -> bool:
        return bool(first(files)) and bool(second(files))

    explorer, looks = Explorer([twice, reader(TABLES)], {0}), set()
    for state in explorer.explore(staged_by((A, TABLES), (B, TABLES))):
        assert not [end for end in state.ends if end and end[0] == "error"], state.ends
        if state.ends[1] is not None:
            looks.add(state.ends[1][1])
    assert looks == {(b"old", b"old"), (b"a", b"a"), (b"b", b"b")}
    count_tried(explorer.states)


def test_a_single_look_finds_a_published_table() -> None:
    """At no moment of two publications, and wherever their process dies, is a table not to be found."""
    first, second = writer(0, A, TABLES, BEFORE), writer(0, B, TABLES, {"t": A, "u": A})

    def look(files: _Replayed) -> str:
        manifest = View("lake", files).manifest("t")
        return manifest.run_id if manifest else "missing"

    def twice(files: _Replayed) -> bool:
        return bool(first(files)) and bool(second(files))

    explorer = Explorer([twice, look], {0})
    ends = [state.ends[1] for state in explorer.explore(staged_by((A, TABLES), (B, TABLES)))]
    assert set(ends) - {None} == {("done", "old"), ("done", "a"), ("done", "b")}


def test_two_writers_never_wait_for_each_other_for_ever() -> None:
    """From every state that two living writers can reach, both come to an end."""
    explorer = Explorer([writer(0, A, TABLES, BEFORE), writer(1, B, TABLES, BEFORE)], set())
    ends = {state.ends for state in explorer.explore(staged_by((A, TABLES), (B, TABLES)))}
    assert {(("done", True), ("done", False)), (("done", False), ("done", True))} <= ends
    assert explorer.stuck() == 0


@pytest.mark.skipif("EXHAUSTIVE" not in os.environ, reason="takes minutes; EXHAUSTIVE=1 asks for it")
def test_readers_of_two_writers_that_die_read_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same beside two processes that publish at once, each of which may die anywhere."""
    processes = [writer(0, A, TABLES, BEFORE), writer(1, B, TABLES, BEFORE), reader(TABLES)]
    assert explore(processes, {0, 1}, (A, B), monkeypatch)[0]
