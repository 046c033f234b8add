"""A job that is killed half-way: the old tables stay readable, nothing half-written is seen, a rerun completes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from project import PROJECT


def command(root: Path, seed: int) -> list[str]:
    return [
        sys.executable,
        str(PROJECT / "jobs" / "ingest_images.py"),
        f"--root={root}",
        "--set=source.type=folder",
        f"--set=source.path={root.parent / 'photos'}",
        f"--set=images.max_pixels={1_000_000 + seed}",
    ]


def wait_for(root: Path, pattern: str, process: subprocess.Popen[bytes], timeout_s: float = 180) -> None:
    """Until a file of the staging folder is there; fails where the job ends or takes too long."""
    ends = time.monotonic() + timeout_s
    while not list(root.glob(pattern)):
        assert process.poll() is None, "the job ended before it could be killed"
        assert time.monotonic() < ends, f"no {pattern} within {timeout_s} s"
        time.sleep(0.02)


def test_a_killed_job_leaves_the_old_tables_and_a_rerun_completes(tmp_path: Path) -> None:
    """SIGKILL while new tables are being staged: the old ones are whole, and the next run publishes all of its own."""
    from imagelake.samples import draw_animal

    photos, root = tmp_path / "photos" / "zebra", tmp_path / "lake"
    photos.mkdir(parents=True)
    for index in range(12):
        draw_animal("Zebra", 5, index).convert("RGB").save(photos / f"{index}.jpg")
    subprocess.run(command(root, 0), check=True, capture_output=True)
    before = pd.read_parquet(root / "images")
    manifest = (root / "images" / "_manifest.json").read_text()

    for index in range(12, 24):
        draw_animal("Zebra", 5, index).convert("RGB").save(photos / f"{index}.jpg")
    process = subprocess.Popen(
        command(root, 1), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_for(root, "_staging/ingest_images-*/image_bytes/**/*.parquet", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    assert list(root.glob("_staging/ingest_images-*"))
    pd.testing.assert_frame_equal(pd.read_parquet(root / "images"), before)
    assert (root / "images" / "_manifest.json").read_text() == manifest
    assert len(pd.read_parquet(root / "image_bytes")) == 12

    subprocess.run(command(root, 1), check=True, capture_output=True)
    assert len(pd.read_parquet(root / "images")) == 24
    assert len(pd.read_parquet(root / "image_bytes")) == 24


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("clean.min_confidnce=0.9", "Did you mean 'min_confidence'"),
        ("clean.min_confidence=7", "clean.min_confidence = 7"),
        ("source.path=nowhere", "nowhere: there is no such file or folder"),
    ],
)
def test_a_mistake_is_answered_in_one_screen(tmp_path: Path, setting: str, said: str) -> None:
    """A wrong setting or folder ends the job with one clear message, a code other than 0, and no stack trace."""
    arguments = [*command(tmp_path / "lake", 0), f"--set={setting}"]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr
