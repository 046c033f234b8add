"""The most memory that processes hold: of a Spark application by type of process, or of a process and all below it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

import psutil


class Watch(ABC):
    """Looks twice a second until it is stopped."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            self.look()

    @abstractmethod
    def look(self) -> None:
        """Take note of what is held now."""

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()


class Peaks(Watch):
    """The most memory that each type of process of a Spark application has held, watched from the driver."""

    def __init__(self) -> None:
        self.mib = {"driver": 0, "jvm": 0, "worker": 0}
        super().__init__()

    def look(self) -> None:
        """See Watch."""
        driver = psutil.Process()
        self._measure("driver", driver)
        for child in driver.children(recursive=True):
            self._measure("jvm" if "java" in child.name() else "worker", child)

    def _measure(self, role: str, process: psutil.Process) -> None:
        self.mib[role] = max(self.mib[role], own_mib(process))


class TreeMemory(Watch):
    """The most memory that a process and all below it held at one moment."""

    def __init__(self, pid: int) -> None:
        self.peak_mib, self._pid = 0, pid
        super().__init__()

    def look(self) -> None:
        """See Watch; where the process has ended there is nothing to note."""
        try:
            root = psutil.Process(self._pid)
            self.peak_mib = max(self.peak_mib, sum(map(part_mib, (root, *root.children(recursive=True)))))
        except psutil.NoSuchProcess:
            return


def own_mib(process: psutil.Process) -> int:
    """Memory of one process without what it shares; none where it has ended."""
    try:
        info = process.memory_info()
    except psutil.NoSuchProcess:
        return 0
    return int(info.rss - info.shared) >> 20


def part_mib(process: psutil.Process) -> int:
    """Memory of one process, of what several share an equal part each: a sum over processes counts it once.

    Spark's Python workers are forks of a daemon that has the packages loaded; none where the process has ended.
    """
    try:
        return int(process.memory_full_info().pss) >> 20
    except psutil.NoSuchProcess:
        return 0
