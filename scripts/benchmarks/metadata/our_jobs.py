"""Ours: the four jobs on metadata alone, one after the other in one session, as scripts/run starts and runs them.

our_jobs.py SOURCE LAKE CORES prints for the start of Spark and for each job a line of JSON: its seconds, and those of
the processor of all processes.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from local_session import settings
from pyspark.sql import SparkSession
from results import PROJECT

from imagelake.cli.submit import QUICK_RUN
from imagelake.cluster.submission.class_archive import with_archive
from imagelake.cluster.submission.spark import environment
from imagelake.config import Config, load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, execute
from imagelake.runtime.run_size import QUICK_IMAGES, is_small
from imagelake.runtime.session import start_session

JOBS = ("ingest_images", "ingest_annotations", "explore_lake", "clean_labels")
START = "start of Spark"
SUBMITTED = PROJECT / "conf" / "spark" / "local.conf"  # what scripts/submit gives Spark


def main() -> None:
    """Run and measure."""
    source, root, cores = sys.argv[1:]
    process = psutil.Process()
    os.environ.update(with_archive(environment()))
    config, at = config_of(Path(source), Path(root)), {"began": process.create_time(), "cpu_s": 0.0}

    def report(step: str) -> None:
        now, cpu_s = time.time(), cpu_seconds(process)
        line = {"step": step, "seconds": round(now - at["began"], 1), "cpu_s": round(cpu_s - at["cpu_s"], 1)}
        at.update(began=now, cpu_s=cpu_s)
        print(json.dumps(line), flush=True)

    with tempfile.TemporaryDirectory(dir=Path(root).parent) as scratch:
        submitted = dict(entry.split("=", 1) for entry in QUICK_RUN) if is_small(config, QUICK_IMAGES) else {}
        spark = start_session("metadata", {**settings(scratch, cores, driver_memory()), **submitted, **config.spark})
        report(START)
        run_jobs(spark, config, report)
        spark.stop()


def config_of(source: Path, root: Path) -> Config:
    """The defaults, for published files without images."""
    chosen = [
        "source.type=open_images",
        f"source.path={source}",
        "source.error_on_no_images=false",
        f"lake.root={root}",
    ]
    config = load_config(settings=chosen, named=["local.toml"])
    return load_config(settings=chosen, named=["local.toml", "small.toml"]) if is_small(config) else config


def run_jobs(spark: SparkSession, config: Config, report: Callable[[str], None]) -> None:
    """Run the jobs; report is called with the name of each that has ended."""
    lake = Lake(spark, config.lake.root)
    with lake.storage.listing_once():
        for job in map(load, JOBS):
            execute(job, lake, config)
            report(job.name)


def load(name: str) -> Job:
    """The job of a file in jobs/."""
    if (folder := str(PROJECT / "jobs")) not in sys.path:
        sys.path.insert(0, folder)
    job: Job = importlib.import_module(name).JOB
    return job


def driver_memory() -> str:
    """The memory of the JVM where nobody says otherwise, such as 4g."""
    lines = (line.split() for line in SUBMITTED.read_text().splitlines())
    return next(words[1] for words in lines if words[:1] == ["spark.driver.memory"])


def cpu_seconds(root: psutil.Process) -> float:
    """Seconds of the processor of a process and all below it, those that have ended included."""
    spent = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            spent += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return spent


if __name__ == "__main__":
    main()
