"""Start, watch and stop the cluster of a folder."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imagelake.cluster.hadoop import daemons, health, ports, record
from imagelake.cluster.hadoop.layout import Cluster, Daemon, Shape, plan
from imagelake.cluster.hadoop.processes import kill_containers_below
from imagelake.cluster.hadoop.runtime import Runtime, find_jars, find_java_home
from imagelake.errors import ImageLakeError

# Containers end with their NodeManager, and their logs go to HDFS then; so HDFS goes last.
_STOP_ORDER = (("nodemanager",), ("resourcemanager",), ("datanode", "namenode"))
_POLL_S = 0.5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """The arguments of `start`.

    Attributes:
        folder: of the cluster, absolute.
        conf: of the pom and the XML files, absolute.
        jar_cache: of the jars that the pom asks for.
        shape: counts and sizes; None for those of the last start, or the defaults.
        choose_port: standard port -> port, for a cluster that is not running.
        timeout_s: seconds until an unhealthy cluster is an error.
    """

    folder: Path
    conf: Path
    jar_cache: Path
    shape: Shape | None
    choose_port: Callable[[int], int]
    timeout_s: float


def runtime_for(conf: Path, jar_cache: Path, say: Say) -> Runtime:
    """Java and the jars of the folder's pom, resolved if need be."""
    return Runtime(find_java_home(), find_jars(conf / "pom.xml", jar_cache, say), conf)


def cluster_to_start(wanted: Wanted) -> Cluster:
    """The running cluster if any daemon of it runs; else a new plan, of the last size if none is given.

    Raises:
        ImageLakeError: it runs, and with another size than the one that is given.
    """
    last = record.load(wanted.folder)
    shape = wanted.shape or (last.shape if last else Shape())
    if last is None or not any(is_running(last, daemon) for daemon in last.daemons):
        return plan(wanted.folder, wanted.conf, shape, wanted.choose_port)
    if shape != last.shape:
        raise ImageLakeError(
            f"the cluster in {wanted.folder} runs with {last.shape}, not {shape}: scripts/hadoop stop first"
        )
    return last


def start(wanted: Wanted, say: Say) -> Cluster:
    """Start the daemons that do not run, and wait until all are healthy.

    Raises:
        ImageLakeError: something is missing, a port is taken, a daemon died or is not healthy in time. What this call
            started is stopped again then.
    """
    with _locked(wanted.folder):
        cluster = cluster_to_start(wanted)
        missing = [daemon for daemon in cluster.daemons if not is_running(cluster, daemon)]
        if not missing:
            say(f"already running in {cluster.folder}")
        try:
            if missing:
                _launch(cluster, missing, runtime_for(wanted.conf, wanted.jar_cache, say), say)
            _wait_until_healthy(cluster, wanted.timeout_s, say)
        except BaseException:
            daemons.stop(cluster.folder, [daemon.name for daemon in missing])
            raise
    return cluster


def stop(folder: Path, say: Say) -> None:
    """End every daemon of the folder, and the containers that a killed NodeManager left; the data stays."""
    with _locked(folder):
        names = daemons.recorded_names(folder)
        alive = [name for name in names if daemons.running_pid(folder, name) is not None]
        for roles in _STOP_ORDER:
            for name in daemons.stop(folder, [name for name in names if name.split("-")[0] in roles]):
                say(f"{name} did not end after SIGTERM and was killed")
        left = kill_containers_below(folder / "data")
    say(f"stopped {', '.join(alive)}" if alive else f"nothing runs in {folder}")
    if left:
        say(f"killed {left} processes of YARN containers whose NodeManager was gone")


def states(cluster: Cluster) -> dict[str, str]:
    """A daemon's name -> `healthy`, or what is wrong with it."""
    return health.states(cluster, lambda daemon: is_running(cluster, daemon))


def is_running(cluster: Cluster, daemon: Daemon) -> bool:
    """Whether the daemon's process lives."""
    return daemons.running_pid(cluster.folder, daemon.name) is not None


def _launch(cluster: Cluster, missing: Sequence[Daemon], runtime: Runtime, say: Say) -> None:
    ports.check_free(missing)
    record.save(cluster)
    if daemons.format_if_new(cluster, runtime):
        say("formatted a new name space")
    for daemon in missing:
        pid = daemons.launch(cluster, daemon, runtime)
        say(f"started {daemon.name}, pid {pid}, {daemon.address}")


def _wait_until_healthy(cluster: Cluster, timeout_s: float, say: Say) -> None:
    began, last, total = time.monotonic(), "", len(cluster.daemons)
    while wrong := {name: state for name, state in states(cluster).items() if state != health.HEALTHY}:
        _fail_if_dead(cluster)
        elapsed_s, summary = time.monotonic() - began, _summary(wrong)
        if elapsed_s > timeout_s:
            raise ImageLakeError(f"not healthy within {timeout_s:.0f} s: {summary}. Logs: {cluster.folder / 'run'}")
        if summary != last:
            say(f"{elapsed_s:5.1f} s  {total - len(wrong)} of {total} healthy; {summary}")
        last = summary
        time.sleep(_POLL_S)
    say(f"{time.monotonic() - began:5.1f} s  all {total} healthy")


def _summary(wrong: Mapping[str, str]) -> str:
    """`datanode-1, datanode-2 unknown to the namenode; ...`."""
    names: dict[str, list[str]] = {}
    for name, state in wrong.items():
        names.setdefault(state, []).append(name)
    return "; ".join(f"{', '.join(those)} {state}" for state, those in names.items())


def _fail_if_dead(cluster: Cluster) -> None:
    for daemon in cluster.daemons:
        if not is_running(cluster, daemon):
            log = daemons.log_file(cluster.folder, daemon.name)
            raise ImageLakeError(f"{daemon.name} ended while starting\n{daemons.log_tail(log)}")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One start or stop at a time; the second waits for the first."""
    (folder / "run").mkdir(parents=True, exist_ok=True)
    with (folder / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
