"""Run the whole pipeline: draw or ingest, explore, clean, convert, predict, measure, rank, index, search, report.

Reads the source: the drawn sample, a folder of photos, or published Open Images files. Writes every table of the lake
and the report. A job whose inputs and settings are unchanged is skipped; the first that fails ends the run.
Cost: at most 235 s for 1,212 photos of about 300 x 200 with MobileNet v1 1.0 at 224, on two cores.

    spark-submit jobs/run_pipeline.py --root var/lake --images photos --weights mobilenet_v1_1.0_224.weights.h5
"""

from __future__ import annotations

import argparse
import importlib.util
import shlex
import sys
from pathlib import Path

from imagelake.config import Config, settings_help
from imagelake.errors import ImageLakeError
from imagelake.runtime.command import UNUSABLE, add_common_options, config_of, run_jobs
from imagelake.runtime.job import Job
from imagelake.vision.weights_network import hyperparameters_of

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
    "search_similar_images",
    "write_report",
)


def main() -> int:
    """Run the steps that the source needs; returns the exit code."""
    options = parser().parse_args()
    try:
        config = config_of(options, settings_of(options))
    except ImageLakeError as error:
        sys.stderr.write(f"run_pipeline: {error}\n")
        return UNUSABLE
    steps = STEPS if config.source.type == "sample" else STEPS[1:]
    code = run_jobs([load(step) for step in steps], config, options.force)
    if code == 0:
        sys.stdout.write(f"\nThe report: {config.lake.root}/report/index.html\n")
        sys.stdout.write(f"Search and browse: scripts/serve --root {shlex.quote(config.lake.root)}\n")
    return code


def parser() -> argparse.ArgumentParser:
    """The options of every job, and short ways to name the source and the model."""
    made = argparse.ArgumentParser(
        prog="run_pipeline.py",
        description=__doc__,
        epilog=settings_help(tuple(Config.model_fields)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = made.add_mutually_exclusive_group()
    source.add_argument("--images", metavar="FOLDER", help="photos, in class folders or flat (source.type=folder)")
    source.add_argument("--open-images", metavar="DIR", help="published Open Images files (source.type=open_images)")
    made.add_argument("--weights", metavar="FILE", help="a local file of ImageNet weights; the network is read from it")
    made.add_argument(
        "--label-map", metavar="CSV", help="folder,label,imagenet_classes for --images (source.label_map)"
    )
    made.add_argument("--query", metavar="IMAGE", action="append", default=[], help="a query image; repeatable")
    add_common_options(made)
    return made


def settings_of(options: argparse.Namespace) -> list[str]:
    """The short options as settings; later --set ones win over them."""
    settings: list[str] = []
    if folder := options.images or options.open_images:
        settings += [f"source.type={'folder' if options.images else 'open_images'}", f"source.path={folder}"]
    if options.label_map:
        settings.append(f"source.label_map={options.label_map}")
    if options.weights:
        found = hyperparameters_of(Path(options.weights))
        settings += [f"model.weights={options.weights}", f"model.architecture={found.architecture}"]
        settings += [f"model.alpha={found.alpha}", f"model.resolution={found.resolution}", "model.classes=imagenet"]
    if options.query:
        settings.append(f"search.queries={options.query!r}")
    return settings


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
