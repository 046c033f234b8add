"""Jobs submitted as their users do, and the tables they leave on HDFS read back without Spark."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from hadoop_cluster import Hadoop

from imagelake.lake.manifest import Manifest
from imagelake.tables import TABLES
from project import PROJECT

TIMEOUT_S = 600


def script(hadoop: Hadoop, name: str, *arguments: str, expect: int | None = 0, **variables: str) -> str:
    """The output of a script, both streams; its exit code must be the expected one."""
    process = start(hadoop, name, *arguments, **variables)
    return finish(process, expect)


def start(hadoop: Hadoop, name: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """A running script, the head of a process group of its own."""
    command = [str(PROJECT / "scripts" / name), *arguments]
    return subprocess.Popen(
        command,
        env={**hadoop.environment, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], expect: int | None = 0) -> str:
    """Wait for a script; its output."""
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        kill_group(process)
        raise
    assert expect is None or process.returncode == expect, f"exit code {process.returncode}:\n{output[-6000:]}"
    return output


def finish_all(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Wait for scripts that run at once; their outputs. Where one fails, none goes on."""
    try:
        return [finish(process) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                kill_group(process)


def kill_group(process: subprocess.Popen[str]) -> None:
    """End a script and all it started without a chance to say goodbye."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def executors(hadoop: Hadoop) -> list[psutil.Process]:
    """The executors' JVMs of this cluster, which have its folder in their command lines."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or [""]
        is_executor = any(word.endswith("CoarseGrainedExecutorBackend") for word in words)
        if "java" in words[0] and is_executor and any(str(hadoop.cluster.folder) in word for word in words):
            found.append(process)
    return found


def wait_for(what: str, is_so: Callable[[], Any], timeout_s: float = 300) -> None:
    """Poll until something holds."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for {what}"
        time.sleep(0.2)


def files_below(hadoop: Hadoop, folder: str) -> Iterator[str]:
    """Paths of the files below a folder of HDFS."""
    if hadoop.webhdfs().status(folder, strict=False):
        for parent, _, names in hadoop.webhdfs().walk(folder, ignore_missing=True):
            yield from (f"{parent}/{name}" for name in names)


def manifest(hadoop: Hadoop, folder: str) -> Manifest:
    """The manifest of a table on HDFS."""
    with hadoop.webhdfs().read(f"{folder}/_manifest.json") as reader:
        return Manifest.from_bytes(reader.read(), folder)


def table(lake: Path, name: str) -> pd.DataFrame:
    """A table, in the order of its key, without where its bytes came from."""
    frame = pd.read_parquet(lake / name).drop(columns=["path", "modified"], errors="ignore")
    key = [column for column in TABLES[name].key if column in frame] or list(frame.columns)
    order = sorted(range(len(frame)), key=lambda row: [str(frame[column].iloc[row]) for column in key])
    return frame.iloc[order].reset_index(drop=True)


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal rows; scores and features within 1e-5."""
    assert list(found) == list(expected)
    assert len(found) == len(expected)
    for column in found:
        for mine, theirs in zip(found[column], expected[column], strict=True):
            assert _same(mine, theirs), f"{column}: {mine} is not {theirs}"


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
        if mine.dtype.kind == "f":
            return mine.shape == theirs.shape and bool(np.allclose(mine, theirs, atol=1e-5, equal_nan=True))
        return list(mine) == list(theirs)
    if isinstance(mine, float) and isinstance(theirs, float):
        return bool(np.isclose(mine, theirs, atol=1e-5, equal_nan=True))
    return bool(mine == theirs) or (mine is None and theirs is None) or bool(pd.isna(mine) and pd.isna(theirs))
