"""The command lines of scripts/upload and scripts/download as far as they need no cluster."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from imagelake.cluster.webhdfs.__main__ import main
from project import PROJECT


@pytest.mark.parametrize("name", ["upload", "download"])
def test_both_scripts_have_help(name: str) -> None:
    """Help names the script, its options and what the exit codes mean."""
    done = subprocess.run([PROJECT / "scripts" / name, "--help"], capture_output=True, text=True, check=True)
    assert f"usage: scripts/{name}" in done.stdout
    for word in ("--namenode", "--workers", "--user", "--kerberos", "--force", "--timeout", "Exit status"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("option", "value"), [("--workers", "0"), ("--timeout", "-1"), ("--timeout", "soon"), ("--block-size", "x")]
)
def test_a_wrong_value_is_quoted(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with status 2, before anything is sent."""
    with pytest.raises(SystemExit) as end:
        main(["upload", "a", "/b", f"{option}={value}"])
    assert end.value.code == 2
    assert repr(value) in capsys.readouterr().err


def test_a_user_and_a_ticket_exclude_each_other() -> None:
    """With Kerberos the ticket says who asks."""
    with pytest.raises(SystemExit) as end:
        main(["upload", "a", "/b", "--user", "me", "--kerberos"])
    assert end.value.code == 2


def test_a_missing_local_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without asking any NameNode."""
    assert main(["upload", str(tmp_path / "none"), "/b", "--namenode", "http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err == f"upload: {tmp_path / 'none'}: there is no such file or folder\n"


def test_nobody_at_the_address_is_said_at_once_and_final_in_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first note names what is tried; the error, within the time-out, every NameNode."""
    began = time.monotonic()
    addresses = "http://127.0.0.1:9,http://127.0.0.1:10"
    assert main(["upload", str(tmp_path), "/b", "--namenode", addresses, "--timeout", "1.5"]) == 1
    assert time.monotonic() - began < 5
    lines = capsys.readouterr().err.splitlines()
    assert "nothing answers" in lines[0]
    assert "trying again" in lines[0]
    assert lines[-1].startswith("upload: http://127.0.0.1:")
    assert "tried http://127.0.0.1:9, http://127.0.0.1:10" in lines[-1]


def test_kerberos_without_its_package_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is asked for by this option alone, and before the first file."""
    monkeypatch.setitem(sys.modules, "requests_kerberos", None)
    monkeypatch.delitem(sys.modules, "hdfs.ext.kerberos", raising=False)
    assert main(["upload", str(tmp_path), "/b", "--namenode", "http://127.0.0.1:9", "--kerberos"]) == 1
    assert "pip install 'hdfs[kerberos]'" in capsys.readouterr().err


def test_neither_spark_nor_kerberos_is_loaded() -> None:
    """A transfer starts in a fraction of a second."""
    unwanted = "{'pyspark', 'requests_kerberos', 'numpy'}"
    code = f"import sys, imagelake.cluster.webhdfs.__main__; print({unwanted} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
