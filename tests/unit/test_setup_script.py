"""The set-up says what is missing and how to get it before it installs anything, and installs what is asked alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from project import PROJECT

TOOLS = ("bash", "cat", "chmod", "cksum", "dirname", "head", "mkdir", "sed", "env")
# A Python that works, whose `-m venv` makes a .venv with itself in it, and whose pip writes down what it is asked for.
PYTHON = """
case "$2" in
  venv) mkdir -p .venv/bin && cat "$0" > .venv/bin/python && chmod +x .venv/bin/python && echo "$0" > .venv/made_by ;;
  pip) echo "$*" >> pip_calls ;;
esac
"""
JAVA_17 = "echo 'openjdk version \"17.0.2\" 2022' >&2"
LEVELS = {
    (): "requirements.lock",
    ("--tensorflow",): "requirements-tensorflow.lock",
    ("--dev",): "requirements-dev.lock",
}


def tool_folder(tmp_path: Path, scripts: dict[str, str]) -> Path:
    """A PATH with the usual tools and with made-up ones, and nothing else."""
    folder = tmp_path / "bin"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def setup(tmp_path: Path, scripts: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the set-up script, so that the project's own .venv is out of its reach."""
    copy = tmp_path / "project" / "scripts"
    copy.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "scripts" / "setup", copy)
    for name in ("pyproject.toml", *LEVELS.values()):
        shutil.copy(PROJECT / name, copy.parent)
    environment = {**os.environ, "PATH": str(tool_folder(tmp_path, scripts))}
    return subprocess.run([copy / "setup", *options], env=environment, capture_output=True, text=True, check=False)


def installed(tmp_path: Path) -> list[str]:
    """The locks that pip was asked for since the last look."""
    calls = tmp_path / "project" / "pip_calls"
    words = calls.read_text().split() if calls.exists() else []
    calls.unlink(missing_ok=True)
    return [word for word in words if word.endswith(".lock")]


@pytest.mark.parametrize(
    ("system", "java", "fix"),
    [
        ("Linux", None, "apt-get install openjdk-17-jre-headless"),
        ("Linux", "echo 'openjdk version \"11.0.2\" 2019' >&2", "apt-get install openjdk-17-jre-headless"),
        ("Darwin", None, "brew install openjdk@17"),
    ],
)
def test_missing_or_old_java_is_named_with_the_fix(tmp_path: Path, system: str, java: str | None, fix: str) -> None:
    """Without Java 17 an ordinary user is told the command for the platform, and nothing is installed."""
    scripts = {"python3.11": PYTHON, "id": "echo 1000", "uname": f"echo {system}"} | ({"java": java} if java else {})
    done = setup(tmp_path, scripts)
    assert done.returncode == 1
    assert "Java 17 or newer is needed" in done.stderr
    assert fix in done.stderr
    assert installed(tmp_path) == []


def test_root_on_debian_gets_java_installed(tmp_path: Path) -> None:
    """As root where apt-get is, the set-up asks it for Java by itself."""
    calls = tmp_path / "calls"
    scripts = {"python3.11": "exit 9", "id": "echo 0", "apt-get": f'echo "$*" >> {calls}', "uname": "echo Linux"}
    setup(tmp_path, scripts)
    assert "openjdk-17-jre-headless" in calls.read_text()


def test_java_is_looked_for_only_where_it_is_needed(tmp_path: Path) -> None:
    """With --no-java the environment is made without a look at Java."""
    done = setup(tmp_path, {"python3.12": PYTHON}, "--no-java")
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path) == ["requirements.lock"]


def test_missing_python_is_named(tmp_path: Path) -> None:
    """Without a Python that will do, the message says which ones would and how to get one."""
    done = setup(tmp_path, {"python3.10": PYTHON, "java": JAVA_17})
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr


def test_the_newest_python_that_works_is_taken(tmp_path: Path) -> None:
    """A newer one that is on the PATH but does not run is passed over."""
    scripts = {"python3.11": PYTHON, "python3.12": PYTHON, "python3.13": "echo not installed; exit 127"}
    done = setup(tmp_path, scripts, "--no-java")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "project" / ".venv" / "made_by").read_text().strip().endswith("python3.12")


def test_what_was_installed_is_kept_current_and_never_less(tmp_path: Path) -> None:
    """The same call again does nothing; more is added when it is asked for; less that is asked for is there already."""
    tools = {"python3.13": PYTHON}
    asked = [(), (), ("--tensorflow",), (), ("--dev",), ("--tensorflow",)]
    found = []
    for options in asked:
        assert setup(tmp_path, tools, "--no-java", *options).returncode == 0
        found.append(installed(tmp_path))
    run, convert, develop = ([lock] for lock in LEVELS.values())
    assert found == [run, [], convert, [], develop, []]


def test_an_option_that_is_none_is_named(tmp_path: Path) -> None:
    """The message quotes it, and shows the known ones."""
    done = setup(tmp_path, {}, "--develop")
    assert done.returncode == 2
    assert "unknown option --develop" in done.stderr
    assert "--tensorflow" in done.stderr
