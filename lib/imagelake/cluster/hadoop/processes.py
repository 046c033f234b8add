"""Processes by pid, and never a stranger: a pid counts only while its process bears the mark it was started with.

Read from /proc rather than by psutil: scripts/hadoop runs with a bare Python, before any set-up and in containers
where nothing is installed by pip.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_PROC = Path("/proc")


def launch(command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> int:
    """Start a process that outlives this one; its output is added to the log.

    Returns:
        Its pid.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C in the terminal must not reach it.
            start_new_session=True,
        )
    return process.pid


def recorded_pid(pid_file: Path) -> int | None:
    """The pid in the file; None if there is none or the file is damaged."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return int(pid_file.read_text())
    return None


def command_line(pid: int) -> list[str]:
    """Program and arguments of a process; empty if it is gone, a zombie or the kernel's own."""
    return _zero_separated(pid, "cmdline")


def is_running(pid: int | None, mark: str) -> bool:
    """Whether the process lives and the mark is one of its arguments: pids are used again after a crash or reboot."""
    if pid is None:
        return False
    # For a moment after a program's start Linux shows no arguments.
    for _ in range(20):
        words = command_line(pid)
        if words or not _is_alive(pid):
            break
        time.sleep(0.05)
    return mark in words


def terminate(marks: Mapping[int, str], timeout_s: float) -> list[int]:
    """Ask processes to end, wait, kill those that have not.

    Args:
        marks: pid -> mark; a process without its mark is left alone.
        timeout_s: seconds until SIGKILL.

    Returns:
        The pids that had to be killed.
    """
    _signal(marks, signal.SIGTERM)
    if _gone_within(marks, timeout_s):
        return []
    stubborn = [pid for pid, mark in marks.items() if is_running(pid, mark)]
    _signal(marks, signal.SIGKILL)
    _gone_within(marks, timeout_s)
    return stubborn


def containers_below(folder: Path) -> list[int]:
    """Pids of YARN containers whose NodeManager kept its data below the folder: they outlive one that was killed."""
    prefix = f"LOCAL_DIRS={folder}/"
    return [pid for pid in _all_pids() if any(v.startswith(prefix) for v in _zero_separated(pid, "environ"))]


def kill_containers_below(folder: Path) -> int:
    """Kill the containers that a killed NodeManager left running.

    Returns:
        How many processes were left.
    """
    pids = containers_below(folder)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(pids)


def owner_of_port(port: int) -> str:
    """The process that listens on a TCP port, as text: `pid 17 (java -Xmx256m ...)`."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for pid in _all_pids():
        if sockets & set(_open_files(pid)):
            return f"pid {pid} ({' '.join(command_line(pid))[:100]})"
    return "a process that this user may not look at"


def _signal(marks: Mapping[int, str], number: signal.Signals) -> None:
    for pid, mark in marks.items():
        with contextlib.suppress(ProcessLookupError):
            if is_running(pid, mark):
                os.kill(pid, number)


def _gone_within(marks: Mapping[int, str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(is_running(pid, mark) for pid, mark in marks.items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _all_pids() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _zero_separated(pid: int, name: str) -> list[str]:
    try:
        return [os.fsdecode(part) for part in (_PROC / str(pid) / name).read_bytes().split(b"\0") if part]
    except OSError:
        return []


def _is_alive(pid: int) -> bool:
    """By the state in /proc/PID/stat, the letter after the program's name in brackets; Z is a zombie, X is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _open_files(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for entry in (_PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(entry.readlink())


def _listening_inodes(port: int) -> Iterator[str]:
    """Columns of /proc/net/tcp: 1 local address (hexadecimal), 3 state (0A is LISTEN), 9 inode."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
                    yield columns[9]
