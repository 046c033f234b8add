"""The set-up says what is missing and how to get it, before it installs anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from project import PROJECT

TOOLS = ("bash", "cat", "cksum", "dirname", "head", "sed", "env")


def tool_folder(tmp_path: Path, scripts: dict[str, str]) -> Path:
    """A PATH with the usual tools and with made-up ones, and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def setup(tmp_path: Path, scripts: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a copy of the set-up script, so that the project's own .venv is out of its reach."""
    copy = tmp_path / "project" / "scripts"
    copy.mkdir(parents=True)
    shutil.copy(PROJECT / "scripts" / "setup", copy)
    environment = {**os.environ, "PATH": str(tool_folder(tmp_path, scripts))}
    return subprocess.run([copy / "setup"], env=environment, capture_output=True, text=True, check=False)


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
    scripts = {"python3.11": "exit 9", "id": "echo 1000", "uname": f"echo {system}"} | ({"java": java} if java else {})
    done = setup(tmp_path, scripts)
    assert done.returncode == 1
    assert "Java 17 or newer is needed" in done.stderr
    assert fix in done.stderr


def test_root_on_debian_gets_java_installed(tmp_path: Path) -> None:
    """As root where apt-get is, the set-up asks it for Java by itself."""
    calls = tmp_path / "calls"
    scripts = {"python3.11": "exit 9", "id": "echo 0", "apt-get": f'echo "$*" >> {calls}', "uname": "echo Linux"}
    setup(tmp_path, scripts)
    assert "openjdk-17-jre-headless" in calls.read_text()


def test_missing_python_is_named(tmp_path: Path) -> None:
    """Without Python 3.11 the message says so, and how to get it."""
    done = setup(tmp_path, {})
    assert done.returncode == 1
    assert "Python 3.11 is needed" in done.stderr
