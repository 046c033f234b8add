"""Retries with exponential back-off and jitter, for a time that depends on the error."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from imagelake.cluster.webhdfs.failures import (
    Failure,
    RefusedError,
    RetryTime,
    StoppedError,
    UnreachableError,
    classify,
)

T = TypeVar("T")
# The most that one attempt counts: a large file that breaks late is not a long outage.
_LONGEST_ATTEMPT_S = 20.0


@dataclass(frozen=True)
class RetryPolicy:
    """How long to retry.

    Attributes:
        timeout_s: while no NameNode serves.
        brief_s: with an error of HDFS that may be passing; a killed DataNode is still offered for about 7 s.
    """

    timeout_s: float = 120.0
    brief_s: float = 30.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 5.0

    def wait_s(self, failures: int) -> float:
        """Seconds before the next attempt: doubled each time, and varied so that workers do not come in step."""
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(failures - 1, 30)) * random.uniform(0.5, 1.0)

    def limit_s(self, retry_time: RetryTime) -> float:
        """Seconds after which an error is final."""
        return {
            RetryTime.NONE: 0.0,
            RetryTime.BRIEF: min(self.brief_s, self.timeout_s),
            RetryTime.LONG: self.timeout_s,
        }[retry_time]


@dataclass
class Clock:
    """The clock of the retries; ``wait`` returns True early when the run is stopped."""

    stop: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:
        """Seconds."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Let time pass."""
        return self.stop.wait(seconds)


class Retrier:
    """Calls actions until success or a final error."""

    def __init__(self, policy: RetryPolicy, clock: Clock, notify: Callable[[str], None]) -> None:
        self._policy, self._clock, self._notify = policy, clock, notify

    def call(self, action: Callable[[], T], where: Callable[[], str]) -> T:
        """The result of the action, called again after each error that may be temporary.

        Args:
            action: may be called several times.
            where: the address and path, for messages.

        Raises:
            RefusedError: the error is final, or a temporary one lasted too long.
            UnreachableError: no NameNode served in time.
            StoppedError: the run was stopped meanwhile.
        """
        spent_s, failures = 0.0, 0
        while True:
            self.check()
            began = self._clock.now()
            try:
                return action()
            except Exception as error:
                failure = classify(error)
                if failure is None:
                    raise
                failures += 1
                wait_s = self._policy.wait_s(failures)
                spent_s += min(self._clock.now() - began, _LONGEST_ATTEMPT_S) + wait_s
                if spent_s > self._policy.limit_s(failure.retry_time):
                    raise _final(failure, where(), failures) from error
            self._notify(f"{where()}: {failure.reason}; trying again")
            self._clock.wait(wait_s)

    def check(self) -> None:
        """Raise StoppedError if the run is to end."""
        if self._clock.stop.is_set():
            raise StoppedError


def _final(failure: Failure, where: str, attempts: int) -> Exception:
    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    error_type = UnreachableError if failure.everywhere else RefusedError
    return error_type(f"{where}: {failure.reason}{tried}")
