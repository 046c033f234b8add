"""A test's tier follows from what it asks for, and gross excess over a folder's budget is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from durations import budgets, gross_excess
from project import PROJECT
from tiers import group_of, tiers_of


@pytest.mark.parametrize(
    ("folder", "fixtures", "tiers"),
    [
        ("unit", {"tmp_path"}, {"fast"}),
        ("unit", {"shared_data"}, {"photos"}),
        ("jobs", {"tmp_path"}, {"spark"}),
        ("web", {"sample", "spark", "browser"}, {"spark", "browser"}),
        ("hadoop", {"spark", "hadoop", "hadoop_jars", "shared_data"}, {"cluster", "spark", "photos"}),
        ("of_a_new_capability", set(), {"spark"}),
    ],
)
def test_a_tier_is_what_a_test_needs(folder: str, fixtures: set[str], tiers: set[str]) -> None:
    """Fast is what needs nothing else, and only in the folders that are meant to be."""
    assert tiers_of(folder, fixtures) == tiers


def test_what_is_costly_is_made_by_one_process_alone() -> None:
    """Of two processes one runs all tests that share the cluster, one all that share the finished lake."""
    assert group_of(Path("tests/hadoop/test_yarn.py")) == group_of(Path("tests/hadoop/test_cluster.py"))
    assert len({group_of(Path(f"tests/{folder}/test_a.py")) for folder in ("jobs", "web")}) == 1
    assert group_of(Path("tests/unit/test_a.py")) != group_of(Path("tests/unit/test_b.py"))


def test_only_gross_excess_is_told() -> None:
    """Three times the budget passes, more does not; a folder without a budget has that of a new capability."""
    allowed = {"unit": 10.0, "web": 20.0}
    assert gross_excess({"unit": 30, "web": 60, "new": 270}, allowed) == []
    told = gross_excess({"unit": 30.1, "web": 5, "new": 271}, allowed)
    assert [line.split()[0] for line in told] == ["tests/new", "tests/unit"]


def test_every_folder_has_a_budget() -> None:
    """Of folders that are there, and together within 30 minutes of two processes."""
    assert set(budgets()) <= {path.name for path in (PROJECT / "tests").iterdir()}
    assert sum(budgets().values()) <= 2 * 30 * 60


@pytest.mark.parametrize(
    ("arguments", "variables", "code"),
    [
        ((), {"CI": "true"}, 1),
        (("--numprocesses", "2"), {"CI": "true"}, 1),
        ((), {}, 0),
        (("-k", "slow"), {"CI": "true"}, 0),
    ],
)
def test_a_whole_run_in_ci_fails_on_gross_excess(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], code: int
) -> None:
    """A slow folder fails the run of everything in CI alone, with a line that names it."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (tmp_path / "tests" / "slow").mkdir(parents=True)
    shutil.copy(PROJECT / "tests" / "durations.py", tmp_path / "tests")
    (tmp_path / "tests" / "budgets.toml").write_text("slow = 0.01\n")
    (tmp_path / "tests" / "conftest.py").write_text(
        "import durations\n\n\ndef pytest_sessionfinish(session):\n    durations.check(session)\n"
    )
    (tmp_path / "tests" / "slow" / "test_slow.py").write_text("import time\n\n\ndef test():\n    time.sleep(0.1)\n")
    surroundings = {name: value for name, value in os.environ.items() if name != "CI"} | variables
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert ("tests/slow took" in done.stdout) == bool(code)
