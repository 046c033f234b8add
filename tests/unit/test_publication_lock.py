"""The lock of a lake and what dead runs leave: told from the living, named, and removed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from imagelake.errors import ImageLakeError
from imagelake.lake.files import LocalFiles
from imagelake.lake.lock import LEASE_S, is_dead, publication_lock, this_process
from imagelake.lake.publication import left_overs, remove_left_overs
from imagelake.lake.record import RECORD, Record, Run
from imagelake.runtime.clean import main as clean


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path)


def dead_process() -> bytes:
    """What a process that has ended wrote of itself."""
    code = "import sys; from imagelake.lake.lock import this_process; print(this_process('job').to_json().decode())"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout


def test_who_waits_is_told_for_whom_and_in_the_end_gives_up(
    files: LocalFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second of two publishers names the first: its job, user, machine, number and since when; then it is free."""
    refused = pytest.raises(ImageLakeError, match=rf"first of .* process {os.getpid()}, since .*nothing is published")
    with publication_lock(files, "first"), refused, publication_lock(files, "second", wait_s=0.1):
        pass
    assert "second: waits to publish for first of" in capsys.readouterr().err
    with publication_lock(files, "third", wait_s=0):
        pass


def test_the_lock_of_a_dead_process_is_no_lock(files: LocalFiles) -> None:
    """What a killed process of this machine left over is removed at once, without waiting for its lease."""
    assert files.create("_locks/left-over", dead_process())
    with publication_lock(files, "next", wait_s=0) as held:
        assert files.names("_locks") == [held.token]


@pytest.mark.parametrize("content", [b"", b"{", this_process("job").to_json()])
def test_what_cannot_be_judged_is_a_lock_as_long_as_its_lease(
    files: LocalFiles, tmp_path: Path, content: bytes
) -> None:
    """A lock that is not yet written, or of another machine, holds for its lease and no longer."""
    files.create("_locks/other", content.replace(b'"system": "', b'"system": "another '))
    with pytest.raises(ImageLakeError, match="another run holds"), publication_lock(files, "next", wait_s=0):
        pass
    old = (tmp_path / "_locks" / "other").stat().st_mtime - LEASE_S - 10
    os.utime(tmp_path / "_locks" / "other", (old, old))
    with publication_lock(files, "next", wait_s=0):
        pass


def test_a_number_given_again_is_another_process() -> None:
    """A living process is known by when it started, one of another machine cannot be judged."""
    me = this_process("job")
    assert is_dead(me) is False
    assert is_dead(replace(me, started=me.started - 1)) is True
    assert is_dead(replace(me, system="another")) is None


def test_of_many_that_come_at_once_one_holds_it_at_a_time(files: LocalFiles) -> None:
    """Eight threads each hold it once, never two at a time, and none dies of the others."""
    inside, most, errors = 0, 0, []

    def hold() -> None:
        nonlocal inside, most
        try:
            with publication_lock(files, "job"):
                inside += 1
                most = max(most, inside)
                inside -= 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, errors, files.names("_locks")) == (1, [], [])


def planted(files: LocalFiles, job: str, run_id: str, owner: bytes) -> str:
    staging = f"_staging/{job}-{run_id}"
    files.create(f"{staging}/_owner.json", owner)
    files.create(f"{staging}/images/part", b"x")
    return staging


def test_staging_of_dead_runs_goes_and_that_of_living_ones_stays(
    files: LocalFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next run of a job removes its dead ones' staging; the command shows those of all jobs, and removes them."""
    dead, living = dead_process(), this_process("job").to_json()
    mine, other = planted(files, "ingest_images", "a1", dead), planted(files, "rank_images", "b2", dead)
    alive = planted(files, "ingest_images", "c3", living)
    files.create("_aside/token/images/part", b"old")
    assert remove_left_overs(files, "ingest_images", "ingest_images") == [mine, "_aside/token"]
    assert list(left_overs(files)) == [other]
    assert clean(["--root", str(tmp_path)]) == 0
    assert files.names(other) != []
    assert clean(["--root", str(tmp_path), "--delete"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"left over  {tmp_path}/{other}",
        "--delete removes it",
        f"removed  {tmp_path}/{other}",
    ]
    assert files.names("_staging") == [alive.rpartition("/")[2]]


@pytest.mark.tried(
    "Killed on one machine",
    "an old table left aside by a publisher of version 0.1.0 that died",
    "it is put back; one that was replaced goes",
)
def test_a_table_that_stands_aside_alone_is_put_back(files: LocalFiles) -> None:
    """An old table whose publisher died between its two renames comes back; one that was replaced goes."""
    for name in ("images", "labels"):
        files.create(f"_aside/{name}/_manifest.json", b"{}")
        files.create(f"_aside/{name}/part", b"old")
    files.create("labels/part", b"new")
    assert list(left_overs(files)) == ["_aside/labels"]
    assert remove_left_overs(files, "rank_images", "rank_images") == ["_aside/labels"]
    assert (files.read("images/part"), files.read("labels/part")) == (b"old", b"new")
    assert files.names("_aside") == []
    assert remove_left_overs(files, "rank_images") == []


@pytest.mark.tried(
    "Killed on one machine",
    "a publisher that died after it had published, before folders were moved, on a disk and on HDFS",
    "the new tables are read; the next run moves them",
)
def test_what_a_dead_publisher_published_is_put_in_place(files: LocalFiles) -> None:
    """A run that died right behind its publication has published: the next run of any job does what is left."""
    staging = planted(files, "ingest_images", "a1", dead_process())
    run = Run("ingest_images", "a1")
    files.create("images/part", b"old")
    files.create(RECORD, Record().with_run(run, ["images"]).to_json().encode())
    assert [path for path in left_overs(files) if path == staging] == []
    remove_left_overs(files, "rank_images", "rank_images")
    assert files.read("images/part") == b"x"
    remove_left_overs(files, "ingest_images", "ingest_images")
    assert files.names("_staging") == files.names("_aside") == []
