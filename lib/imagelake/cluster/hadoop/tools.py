"""Hadoop's own command lines, run on the same jars and configuration as the daemons."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from imagelake.cluster.hadoop import record
from imagelake.cluster.hadoop.runtime import Runtime
from imagelake.errors import unknown_choice

_HEAP_MB = 256
MAINS = {
    "fs": "org.apache.hadoop.fs.FsShell",
    "fsck": "org.apache.hadoop.hdfs.tools.DFSck",
    "dfsadmin": "org.apache.hadoop.hdfs.tools.DFSAdmin",
    "fetchdt": "org.apache.hadoop.hdfs.tools.DelegationTokenFetcher",
}
_YARN = "org.apache.hadoop.yarn.client.cli."
YARN_MAINS = {
    "application": _YARN + "ApplicationCLI",
    "applicationattempt": _YARN + "ApplicationCLI",
    "container": _YARN + "ApplicationCLI",
    "logs": _YARN + "LogsCLI",
    "node": _YARN + "NodeCLI",
    "queue": _YARN + "QueueCLI",
    "rmadmin": _YARN + "RMAdminCLI",
}
# This class serves three commands and tells them apart by its first argument.
_NAMED_TOOLS = YARN_MAINS["application"]


def resolve(tool: str, arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The Java class of a command line and the arguments for it.

    Args:
        tool: a key of MAINS, or `yarn`, whose first argument is a key of YARN_MAINS.
        arguments: what follows it.

    Raises:
        ImageLakeError: no such yarn command.
    """
    if tool != "yarn":
        return MAINS[tool], list(arguments)
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if command not in YARN_MAINS:
        raise unknown_choice("yarn command", command, YARN_MAINS)
    main = YARN_MAINS[command]
    return main, [command, *rest] if main == _NAMED_TOOLS else rest


def environment(folder: Path) -> dict[str, str]:
    """Environment variables of the folder's cluster; without one, this process's, which may name another cluster."""
    cluster = record.load(folder)
    return {**os.environ, **(cluster.client_environment() if cluster else {})}


def replace_process(runtime: Runtime, folder: Path, tool: str, arguments: Sequence[str]) -> None:
    """Replace this process by the tool (exec): output, exit code and Ctrl-C are then the tool's."""
    main, rest = resolve(tool, arguments)
    command = [*runtime.command(main, _HEAP_MB), *rest]
    os.execve(command[0], command, environment(folder))
