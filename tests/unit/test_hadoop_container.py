"""One daemon in a container: where it is, which folder is its own, what its probe says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from imagelake.cluster.hadoop import container, ports
from imagelake.cluster.hadoop.__main__ import main
from imagelake.cluster.hadoop.layout import DATANODE, NAMENODE, NODEMANAGER, RESOURCEMANAGER, ROLES, Shape, plan
from imagelake.errors import ImageLakeError

_CLAIM = (
    "import pathlib, sys; from imagelake.cluster.hadoop import container; "
    "print(container.claim_folder(pathlib.Path(sys.argv[1])), flush=True); "
    "import os; os.execlp('cat', 'cat')"
)


def _claim(shared: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that claims a folder and then becomes another program, as `run` does."""
    command = [sys.executable, "-c", _CLAIM, str(shared)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_containers_share_a_volume_without_sharing_a_folder(tmp_path: Path) -> None:
    """Each takes the first that is free, holds it although it becomes another program, and frees it by ending."""
    first, second, third = (_claim(tmp_path) for _ in range(3))
    assert [folder for _, folder in (first, second, third)] == [tmp_path / n for n in "123"]
    second[0].kill()
    second[0].communicate()
    heir = _claim(tmp_path)
    assert heir[1] == tmp_path / "2"
    for process, _ in (first, third, heir):
        process.communicate()


@pytest.mark.parametrize("shape", [Shape(), Shape(1, 3)])
def test_a_container_with_the_environment_of_scripts_hadoop_is_the_same_daemon(shape: Shape) -> None:
    """Host and ports that the one command computes are those that the other reads from the environment."""
    cluster = plan(Path("/cluster"), Path("/conf"), shape, ports.moved_by(1000))
    for daemon in cluster.daemons:
        here = container.daemon_here(daemon.role, cluster.daemon_environment(daemon))
        assert (here.host, here.ports, here.address) == (daemon.host, daemon.ports, daemon.address)


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ({}, "localhost"),
        ({"HOSTNAME": "4f0c1d"}, "4f0c1d"),
        ({"HOSTNAME": "4f0c1d", "IMAGELAKE_HOST": "worker"}, "worker"),
        ({"HOSTNAME": "4f0c1d", "IMAGELAKE_HOST": ""}, "4f0c1d"),
    ],
)
def test_a_worker_s_host_is_what_hadoop_s_substitution_makes_of_it(environment: dict[str, str], host: str) -> None:
    """As ${env.IMAGELAKE_HOST:-${env.HOSTNAME:-localhost}} in conf/hadoop: what is empty counts as not set."""
    assert container.daemon_here(DATANODE, environment).host == host
    assert container.daemon_here(NODEMANAGER, environment).address == f"{host}:8041"


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "9870.0"])
def test_a_port_that_is_none_is_named(value: str) -> None:
    """The message has the variable, the value and the range."""
    with pytest.raises(ImageLakeError, match=rf"IMAGELAKE_NAMENODE_WEB_PORT is '{value}'.*1 to 65535"):
        container.daemon_here(NAMENODE, {"IMAGELAKE_NAMENODE_WEB_PORT": value})


@pytest.mark.parametrize("role", ROLES)
def test_a_daemon_that_is_not_there_is_not_healthy(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The probe says which role does not answer, and ends with 1."""
    choose = ports.any_free()
    for variable in (variable for known in ROLES.values() for variable in known.ports):
        monkeypatch.setenv(variable, str(choose(0)))
    for variable in ("IMAGELAKE_HOST", "IMAGELAKE_NAMENODE_HOST", "IMAGELAKE_RESOURCEMANAGER_HOST"):
        monkeypatch.setenv(variable, "127.0.0.1")
    assert main(["probe", role]) == 1
    assert capsys.readouterr().out == f"{role} not answering\n"


def test_a_host_that_does_not_resolve_is_not_healthy() -> None:
    """A container may be asked for its health before the network knows its master."""
    assert container.state(RESOURCEMANAGER, {"IMAGELAKE_RESOURCEMANAGER_HOST": "nowhere.invalid"}) == "not answering"


@pytest.mark.parametrize("command", ["run", "probe"])
def test_a_role_that_does_not_exist_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message quotes it and lists the roles."""
    with pytest.raises(SystemExit):
        main([command, "jobtracker"])
    error = capsys.readouterr().err
    assert "'jobtracker'" in error
    assert all(repr(role) in error for role in ROLES)


def test_a_folder_that_cannot_be_made_is_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A volume that belongs to somebody else ends the command with its path, without a stack trace."""
    (tmp_path / "file").touch()
    assert main(["run", "datanode", "--shared-data", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
