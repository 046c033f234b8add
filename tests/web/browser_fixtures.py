"""A browser, and the server that tests talk to: the same command as a user's, on a finished lake."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from finished_lake import FinishedLake
from project import skip_or_fail
from served import Served

# Without these the browser itself asks its maker's hosts for updates and experiments.
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run")  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        skip_or_fail("no Chromium on the PATH (Debian's package chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(sample: FinishedLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sample lake, served; photos may be fetched from loopback, and nobody is too fast."""
    rates = ("--set", "web.searches_per_minute=100000", "--set", "web.requests_per_minute=100000")
    cache: Path = tmp_path_factory.mktemp("cache")
    with Served(sample.folder, cache, "--allow-network", "127.0.0.1/32", *rates) as server:
        yield server
