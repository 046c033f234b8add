"""Runs jobs inside the tests' own session, as the pipeline does."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Sequence
from types import SimpleNamespace

from imagelake.config import Config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Outcome, execute
from project import PROJECT

_PIPELINE = SimpleNamespace(**runpy.run_path(str(PROJECT / "jobs" / "run_pipeline.py")))
STEPS: tuple[str, ...] = _PIPELINE.STEPS
what_is_left_out: Callable[[Sequence[Job]], str] = _PIPELINE.what_is_left_out
# Jobs that are no step: they read what the steps write, when somebody asks.
BY_HAND = (
    "compare_models",
    "train_classifier",
    "find_label_issues",
    "record_verdicts",
    "predict_unseen",
    "compare_runs",
    "judge_duplicates",
    "measure_overlap",
    "measure_shift",
    "select_sample",
    "split_images",
    "export_dataset",
)


def job(name: str) -> Job:
    """The job of a file in jobs/."""
    found: Job = _PIPELINE.load(name)
    return found


def run_steps(steps: Sequence[str], lake: Lake, config: Config) -> dict[str, Outcome]:
    """Run steps in order; how each one ended, by name."""
    return {step: execute(job(step), lake, config) for step in steps}
