"""The command line of the whole pipeline: short ways to name the source and the model, and the options of every job."""

from __future__ import annotations

import argparse
import json
import textwrap

from imagelake.config import Config
from imagelake.runtime.options import add_common_options, weights_settings

_WIDTH = 100
_INDENT = " " * (4 + max(map(len, Config.model_fields)))  # beyond the longest section


def pipeline_parser(command: str, description: str) -> argparse.ArgumentParser:
    """The parser.

    Args:
        command: what its user typed before the options.
        description: what the pipeline does.
    """
    made = argparse.ArgumentParser(
        prog=command,
        description=description,
        epilog=_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    source = made.add_mutually_exclusive_group()
    source.add_argument("--images", metavar="FOLDER", help="photos, in class folders or flat (source.type=folder)")
    source.add_argument("--open-images", metavar="DIR", help="published Open Images files (source.type=open_images)")
    source.add_argument(
        "--arrays",
        metavar="FILE",
        nargs="+",
        default=[],
        help="CIFAR pickles, .npz, .npy with a CSV of the same name, or folders of them (source.arrays)",
    )
    made.add_argument(
        "--weights",
        metavar="FILE",
        help="imagenet, or a local Keras file; the network is read from it (model.weights). Without any, images are "
        "ingested, explored, cleaned, ranked and reported, and nothing is predicted",
    )
    made.add_argument(
        "--label-map", metavar="CSV", help="folder,label,imagenet_classes for --images and --arrays (source.label_map)"
    )
    made.add_argument("--query", metavar="IMAGE", action="append", default=[], help="a query image; repeatable")
    add_common_options(made)
    return made


def _settings() -> str:
    """Every setting by its name; what each means stands in conf/default.toml and in the help of the job it is for."""
    lines = ["settings (--set section.key=value), explained in conf/default.toml and by the help of each job:", ""]
    for name, field in Config.model_fields.items():
        keys = ", ".join(getattr(field.annotation, "model_fields", ["any property of Spark"]))
        first = f"  {name:<{len(_INDENT) - 2}}"
        lines += textwrap.wrap(keys, _WIDTH, initial_indent=first, subsequent_indent=_INDENT)
    return "\n".join(lines)


def pipeline_settings(options: argparse.Namespace) -> list[str]:
    """The short options as settings; later --set ones win over them.

    Raises:
        ImageLakeError: the weights are no local file, and no word for such.
    """
    settings: list[str] = []
    if folder := options.images or options.open_images:
        settings += [f"source.type={'folder' if options.images else 'open_images'}", f"source.path={folder}"]
    if options.arrays:
        settings += ["source.type=arrays", f"source.arrays={json.dumps(options.arrays)}"]
    if options.label_map:
        settings.append(f"source.label_map={options.label_map}")
    settings += weights_settings(options.weights)
    if options.query:
        settings.append(f"search.queries={options.query!r}")
    return settings
