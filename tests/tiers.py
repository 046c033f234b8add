"""The tiers of tests: what each needs of the machine, told from what it asks for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

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
_OF_FOLDER = {"hadoop": "cluster", "spark": "spark", "jobs": "spark", "web": "spark"}


def mark(items: Iterable[pytest.Item]) -> None:
    """Give each test the tiers of its fixtures, those they ask for included, and of its folder; else it is fast."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        found = {tier for name, tier in _OF_FIXTURE.items() if name in fixtures}
        found |= {_OF_FOLDER[item.path.parent.name]} if item.path.parent.name in _OF_FOLDER else set()
        for tier in sorted(found or {"fast"}):
            item.add_marker(tier)
