"""Processes and ports: who is whose, and that no stranger is ever touched."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imagelake.cluster.hadoop import daemons, ports, processes
from imagelake.cluster.hadoop.layout import Shape, plan
from imagelake.errors import ImageLakeError

Sleeper = Callable[..., subprocess.Popen[bytes]]
_OBEDIENT = "import time; print(flush=True); time.sleep(60)"
_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _OBEDIENT


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    """Starts a process that sleeps, with arguments and environment of the test's choice."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, code: str = _OBEDIENT, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", code, *arguments]
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_process_is_known_by_pid_and_mark_together(sleeper: Sleeper) -> None:
    """A living pid with another mark, or no pid at all, is not ours."""
    process = sleeper("-Dmark=/a/namenode")
    assert processes.is_running(process.pid, "-Dmark=/a/namenode")
    assert not processes.is_running(process.pid, "-Dmark=/b/namenode")
    assert not processes.is_running(None, "-Dmark=/a/namenode")


def test_a_dead_process_is_not_running_although_nobody_has_reaped_it(sleeper: Sleeper) -> None:
    """A zombie has a pid still, and counts as gone."""
    process = sleeper("mark")
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_running(process.pid, "mark")


def test_a_process_that_has_only_just_started_counts() -> None:
    """Its command line is looked at again while Linux does not show it yet."""
    for number in range(20):
        with subprocess.Popen(["sh", "-c", "read line", f"mark-{number}"], stdin=subprocess.PIPE) as process:
            assert processes.is_running(process.pid, f"mark-{number}")


def test_those_that_do_not_listen_are_killed_and_named(sleeper: Sleeper) -> None:
    """Processes are asked first; after the policy is over they are killed."""
    obedient, deaf = sleeper("mark"), sleeper("mark", code=_DEAF)
    assert processes.terminate({obedient.pid: "mark", deaf.pid: "mark"}, timeout_s=0.5) == [deaf.pid]
    assert obedient.wait() == -15
    assert deaf.wait() == -9


def test_a_stranger_with_a_recorded_pid_is_left_alone(sleeper: Sleeper, tmp_path: Path) -> None:
    """A pid file from before a reboot may name anybody: stopping removes the file and touches nobody."""
    stranger = sleeper("-Dimagelake.daemon=/elsewhere/namenode")
    pid_file = daemons.pid_file(tmp_path, "namenode")
    pid_file.parent.mkdir()
    pid_file.write_text(f"{stranger.pid}\n")
    assert daemons.running_pid(tmp_path, "namenode") is None
    assert daemons.stop(tmp_path, ["namenode"]) == []
    assert stranger.poll() is None
    assert not pid_file.exists()


@pytest.mark.parametrize("content", ["", "twelve", "99999999"])
def test_a_damaged_pid_file_names_no_process(tmp_path: Path, content: str) -> None:
    """Whatever is in the file, the daemon is simply not running."""
    pid_file = daemons.pid_file(tmp_path, "datanode-1")
    pid_file.parent.mkdir()
    pid_file.write_text(content)
    assert daemons.running_pid(tmp_path, "datanode-1") is None
    assert daemons.recorded_names(tmp_path) == ["datanode-1"]


def test_left_containers_are_those_of_the_folder(sleeper: Sleeper, tmp_path: Path) -> None:
    """A container is known by the local folders that its NodeManager gave it; a neighbour's lives on."""
    ours = sleeper(LOCAL_DIRS=f"{tmp_path}/data/nodemanager-1/local/usercache")
    neighbour = sleeper(LOCAL_DIRS=f"{tmp_path}/data2/nodemanager-1/local/usercache")
    assert processes.kill_containers_below(tmp_path / "data") == 1
    assert ours.wait() == -9
    assert neighbour.poll() is None
    assert processes.containers_below(tmp_path / "data") == []


def test_taken_ports_are_named_with_their_owner(tmp_path: Path) -> None:
    """The error names port, daemon and process, and ways out; a free port is not in it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        free = ports.any_free()
        cluster = plan(tmp_path, tmp_path, Shape(1, 1), lambda standard: taken if standard == 9870 else free(standard))
        with pytest.raises(ImageLakeError) as failure:
            ports.check_free(cluster.daemons)
    lines = str(failure.value).splitlines()
    assert len(lines) == 2
    assert f"port {taken} (IMAGELAKE_NAMENODE_WEB_PORT) of namenode is taken by pid {os.getpid()} (" in lines[0]
    assert "--free-ports" in lines[1]
    ports.check_free(cluster.daemons)


def test_free_ports_are_free_distinct_and_below_those_of_outgoing_connections() -> None:
    """Each port can be listened on, and none comes twice."""
    choose = ports.any_free()
    chosen = [choose(9870) for _ in range(50)]
    assert len(set(chosen)) == 50
    assert all(ports.is_free("127.0.0.1", port) and port < 32768 for port in chosen)


def test_the_end_of_a_log_is_told_without_its_stack_frames(tmp_path: Path) -> None:
    """The last lines that say something, and the path of the log."""
    log = tmp_path / "namenode.log"
    log.write_text("first\n" * 50 + "Exiting with status 1: the reason\n" + "\tat org.apache.Some.method\n" * 40)
    text = daemons.log_tail(log)
    assert str(log) in text
    assert text.splitlines()[-1].strip() == "Exiting with status 1: the reason"
