"""What is found in local folders, and that nothing is passed over in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imagelake.cluster.webhdfs.local_tree import walk
from imagelake.cluster.webhdfs.staging import is_abandoned, is_staged, staged_name
from imagelake.errors import ImageLakeError


def _found(root: Path) -> tuple[dict[str, int], dict[str, str]]:
    files: dict[str, int] = {}
    problems: dict[str, str] = {}
    for folder in walk(root):
        files |= {f"{folder.relative}/{name}".lstrip("/"): size for name, size in folder.files.items()}
        problems |= {Path(problem.name).name: problem.reason for problem in folder.problems}
    return files, problems


def test_every_entry_is_a_file_or_a_problem(tmp_path: Path) -> None:
    """Odd names and links to files are files; what cannot go to HDFS is named with its reason."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"1234")
    root = tmp_path / "root"
    (root / "a b" / "é").mkdir(parents=True)
    (root / "a b" / "100%#?.jpg").write_bytes(b"12")
    (root / "a b" / "é" / "empty").touch()
    (root / "link").symlink_to(outside)
    (root / "broken").symlink_to("nowhere")
    (root / "a b" / "up").symlink_to("..")
    (root / "also").symlink_to("a b/é")
    (root / "x:y").touch()
    os.mkfifo(root / "pipe")
    Path(os.fsdecode(os.fsencode(root) + b"/bad\xff")).touch()
    files, problems = _found(root)
    assert files == {"a b/100%#?.jpg": 2, "a b/é/empty": 0, "also/empty": 0, "link": 4}
    assert set(problems) == {"broken", "up", "x:y", "pipe", "bad\\udcff"}
    assert "nowhere" in problems["broken"]
    assert "that it is in" in problems["up"]
    assert "':'" in problems["x:y"]
    assert "UTF-8" in problems["bad\\udcff"]


def test_a_single_file_is_the_only_one(tmp_path: Path) -> None:
    """Its neighbours are not taken along."""
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").touch()
    assert _found(tmp_path / "a") == ({"a": 3}, {})


def test_an_empty_folder_is_a_folder(tmp_path: Path) -> None:
    """It is made on HDFS too."""
    (tmp_path / "e").mkdir()
    assert [folder.relative for folder in walk(tmp_path)] == ["", "e"]


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(ImageLakeError, match="none"):
        list(walk(tmp_path / "none"))


def test_an_unfinished_file_is_known_by_its_name_and_given_up_with_its_process() -> None:
    """Ours lives; one of an ended process of this host does not; one of another host lives for a day."""
    ours = staged_name("x" * 250)
    assert is_staged(ours)
    assert len(ours) < 200
    assert ours.startswith(".")
    assert not is_abandoned(ours, 0)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_abandoned(ours.replace(f"-{os.getpid()}-", f"-{ended.pid}-"), 0)
    elsewhere = ".uploading-another.host-1-0123456789abcdef"
    assert is_abandoned(elsewhere, 0)
    assert not is_abandoned(elsewhere, 4e9)
    assert not is_staged("photo.jpg")
    assert not is_abandoned("photo.jpg", 0)
