"""A lake on a disk that is full, or takes no writes: one line with what helps, and the old tables stay."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.samples import draw_animal
from pipeline_steps import job
from project import PROJECT

SIZE_MB, LEFT_BYTES = 12, 20_000
# A worker of Spark whose driver goes away says so itself, at one time and not at another.
OF_WORKERS = re.compile(r"Traceback .*\n(?:  File \".*pyspark/daemon\.py\".*\n(?:    .*\n)*)+BrokenPipeError: .*\n")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def settings(disk: Path) -> list[str]:
    return [f"lake.root={disk / 'lake'}", "source.type=folder", f"source.path={disk.parent / 'photos'}"]


def draw(disk: Path, *numbers: int) -> None:
    """Put photos into the source, which is on another disk."""
    folder = disk.parent / "photos" / "zebra"
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        draw_animal("Zebra", 5, number).convert("RGB").save(folder / f"{number}.png")


def fill(disk: Path) -> None:
    """Leave room for a lock and a manifest, but not for photos."""
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free - LEFT_BYTES))


def refused(disk: Path) -> str:
    """What the job says, in one line, where it must fail."""
    command = [sys.executable, str(PROJECT / "jobs" / "ingest_images.py")]
    arguments = [f"--set={one}" for one in settings(disk)]
    done = subprocess.run(
        [*command, *arguments], cwd=disk.parent, check=False, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 1, done.stderr
    said = OF_WORKERS.sub("", done.stderr)
    lines = [line for line in said.splitlines() if line.startswith("ingest_images: ") and "[" not in line]
    assert len(lines) == 1, said
    assert "Traceback" not in said
    assert "\tat " not in said
    assert len(said.splitlines()) < 12, said
    return lines[0]


@pytest.mark.tried(
    "No room, no rights",
    "a job on a disk that is full, then on one that takes no writes",
    "one line with the remedy; the old tables are whole, and the job ends well once there is room",
    n=2,
)
def test_a_full_and_a_read_only_disk_cost_no_table(spark: SparkSession, disk: Path) -> None:
    """Each ends the job with one line; the tables of before are read, and with room the next run publishes."""
    draw(disk, *range(6))
    ingest, lake, config = job("ingest_images"), Lake(spark, str(disk / "lake")), load_config(settings=settings(disk))
    execute(ingest, lake, config)
    before = pd.read_parquet(disk / "lake" / "images")
    draw(disk, *range(6, 20))

    fill(disk)
    line = refused(disk)
    assert "the disk is full: free some space, or choose another --root" in line
    pd.testing.assert_frame_equal(pd.read_parquet(disk / "lake" / "images"), before)

    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    line = refused(disk)
    assert "The file system takes no writes: choose another --root, or mount it to be written" in line
    pd.testing.assert_frame_equal(pd.read_parquet(disk / "lake" / "images"), before)

    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert execute(ingest, lake, config).published
    assert len(pd.read_parquet(disk / "lake" / "images")) == 20
    assert not list((disk / "lake").glob("_staging/*"))
