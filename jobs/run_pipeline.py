"""Run the whole pipeline: draw or ingest, explore, clean, convert, predict, measure, rank, index, map, search, report.

Reads the source: the drawn sample, a folder of photos, published Open Images files, or arrays of images. Writes every
table of the lake and the report; without weights, those that need no network. A job whose inputs and settings are
unchanged is skipped; the first that fails ends the run. Of up to 25,000 images on this machine, two jobs that do not
need each other run at once.
Cost: at most 235 s for 1,212 photos of about 300 x 200 with MobileNet v1 1.0 at 224, on two cores.

    spark-submit jobs/run_pipeline.py --root var/lake --images photos --weights imagenet
"""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from imagelake.errors import ImageLakeError
from imagelake.installation import command_name
from imagelake.runtime.command import UNUSABLE, run_jobs
from imagelake.runtime.job import Job, impossible_without
from imagelake.runtime.options import config_of
from imagelake.runtime.pipeline_options import pipeline_parser, pipeline_settings
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.network import HOW_TO_GIVE_WEIGHTS
from imagelake.runtime.session import is_local

STEPS = (
    "draw_sample_lake",
    "ingest_images",
    "ingest_annotations",
    "explore_lake",
    "clean_labels",
    "convert_model",
    "predict_images",
    "measure_accuracy",
    "rank_images",
    "build_image_index",
    "find_duplicates",
    "project_features",
    "search_similar_images",
    "write_report",
)


def main() -> int:
    """Run the steps that the source needs; returns the exit code."""
    options = pipeline_parser("run_pipeline.py", __doc__).parse_args()
    try:
        config = config_of(options, pipeline_settings(options), is_local())
    except ImageLakeError as error:
        sys.stderr.write(f"run_pipeline: {error}\n")
        return UNUSABLE
    steps = STEPS if config.source.type == "sample" else STEPS[1:]
    jobs = [load(step) for step in steps]
    left_out = [] if config.model.has_network else impossible_without("model", jobs)
    if left_out:
        announce(what_is_left_out(left_out))
    code = run_jobs([job for job in jobs if job not in left_out], config, options.force, options.verbose)
    if code == 0:
        sys.stdout.write(f"\nThe report: {config.lake.root}/report/index.html\n")
        if left_out:
            sys.stdout.write(f"{what_is_left_out(left_out)}\n")
        else:
            sys.stdout.write(f"Search and browse: {command_name('serve')} --root {shlex.quote(config.lake.root)}\n")
    return code


def what_is_left_out(jobs: Sequence[Job]) -> str:
    """The line for a run without weights: which jobs are left out, and what brings them in."""
    names = ", ".join(job.name for job in jobs)
    return f"Left out, for want of weights: {names}. To predict and search, add {HOW_TO_GIVE_WEIGHTS}"


def load(step: str) -> Job:
    """The job of a neighbouring file, or in cluster mode of the library's zip, since jobs do not import each other."""
    file = Path(__file__).with_name(f"{step}.py")
    spec = importlib.util.spec_from_file_location(step, file) if file.is_file() else importlib.util.find_spec(step)
    if spec is None or spec.loader is None:
        raise ImageLakeError(f"no job {step} beside {__file__}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    job: Job = module.JOB
    return job


if __name__ == "__main__":
    sys.exit(main())
