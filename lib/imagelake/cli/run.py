"""The command line of ``run``: the whole pipeline, on this machine or on YARN."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from imagelake.cli import submit
from imagelake.cli.job_arguments import PIPELINE, parser_of
from imagelake.installation import command_name


def main(arguments: Sequence[str]) -> int:
    """Run the pipeline; returns its exit code: 0, 1 where a job failed, 2 where nothing could be submitted."""
    parsed = parser().parse_args(arguments)
    of_job = _on(argparse.ArgumentParser(add_help=False, allow_abbrev=False)).parse_known_args(arguments)[1]
    options = submit.parser().parse_args(["--master", parsed.on, PIPELINE, *of_job])
    return submit.submit(options, parsed, "run")


def parser() -> argparse.ArgumentParser:
    """The pipeline's own options, and where it runs."""
    return _on(parser_of(PIPELINE, command_name("run")))


def _on(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    text = f"this machine, or the cluster of HADOOP_CONF_DIR, sized by {command_name('submit')} (default: %(default)s)"
    parser.add_argument("--on", choices=("local", "yarn"), default="local", help=text)
    return parser
