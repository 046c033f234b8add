"""The console command: finds the command line that its first word names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from imagelake import __version__
from imagelake.errors import unknown_choice

UNUSABLE = 2


@dataclass(frozen=True)
class Command:
    """What a word stands for.

    Attributes:
        summary: its line in the help.
        module: has the function ``main``, which takes the words that follow and returns the exit code.
        first: words that the module wants before them.
        options: a module and its function that makes the parser, which then answers --help and errors without the rest.
    """

    summary: str
    module: str
    first: tuple[str, ...] = ()
    options: tuple[str, str] | None = None


# Each module is imported alone: `hadoop` runs where nothing is installed, and help waits for no other's libraries.
COMMANDS = {
    "run": Command("run the whole pipeline, here or on YARN", "imagelake.cli.run"),
    "submit": Command("run one job with spark-submit, here or on YARN", "imagelake.cli.submit"),
    "serve": Command(
        "serve a finished lake in the browser", "imagelake.web.__main__", options=("imagelake.web.options", "parser")
    ),
    "search": Command(
        "which images of a finished lake look like this one",
        "imagelake.serving.terminal",
        options=("imagelake.serving.options", "search_parser"),
    ),
    "trace": Command("say where a number of a finished lake comes from", "imagelake.lake.trace"),
    "upload": Command("put local files on HDFS", "imagelake.cluster.webhdfs.__main__", ("upload",)),
    "download": Command("bring files of HDFS here", "imagelake.cluster.webhdfs.__main__", ("download",)),
    "fetch-open-images": Command("download a slice of Open Images", "imagelake.open_images.open_images"),
    "hadoop": Command("run a real Hadoop on this machine", "imagelake.cluster.hadoop.__main__"),
    "package": Command("build what travels to a cluster", "imagelake.cli.package"),
    "check": Command("say what this installation has, and what it lacks", "imagelake.cli.check"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 2 where the words are none, else the command's own."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--version"]:
        print(f"imagelake {__version__}")
        return 0
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0 if words else UNUSABLE
    command = COMMANDS.get(words[0])
    if command is None:
        sys.stderr.write(f"imagelake: {unknown_choice('command', words[0], COMMANDS)}\n")
        return UNUSABLE
    if command.options:
        module, function = command.options
        getattr(import_module(module), function)().parse_args(words[1:])
    run: Callable[[Sequence[str]], int] = import_module(command.module).main
    return run([*command.first, *words[1:]])


def _help() -> str:
    lines = ["usage: imagelake [--help | --version] COMMAND ...", "", "What is in a lake of images?", "", "commands:"]
    lines += [f"  {name:<19} {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join([*lines, "", "Each command has a --help of its own; so has each job: imagelake submit JOB --help"])


if __name__ == "__main__":
    sys.exit(main())
