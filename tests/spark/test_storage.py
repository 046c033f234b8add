"""Files on any address: the listing is that of the file system, and the digest changes when a file does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from imagelake.errors import ImageLakeError
from imagelake.lake.listing import FoundFile
from imagelake.lake.storage import Storage, to_pattern, to_uri

NAMES = ("a.jpg", "b b.jpg", "deep/c;isDirectory=true.jpg", "deep/er/ü.png", "empty.bin", "deep/{length=7}.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for size, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * (0 if name == "empty.bin" else size + 1))
    (tmp_path / "no files here").mkdir()
    return tmp_path


def test_the_listing_is_that_of_the_file_system(spark: SparkSession, folder: Path) -> None:
    """Every file at any depth, with its size and time, whatever its name: as os.walk finds them."""
    found = {
        (file.path.removeprefix("file://"), file.size, file.modified_ms // 1000)
        for file in Storage(spark).files(str(folder))
    }
    walked = [Path(root) / name for root, _, names in os.walk(folder) for name in names]
    assert found == {(str(path), path.stat().st_size, int(path.stat().st_mtime)) for path in walked}
    assert len(found) == len(NAMES)


def test_a_single_file_is_listed_as_itself(spark: SparkSession, folder: Path) -> None:
    """The listing of a file is that file, of an empty folder nothing, and of nothing an error that names it."""
    assert [file.size for file in Storage(spark).files(str(folder / "a.jpg"))] == [1]
    assert list(Storage(spark).files(str(folder / "no files here"))) == []
    with pytest.raises(ImageLakeError, match="nowhere: there is no such file or folder"):
        list(Storage(spark).files(str(folder / "nowhere")))


def test_within_a_run_a_folder_is_listed_once(
    spark: SparkSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests and listings of one run are of the same moment, and cost one listing; those of the next are new."""
    asked: list[str] = []
    list_files = Storage.files

    def counted(self: Storage, uri: str) -> Iterator[FoundFile]:
        asked.append(uri)
        return list_files(self, uri)

    monkeypatch.setattr(Storage, "files", counted)
    storage = Storage(spark)
    with storage.listing_once():
        before = storage.digest(str(folder))
        (folder / "new.jpg").touch()
        assert storage.digest(str(folder)) == before
        assert len(list(storage.listed(str(folder)))) == len(list(storage.listed(str(folder)))) == len(NAMES)
        assert len(asked) == 1
    assert storage.digest(str(folder)) != before
    assert len(asked) == 2


def test_the_digest_changes_with_the_files_and_only_then(spark: SparkSession, folder: Path) -> None:
    """Equal for equal files, other when one grows, is touched, comes or goes."""
    storage = Storage(spark)
    seen = {storage.digest(str(folder)), storage.digest(str(folder))}
    assert len(seen) == 1
    (folder / "a.jpg").write_bytes(b"longer")
    seen.add(storage.digest(str(folder)))
    os.utime(folder / "b b.jpg", (1, 1))
    seen.add(storage.digest(str(folder)))
    (folder / "new").touch()
    seen.add(storage.digest(str(folder)))
    (folder / "deep" / "er" / "ü.png").unlink()
    seen.add(storage.digest(str(folder)))
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/a/b/", "file:///a/b"),
        ("file:/a/b", "file:///a/b"),
        ("file:///a/b", "file:///a/b"),
        ("hdfs://host:9000/a/", "hdfs://host:9000/a"),
    ],
)
def test_addresses_are_written_in_one_way(path: str, uri: str) -> None:
    """A local path, Hadoop's own spelling of it and a full address all become full addresses."""
    assert to_uri(path) == uri


@pytest.mark.parametrize("name", ["a[12]", "a{1,2}", "a*", "a?", "a^", "a, b", "a 100% #1", "a\\[1]"])
def test_spark_reads_a_folder_whose_name_looks_like_a_pattern(spark: SparkSession, tmp_path: Path, name: str) -> None:
    """It reads that folder and none that the pattern would match."""
    for folder in (name, "a1", "a2", "ab"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.txt").write_text(folder)
    uri = to_uri(str(tmp_path / name))
    assert [row["value"] for row in spark.read.text(to_pattern(uri)).collect()] == [name]
    assert [Path(file.path).name for file in Storage(spark).files(uri)] == ["one.txt"]


def test_a_network_is_read_as_it_is_and_soon(spark: SparkSession, tmp_path: Path) -> None:
    """Megabytes of any bytes come back the same, and not one by one: that took 0.2 s of Python for each of them."""
    content = os.urandom(8 * 2**20)
    (tmp_path / "network.tflite").write_bytes(content)
    began = time.process_time()
    assert Storage(spark).read_bytes(str(tmp_path / "network.tflite")) == content
    assert time.process_time() - began < 0.8
