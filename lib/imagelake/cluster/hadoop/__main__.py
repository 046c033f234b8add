"""The command line of scripts/hadoop."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from imagelake.cluster.hadoop import container, control, daemons, health, ports, record, tools
from imagelake.cluster.hadoop.layout import NAMENODE, RESOURCEMANAGER, ROLES, Cluster, Shape
from imagelake.errors import ImageLakeError
from imagelake.installation import command_name, conf_folder, work_folder

_CONF = conf_folder() / "hadoop"
# The image of docker-compose.yml has its jars outside of var/, over which the client mounts a volume.
_JARS = Path(os.environ.get("IMAGELAKE_HADOOP_JARS") or work_folder() / "hadoop-jars")
_EPILOG = """
Hadoop's own command lines, on the same jars:
  COMMAND fs -ls /            files (put, get, cat, mkdir, rm, ...)
  COMMAND fsck / -files       what is missing or has too few replicas
  COMMAND dfsadmin -report    capacity and DataNodes
  COMMAND fetchdt FILE        a delegation token, on a secure cluster
  COMMAND yarn application -list | node -list | logs -applicationId ID

Needs Linux, Java 17 and, the first time, Maven. Everything is on loopback addresses, except for `run`, which serves
docker-compose.yml.
"""


_SIZES = {
    "datanodes": "DataNodes",
    "nodemanagers": "NodeManagers",
    "node_memory_mb": "MiB for containers on each NodeManager",
    "node_cores": "virtual cores of each NodeManager",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 on success; 1 on an error, and from `status` for a cluster that is not healthy; 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    options.folder = options.folder.resolve()
    try:
        return int(options.run(options))
    except (ImageLakeError, OSError) as error:
        sys.stderr.write(f"hadoop: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("hadoop: interrupted\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog=command_name("hadoop"),
        description=__doc__,
        epilog=_EPILOG.replace("COMMAND", command_name("hadoop")),
        formatter_class=raw,
        allow_abbrev=False,
    )
    folder = parser.add_argument("--folder", type=Path, help="of the cluster's data, pids and logs; default var/hadoop")
    folder.default = work_folder() / "hadoop"
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_start(commands.add_parser("start", help="bring up what does not run yet, wait until it is healthy"))
    _add(commands.add_parser("stop", help="end every daemon; the data stays"), _stop)
    _add(commands.add_parser("status", help="a table of the daemons; exit code 0 if all are healthy"), _status)
    _add_run(commands.add_parser("run", help="run one daemon in the foreground: the command of a container"))
    probe = commands.add_parser("probe", help="exit code 0 if the daemon that `run` started here is healthy")
    _add_role(probe, _probe)
    for tool in (*tools.MAINS, "yarn"):
        # Without option prefixes argparse leaves everything, -h included, to the tool.
        passing_on = commands.add_parser(tool, help=f"Hadoop's {tool}", prefix_chars="\0", add_help=False)
        passing_on.add_argument("arguments", nargs=argparse.REMAINDER)
        passing_on.set_defaults(run=_tool, tool=tool)
    return parser


def _add(parser: argparse.ArgumentParser, run: object) -> None:
    parser.add_argument("--folder", type=Path, default=argparse.SUPPRESS, help="as above")
    parser.set_defaults(run=run)


def _add_start(parser: argparse.ArgumentParser) -> None:
    _add(parser, _start)
    for name, help_text in _SIZES.items():
        text = f"{help_text}; as the last time, or {getattr(Shape(), name)}"
        parser.add_argument(f"--{name.replace('_', '-')}", type=_positive, metavar="N", help=text)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--port-offset", type=int, default=0, metavar="N", help="added to the ports 9870, 8020, 8088, ..."
    )
    choice.add_argument("--free-ports", action="store_true", help="any ports that are free")
    text = "seconds to become healthy; default %(default)s"
    parser.add_argument("--timeout", type=float, default=120, metavar="S", help=text)


def _add_role(parser: argparse.ArgumentParser, run: object) -> None:
    parser.add_argument("role", choices=ROLES)
    parser.set_defaults(run=run)


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_role(parser, _run)
    text = "keep the data in the first of FOLDER/1, FOLDER/2, ... that no other daemon uses; else in IMAGELAKE_DATA"
    parser.add_argument("--shared-data", type=Path, metavar="FOLDER", help=f"{text}, or {container.DATA}")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _start(options: argparse.Namespace) -> int:
    sizes = {name: value for name in _SIZES if (value := getattr(options, name)) is not None}
    wanted = control.Wanted(
        folder=options.folder,
        conf=_CONF,
        jar_cache=_JARS,
        shape=Shape(**sizes) if sizes else None,
        choose_port=ports.any_free() if options.free_ports else ports.moved_by(options.port_offset),
        timeout_s=options.timeout,
    )
    _print_addresses(control.start(wanted, _say))
    return 0


def _stop(options: argparse.Namespace) -> int:
    control.stop(options.folder, _say)
    return 0


def _status(options: argparse.Namespace) -> int:
    cluster = record.load(options.folder)
    if cluster is None:
        raise ImageLakeError(f"there is no cluster in {options.folder}: {command_name('hadoop')} start")
    states = control.states(cluster)
    _print_row("role", "pid", "address", "web interface", "state")
    for daemon in cluster.daemons:
        pid = daemons.running_pid(cluster.folder, daemon.name)
        _print_row(daemon.name, str(pid or "-"), daemon.address, daemon.web_url, states[daemon.name])
    return 0 if set(states.values()) == {health.HEALTHY} else 1


def _run(options: argparse.Namespace) -> int:
    environment = dict(os.environ)
    if options.shared_data:
        environment["IMAGELAKE_DATA"] = str(container.claim_folder(options.shared_data.resolve()))
    container.become(ROLES[options.role], control.runtime_for(_CONF, _JARS, _say_aside), environment)
    return 0


def _probe(options: argparse.Namespace) -> int:
    state = container.state(ROLES[options.role], os.environ)
    _say(f"{options.role} {state}")
    return 0 if state == health.HEALTHY else 1


def _tool(options: argparse.Namespace) -> int:
    runtime = control.runtime_for(_CONF, _JARS, _say_aside)
    tools.replace_process(runtime, options.folder, options.tool, options.arguments)
    return 0


def _print_addresses(cluster: Cluster) -> None:
    namenode, resourcemanager = cluster.daemon(NAMENODE.name), cluster.daemon(RESOURCEMANAGER.name)
    _say(f"""
HDFS   hdfs://{namenode.address}   web and WebHDFS {namenode.web_url}
YARN   {resourcemanager.address}   web {resourcemanager.web_url}
logs   {cluster.folder / "run"}

For clients (spark-submit --master yarn, ...): source {record.environment_file(cluster.folder)}, which says""")
    _say(record.environment_file(cluster.folder).read_text().rstrip())


def _print_row(*cells: str) -> None:
    _say("{:<17} {:>8}  {:<18} {:<26} {}".format(*cells))


def _say(text: str) -> None:
    # Flushed, so that progress also shows through a pipe.
    print(text, flush=True)


def _say_aside(text: str) -> None:
    """Print to standard error; standard output is the tool's."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
