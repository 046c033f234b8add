"""A lake on HDFS is the same lake: equal rows, skipped when unchanged, the old table until the new one is whole."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hadoop_cluster import Hadoop, make_client
from PIL import Image
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.exports.cifar_pickle import cifar_batch, cifar_meta
from imagelake.exports.pixels import Pixels
from imagelake.lake.check import check_lake, crc_of_file
from imagelake.lake.hadoop_files import HadoopFiles
from imagelake.lake.lake import Lake
from imagelake.lake.publication import remove_left_overs
from imagelake.lake.published import open_lake
from imagelake.lake.trace import main as trace
from imagelake.tables import TABLES
from pipeline_steps import run_steps
from publishing_trial import trial

STEPS = ("draw_sample_lake", "ingest_images", "ingest_annotations", "clean_labels")
OF_THE_FILE = ("path", "modified")
COMPARED = ("images", "image_bytes", "labels", "boxes", "labels_clean", "labels_rejected", "annotations_rejected")


@pytest.fixture(scope="module")
def remote(spark: SparkSession, hadoop: Hadoop) -> Lake:
    """A lake on HDFS for the tests' own session, whose JVM started before the cluster and its configuration."""
    make_client(spark)
    return Lake(spark, f"{hadoop.hdfs_url}/drawn_lake")


@pytest.fixture(scope="module")
def local(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same lake on a disk."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("local") / "lake"))
    assert run(lake) == list(STEPS)
    return lake


def run(lake: Lake) -> list[str]:
    """The steps that had something to do."""
    config = load_config(settings=[f"lake.root={lake.root}", "sample.images=40"])
    outcomes = run_steps(STEPS, lake, config)
    return [step for step, outcome in outcomes.items() if outcome.work is not None]


def rows(lake: Lake, table: str) -> list[str]:
    """The rows of a table as text, sorted; of which file the bytes are is the one thing that may differ."""
    frame = lake.read(table)
    return sorted(str(row) for row in frame.drop(*OF_THE_FILE).collect())


def test_the_same_rows_on_hdfs_and_on_a_disk(remote: Lake, local: Lake) -> None:
    """Drawing, ingesting and cleaning give equal tables on both, and a second run on HDFS skips every step."""
    assert run(remote) == list(STEPS)
    for table in COMPARED:
        assert rows(remote, table) == rows(local, table), table
    assert run(remote) == []


def test_names_that_spark_leaves_out_are_read_from_hdfs(remote: Lake, hadoop: Hadoop, tmp_path: Path) -> None:
    """Photos and label files whose names, or whose folders' names, begin with _ or . are ingested like any other.

    So are two that come later, alone: what was read before is taken over.
    """
    source, lake = f"{hadoop.hdfs_url}/odd", Lake(remote.spark, f"{hadoop.hdfs_url}/odd_lake")
    names = ["a.jpg", "_b.JPG", "_album/c.jpg", ".hidden/d.jpg"]
    for level, name in enumerate(names):
        file = tmp_path / "odd" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 8), (level, 90, 30)).save(file, "JPEG")
    (tmp_path / "odd" / "class-descriptions.csv").write_text("/m/owl,Owl\n")
    labels = "ImageID,Source,LabelName,Confidence\n" + "".join(f"{image_id},v,/m/owl,1\n" for image_id in "a_bcd")
    (tmp_path / "odd" / "_labels.csv").write_text(labels)
    lake.storage.upload(tmp_path / "odd", source)
    settings = [f"lake.root={lake.root}", "source.type=open_images", f"source.path={source}"]
    run_steps(("ingest_images", "ingest_annotations"), lake, load_config(settings=settings))
    contents = {row["image_id"]: bytes(row["content"]) for row in lake.read("image_bytes").collect()}
    written = [(tmp_path / "odd" / name).read_bytes() for name in names]
    assert contents == dict(zip(["a", "_b", "c", "d"], written, strict=True))
    assert lake.read("labels").count() == 5
    for level, name in enumerate(("e.jpg", "_f.jpg")):
        Image.new("RGB", (12, 8), (level, 10, 30)).save(tmp_path / name, "JPEG")
        lake.storage.upload(tmp_path / name, f"{source}/{name}")
        contents[name.partition(".")[0]] = (tmp_path / name).read_bytes()
        outcome = run_steps(("ingest_images",), lake, load_config(settings=settings))["ingest_images"]
        assert outcome.work is not None
        assert outcome.work.counters["headers read"].value == 1
        assert outcome.work.taken_over == {"image_bytes": 4 + level}
        assert {row["image_id"]: bytes(row["content"]) for row in lake.read("image_bytes").collect()} == contents


def test_arrays_are_read_from_hdfs(remote: Lake, hadoop: Hadoop, tmp_path: Path) -> None:
    """An .npy with its CSV, an .npz and batches of CIFAR on HDFS become images of the same levels, labels and splits.

    An error names the file there, not its copy.
    """
    pixels = np.random.default_rng(5).integers(0, 256, (8, 32, 32, 3), np.uint8)
    (tmp_path / "batches").mkdir()
    named = [Pixels(pixels[number], number % 2, f"c{number}") for number in range(2)]
    (tmp_path / "batches" / "data_batch_1").write_bytes(b"".join(cifar_batch("1", named, 2)))
    (tmp_path / "batches" / "batches.meta").write_bytes(cifar_meta(["cat", "dog"], 2))
    np.savez(tmp_path / "z.npz", test_images=pixels[2:4], test_labels=["dog", "cat"], test_image_ids=["z2", "z3"])
    for name, rows in (("one", "n4,cat,test\nn5,,validation\n"), ("two", "n6,dog,\nn7,owl,\n")):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "found.npy", pixels[4:6] if name == "one" else pixels[6:])
        (tmp_path / name / "found.csv").write_text(f"image_id,label,split\n{rows}")
    source, lake = f"{hadoop.hdfs_url}/arrays", Lake(remote.spark, f"{hadoop.hdfs_url}/lake_of_arrays")
    lake.storage.upload(tmp_path, source)
    arrays = [f"{source}/{name}" for name in ("batches", "z.npz", "one/found.npy", "two")]
    settings = [f"lake.root={lake.root}", "source.type=arrays", f"source.arrays={json.dumps(arrays)}"]
    run_steps(("ingest_images",), lake, load_config(settings=settings))
    contents = {row["image_id"]: row["content"] for row in lake.read("image_bytes").collect()}
    levels = {name: np.asarray(Image.open(io.BytesIO(content))) for name, content in contents.items()}
    assert len(levels) == len(pixels)
    assert all(np.array_equal(found, pixels[int(name[1])]) for name, found in levels.items())
    images = {
        row["image_id"]: (row["split"], row["source_label"], row["path"]) for row in lake.read("images").collect()
    }
    assert images == {
        "c0": ("train", "cat", f"{source}/batches/data_batch_1"),
        "c1": ("train", "dog", f"{source}/batches/data_batch_1"),
        "n4": ("test", "cat", f"{source}/one/found.npy"),
        "n5": ("validation", None, f"{source}/one/found.npy"),
        "n6": ("all", "dog", f"{source}/two/found.npy"),
        "n7": ("all", "owl", f"{source}/two/found.npy"),
        "z2": ("test", "dog", f"{source}/z.npz"),
        "z3": ("test", "cat", f"{source}/z.npz"),
    }
    lake.storage.upload(tmp_path / "z.npz", f"{source}/wrong/found.npy")
    wrong = load_config(settings=[*settings, f'source.arrays=["{source}/wrong/found.npy"]'])
    with pytest.raises(ImageLakeError, match=f"^{source}/wrong/found.npy: "):
        run_steps(("ingest_images",), lake, wrong)


def test_readers_beside_a_publisher_on_hdfs_miss_nothing(spark: SparkSession, hadoop: Hadoop) -> None:
    """In some seconds of publishing no look finds no table, tables of two runs or an error, and nothing is lost."""
    root = f"{hadoop.hdfs_url}/trial"
    found = trial(HadoopFiles(spark, root), root, 5, hadoop.webhdfs_url)
    assert found["publications"] > 1
    assert found["looks"] > 1
    assert set(found) == {"publications", "looks"}, found


def test_manifests_on_hdfs_hold_the_checksums_of_the_bytes(remote: Lake, hadoop: Hadoop) -> None:
    """What HDFS combines of its own checksums is the CRC-32C of each part, and a full check finds nothing wrong."""
    run(remote)
    lake = open_lake(remote.root, hadoop.webhdfs_url)
    parts = remote.require("labels_clean").parts
    assert parts
    assert [part.crc32c for part in parts] == [crc_of_file(lake.files, f"labels_clean/{part.name}") for part in parts]
    assert not [checked for checked in check_lake(lake) if checked.problems]


def test_a_table_on_hdfs_is_traced_to_its_files(
    remote: Lake, hadoop: Hadoop, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Java, the checksums that HDFS gave for the lists are those of their bytes, read back."""
    run(remote)
    words = ["labels_clean", "--verify", "--root", remote.root, "--namenode", hadoop.webhdfs_url]
    assert trace(words) == 0
    out = capsys.readouterr().out
    assert "class-descriptions.csv, " in out
    assert out.count(", unchanged") > 10
    assert "draw_sample_lake" in out


@pytest.mark.tried(
    "Killed on one machine",
    "a publisher that died after it had published, before folders were moved, on a disk and on HDFS",
    "the new tables are read; the next run moves them",
)
def test_what_a_publisher_that_died_published_is_read_on_hdfs(remote: Lake, hadoop: Hadoop) -> None:
    """Staged and published, not yet in its place: readers with and without Java find it, and the next run moves it."""
    run(remote)
    before = remote.read("labels_clean").count()
    published = remote.view.record().runs["labels_clean"]
    remote.files.rename("labels_clean", f"{published.staging}/labels_clean")
    assert remote.read("labels_clean").count() == before > 0
    assert open_lake(remote.root, hadoop.webhdfs_url).read("labels_clean").num_rows == before
    remove_left_overs(remote.files, "test")
    assert "labels_clean" in remote.files.names("")


@pytest.mark.tried(
    "Files to HDFS",
    "safe mode, a full quota, no permission, a wrong address under a job",
    "one line with address and remedy, one screen in all; nothing is published",
)
@pytest.mark.parametrize(("host", "named"), [("no-such-host.invalid:9000", "UnknownHost"), ("127.0.0.1:9", "Connect")])
def test_a_wrong_address_is_named(spark: SparkSession, host: str, named: str) -> None:
    """A host that does not exist and a port where nobody listens are errors of one line with address and remedy."""
    with pytest.raises(ImageLakeError) as refused:
        Lake(spark, f"hdfs://{host}/lake").read("images")
    (line,) = str(refused.value).splitlines()
    assert all(words in line for words in (f"hdfs://{host}/lake", f"{named}Exception", "--root"))


def test_a_server_reads_the_same_without_java(remote: Lake, local: Lake, hadoop: Hadoop) -> None:
    """Through WebHDFS the tables have the rows that Spark reads, and one image's bytes come without its file."""
    run(remote)
    lake, near = open_lake(remote.root, hadoop.webhdfs_url), open_lake(local.root)
    for table in ("images", "image_bytes", "labels", "hierarchy"):
        columns = [column.name for column in TABLES[table].columns if column.name not in OF_THE_FILE]
        there, here = (one.read(table, columns).to_pylist() for one in (lake, near))
        assert sorted(map(str, there)) == sorted(map(str, here)) != []
    assert lake.manifest("predictions") is None
