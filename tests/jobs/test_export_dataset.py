"""Exports of planted images: every format holds the chosen images, its files are described, and nothing else."""

from __future__ import annotations

import csv
import gc
import hashlib
import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray
from planted_pictures import encoded, picture, planted
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from export_dataset import JOB
from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Work, execute
from imagelake.runtime.written_files import write_files

FILES = "path string, content binary"
PIXELS = {f"{label}/{number:02}": picture(number, 32) for label in ("cat", "dog") for number in range(12)}


def split_of(image_id: str) -> str:
    """Fourteen of the 24 images are for training."""
    return "test" if int(image_id[-1]) % 3 == 0 else "train"


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Cats and dogs of 32 x 32, two equal ones of different names, and a file that cannot be read."""
    files = {name: (encoded(pixels), split_of(name)) for name, pixels in PIXELS.items()}
    rows = planted({**files, "torn": (encoded(PIXELS["cat/00"])[:90], "train")})
    for image in rows["images"]:
        image.update(format="PNG", license="https://creativecommons.org/licenses/by/2.0/", author="Ann")
    rows["labels_clean"] = [
        {"image_id": name, "label": name.partition("/")[0].title(), "confidence": 1.0} for name in files
    ]
    rows["duplicate_groups"] = [{"image_id": name, "representative_id": "cat/01"} for name in ("cat/01", "dog/01")]
    rows["sample_images"] = [{"image_id": "cat/02", "label": "Cat"}, {"image_id": "dog/03", "label": "Dog"}]
    rows["image_splits"] = [{"image_id": name, "split": "fold" if int(name[-1]) < 5 else "rest"} for name in files]
    return plant_tables(spark, tmp_path_factory.mktemp("export") / "lake", JOB.reads, rows)


def exported(lake: Lake, *settings: str) -> Path:
    """The published folder, whose checksums are right and name every file but the three that describe."""
    execute(JOB, lake, load_config([], [f"export.{setting}" for setting in settings]))
    folder = Path(lake.folder("export").removeprefix("file://"))
    lines = (folder / "checksums.txt").read_text(encoding="utf-8").splitlines()
    sums = {path: digest for digest, path in (line.split("  ") for line in lines)}
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() and file.name[0] not in "._"}
    assert files == {*sums, "README.md", "croissant.json", "checksums.txt"}
    for path, digest in sums.items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest
    described = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    assert {file["contentUrl"]: file["sha256"] for file in described["distribution"]} == sums
    return folder


def exported_folders(lake: Lake) -> Path:
    """The published folder of a file an image."""
    execute(JOB, lake, load_config([], ["export.format=folders"]))
    return Path(lake.folder("export").removeprefix("file://"))


def labels_of(folder: Path) -> list[str]:
    """The classes by their number, from labels.csv."""
    with (folder / "labels.csv").open(encoding="utf-8") as lines:
        return [row["label"] for row in csv.DictReader(lines)]


def same(pixels: NDArray[np.uint8], image_id: str) -> bool:
    """Whether these are the pixels of a planted image, level by level."""
    return np.array_equal(pixels, PIXELS[image_id])


def test_cifar_batches_hold_the_pixels(lake: Lake) -> None:
    """data_batch_1 and test_batch have every image in its planes with its class and name."""
    folder = exported(lake, "format=cifar")
    names = {}
    for file, split in (("data_batch_1", "train"), ("test_batch", "test")):
        batch = pickle.loads((folder / file).read_bytes(), encoding="latin1")
        for planes, label, name in zip(batch["data"], batch["labels"], batch["filenames"], strict=True):
            assert same(planes.reshape(3, 32, 32).transpose(1, 2, 0), name)
            assert labels_of(folder)[label].lower() == name[:3]
            names[name] = split
    assert names == {name: split_of(name) for name in PIXELS}
    meta = pickle.loads((folder / "batches.meta").read_bytes(), encoding="latin1")
    assert meta["label_names"] == ["Cat", "Dog"]


def test_shards_hold_the_files(lake: Lake) -> None:
    """Every image is in one shard of its split, byte for byte, with its class and what is known of it."""
    folder = exported(lake, "format=webdataset", "rows_per_file=5")
    assert len(list(folder.glob("train-*.tar"))) == 3
    found: dict[str, dict[str, bytes]] = {}
    for file in folder.glob("*.tar"):
        with tarfile.open(file) as shard:
            for member in shard.getmembers():
                key, _, ending = f"{file.name.partition('-')[0]} {member.name}".partition(".")
                content = shard.extractfile(member)
                found.setdefault(key, {})[ending] = content.read() if content else b""
    described = {json.loads(files["json"])["image_id"]: (key, files) for key, files in found.items()}
    assert set(described) == set(PIXELS)
    for name, (key, files) in described.items():
        assert files["png"] == encoded(PIXELS[name])
        assert labels_of(folder)[int(files["cls"])].lower() == name[:3]
        assert key.startswith(split_of(name))
        assert json.loads(files["json"])["author"] == "Ann"


def test_arrays_hold_the_pixels(lake: Lake) -> None:
    """The archive of a split opens with NumPy; images of another size than their own are resized."""
    folder = exported(lake, "format=npz", "side=32")
    with np.load(folder / "train.npz") as arrays:
        assert all(map(same, arrays["images"], arrays["image_ids"].tolist()))
        assert [labels_of(folder)[label].lower() for label in arrays["labels"]] == [
            name[:3] for name in arrays["image_ids"].tolist()
        ]
    with np.load(exported(lake, "format=npz", "side=16") / "test.npz") as arrays:
        assert arrays["images"].shape == (10, 16, 16, 3)


def test_parquet_has_the_features_in_its_card(lake: Lake) -> None:
    """Images are bytes and path, labels their numbers, and the head of the card names splits and classes."""
    folder = exported(lake, "format=huggingface", "rows_per_file=10")
    files = sorted(file.name for file in (folder / "data").glob("*.parquet"))
    assert files == ["test-00000-of-00001.parquet", "train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    rows = [row for file in files for row in pq.read_table(folder / "data" / file).to_pylist()]
    assert {row["image"]["path"] for row in rows} == set(PIXELS)
    for row in rows:
        assert row["image"]["bytes"] == encoded(PIXELS[row["image_id"]])
        assert labels_of(folder)[row["label"]].lower() == row["image_id"][:3]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "  - split: train\n    path: data/train-*" in card
    assert "- truncated: 1 images" in card
    assert "| Cat | 5 | 7 |" in card


def test_folders_hold_the_files_by_split_and_class(lake: Lake) -> None:
    """Every image is a file with its own bytes below its split and class; the list says which, and Croissant that."""
    folder = exported_folders(lake)
    listed = {}
    for split in ("train", "test"):
        with (folder / split / "metadata.csv").open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                assert row["split"] == split
                listed[row["image_id"]] = row | {"file_name": f"{split}/{row['file_name']}"}
    assert set(listed) == set(PIXELS)
    for name, row in listed.items():
        assert row["file_name"].startswith(f"{split_of(name)}/{name[:3].title()}/")
        assert (row["label"], row["author"]) == (name[:3].title(), "Ann")
        assert (folder / row["file_name"]).read_bytes() == encoded(PIXELS[name])
    images = {str(file.relative_to(folder)) for file in folder.rglob("*.png")}
    assert images == {row["file_name"] for row in listed.values()}
    sums = dict(line.split("  ")[::-1] for line in (folder / "checksums.txt").read_text(encoding="utf-8").splitlines())
    lists = {"train/metadata.csv", "test/metadata.csv", "labels.csv"}
    assert set(sums) == images | lists
    assert all(hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest for path, digest in sums.items())
    described = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    assert {file["contentUrl"] for file in described["distribution"]} == lists


def test_files_keep_their_last_byte_whatever_it_is(spark: SparkSession, tmp_path: Path) -> None:
    """Files that end in any of 256 bytes, one of a single byte, and names with all that addresses give a meaning."""
    contents = {f"a b/{number} %2F=ü.bin": bytes([7, 10, number])[number % 3 :] for number in range(0, 256, 15)}

    def write(work: Work, _: Config) -> None:
        files = spark.createDataFrame([(path, bytearray(content)) for path, content in contents.items()], FILES)
        write_files(work, "export", files, list(contents))
        work.rows["export"] = len(contents)

    made = Lake(spark, str(tmp_path / "lake"))
    execute(Job("write", "", write, writes=("export",)), made, load_config())
    folder = Path(made.folder("export").removeprefix("file://"))
    assert {path: (folder / path).read_bytes() for path in contents} == contents


def test_a_format_with_a_file_an_image_has_a_limit(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how many there are, and which formats take more."""
    monkeypatch.setattr("imagelake.transforms.export.dataset.MOST_IMAGES", 23)
    with pytest.raises(ImageLakeError, match=r"23 at most, and these are 24: take export\.format=webdataset"):
        execute(JOB, lake, load_config([], ["export.format=folders", "export.seed=9"]))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves files open
def test_the_datasets_library_opens_it(lake: Lake, tmp_path: Path) -> None:
    """Features, splits and pixels are those of the lake."""
    import datasets  # type: ignore[import-untyped]

    folder = exported(lake, "format=huggingface")
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path))
    assert loaded["train"].features["label"].names == ["Cat", "Dog"]
    assert same(np.asarray(loaded["test"][0]["image"]), loaded["test"][0]["image_id"])
    loaded = datasets.load_dataset(str(exported_folders(lake)), cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 14, "test": 10}
    assert same(np.asarray(loaded["train"][0]["image"]), loaded["train"][0]["image_id"])
    del loaded
    gc.collect()  # what it left open is reported here, and not by another test


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves files open
def test_webdataset_reads_the_shards(lake: Lake) -> None:
    """Its own pipeline gives each image with its class, as pixels."""
    import webdataset  # type: ignore[import-untyped]

    folder = exported(lake, "format=webdataset", "rows_per_file=5")
    shards = str(folder / "train-{000000..000002}.tar")
    rows = list(webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8").to_tuple("png", "cls", "json"))
    assert len(rows) == 14
    for pixels, label, described in rows:
        assert same(pixels, described["image_id"])
        assert labels_of(folder)[label] == described["label"]
    gc.collect()  # what it left open is reported here, and not by another test


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib's own
def test_mlcroissant_finds_no_error(lake: Lake) -> None:
    """The description is valid in every format, and its records are the classes."""
    import mlcroissant  # type: ignore[import-untyped]

    for folder in (exported(lake, "format=huggingface"), exported_folders(lake)):
        dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
        assert not dataset.metadata.ctx.issues.errors
        labels = [row["labels/name"] for row in dataset.records("labels")]
        assert labels == ["Cat", "Dog"]


def test_choices_are_followed_and_counted(lake: Lake) -> None:
    """Representatives, a sample and chosen splits leave out the others, each with its reason."""

    def rejected(*settings: str) -> tuple[int, dict[str, int]]:
        work = execute(JOB, lake, load_config([], ["export.format=webdataset", *settings]), force=True).work
        assert work is not None
        return work.accounts[0].kept, dict(work.accounts[0].rejected)

    assert rejected("export.images=representatives") == (23, {"truncated": 1, "redundant": 1})
    assert rejected("export.images=sample", "export.splits=chosen") == (2, {"truncated": 1, "not_in_sample": 22})
    folder = Path(lake.folder("export").removeprefix("file://"))
    assert sorted(file.name for file in folder.glob("*.tar")) == ["fold-000000.tar"]


def test_what_a_format_needs_is_an_error_before_anything_is_written(lake: Lake) -> None:
    """Arrays need a side, CIFAR has one, and the message says what to set."""
    for settings, message in (
        (("format=npz",), "export.side = 0: the arrays of export.format=npz need a side"),
        (("format=cifar", "side=64"), "export.side = 64: the images of export.format=cifar are 32 x 32"),
    ):
        with pytest.raises(ImageLakeError, match=message):
            execute(JOB, lake, load_config([], [f"export.{setting}" for setting in settings]))
