"""The pipeline on a schedule: Airflow itself reads and runs the DAG, systemd itself reads the units."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagelake.cluster.submission.command import Submission
from imagelake.cluster.submission.environment import THIS_PYTHON
from imagelake.config import load_config
from pipeline_steps import STEPS, job
from project import PROJECT, skip_or_fail

JOBS = [step for step in STEPS if step != "draw_sample_lake"]
UNITS = PROJECT / "conf" / "systemd"
YARN = {"host": "yarn", "extra": {"yarn_resourcemanager_webapp_address": "http://127.0.0.1:8088"}}
LOCAL = {"host": "local[1]"}
LIMIT_S = 400  # a task that fails is retried after minutes, which no test waits for
EMBEDDED = PROJECT / "lib" / "imagelake" / "samples" / "weights" / "mobilenet_v1_0.25_128.weights.h5"
MODEL = {"model.weights": str(EMBEDDED), "model.classes": "sample", "model.alpha": 0.25, "model.resolution": 128}


def run_airflow(home: Path, connection: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Airflow in its own environment, with a metadata database of its own in ``home``."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "IMAGELAKE", "SPARK"))}
    own["AIRFLOW_HOME"] = str(home)
    own["AIRFLOW_CONN_IMAGELAKE_YARN"] = json.dumps({"conn_type": "spark", **connection})
    if (home / "project").exists():
        own["IMAGELAKE_HOME"] = str(home / "project")
    command: list[str | Path] = [PROJECT / "scripts" / "airflow", *arguments]
    try:
        return subprocess.run(command, env=own, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"{command} still runs after {LIMIT_S} s: {(late.output or b'')[-3000:]!r}")


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new Airflow; making its environment takes a minute, once."""
    home = tmp_path_factory.mktemp("airflow")
    done = run_airflow(home, YARN, "version")
    if done.returncode:
        skip_or_fail(f"scripts/airflow could not make its environment: {done.stderr.strip()[-500:]}")
    return home


@pytest.fixture(scope="module")
def facts(airflow_home: Path) -> dict[str, Any]:
    """What Airflow makes of the folder of DAGs."""
    done = run_airflow(airflow_home, YARN, "python", str(PROJECT / "tests" / "airflow_facts.py"))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def upstream_jobs() -> dict[str, set[str]]:
    """Each job and the writers of what it reads; what jobs by hand write is read where it is there."""
    writer = {name: step for step in JOBS for name in job(step).writes}
    return {step: {writer[name] for name in job(step).reads if name in writer} for step in JOBS}


def ancestors(edges: dict[str, set[str]], name: str) -> set[str]:
    """Everything that must have run before."""
    return edges[name].union(*(ancestors(edges, parent) for parent in edges[name]))


def test_airflow_reads_the_dag_without_a_complaint(facts: dict[str, Any]) -> None:
    """No import error, no warning, one DAG, whose page explains it."""
    assert (facts["errors"], facts["warnings"], facts["dags"]) == ({}, {}, ["imagelake"])
    assert "may be retried" in facts["doc"]


def test_tasks_wait_for_exactly_the_writers_of_what_they_read(facts: dict[str, Any]) -> None:
    """One task a job; the edges are those of the tables, without the ones that others imply."""
    edges = {name: set(task["upstream"]) for name, task in facts["tasks"].items()}
    needed = upstream_jobs()
    assert set(edges) == set(JOBS)
    for name in JOBS:
        implied = set().union(*(ancestors(needed, parent) for parent in needed[name]))
        assert edges[name] == needed[name] - implied, name


def test_tasks_are_retried_with_growing_pauses_and_end(facts: dict[str, Any]) -> None:
    """Two retries, each pause longer than the last, a limit on each try; one run at a time, none made up for."""
    for name, task in facts["tasks"].items():
        assert (task["retries"], task["durable"]) == (2, True), name
        assert task["retry_delay"] >= 60, name
        assert task["backoff"] > 1, name
        assert task["execution_timeout"] > 0, name
    assert (facts["max_active_runs"], facts["catchup"], facts["schedule"]) == (1, False, "@daily")


def test_yarn_itself_is_asked_wherever_the_driver_runs_in_the_cluster(facts: dict[str, Any]) -> None:
    """Tracking by the ResourceManager goes with cluster mode; only the driver that needs TensorFlow stays here."""
    modes = {name: option(task["command"], "--deploy-mode") for name, task in facts["tasks"].items()}
    assert modes == {name: "client" if name == "convert_model" else "cluster" for name in JOBS}
    for name, task in facts["tasks"].items():
        assert task["tracked_by_yarn"] is (modes[name] == "cluster"), name
        assert ("spark.yarn.submit.waitAppCompletion=false" in task["command"]) is (modes[name] == "cluster"), name


def test_parameters_are_settings_that_exist(facts: dict[str, Any]) -> None:
    """What the DAG passes with --set is understood, and --root and the rest of conf/cluster.toml come with it."""
    settings = [f"{name}={value}" for name, value in facts["params"].items() if name != "config"]
    config = load_config([Path(facts["params"]["config"])], settings)
    assert config.lake.root == facts["params"]["lake.root"]
    assert config.model.resolution == facts["params"]["model.resolution"]


@pytest.mark.parametrize("name", JOBS)
def test_airflow_submits_as_the_command_line_does(facts: dict[str, Any], name: str) -> None:
    """A task's command names the same application, arguments, files and properties as scripts/submit."""
    command = facts["tasks"][name]["command"]
    application = str(PROJECT / "jobs" / f"{name}.py")
    settings = [
        word for key in facts["params"] if key != "config" for word in ("--set", f"{key}={facts['params'][key]}")
    ]
    ours = Submission(
        job=name,
        arguments=("--config", facts["params"]["config"], *settings),
        deploy_mode="client" if name == "convert_model" else "cluster",
        properties=PROJECT / "var" / "package" / "yarn.conf",
    ).command()
    assert command[command.index(application) :] == ours[ours.index(application) :]
    for key in ("--properties-file", "--files"):
        assert option(command, key) == option(ours, key)
    if name != "convert_model":
        driver = f"spark.pyspark.driver.python=python{THIS_PYTHON}"
        assert driver in command
        assert driver in ours


def option(command: list[str], name: str) -> str | None:
    """The value behind an option."""
    return command[command.index(name) + 1] if name in command else None


@pytest.fixture
def local_project(airflow_home: Path) -> Iterator[Path]:
    """The project with Spark properties for this machine in the place of the cluster's."""
    folder = airflow_home / "project"
    (folder / "var" / "package").mkdir(parents=True)
    for name in ("jobs", "lib", "conf", "scripts"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    local = (PROJECT / "conf" / "spark" / "local.conf").read_text(encoding="utf-8")
    (folder / "var" / "package" / "yarn.conf").write_text(local.replace("4g", "1g"), encoding="utf-8")
    yield folder
    shutil.rmtree(folder)


def test_airflow_runs_a_task_with_the_real_spark(airflow_home: Path, local_project: Path, tmp_path: Path) -> None:
    """A run of the DAG, in which all tasks but one are marked as done, publishes what that one writes."""
    params = {"lake.root": str(tmp_path / "lake"), **MODEL, "config": str(local_project / "conf" / "local.toml")}
    others = "|".join(name for name in JOBS if name != "convert_model")
    command = ("dags", "test", "imagelake", "--mark-success-pattern", f"^({others})$", "--conf", json.dumps(params))
    done = run_airflow(airflow_home, LOCAL, *command)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    manifest = json.loads((tmp_path / "lake" / "model" / "_manifest.json").read_text())
    assert manifest["job"] == "convert_model"
    assert list((tmp_path / "lake" / "_staging").iterdir()) == []


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """The timer and the service, with the project's own folder in the place of the one they name."""
    if shutil.which("systemd-analyze") is None:
        skip_or_fail("systemd-analyze is not on this machine")
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace("/opt/imagelake", str(PROJECT))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_lock_names_hashes_and_no_address() -> None:
    """Airflow is installed from pinned and hashed packages, wherever pip is told to look."""
    text = (PROJECT / "conf" / "airflow" / "requirements.txt").read_text(encoding="utf-8")
    assert "://" not in text
    blocks = text.replace("\\\n", "").splitlines()
    assert len(blocks) > 100
    assert all("==" in line and "--hash=sha256:" in line for line in blocks)
