"""Readers read mutants of files or refuse them; and the search for those that do not would find them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import reader_fuzz
from imagelake.errors import ImageLakeError
from imagelake.lake.published import open_lake
from imagelake.transforms.ingest.raw_csv import CsvFile
from reader_fuzz import Target, child, command_of, mutant, targets, watch

SEED, EACH = 7, 60


@pytest.mark.tried(
    "Damaged input",
    "mutants of images, lists, hierarchies, manifests, Parquet, weights and cards of networks, site files: "
    "bytes changed, repeated, left out, spliced",
    "read, or refused in one line; no crash, hang or growth",
    unit="mutants; more with `scripts/fuzz`",
)
def test_mutated_files_are_read_or_refused(tmp_path: Path, count_tried: Callable[[int], None]) -> None:
    """Some mutants of each kind of file, the same ones each time: no crash, no hang, no growth, no other error."""
    names = [target.name for target in targets(tmp_path)]
    assert [str(finding) for finding in watch(command_of(names, SEED, 0, EACH))] == []
    count_tried(EACH * len(names))


def _hang(content: bytes) -> None:
    if content == b"3":
        time.sleep(60)


def _crash(content: bytes) -> None:
    if content == b"3":
        os.abort()


def _fail(content: bytes) -> None:
    if content == b"3":
        raise KeyError("three")
    raise ImageLakeError("refused")


_kept: list[bytes] = []


def _grow(_: bytes) -> None:
    _kept.append(b"x" * 20_000_000)


FILES = tuple(str(number).encode() for number in range(30))
PLANTED = {
    "hangs": (Target("hangs", FILES, _hang), "hang: silent", 3),
    "crashes": (Target("crashes", FILES, _crash), "crash: exit code -6", 3),
    "fails": (Target("fails", (b"3",), _fail), "KeyError", 0),
    "refuses": (Target("refuses", (b"1",), _fail), "a sound file is refused", 0),
    "grows": (Target("grows", FILES, _grow), "growth", 29),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    """A reader that hangs, crashes, fails, refuses a sound file or grows is found, with the number of the mutant."""
    target, what, number = PLANTED[name]
    command = [sys.executable, __file__, name, str(len(target.sound))]
    (finding,) = watch(command, silent_s=3)
    assert (finding.target, finding.mutant) == (name, number)
    assert finding.what.startswith(what)


def test_a_mutant_is_made_again_from_its_number() -> None:
    """Equal seeds and numbers give equal bytes, and others other ones."""
    target = Target("t", (b"a,b\n1,2\n" * 20,), bytes)
    made = [mutant(target, SEED, number) for number in range(100)]
    assert made == [mutant(target, SEED, number) for number in range(100)]
    assert len(set(made)) > 80
    assert made[0] == target.sound[0]


@pytest.mark.parametrize(
    "head", [b"\x1f\x8b" + b"\xff" * 20, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xff\xff\xff\xff"]
)
def test_a_damaged_gzip_list_is_named(head: bytes) -> None:
    """A list that only begins like a gzip file is an error of one line, not one of zlib."""
    with pytest.raises(ImageLakeError, match=r"a\.csv\.gz: begins like a gzip file"):
        CsvFile.from_head("file:///a.csv.gz", head)


@pytest.mark.parametrize("name", ["_published.json", "images/_manifest.json"])
def test_brackets_nested_thousands_of_times_are_named(tmp_path: Path, name: str) -> None:
    """JSON that is nested too deeply for the parser is a damaged file like any other."""
    (tmp_path / "images").mkdir()
    (tmp_path / name).write_text("[" * 100_000)
    with pytest.raises(ImageLakeError, match=name):
        open_lake(str(tmp_path)).require("images")


if __name__ == "__main__":
    reader_fuzz.GROWTH_MB = 100
    child([PLANTED[sys.argv[1]][0]], SEED, 0, int(sys.argv[2]))
