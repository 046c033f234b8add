"""The memory that a Spark application holds, by type of process."""

from __future__ import annotations

import threading

import psutil


class Peaks:
    """The most memory that each type of process of a Spark application has held, watched from the driver."""

    def __init__(self) -> None:
        self.mib = {"driver": 0, "jvm": 0, "worker": 0}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            driver = psutil.Process()
            self._measure("driver", driver)
            for child in driver.children(recursive=True):
                self._measure("jvm" if "java" in child.name() else "worker", child)

    def _measure(self, role: str, process: psutil.Process) -> None:
        try:
            info = process.memory_info()
        except psutil.NoSuchProcess:
            return
        self.mib[role] = max(self.mib[role], (info.rss - info.shared) >> 20)

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()
