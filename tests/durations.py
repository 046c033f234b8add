"""How long the tests of each folder took, and whether that is far beyond what they may take."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

OF_A_NEW_FOLDER_S = 90
GROSS = 3
_BUDGETS = Path(__file__).with_name("budgets.toml")


def budgets() -> dict[str, float]:
    """Folder of tests/ -> seconds that its tests may take."""
    return tomllib.loads(_BUDGETS.read_text(encoding="utf-8"))


def seconds_by_folder(reports: Iterable[pytest.TestReport]) -> dict[str, float]:
    """Folder of tests/ -> seconds of its tests, with what they share: setup, call and teardown."""
    seconds: Counter[str] = Counter()
    for report in reports:
        seconds[report.nodeid.split("/")[1]] += report.duration  # type: ignore[assignment]
    return dict(seconds)


def gross_excess(seconds: Mapping[str, float], allowed: Mapping[str, float]) -> list[str]:
    """One line for each folder that took more than three times its budget."""
    known = {folder: allowed.get(folder, OF_A_NEW_FOLDER_S) for folder in seconds}
    return [
        f"tests/{folder} took {seconds[folder]:.0f} s, more than {GROSS} times its budget of {budget:.0f} s "
        f"(tests/{_BUDGETS.name}): pytest --durations=20 tests/{folder} says where"
        for folder, budget in sorted(known.items())
        if seconds[folder] > GROSS * budget
    ]


def check(session: pytest.Session) -> None:
    """Fail a whole run in CI on gross excess; a part of the tests, or a laptop, is not judged."""
    chosen = session.config.option
    is_whole = session.config.args == session.config.getini("testpaths") and not (chosen.markexpr or chosen.keyword)
    is_part = hasattr(session.config, "workerinput")  # one of several processes: the first of them sees all reports
    if os.environ.get("CI") != "true" or not is_whole or is_part:
        return
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None
    reports = [one for group in terminal.stats.values() for one in group if isinstance(one, pytest.TestReport)]
    for line in gross_excess(seconds_by_folder(reports), budgets()):
        terminal.write_line(line, red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
