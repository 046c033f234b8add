"""A refusal of HDFS is found wherever in a Java error's text it stands, and comes with its remedy."""

from __future__ import annotations

import pytest

from imagelake.lake.remedies import refusal, remedy

QUOTA = "The DiskSpace quota of /lake is exceeded: quota = 20 MB"
KIND = "org.apache.hadoop.hdfs.protocol.DSQuotaExceededException"


@pytest.mark.parametrize(
    "line", [f"Caused by: {KIND}: {QUOTA}", f"org.apache.hadoop.ipc.RemoteException({KIND}): {QUOTA}"]
)
def test_a_quota_in_a_trace_is_found(line: str) -> None:
    """The refusal's own line, of a local or a remote exception, and what to do; nothing of the trace."""
    trace = f"[TASK_WRITE_FAILED] Task failed while writing rows to hdfs://a:8020/lake\n{line}\n\tat X.verify(X.java)"
    found = refusal(trace)
    assert found is not None
    assert found.startswith(f"DSQuotaExceededException: {QUOTA}. ")
    assert "-setSpaceQuota" in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("AccessControlException: Client cannot authenticate via:[TOKEN, KERBEROS]", ("kinit", "--keytab")),
        ("GSSException: No valid credentials provided (Mechanism level: Server not found)", ("klist", "kinit")),
        ("AccessControlException: SIMPLE authentication is not enabled.  Available:[TOKEN]", ("HADOOP_CONF_DIR",)),
        ("InvalidToken: Token for real user: , can't be found in cache", ("delegation token", "fetch another")),
        ('AccessControlException: Permission denied: user=bob, access=WRITE, inode="/a":nn', ("kinit", "-chown")),
        ("SafeModeException: Cannot create directory /a. Name node is in safe mode.", ("-safemode leave",)),
        ("NSQuotaExceededException: The NameSpace quota of /a is exceeded", ("-setQuota",)),
        ("ConnectException: Connection refused", ("--root", "HADOOP_CONF_DIR")),
        ("UnknownHostException: no-such-host", ("--root",)),
        ("BlockMissingException: Could not obtain block", ("fsck",)),
        ("OutOfMemoryError: Java heap space", ("driver.memory", "executor.memory")),
    ],
)
def test_every_refusal_has_one_line_of_remedy(error: str, words: tuple[str, ...]) -> None:
    """By the messages that HDFS gives, alone or in a trace."""
    assert all(word in remedy(error) for word in words)
    assert "\n" not in remedy(error)
    assert refusal(f"Something failed.\nCaused by: java.x.{error}\n\tat a.b") == f"{error}. {remedy(error)}"


@pytest.mark.parametrize("text", ["FileNotFoundException: /user=a", "java.lang.NullPointerException: at line 3"])
def test_another_error_is_left_alone(text: str) -> None:
    """What is no refusal of the file system keeps its trace."""
    assert remedy(text) == ""
    assert refusal(text) is None


def test_a_lost_executor_comes_with_what_it_needs() -> None:
    """Spark's own words for an executor that ended at every attempt, as Java without memory ends it."""
    trace = (
        "An error occurred while calling o57.collectToPython.\n: org.apache.spark.SparkException: Job aborted due to "
        "stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.4 in stage 0.0 (TID 4) "
        "(127.0.0.1 executor 2): ExecutorLostFailure (executor 2 exited caused by one of the running tasks) Reason: "
        "Command exited with code 52\nDriver stacktrace:\n\tat org.apache.spark.scheduler"
    )
    found = refusal(trace)
    assert found is not None
    assert found.startswith("SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times")
    assert "code 52. an executor ended" in found
    assert "spark.executor.memoryOverhead" in found
