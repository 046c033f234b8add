"""A job's own arguments, judged before anything starts: its help and its errors cost no JVM."""

from __future__ import annotations

import argparse

from imagelake.cluster.submission.command import job_file
from imagelake.config import Config
from imagelake.runtime.description import describe
from imagelake.runtime.options import config_of, job_parser, shortcut_settings
from imagelake.runtime.pipeline_options import pipeline_parser, pipeline_settings

PIPELINE = "run_pipeline"


def parser_of(job: str, command: str) -> argparse.ArgumentParser:
    """The parser of a job's own arguments.

    Args:
        job: its name, as `job_file` takes it.
        command: what its user typed before them.

    Raises:
        ImageLakeError: there is no such job.
    """
    description = describe(job_file(job))
    if description.name == PIPELINE:
        return pipeline_parser(command, description.doc)
    return job_parser(description, command)


def configuration_of(job: str, options: argparse.Namespace, local: bool) -> Config:
    """What parsed arguments of a job ask for.

    Raises:
        ImageLakeError: a setting or a file of them is wrong.
    """
    description = describe(job_file(job))
    if description.name == PIPELINE:
        return config_of(options, pipeline_settings(options), local)
    return config_of(options, shortcut_settings(description, options), local)
