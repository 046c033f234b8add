"""When Spark lets go of the frames that jobs have persisted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession


class PersistedFrames:
    """The cache of Spark, which all sessions of an application share and which knows no owners of what it holds."""

    def __init__(self) -> None:
        """Begin without a user."""
        self._lock, self._users = threading.Lock(), 0

    @contextmanager
    def used(self, spark: SparkSession) -> Iterator[None]:
        """Within it a job may persist frames. When no job uses the cache any more, it is emptied.

        Args:
            spark: the session of the job.
        """
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    spark.catalog.clearCache()


PERSISTED = PersistedFrames()
"""Of this process, which has one application."""
