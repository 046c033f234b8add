"""Nothing is lost: files of any name are read or are rejects with a reason, and no file of a source ends the run."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.resolve.source import find_source, read_hierarchy
from imagelake.transforms.ingest.image_list import read_image_lists
from pipeline_steps import run_steps

INGEST = ("ingest_images", "ingest_annotations")
SPOOF = "a; isDirectory=true; modification_time=5; x.jpg"
LABELS = "ImageID,Source,LabelName,Confidence\n"


def jpeg(level: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (12, 8), (level, 90, 30)).save(file, "JPEG")
    return file.getvalue()


def ingest(spark: SparkSession, tmp_path: Path, source_type: str, *settings: str) -> Lake:
    """Ingest the folder source below a test's folder."""
    lake = Lake(spark, str(tmp_path / "lake"))
    source = [f"lake.root={lake.root}", f"source.type={source_type}", f"source.path={tmp_path / 'source'}"]
    run_steps(INGEST, lake, load_config(settings=[*source, *settings]))
    return lake


def images(lake: Lake) -> dict[str, str | None]:
    """Error by image_id."""
    return {row["image_id"]: row["error"] for row in lake.read("images").collect()}


def rejected(lake: Lake, table: str = "images_rejected") -> list[tuple[str, str]]:
    """Name and reason of every reject."""
    return sorted((row["source_file"], row["reason"]) for row in lake.read(table).collect())


@pytest.mark.tried(
    "Damaged input",
    "photos whose names Spark leaves out or cannot spell, links to nowhere and back, a pipe",
    "each read, or rejected with its reason",
    unit="files",
)
def test_photos_of_any_name_are_read_or_rejected(
    spark: SparkSession, tmp_path: Path, count_tried: Callable[[int], None]
) -> None:
    """Hidden, with colons, patterns, the text of a listing or no UTF-8: read; what cannot be is rejected."""
    source = tmp_path / "source"
    names = ["_MG_1.JPG", ".b.jpg", "_album/c.jpg", "d:e.jpg", SPOOF, "[2019]/f.jpg", "100%+g.jpg", "h,i.jpg"]
    for level, name in enumerate(names):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(jpeg(level))
    (source / os.fsdecode(b"caf\xe9.jpg")).write_bytes(jpeg(50))
    (source / "empty.jpg").touch()
    (source / "gone.jpg").symlink_to(source / "nowhere.jpg")
    (source / "loop").symlink_to(source)
    os.mkfifo(source / "pipe.jpg")
    lake = ingest(spark, tmp_path, "folder")
    assert images(lake) == dict.fromkeys([*names, "caf\\xe9.jpg"]) | {"empty.jpg": "empty"}
    assert rejected(lake) == [
        ("gone.jpg", "broken_link"),
        ("loop", "folder_listed_before"),
        ("pipe.jpg", "no_regular_file"),
    ]
    packed = {row["image_id"]: bytes(row["content"]) for row in lake.read("image_bytes").collect()}
    assert packed == {name: jpeg(level) for level, name in enumerate(names)} | {
        "caf\\xe9.jpg": jpeg(50),
        "empty.jpg": b"",
    }
    manifest = lake.require("images")
    files = next(account for account in manifest.accounts if account.what == "files")
    assert (files.rows_in, files.kept, sum(files.rejected.values())) == (13, 10, 3)
    count_tried(files.rows_in)


def test_metadata_is_never_read_as_bytes(spark: SparkSession, tmp_path: Path) -> None:
    """A photo whose id stands twice beside a label file larger than any array: the file is not opened for its bytes."""
    source = tmp_path / "source"
    for folder in ("train", "validation"):
        (source / folder).mkdir(parents=True)
        (source / folder / "a.jpg").write_bytes(jpeg())
    with (source / "labels.csv").open("wb") as file:
        file.write(LABELS.encode())
        file.truncate(5 * 2**30)  # a sparse file
    lake = Lake(spark, str(tmp_path / "lake"))
    settings = [f"lake.root={lake.root}", "source.type=open_images", f"source.path={source}"]
    run_steps(INGEST[:1], lake, load_config(settings=settings))
    assert images(lake) == {"a": None}
    assert rejected(lake) == [("a.jpg", "duplicate_image_id")]


def one_image(tmp_path: Path) -> Path:
    """A source of Open Images with one image and a class, without labels yet."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.jpg").write_bytes(jpeg())
    (source / "class-descriptions.csv").write_text("/m/owl,Owl\n")
    return source


def label(form: str) -> str:
    """A label file with one label, told apart by its source."""
    return f"{LABELS}a,{form},/m/owl,1\n"


# By the source that each label names: the file, and what it holds.
LABEL_FILES = {
    "hidden": ("_train-annotations-human-imagelabels.csv", label("hidden").encode()),
    "hidden folder": (".labels/labels.csv", label("hidden folder").encode()),
    "gzip": ("labels.csv.gz", gzip.compress(label("gzip").encode())),
    "semicolons": ("semicolons.csv", label("semicolons").replace(",", ";").encode()),
    "tabs": ("labels.tsv", label("tabs").replace(",", "\t").encode()),
    "colon and mark": ("12:30 labels.csv", b"\xef\xbb\xbf" + label("colon and mark").replace("\n", "\r\n").encode()),
    "odd header": ("odd.csv", f"_malformed,`x`,{LABELS}1,2,a,odd header,/m/owl,1\n".encode()),
}
DIRTY = "_dirty 100%.csv"


@pytest.fixture(scope="module")
def annotated(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of label files of every form, one with dirty lines, and a hierarchy in UTF-16."""
    folder = tmp_path_factory.mktemp("annotated")
    source = one_image(folder)
    for name, content in LABEL_FILES.values():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(content)
    lines = "a,v,/m/owl,1f\na,v,/m/owl,1d\na,clean,/m/owl,1e0\n" + "," * 30_000 + "\n"
    (source / DIRTY).write_text(LABELS + lines)
    text = '{"LabelName": "/m/0bl9f", "Subcategory": [{"LabelName": "/m/owl"}]}'
    (source / "hierarchy.json").write_bytes(text.encode("utf-16"))
    return ingest(spark, folder, "open_images")


@pytest.mark.tried(
    "Damaged input", "label files that are hidden, compressed, with other separators", "the label is read", unit="files"
)
def test_label_files_of_any_form_are_read(annotated: Lake, count_tried: Callable[[int], None]) -> None:
    """Hidden, compressed, with other separators, a byte order mark or strange columns: each label is there once."""
    found = sorted((row["source"], row["label"]) for row in annotated.read("labels").collect())
    assert found == sorted((form, "Owl") for form in [*LABEL_FILES, "clean"])
    count_tried(len(LABEL_FILES))


def test_a_dirty_label_is_a_reject_with_the_name_of_its_file(annotated: Lake) -> None:
    """A line of 30,000 cells is malformed, 1f and 1d are no numbers, and each names its file as it is called."""
    reasons = ["confidence_not_a_number", "confidence_not_a_number", "malformed_row"]
    assert rejected(annotated, "annotations_rejected") == [(DIRTY, reason) for reason in reasons]


def test_a_hierarchy_in_utf_16_is_read(annotated: Lake) -> None:
    """JSON says its own encoding."""
    assert "/m/owl" in {row["label_id"] for row in annotated.read("hierarchy").collect()}


def test_titles_with_quotes_keep_their_images(spark: SparkSession, tmp_path: Path) -> None:
    """A line break in quotes is part of a title, and an open quote costs no other image its line."""
    source = one_image(tmp_path)
    lists = {
        "breaks": 'a,train,"one\ntwo"\nb,train,"x ""y""\n\n z"\nc,train,plain\n',
        "open": 'd,train,"never closed\ne,train,x\nf,train,y\n',
        "within": 'g,train,5" nail\nh,train,x\n',
    }
    for name, lines in lists.items():
        (source / f"{name}.csv").write_text(f"ImageID,Subset,Title\n{lines}")
    lake = Lake(spark, str(tmp_path / "lake"))
    settings = [f"lake.root={lake.root}", "source.type=open_images", f"source.path={source}"]
    run_steps(INGEST[:1], lake, load_config(settings=settings))
    listed = {row["image_id"]: row["title"] for row in lake.read("images").where("listed").collect()}
    titles = ["one\ntwo", 'x "y"\n\n z', "plain", "never closed", "x", "y", '5" nail', "x"]
    assert listed == dict(zip("abcdefgh", titles, strict=True))
    assert rejected(lake) == []


def read_metadata(lake: Lake, config: Config) -> None:
    """What jobs read of a source's metadata before they write anything."""
    published = find_source(config, lake.storage, f"{lake.root}/visible").published
    assert published is not None
    read_hierarchy(published, lake.storage)
    read_image_lists(lake.spark, published)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("labels.csv", f"{LABELS}a,v,/m/owl,1\n".encode("utf-16"), r"labels\.csv: is in UTF-16"),
        ("bbox_hierarchy.json", '{"LabelName": "é"}'.encode("latin-1"), r"hierarchy\.json: is not in UTF-8"),
        ("bbox_hierarchy.json", b'{"LabelName": ' + b"9" * 5000 + b"}", r"hierarchy\.json"),
        ("bytes.parquet", b"PAR1 garbage", r"bytes\.parquet: is no Parquet file"),
        ("bytes.parquet", b"", r"bytes\.parquet: is no Parquet file"),
    ],
    ids=["utf-16", "latin-1", "huge number", "garbage", "empty"],
)
def test_what_cannot_be_read_is_one_error_that_names_it(
    spark: SparkSession, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """Metadata in an unknown form is an error with the name of the file, before anything is written."""
    source = one_image(tmp_path)
    (source / name).write_bytes(content)
    lake = Lake(spark, str(tmp_path / "lake"))
    lake.storage.make_folder(lake.root)
    config = load_config(settings=[f"lake.root={lake.root}", "source.type=open_images", f"source.path={source}"])
    with pytest.raises(ImageLakeError, match=said):
        read_metadata(lake, config)


def test_bytes_in_parquet_keep_their_images(spark: SparkSession, tmp_path: Path) -> None:
    """Loose files and Parquet of hidden names together: each image once, the rest with reasons."""
    source = one_image(tmp_path)
    frame = pd.DataFrame({"ImageID": ["b", "a"], "bytes": [jpeg(1), jpeg(2)]})
    frame.to_parquet(source / "_bytes.parquet")
    lake = Lake(spark, str(tmp_path / "lake"))
    settings = [f"lake.root={lake.root}", "source.type=open_images", f"source.path={source}"]
    run_steps(INGEST[:1], lake, load_config(settings=settings))
    assert images(lake) == {"a": None, "b": None}
    assert len(rejected(lake)) == 1
