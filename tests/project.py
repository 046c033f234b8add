"""Where the project is, how its Java is started, and what a test does that cannot run here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

PROJECT = Path(__file__).resolve().parents[1]
# No Java of a test lives long enough for the optimizing compiler to pay: Spark starts in 8 s of a processor, not in 13.
# That alone has room for 48 MB of compiled code, which one session of many tests fills: Java ends. The usual collector
# of garbage works beside the tests, on the core that the other process needs.
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC -XX:MetaspaceSize=400m"


def skip_or_fail(reason: str) -> NoReturn:
    """Skip on a laptop; in CI everything must run, so there it is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
