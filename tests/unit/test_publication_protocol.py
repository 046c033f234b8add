"""The publishing protocol, tried exhaustively: its real code on a file system in memory, in every order of steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from file_system_model import AgainError, Explorer, MemoryFiles, Process, State, _Replayed

from imagelake.lake import lock as lock_module
from imagelake.lake.lock import Holder, Lock
from imagelake.lake.manifest import Manifest
from imagelake.lake.publication import Publication, publish_holding, remove_left_overs
from imagelake.lake.published import PublishedLake
from imagelake.lake.record import Record, Run, read_record

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
        lake = PublishedLake("lake", files)
        return lake.consistent(lambda now: tuple(now.read_file(name, "part") for name in tables))

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


def check_readers(state: State, numbers: range, known: set[tuple[bytes, ...]]) -> int:
    """Every reader that has ended has read all tables of one run; how many have."""
    ended = [state.ends[number] for number in numbers if state.ends[number] is not None]
    for end in ended:
        assert end is not None
        assert end[1] in known, end
    return len(ended)


def check_recovery(state: State, runs: dict[int, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes next finds every publication that was made, puts it in place and leaves nothing over."""
    files = MemoryFiles(dict(state.contents))
    record = read_record(files)
    for number, run in runs.items():
        if state.ends[number] == ("done", True):
            assert record.runs["t"] == run, "a publication was lost"
    # Nobody but the one who comes next lives.
    monkeypatch.setattr(lock_module, "_system", lambda: "model")
    monkeypatch.setattr(lock_module, "_started", lambda _: None)
    remove_left_overs(files, "j")
    assert read_record(files) == record
    for table in TABLES:
        assert files.contents[f"{table}/part"].decode() == record.runs[table].run_id
    assert [name for name in files.names("") if name.startswith("_")] == ["_published.json"]


def test_two_writers_and_a_reader_in_every_order_with_every_death(monkeypatch: pytest.MonkeyPatch) -> None:
    """No table is missing, no set is mixed, no publication is lost, and recovery ends: in all reachable states."""
    a, b = Run("j", "a"), Run("j", "b")
    processes = [writer(0, a, TABLES, BEFORE), writer(1, b, TABLES, BEFORE), reader(TABLES)]
    known = {tuple(run.run_id.encode() for _ in TABLES) for run in (OLD, a, b)}
    states = looks = both = 0
    recovered: set[object] = set()
    for state in Explorer(processes, {0, 1}).states(staged_by((a, TABLES), (b, TABLES))):
        states += 1
        looks += check_readers(state, range(2, 3), known)
        writers = state.ends[:2]
        both += writers == (("done", True), ("done", True))
        if None not in writers and (state.contents, writers) not in recovered:
            recovered.add((state.contents, writers))
            check_recovery(state, {0: a, 1: b}, monkeypatch)
    print(states, looks, len(recovered))
    assert looks > 0
    assert both == 0, "two runs over the same tables both believe that theirs count"
    assert len(recovered) > 10
