"""The options of a job, known without Spark: its help and its errors need no JVM."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from imagelake.config import WEIGHTS_BY_NAME, Config, load_config, settings_help
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import local_path
from imagelake.runtime.run_size import is_small
from imagelake.vision.weights_file import IMAGENET_CLASSES
from imagelake.vision.weights_network import hyperparameters_of


@dataclass(frozen=True)
class Shortcut:
    """A repeatable option of a job's command line whose values are the list that a setting holds."""

    flag: str
    metavar: str
    setting: str
    help: str


class Described(Protocol):
    """What the command line of a job is made of."""

    @property
    def name(self) -> str:
        """Its file in jobs/, without the ending."""

    @property
    def doc(self) -> str:
        """Its docstring."""

    @property
    def settings(self) -> tuple[str, ...]:
        """The sections of the configuration that it depends on."""

    @property
    def shortcuts(self) -> tuple[Shortcut, ...]:
        """Its own options."""


def job_parser(job: Described, command: str | None = None) -> argparse.ArgumentParser:
    """The parser of one job: its docstring, the common options and the settings it depends on.

    Args:
        job: the job.
        command: what its user typed before the options; its file where not given.
    """
    parser = argparse.ArgumentParser(
        prog=command or f"{job.name}.py",
        description=job.doc,
        epilog=settings_help([name.partition(".")[0] for name in job.settings]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for short in job.shortcuts:
        parser.add_argument(
            short.flag, metavar=short.metavar, dest=short.setting, action="append", default=[], help=short.help
        )
    if "model" in job.settings:
        text = "as of the whole run: imagenet, or a local Keras file (model.weights)"
        parser.add_argument("--weights", metavar="FILE", help=text)
    add_common_options(parser)
    return parser


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options that every job has."""
    parser.add_argument("--root", metavar="DIR", help="where the tables live: a local folder or hdfs:// (lake.root)")
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a TOML file of settings; repeatable",
    )
    parser.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        dest="settings",
        action="append",
        default=[],
        help="one setting, e.g. clean.min_confidence=0.9; may be repeated, and wins over --config",
    )
    parser.add_argument("--force", action="store_true", help="run even where nothing has changed")
    parser.add_argument("--verbose", action="store_true", help="show the stack trace of an unforeseen error")


def shortcut_settings(job: Described, options: argparse.Namespace) -> list[str]:
    """What the job's own options say, as settings; later --set ones win over them.

    Raises:
        ImageLakeError: the weights are no local file, and no word for such.
    """
    given = {short.setting: getattr(options, short.setting) for short in job.shortcuts}
    settings = [f"{setting}={json.dumps(values)}" for setting, values in given.items() if values]
    return [*weights_settings(getattr(options, "weights", None)), *settings]


def weights_settings(weights: str | None) -> list[str]:
    """What --weights says, as settings: none where it is not given.

    Raises:
        ImageLakeError: the weights are no local file, and no word for such.
    """
    if not weights:
        return []
    file = local_path(weights)
    if file is None:
        raise ImageLakeError(
            f"--weights {weights}: a network is read from a local file; of a file elsewhere say which it holds: --set "
            f"model.weights={weights}, and model.architecture, model.alpha, model.resolution and model.classes likewise"
        )
    if weights not in WEIGHTS_BY_NAME and not file.is_file():
        known = " or ".join(WEIGHTS_BY_NAME)
        raise ImageLakeError(f"--weights {weights}: there is no such file, and it is not the word {known}")
    return [f"model.weights={weights}"]


def config_of(options: argparse.Namespace, extra: Sequence[str], local: bool) -> Config:
    """What the options ask for.

    It is laid over conf/cluster.toml where Spark's master is a cluster, else over conf/local.toml, and over
    conf/small.toml where there are few images.
    """
    settings = [*extra, *options.settings, *([f"lake.root={options.root}"] if options.root else [])]
    if not local:
        return load_config(options.config, settings, ["cluster.toml"], network_settings)
    config = load_config(options.config, settings, ["local.toml"], network_settings)
    if is_small(config):
        config = load_config(options.config, settings, ["local.toml", "small.toml"], network_settings)
    return config


def network_settings(weights: str) -> dict[str, Any]:
    """The settings of [model] that follow from weights that are a local file; none from those of elsewhere.

    Nor from any where h5py is not installed, as for a driver on a node of a cluster: who submits it tells it.

    Raises:
        ImageLakeError: the file holds no network of the known families.
    """
    file = local_path(weights)
    if (
        file is None or not file.is_file() or find_spec("h5py") is None
    ):  # that a job lacks it is said where it is needed
        return {}
    found = hyperparameters_of(file)
    settings = {"architecture": found.architecture, "alpha": found.alpha, "resolution": found.resolution}
    return settings | ({"classes": "imagenet"} if found.classes == IMAGENET_CLASSES else {})
