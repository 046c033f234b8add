"""Drivers on this machine start from Java's archive of Spark's classes, and without one as ever."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from imagelake.cluster.submission import class_archive
from imagelake.cluster.submission.class_archive import archive_file, with_archive
from imagelake.cluster.submission.spark import environment, spark_home
from imagelake.installation import conf_folder
from project import skip_or_fail

SPARK_SUBMIT = "org.apache.spark.deploy.SparkSubmit"
OURS = {"SPARK_CONF_DIR": str(conf_folder() / "spark"), "SPARK_SUBMIT_OPTS": "-Dof.the.user=1"}


def classes_loaded(variables: dict[str, str], log: Path) -> dict[str, str]:
    """Where the classes of a start of spark-submit came from."""
    options = f'{variables.get("SPARK_SUBMIT_OPTS", "")} "-Xlog:class+load:file={log}:none"'
    command = [str(spark_home() / "bin" / "spark-submit"), "--version"]
    done = subprocess.run(
        command, env={**variables, "SPARK_SUBMIT_OPTS": options}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    lines = (line.partition(" source: ") for line in log.read_text().splitlines())
    return {name: source for name, _, source in lines}


def test_a_driver_takes_its_classes_from_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark's classes come from the archive that the set-up made, and where that is none of Java's, from the jars."""
    if not (archive_file().exists() and archive_file().stat().st_size):
        skip_or_fail(f"scripts/setup made no archive of Spark's classes ({archive_file()})")
    fast = classes_loaded(dict(with_archive(environment())), tmp_path / "fast.log")
    assert fast[SPARK_SUBMIT] == "shared objects file (top)"
    assert sum(source == "shared objects file (top)" for source in fast.values()) > 500
    (tmp_path / "damaged.jsa").write_bytes(b"no archive")
    monkeypatch.setattr(class_archive, "archive_file", lambda: tmp_path / "damaged.jsa")
    slow = classes_loaded(dict(with_archive(environment())), tmp_path / "slow.log")
    assert slow[SPARK_SUBMIT].startswith("file:")


def test_who_brings_settings_of_his_own_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another SPARK_CONF_DIR, and without an archive, nothing is changed; with one, options of the user stay."""
    made = tmp_path / "classes.jsa"
    monkeypatch.setattr(class_archive, "archive_file", lambda: made)
    assert with_archive(OURS) == OURS
    made.touch()  # as is left where Java could make none
    assert with_archive(OURS) == OURS
    made.write_bytes(b"classes")
    assert with_archive(OURS | {"SPARK_CONF_DIR": str(tmp_path)}) == OURS | {"SPARK_CONF_DIR": str(tmp_path)}
    changed = with_archive(OURS)
    assert str(made) in changed["SPARK_SUBMIT_OPTS"]
    assert changed["SPARK_SUBMIT_OPTS"].endswith(OURS["SPARK_SUBMIT_OPTS"])
    assert "log4j2.properties" in changed["SPARK_SUBMIT_OPTS"]


def test_the_archive_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where there is one, nor for settings that could not use it; where nothing may be written, all goes on."""
    calls = []

    def make() -> bool:
        calls.append("made")
        raise PermissionError("read-only")

    monkeypatch.setattr(class_archive, "archive_file", lambda: tmp_path / "classes.jsa")
    monkeypatch.setattr(class_archive, "make", make)
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    class_archive.make_once()
    assert calls == []
    monkeypatch.setenv("SPARK_CONF_DIR", OURS["SPARK_CONF_DIR"])
    class_archive.make_once()
    assert calls == ["made"]
    (tmp_path / "classes.jsa").touch()
    class_archive.make_once()
    assert calls == ["made"]
