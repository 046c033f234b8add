"""The command line of scripts/hadoop as far as it needs no Java."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imagelake.cluster.hadoop import runtime, tools
from imagelake.cluster.hadoop.__main__ import main
from imagelake.errors import ImageLakeError

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "hadoop"


@pytest.mark.parametrize("arguments", [["--help"], ["start", "--help"], ["stop", "--help"], ["status", "--help"]])
def test_every_command_has_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help is printed and is no failure."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    assert "--folder" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--folder", "{}", "status"], ["status", "--folder", "{}"]])
def test_status_without_a_cluster_says_how_to_start_one(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder may stand before or after the command; nothing is made in it."""
    assert main([argument.format(tmp_path) for argument in arguments]) == 1
    assert f"there is no cluster in {tmp_path}: scripts/hadoop start" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", ["0", "-1", "two", "1.5"])
def test_a_count_that_is_none_is_refused(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message quotes the value."""
    with pytest.raises(SystemExit):
        main(["start", f"--datanodes={count}"])
    assert repr(count) in capsys.readouterr().err


def test_a_wrong_yarn_command_lists_the_right_ones() -> None:
    """The nearest is suggested."""
    with pytest.raises(ImageLakeError, match=r"'aplication'.*'application'.*node"):
        tools.resolve("yarn", ["aplication", "-list"])


@pytest.mark.parametrize(
    ("tool", "arguments", "main_class", "rest"),
    [
        ("fs", ["-ls", "/"], "FsShell", ["-ls", "/"]),
        ("fsck", ["/"], "DFSck", ["/"]),
        ("dfsadmin", ["-report"], "DFSAdmin", ["-report"]),
        ("yarn", ["application", "-list"], "ApplicationCLI", ["application", "-list"]),
        ("yarn", ["node", "-list"], "NodeCLI", ["-list"]),
        ("yarn", ["logs", "-applicationId", "x"], "LogsCLI", ["-applicationId", "x"]),
    ],
)
def test_tools_are_hadoops_own_classes(tool: str, arguments: list[str], main_class: str, rest: list[str]) -> None:
    """ApplicationCLI alone wants to be told which of its three commands it is."""
    found, passed_on = tools.resolve(tool, arguments)
    assert found.endswith(f".{main_class}")
    assert passed_on == rest


def test_no_java_is_a_message_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an empty PATH nor a JAVA_HOME without Java ends in a stack trace."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageLakeError, match=r"java is not on PATH.*apt-get install openjdk-17-jre-headless"):
        runtime.find_java_home()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ImageLakeError, match=f"JAVA_HOME is {tmp_path}"):
        runtime.find_java_home()


@pytest.mark.parametrize(
    ("version", "accepted"), [("1.8.0_392", False), ("11.0.2", False), ("17.0.15", True), ("25", True)]
)
def test_a_java_that_spark_cannot_use_is_refused(
    version: str, accepted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is read from the release file of the Java in question."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch()
    (tmp_path / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if accepted:
        assert runtime.find_java_home() == tmp_path
    else:
        with pytest.raises(ImageLakeError, match=r"Spark needs 17"):
            runtime.find_java_home()


def test_maven_is_needed_only_for_a_pom_that_was_not_resolved_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Maven the jars of a known pom are found; a changed pom asks for Maven and says where to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    pom = tmp_path / "pom.xml"
    pom.write_text("<project/>")
    with pytest.raises(ImageLakeError, match=r"mvn is not on PATH.*apt-get install maven"):
        runtime.find_jars(pom, tmp_path / "cache", lambda _: None)
    # sha256 of <project/>, first 16 digits, by another program.
    known = tmp_path / "cache" / "618a333ca21cdc97"
    (known / "jars").mkdir(parents=True)
    assert runtime.find_jars(pom, tmp_path / "cache", lambda _: None) == known / "jars"


def test_the_script_needs_nothing_installed(tmp_path: Path) -> None:
    """It runs on a bare Python, isolated from every installed package."""
    environment = {**os.environ, "PYTHONNOUSERSITE": "1", "PYTHONPATH": ""}
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import imagelake.cluster.hadoop.__main__; print(*sys.modules)"
    lib = str(SCRIPT.parents[1] / "lib")
    command = [sys.executable, "-S", "-c", code, lib]
    outcome = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not {"pyspark", "numpy", "rich", "pydantic"} & set(outcome.stdout.split())
    assert subprocess.run([SCRIPT, "--help"], capture_output=True, check=True).stdout
