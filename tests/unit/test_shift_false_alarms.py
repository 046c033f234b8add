"""Whole comparisons of sets of one distribution: no hypothesis may explain what is not there."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from imagelake.config import load_config
from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "shift"))

from false_alarms import SETTINGS, run

RUNS = 30


@pytest.fixture(scope="module")
def seen() -> Counter[str]:
    """In how many of the runs each test or verdict sees a shift."""
    rules, found = load_config(settings=[*SETTINGS, "shift.permutations=19"]).shift, Counter[str]()
    for seed in range(RUNS):
        found.update(run(seed, rules)[0])
    return found


def test_without_a_shift_hardly_any_hypothesis_is_supported(seen: Counter[str]) -> None:
    """All hypotheses together raise an alarm in one run of twenty at most, of twelve properties and classes among them.

    The benchmark counts a thousand runs; of these thirty more than five are out of the question.
    """
    assert seen["any hypothesis"] <= 5, seen


@pytest.mark.parametrize("family", ["features, by Welch and Holm", "shares of classes, by Holm", "the drop"])
def test_each_family_of_tests_keeps_its_level(seen: Counter[str], family: str) -> None:
    """Five per cent of thirty runs are one or two; eight would be five deviations more."""
    assert seen[family] <= 7, seen
