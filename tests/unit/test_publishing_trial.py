"""Publishing as it is: a process that publishes on a disk without a break, and two that read."""

from __future__ import annotations

from pathlib import Path

from imagelake.lake.files import LocalFiles
from publishing_trial import trial


def test_readers_beside_a_publisher_miss_nothing(tmp_path: Path) -> None:
    """In some seconds of publishing no look finds no table, tables of two runs or an error, and nothing is lost."""
    found = trial(LocalFiles(tmp_path), str(tmp_path), seconds=2)
    assert found["publications"] > 1
    assert found["looks"] > 1
    assert set(found) == {"publications", "looks"}, found
