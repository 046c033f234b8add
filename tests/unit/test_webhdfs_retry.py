"""Which errors are tried again, for how long, and how the last one reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from hdfs import HdfsError  # type: ignore[import-untyped]

from imagelake.cluster.webhdfs.failures import (
    RefusedError,
    RetryTime,
    SpoiledError,
    StoppedError,
    UnreachableError,
    classify,
)
from imagelake.cluster.webhdfs.retry import Clock, Retrier, WebHdfsRetryPolicy

_WHERE = "http://namenode:9870/folder"


class _FakeClock(Clock):
    """Time that passes only by waiting, and by what an attempt says it took."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


def _call(errors: list[Exception], clock: Clock, policy: WebHdfsRetryPolicy, told: list[str] | None = None) -> int:
    """Meet the errors one after the other (the last one for ever), then succeed; gives the number of attempts."""
    attempts = 0

    def action() -> int:
        nonlocal attempts
        attempts += 1
        if attempts <= len(errors):
            raise errors[attempts - 1]
        return attempts

    notes = told if told is not None else []
    return Retrier(policy, clock, notes.append).call(action, lambda: _WHERE)


def _refused(exception: str | None, message: object = "words\n\tat org.apache.Stack") -> HdfsError:
    return HdfsError(message, exception=exception)


@pytest.mark.parametrize(
    ("error", "retry_time", "everywhere"),
    [
        (_refused("StandbyException"), RetryTime.LONG, True),
        (_refused("RetriableException"), RetryTime.LONG, True),
        (_refused("SafeModeException"), RetryTime.LONG, True),
        (_refused(None, b"<html>502 Bad Gateway"), RetryTime.LONG, True),
        (requests.exceptions.ConnectionError("x"), RetryTime.LONG, True),
        (requests.exceptions.ReadTimeout("x"), RetryTime.LONG, True),
        (requests.exceptions.ChunkedEncodingError("x"), RetryTime.LONG, True),
        (requests.exceptions.InvalidURL("x"), RetryTime.NONE, True),
        (_refused("IOException", "All datanodes are bad. Aborting..."), RetryTime.BRIEF, False),
        (SpoiledError("x"), RetryTime.BRIEF, False),
        (_refused("AccessControlException"), RetryTime.NONE, False),
        (_refused("DSQuotaExceededException"), RetryTime.NONE, False),
        (_refused("NSQuotaExceededException"), RetryTime.NONE, False),
        (_refused("InvalidPathException"), RetryTime.NONE, False),
        (_refused("IOException", "Specified block size is less than configured minimum value"), RetryTime.NONE, False),
        (_refused(None, "Authentication failure. Check your credentials."), RetryTime.NONE, True),
    ],
)
def test_each_kind_of_error_has_its_retry_time(error: Exception, retry_time: RetryTime, everywhere: bool) -> None:
    """What may pass is tried again; what another file would not meet does not end the run; no stack is shown."""
    failure = classify(error)
    assert failure is not None
    assert (failure.retry_time, failure.everywhere) == (retry_time, everywhere)
    assert "Stack" not in failure.reason


def test_errors_of_the_program_are_no_failures_of_a_request() -> None:
    """They pass through at once."""
    assert classify(ZeroDivisionError()) is None
    assert classify(StoppedError()) is None
    with pytest.raises(ZeroDivisionError):
        _call([ZeroDivisionError()], _FakeClock(), WebHdfsRetryPolicy())


@pytest.mark.parametrize(
    ("error", "kind", "least_s", "most_s"),
    [
        (_refused("IOException"), RefusedError, 10, 30),
        (_refused("SafeModeException"), UnreachableError, 60, 120),
        (_refused("AccessControlException"), RefusedError, 0, 0),
    ],
)
def test_an_error_that_stays_is_final_in_its_time(
    error: Exception, kind: type[Exception], least_s: float, most_s: float
) -> None:
    """Passing errors of HDFS outlive a killed DataNode, a missing NameNode has the time-out, a denial no time."""
    clock = _FakeClock()
    with pytest.raises(kind, match=_WHERE):
        _call([error] * 1000, clock, WebHdfsRetryPolicy(timeout_s=120, brief_s=30))
    assert least_s <= clock.time <= most_s


def test_success_after_failures_gives_the_result() -> None:
    """Three failures, then the answer; each failure was told."""
    told: list[str] = []
    assert _call([_refused("SafeModeException")] * 3, _FakeClock(), WebHdfsRetryPolicy(), told) == 4
    assert len(told) == 3
    assert all("safe mode" in line and _WHERE in line for line in told)


def test_waits_double_up_to_a_limit_and_vary() -> None:
    """Each wait is between half and the whole of the doubled one, and never above the longest."""
    policy = WebHdfsRetryPolicy(first_wait_s=1, longest_wait_s=8)
    for failures, whole in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (2000, 8)):
        waits = [policy.wait_s(failures) for _ in range(50)]
        assert whole / 2 <= min(waits) < max(waits) <= whole


def test_a_long_attempt_that_breaks_late_is_tried_again() -> None:
    """An hour of transfer that ends in a broken connection has not used up the time-out."""
    clock = _FakeClock()
    attempts = 0

    def action() -> int:
        nonlocal attempts
        attempts += 1
        clock.time += 3600
        if attempts < 3:
            raise requests.exceptions.ConnectionError("broken")
        return attempts

    assert Retrier(WebHdfsRetryPolicy(timeout_s=60), clock, print).call(action, lambda: _WHERE) == 3


def test_a_stopped_run_makes_no_further_attempt() -> None:
    """After Ctrl-C not even the first."""
    clock = _FakeClock()
    clock.stop.set()
    never: Callable[[], int] = lambda: pytest.fail("called")  # noqa: E731
    with pytest.raises(StoppedError):
        Retrier(WebHdfsRetryPolicy(), clock, print).call(never, lambda: _WHERE)


@pytest.mark.parametrize(
    ("exception", "remedy"),
    [
        ("AccessControlException", "--user"),
        ("DSQuotaExceededException", "-setSpaceQuota"),
        ("NSQuotaExceededException", "-setQuota"),
    ],
)
def test_a_final_error_is_one_line_with_address_and_remedy(exception: str, remedy: str) -> None:
    """Whoever reads it knows where it was and what to do."""
    with pytest.raises(RefusedError) as caught:
        _call([_refused(exception)], _FakeClock(), WebHdfsRetryPolicy())
    text = str(caught.value)
    assert text.startswith(f"{_WHERE}: words; ")
    assert remedy in text
    assert "\n" not in text
