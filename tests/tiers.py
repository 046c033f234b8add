"""The tiers of tests: what each needs of the machine, told from what it asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

TIERS = {
    "fast": "needs Python alone: no Java, no browser, no photos",
    "spark": "starts Spark, in this process or by a script",
    "cluster": "runs the daemons of Hadoop, or a scheduler",
    "browser": "drives Chromium",
    "photos": "looks at the real photos, weights and metadata of ../shared/data",
}
_OF_FIXTURE = {
    "spark": "spark",
    "hadoop_jars": "cluster",
    "airflow_home": "cluster",
    "browser": "browser",
    "shared_data": "photos",
}
_FAST_FOLDERS = ("architecture", "unit")
# What the tests of these folders share is made once: one cluster; one finished lake; one Spark session for frames.
_GROUP_OF_FOLDER = {"hadoop": "cluster", "jobs": "finished lake", "spark": "session", "web": "finished lake"}


def tiers_of(folder: str, fixtures: Collection[str]) -> set[str]:
    """The tiers of a test.

    Args:
        folder: of tests/; tests/hadoop needs a cluster, and whatever is not fast by its folder needs Java.
        fixtures: that the test asks for, and those that these ask for.
    """
    found = {tier for name, tier in _OF_FIXTURE.items() if name in fixtures}
    if folder == "hadoop":
        found.add("cluster")
    elif folder not in _FAST_FOLDERS:
        found.add("spark")
    return found or {"fast"}


def group_of(file: Path) -> str:
    """What one of several processes runs whole: the tests that share something costly, else those of a file."""
    return _GROUP_OF_FOLDER.get(file.parent.name, file.stem)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Shares tests out by their groups."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(Path(nodeid.partition("::")[0]))


def mark(items: Iterable[pytest.Item]) -> None:
    """Give each test its tiers as markers."""
    for item in items:
        for tier in sorted(tiers_of(item.path.parent.name, getattr(item, "fixturenames", ()))):
            item.add_marker(tier)
