"""Trying again for a time that depends on what went wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from imagelake.cluster.webhdfs.failures import (
    Failure,
    RefusedError,
    RetryTime,
    StoppedError,
    UnreachableError,
    classify,
)
from imagelake.net.retry import RetryPolicy

T = TypeVar("T")
# The most that one attempt counts: a large file that breaks late is not a long outage.
_LONGEST_ATTEMPT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class WebHdfsRetryPolicy(RetryPolicy):
    """How long to go on.

    Attributes:
        timeout_s: while no NameNode serves.
        brief_s: with an error of HDFS that may be passing; a killed DataNode is still offered for about 7 s.
    """

    first_wait_s: float = 0.25
    longest_wait_s: float = 5.0
    timeout_s: float = 120.0
    brief_s: float = 30.0

    def limit_s(self, retry_time: RetryTime) -> float:
        """Seconds after which an error is final."""
        return {
            RetryTime.NONE: 0.0,
            RetryTime.BRIEF: min(self.brief_s, self.timeout_s),
            RetryTime.LONG: self.timeout_s,
        }[retry_time]


@dataclass
class Clock:
    """Time as the retries see it: ``wait`` ends early when the run is stopped."""

    stop: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:
        """Seconds."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.stop.wait(seconds)


class Retrier:
    """Calls actions until success or a final error."""

    def __init__(self, policy: WebHdfsRetryPolicy, clock: Clock, notify: Callable[[str], None]) -> None:
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
        began, spent_s = 0.0, 0.0

        def begin(_: RetryCallState) -> None:
            nonlocal began
            self.check()
            began = self._clock.now()

        def is_final(state: RetryCallState) -> bool:
            nonlocal spent_s
            spent_s += min(self._clock.now() - began, _LONGEST_ATTEMPT_S) + state.upcoming_sleep
            return spent_s > self._policy.limit_s(_failure(state).retry_time)

        def end(state: RetryCallState) -> T:
            assert state.outcome
            raise _final(_failure(state), where(), state.attempt_number) from state.outcome.exception()

        return Retrying(
            before=begin,
            retry=retry_if_exception(lambda error: classify(error) is not None),
            wait=lambda state: self._policy.wait_s(state.attempt_number),
            stop=is_final,
            retry_error_callback=end,
            before_sleep=lambda state: self._notify(f"{where()}: {_failure(state).reason}; trying again"),
            sleep=self._clock.wait,
        )(action)

    def check(self) -> None:
        """Raise StoppedError if the run is to end."""
        if self._clock.stop.is_set():
            raise StoppedError


def _failure(state: RetryCallState) -> Failure:
    error = state.outcome and state.outcome.exception()
    failure = classify(error) if error else None
    assert failure
    return failure


def _final(failure: Failure, where: str, attempts: int) -> Exception:
    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    error_type = UnreachableError if failure.everywhere else RefusedError
    return error_type(f"{where}: {failure.reason}{tried}")
