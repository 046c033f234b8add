"""A job that is killed half-way: the old tables stay readable, nothing half-written is seen, a rerun completes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.samples import draw_animal
from pipeline_steps import job
from project import PROJECT


def settings(root: Path, seed: int) -> list[str]:
    photos = root.parent / "photos"
    return [f"lake.root={root}", "source.type=folder", f"source.path={photos}", f"images.max_pixels={1_000_000 + seed}"]


def command(root: Path, seed: int) -> list[str]:
    return [
        sys.executable,
        str(PROJECT / "jobs" / "ingest_images.py"),
        *(f"--set={one}" for one in settings(root, seed)),
    ]


def ingest(spark: SparkSession, root: Path, seed: int) -> None:
    execute(job("ingest_images"), Lake(spark, str(root)), load_config(settings=settings(root, seed)))


def draw_zebras(photos: Path, numbers: range) -> None:
    for number in numbers:
        draw_animal("Zebra", 5, number).convert("RGB").save(photos / f"{number}.jpg")


def wait_for(root: Path, pattern: str, process: subprocess.Popen[Any], timeout_s: float = 180) -> None:
    """Until a file of the staging folder is there; fails where the job ends or takes too long."""
    ends = time.monotonic() + timeout_s
    while not list(root.glob(pattern)):
        assert process.poll() is None, "the job ended before it could be killed"
        assert time.monotonic() < ends, f"no {pattern} within {timeout_s} s"
        time.sleep(0.02)


@pytest.mark.tried(
    "Killed on one machine",
    "`ingest_images` killed while its tables are staged",
    "the old tables are whole; the next run publishes all of its own",
)
def test_a_killed_job_leaves_the_old_tables_and_a_rerun_completes(spark: SparkSession, tmp_path: Path) -> None:
    """SIGKILL while new tables are being staged: the old ones are whole, and the next run publishes all of its own."""
    photos, root = tmp_path / "photos" / "zebra", tmp_path / "lake"
    photos.mkdir(parents=True)
    draw_zebras(photos, range(12))
    ingest(spark, root, 0)
    before = pd.read_parquet(root / "images")
    manifest = (root / "images" / "_manifest.json").read_text()

    draw_zebras(photos, range(12, 24))
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

    ingest(spark, root, 1)
    assert not list(root.glob("_staging/*"))
    assert len(pd.read_parquet(root / "images")) == 24
    assert len(pd.read_parquet(root / "image_bytes")) == 24


def test_a_killed_jvm_is_told_in_one_line(tmp_path: Path) -> None:
    """When Spark's JVM is gone, the job says so, and what helps, in one line and with exit code 1."""
    (tmp_path / "photos").mkdir()
    draw_zebras(tmp_path / "photos", range(1))
    process = subprocess.Popen(command(tmp_path / "lake", 0), stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    wait_for(tmp_path / "lake", "_staging/ingest_images-*/_owner.json", process)
    [jvm] = [child for child in psutil.Process(process.pid).children() if child.name() == "java"]
    jvm.kill()
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert "Traceback" not in error
    [line] = [line for line in error.splitlines() if line.startswith("ingest_images:") and "JVM has ended" in line]
    assert "--verbose" in line
    assert [file for file in (tmp_path / "var" / "log").iterdir() if "Traceback" in file.read_text()]


def test_a_root_that_is_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    """A mistaken --root ends the job with one line and exit code 1."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "lake").touch()
    done = subprocess.run(command(tmp_path / "lake", 0), check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 1
    assert "is a file, not a folder" in done.stderr
    assert "Traceback" not in done.stderr


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


@pytest.mark.tried(
    "Killed on one machine",
    "`ingest_images` ended by Ctrl+C while its tables are staged",
    "one line and exit code 130 within seconds; nothing is published, nothing half made stays",
)
def test_an_interrupted_job_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """SIGINT reaches the whole process group, as from a terminal, while new tables are being staged."""
    photos, root = tmp_path / "photos" / "zebra", tmp_path / "lake"
    photos.mkdir(parents=True)
    draw_zebras(photos, range(12))
    process = subprocess.Popen(
        command(root, 0), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_for(root, "_staging/ingest_images-*/image_bytes/**/*.parquet", process)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert time.monotonic() - began < 30
    assert said.splitlines()[-1].startswith("ingest_images: interrupted"), said
    assert "Traceback" not in said
    assert not list(root.glob("_staging/*"))
    assert not (root / "images").exists()
