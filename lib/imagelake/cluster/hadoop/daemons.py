"""One daemon of a cluster: its pid file and log, how it is launched, whether it lives."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from imagelake.cluster.hadoop import processes
from imagelake.cluster.hadoop.layout import NAMENODE, Cluster, Daemon, Role
from imagelake.cluster.hadoop.runtime import Runtime
from imagelake.errors import ImageLakeError

# 256 MiB each run jobs of a million files; all of them at half of it still ran small ones.
HEAP_MB = 256
_GRACE_S = 20.0
_LAST_LINES = 6
_NOISE = ("\tat ", "/****", "****", "SHUTDOWN_MSG")


def pid_file(folder: Path, name: str) -> Path:
    """Where the daemon's pid is kept."""
    return folder / "run" / f"{name}.pid"


def log_file(folder: Path, name: str) -> Path:
    """Where the daemon's output goes."""
    return folder / "run" / f"{name}.log"


def running_pid(folder: Path, name: str) -> int | None:
    """The daemon's pid while it runs; else None, even if another process has the recorded pid."""
    pid = processes.recorded_pid(pid_file(folder, name))
    return pid if processes.is_running(pid, _mark(folder, name)) else None


def recorded_names(folder: Path) -> list[str]:
    """The daemons that have a pid file, stale ones included."""
    return sorted(path.stem for path in (folder / "run").glob("*.pid"))


def launch(cluster: Cluster, daemon: Daemon, runtime: Runtime) -> int:
    """Start the daemon.

    Returns:
        Its pid.
    """
    data = cluster.data(daemon)
    (data / "tmp").mkdir(parents=True, exist_ok=True)
    words = command(daemon.role, runtime, data, _mark(cluster.folder, daemon.name).removeprefix("-D"))
    pid = processes.launch(words, _environment(cluster, daemon, runtime), data, log_file(cluster.folder, daemon.name))
    pid_file(cluster.folder, daemon.name).write_text(f"{pid}\n")
    return pid


def command(role: Role, runtime: Runtime, data: Path, *properties: str) -> list[str]:
    """The daemon's command line; its scratch folder is data/tmp, `name=value` are further Java properties."""
    own = (*properties, "hadoop.root.logger=INFO,console", f"java.io.tmpdir={data / 'tmp'}")
    return runtime.command(role.main, HEAP_MB, own)


def stop(folder: Path, names: Iterable[str]) -> list[str]:
    """End the daemons together, the slow ones by force, and remove their pid files.

    Returns:
        The names of those that had to be killed.
    """
    names = list(names)
    pids = {name: pid for name in names if (pid := running_pid(folder, name)) is not None}
    killed = processes.terminate({pid: _mark(folder, name) for name, pid in pids.items()}, _GRACE_S)
    for name in names:
        pid_file(folder, name).unlink(missing_ok=True)
    return [name for name, pid in pids.items() if pid in killed]


def format_if_new(cluster: Cluster, runtime: Runtime) -> bool:
    """Give the cluster's NameNode an empty name space if it has none yet: format_folder_if_new."""
    namenode = cluster.daemon(NAMENODE.name)
    environment = _environment(cluster, namenode, runtime)
    return format_folder_if_new(cluster.data(namenode), runtime, environment, log_file(cluster.folder, "format"))


def format_folder_if_new(data: Path, runtime: Runtime, environment: Mapping[str, str], log: Path) -> bool:
    """Make an empty name space below the folder if there is none yet; never touches one that exists.

    Returns:
        Whether it was new.

    Raises:
        ImageLakeError: the folder cannot be formatted.
    """
    if (data / "name" / "current" / "VERSION").exists():
        return False
    # A fixed id, so that DataNodes that outlived their NameNode's folder join the new one instead of refusing it.
    words = [*runtime.command(NAMENODE.main, HEAP_MB), "-format", "-nonInteractive", "-clusterId", "imagelake"]
    with log.open("wb") as output:
        code = subprocess.call(words, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if code:
        raise ImageLakeError(f"the namenode could not be formatted\n{log_tail(log)}")
    return True


def log_tail(log: Path) -> str:
    """The end of a log without stack frames and banners, and the log's path, for an error message."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if not line.startswith(_NOISE)]
    return "\n".join([f"{log} ends with:", *(f"  {line[:300]}" for line in lines[-_LAST_LINES:])])


def _mark(folder: Path, name: str) -> str:
    """The command-line argument that identifies this daemon of this folder."""
    return f"-Dimagelake.daemon={folder}/{name}"


def _environment(cluster: Cluster, daemon: Daemon, runtime: Runtime) -> dict[str, str]:
    return {**os.environ, **cluster.daemon_environment(daemon), "JAVA_HOME": str(runtime.java_home)}
