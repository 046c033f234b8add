"""Damage of published tables: named, with the job that makes the table anew; a damaged manifest names its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imagelake.errors import ImageLakeError
from imagelake.lake.check import main
from imagelake.lake.files import LocalFiles
from imagelake.lake.parts import local_crc32c
from imagelake.lake.publication import Publication, current_record, publish
from imagelake.lake.published import open_lake
from imagelake.lake.record import RECORD, Run, read_record
from publishing_trial import stage

RUN = Run("trial", "a1")
PART = "part-00001-a1.parquet"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A lake of two tables."""
    files = LocalFiles(tmp_path)
    stage(files, RUN, 1)
    assert publish(files, Publication(RUN, ("t", "u"), {}))
    return tmp_path


def flip(part: Path) -> None:
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)


DAMAGES: list[tuple[str, Callable[[Path], object], str]] = [
    ("gone", Path.unlink, "is gone"),
    ("short", lambda part: part.write_bytes(part.read_bytes()[:-1]), "bytes, not"),
    ("flipped", flip, "has the checksum"),
    ("added", lambda part: part.with_name("more.parquet").write_bytes(part.read_bytes()), "was not published"),
]


@pytest.mark.parametrize(("damage", "said"), [case[1:] for case in DAMAGES], ids=[case[0] for case in DAMAGES])
def test_every_damage_is_found_and_its_job_named(
    root: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], object], said: str
) -> None:
    """A file that is gone, short, changed in one bit or added: found, and nothing where all is well."""
    assert main(["--root", str(root)]) == 0
    assert "DAMAGED" not in capsys.readouterr().out
    damage(root / "u" / PART)
    assert main(["--root", str(root)]) == 1
    out = capsys.readouterr().out
    assert out.count("DAMAGED") == 1
    assert "DAMAGED  u: " in out
    assert said in out
    assert "run again: jobs/trial.py --force" in out


def test_whoever_builds_on_a_damaged_table_is_told(root: Path) -> None:
    """A missing or cut file ends a reader with the file's name and the job, not with fewer rows."""
    (root / "u" / PART).unlink()
    lake = open_lake(str(root))
    with pytest.raises(ImageLakeError, match=rf"u/{PART} is gone.*jobs/trial\.py"):
        lake.read("u")
    assert lake.read("t").num_rows == 300


def test_bytes_that_are_no_parquet_any_more_are_named(root: Path) -> None:
    """A file of the right size that cannot be read is an error with its name, not Arrow's own."""
    part = root / "u" / PART
    part.write_bytes(part.read_bytes()[:-4] + b"none")
    with pytest.raises(ImageLakeError, match=rf"u/{PART}: .*scripts/check_lake"):
        open_lake(str(root)).read("u")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"rows": 1}'])
def test_a_damaged_manifest_names_its_file(root: Path, content: bytes) -> None:
    """Empty, cut, not UTF-8, or something else: the error says which file, and what helps."""
    (root / "t" / "_manifest.json").write_bytes(content)
    with pytest.raises(ImageLakeError, match=r"t/_manifest\.json is not a manifest.*--force"):
        open_lake(str(root)).manifest("t")
    assert main(["--root", str(root)]) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"t": 1}'])
def test_a_damaged_record_names_itself_and_force_goes_on(root: Path, content: bytes) -> None:
    """The file that says which runs count is named, too, and a forced publication writes a new one."""
    files = LocalFiles(root)
    (root / RECORD).write_bytes(content)
    with pytest.raises(ImageLakeError, match=rf"{RECORD} of the lake is damaged"):
        open_lake(str(root)).read("t")
    assert current_record(files, force=True).runs == {}
    run = Run("trial", "b2")
    stage(files, run, 2)
    assert publish(files, Publication(run, ("t", "u"), {}), force=True)
    assert read_record(files).runs == {"t": run, "u": run}
    assert set(open_lake(str(root)).read("t")["run"].to_pylist()) == {2}


def test_the_checksum_is_that_of_the_standard(tmp_path: Path) -> None:
    """CRC-32C of 123456789 is e3069283 in every catalogue of checksums; of nothing it is 0."""
    file = tmp_path / "file"
    file.write_bytes(b"123456789")
    assert local_crc32c(file) == "e3069283"
    file.write_bytes(b"")
    assert local_crc32c(file) == "00000000"
