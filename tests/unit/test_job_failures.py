"""Errors that nobody foresaw end in one line that says what helps; their traces are kept in a file."""

from __future__ import annotations

import errno
import signal
import sys
from pathlib import Path

import pytest
from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]

from imagelake.cluster.submission.run import exit_code_of
from imagelake.errors import ImageLakeError
from imagelake.lake.files import LocalFiles, check_folder
from imagelake.runtime.failures import in_one_line, keep_trace


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImageLakeError("as it is"), "as it is"),
        (Py4JNetworkError("Answer from Java side is empty"), "JVM has ended"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "JVM has ended"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/lake/x"),
            "/lake/x: No space left on device. The disk is full",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/lake/x"), "The file system takes no writes"),
        (ValueError("first line\nsecond line"), "ValueError: first line"),
        (KeyError(), "KeyError"),
    ],
)
def test_every_error_is_one_line(error: Exception, said: str) -> None:
    """Our own, a JVM that is gone, the system's and any other: one line, with the remedy where there is one."""
    line = in_one_line(error)
    assert said in line
    assert "\n" not in line


def test_the_trace_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In var/log where that can be written, else where temporary files are; the file holds the whole trace."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="planted") as met:
        raise ValueError("planted")
    kept = keep_trace("some job", met.value)
    assert kept.parent == Path("var/log")
    assert "ValueError: planted" in kept.read_text()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "var").touch()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "planted" in keep_trace("some job", met.value).read_text()


def test_a_root_that_is_a_file_is_named(tmp_path: Path) -> None:
    """Whether it is looked at first or written below, the error says that a file stands there."""
    (tmp_path / "root").touch()
    with pytest.raises(ImageLakeError, match="is a file, not a folder"):
        check_folder(tmp_path / "root")
    with pytest.raises(ImageLakeError, match=r"File exists|Not a directory|part of this path is a file"):
        LocalFiles(tmp_path / "root").create("_staging/x", b"")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_named() -> None:
    """A write that finds no space says so, and what helps."""
    with pytest.raises(OSError, match="No space left") as met, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert "free some space" in in_one_line(met.value)


def test_a_killed_driver_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A driver that was killed could say nothing itself: the command that started it does, with exit code 1."""
    assert exit_code_of(0) == 0
    assert exit_code_of(3) == 3
    assert exit_code_of(-signal.SIGKILL) == 1
    assert "SIGKILL" in capsys.readouterr().err
