"""One publisher at a time in a lake, on a local disk and on HDFS, and a left-over lock that says whose it is.

Whoever wants to publish puts up a file of its own under ``_locks/`` and then looks for others. Two that come at once
may both give way and try again, but never both go on: the later of two files is there before its owner looks. A file
has a name of its own, so that to remove that of a dead process cannot hit a living one's.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from imagelake.errors import ImageLakeError
from imagelake.lake.files import WritableFiles
from imagelake.lake.record import LOCKS

LEASE_S = 120.0  # publishing is a handful of renames: a lock of another machine this old belongs to a dead process
WAIT_S = 2 * LEASE_S


@dataclass(frozen=True)
class Holder:
    """A process: what it does, who runs it, where.

    Attributes:
        job: what it publishes.
        user: whose process it is.
        host: its machine.
        pid: its number there.
        since: when the lock was put up.
        system: tells this boot of this machine, or this container, from all others; empty where that is not known.
        started: when the process started, in ticks since the boot, because numbers are given again.
    """

    job: str
    user: str
    host: str
    pid: int
    since: str
    system: str
    started: int

    def __str__(self) -> str:
        return f"{self.job} of {self.user} on {self.host}, process {self.pid}, since {self.since}"

    def to_json(self) -> bytes:
        """As it stands in a file."""
        return json.dumps(asdict(self)).encode()


def this_process(job: str) -> Holder:
    """The process that asks."""
    user = os.environ.get("HADOOP_USER_NAME") or os.environ.get("USER") or str(os.getuid())
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(job, user, socket.gethostname(), os.getpid(), since, _system(), _started(os.getpid()) or 0)


def read_holder(content: bytes | None) -> Holder | None:
    """The holder that a file names; None where the file is not yet, or never was, written whole."""
    try:
        return Holder(**json.loads(content or b""))
    except (ValueError, TypeError, RecursionError):
        return None


def is_dead(holder: Holder) -> bool | None:
    """Whether a process has ended; None where that cannot be known from this machine."""
    if not holder.system or holder.system != _system():
        return None
    return _started(holder.pid) != holder.started


def _system() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> int | None:
    """When a process started; None where it is not there or has ended."""
    try:
        # Behind the name, which stands in parentheses and may hold anything, field 3 is the state and 22 the start.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Lock:
    """The lock of one publication, while it is held."""

    def __init__(
        self, files: WritableFiles, holder: Holder, token: str, dead: Callable[[Holder], bool | None] = is_dead
    ) -> None:
        """Ask for the lock.

        Args:
            files: of the lake.
            holder: this process, as others will see it.
            token: no other lock's.
            dead: whether another process has ended; None where that cannot be known.
        """
        self._files, self._holder, self._dead = files, holder, dead
        self.token, self.path = token, f"{LOCKS}/{token}"

    def attempt(self) -> str | None:
        """Take the lock, or say who holds it."""
        self._files.create(self.path, self._holder.to_json())
        for name in self._files.names(LOCKS):
            other = f"{LOCKS}/{name}"
            if other == self.path or name.startswith("."):
                continue
            content = self._files.read(other)
            if content is None:
                continue  # given back meanwhile; whatever stands there now was put up after ours, and will see it
            holder = read_holder(content)
            if self._is_over(other, holder):
                self._files.delete(other)
            else:
                self.release()
                return str(holder) if holder else f"a process that {other} does not name"
        return None

    def _is_over(self, path: str, holder: Holder | None) -> bool:
        dead = self._dead(holder) if holder else None
        if dead is not None:
            return dead
        # Both times are those of the file system, so that no two clocks are compared.
        mine, other = self._files.modified_s(self.path), self._files.modified_s(path)
        return mine is not None and other is not None and mine - other > LEASE_S

    def check(self) -> None:
        """Raise ImageLakeError where this process was so slow that another took it for dead."""
        if self._files.read(self.path) is None:
            raise ImageLakeError(
                f"{self.path} is gone: another run took this one for dead; nothing more is done here, run the job again"
            )

    def release(self) -> None:
        """Give the lock back."""
        self._files.delete(self.path)


@contextmanager
def publication_lock(files: WritableFiles, job: str, wait_s: float = WAIT_S) -> Iterator[Lock]:
    """Hold the lock of a lake; who waits says for whom.

    Raises:
        ImageLakeError: another process held it for wait_s seconds.
    """
    lock = Lock(files, this_process(job), uuid.uuid4().hex[:12])
    deadline, announced = time.monotonic() + wait_s, ""
    while holder := lock.attempt():
        if time.monotonic() > deadline:
            raise ImageLakeError(
                f"{LOCKS}/: another run holds this lock: {holder}; nothing is published after {wait_s:.0f} s. If that "
                f"process is dead, delete {LOCKS}/ under the root of the lake, and run the job again"
            )
        if holder != announced:
            sys.stderr.write(f"{job}: waits to publish for {holder}\n")
            announced = holder
        time.sleep(random.uniform(0.05, 0.3))
    try:
        yield lock
    finally:
        with suppress(ImageLakeError):  # what the publication met matters more
            lock.release()
