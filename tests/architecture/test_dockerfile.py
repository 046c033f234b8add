"""The Dockerfile as far as it can be judged without an engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from container_files import IMAGE_ROOT, copied_from_project, stages
from imagelake.cluster.hadoop.runtime import OLDEST_JAVA
from project import PROJECT, skip_or_fail

ADMITTED = [line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")]


def test_a_linter_finds_no_fault() -> None:
    """Hadolint reads it with Docker's grammar and looks at the shell in it; one rule is set aside, with its reason."""
    linter = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if linter is None:
        skip_or_fail("hadolint is not installed")
    command = [linter, "--no-color", "--failure-threshold=warning", str(PROJECT / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_named_files_reach_an_image_and_all_that_are_copied_exist() -> None:
    """Data, results and history stay out; every source of a COPY is admitted and is there."""
    lines = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["*", *(f"!{name}" for name in ADMITTED), "**/__pycache__"]
    assert not {"var", ".git", ".venv", "tests"} & set(ADMITTED)
    sources = [source for stage in stages().values() for files, _ in copied_from_project(stage) for source in files]
    for source in [*sources, *ADMITTED]:
        assert (PROJECT / source).exists(), source
        assert source == "." or source.split("/")[0] in ADMITTED, source


def test_the_client_s_files_are_enough_to_install_the_project(tmp_path: Path) -> None:
    """What .dockerignore admits is a project that builds, with every job and every script that a user calls."""
    for name in ADMITTED:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, tmp_path / name)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path / "dist")]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert len(list((tmp_path / "dist").glob("imagelake-*.whl"))) == 1


def test_java_and_python_are_the_project_s() -> None:
    """Executors run on them: Python of the minor version that the project asks for, the oldest Java that will do."""
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    minor = re.search(r">=(\d+\.\d+)", asked)
    assert minor is not None
    assert stages()["base"][0].value[0].startswith(f"python:{minor[1]}-slim-")
    text = " ".join(step.original for stage in stages().values() for step in stage)
    assert set(re.findall(r"python(\d\.\d+)", text)) == {minor[1]}
    assert set(re.findall(r"(?:temurin-|openjdk-)(\d+)", text)) == {str(OLDEST_JAVA)}


def test_no_image_is_of_whatever_version_is_newest() -> None:
    """Every stage is based on another one, or on an official image with a version."""
    for steps in stages().values():
        base = steps[0].value[0]
        assert base in stages() or re.fullmatch(r"[a-z]+:\d[\w.-]+", base), base


def test_nothing_runs_as_root() -> None:
    """Daemons and clients have a user of their own, who owns the folders that volumes are mounted on."""
    for name in ("hadoop", "client"):
        (user,) = [step.value[0] for step in stages()[name] if step.cmd == "USER"]
        assert f'useradd --uid "$UID" --gid hadoop --create-home {user}' in _shell("base")
    (owned,) = re.findall(r"install --directory --owner=imagelake --group=hadoop (.*)", _shell("base"))
    assert owned.split() == ["/data", IMAGE_ROOT, f"{IMAGE_ROOT}/var"]


def _shell(stage: str) -> str:
    return "\n".join(step.value[0] for step in stages()[stage] if step.cmd == "RUN")
