"""One daemon in a container of docker-compose.yml: its ports from conf/hadoop, its data folder, its process.

conf/hadoop has the services' names and the standard ports as its defaults. Environment variables override both, as for
`scripts/hadoop start`.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Mapping
from pathlib import Path

from imagelake.cluster.hadoop import daemons, health
from imagelake.cluster.hadoop.layout import MASTERS, NAMENODE, Daemon, Role
from imagelake.cluster.hadoop.runtime import Runtime
from imagelake.errors import ImageLakeError

# conf/hadoop/*.xml: the default of IMAGELAKE_DATA.
DATA = "/data"


def daemon_here(role: Role, environment: Mapping[str, str]) -> Daemon:
    """The daemon of that role, with the host and the ports that conf/hadoop gives it in this environment.

    Raises:
        ImageLakeError: a port is not a number.
    """
    ports = {variable: _port(variable, environment.get(variable) or str(port)) for variable, port in role.ports.items()}
    return Daemon(role.name, role, _host(role, environment), ports)


def state(role: Role, environment: Mapping[str, str]) -> str:
    """The daemon's health: `healthy`, or what is wrong."""
    return health.state(daemon_here(role, environment), daemon_here(MASTERS[role.name], environment))


def claim_folder(shared: Path) -> Path:
    """Lock and return the first free folder of shared/1, shared/2, ...; the lock lasts until this process ends.

    The containers of a scaled service share a volume and have no lasting names. Taken in order, the folders go to new
    containers with the data of earlier ones, and blocks survive `docker compose down`.
    """
    return next(folder for n in itertools.count(1) if _lock(folder := shared / str(n)))


def become(role: Role, runtime: Runtime, environment: Mapping[str, str]) -> None:
    """Replace this process by the daemon (exec), which then gets signals itself; a new NameNode is formatted first.

    Raises:
        ImageLakeError: the name space could not be made.
    """
    data = Path(environment.get("IMAGELAKE_DATA") or DATA)
    (data / "tmp").mkdir(parents=True, exist_ok=True)
    variables = {**environment, "JAVA_HOME": str(runtime.java_home)}
    if role == NAMENODE:
        daemons.format_folder_if_new(data, runtime, variables, data / "format.log")
    command = daemons.command(role, runtime, data)
    os.chdir(data)
    os.execve(command[0], command, variables)


def _host(role: Role, environment: Mapping[str, str]) -> str:
    if MASTERS[role.name] == role:
        return environment.get(f"IMAGELAKE_{role.name.upper()}_HOST") or role.name
    return environment.get("IMAGELAKE_HOST") or environment.get("HOSTNAME") or "localhost"


def _port(variable: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ImageLakeError(f"{variable} is {text!r}, which is no port: 1 to 65535")
    return int(text)


def _lock(folder: Path) -> bool:
    """Whether the folder is now this process's."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    # Stays open, across the exec too: the kernel drops the lock with the last process that has it.
    os.set_inheritable(handle, True)
    return True
