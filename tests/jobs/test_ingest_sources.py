"""Ingest takes what there is: folders of photos, binary Parquet, lists in Parquet; and refuses what is none of it."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.resolve.source import find_source
from imagelake.samples import draw_animal
from imagelake.taxonomy.name_matching import HOW_TO_SETTLE
from imagelake.transforms.ingest.image_files import find_images
from pipeline_steps import run_steps

INGEST = ("ingest_images", "ingest_annotations")


def jpeg(index: int = 0) -> bytes:
    file = io.BytesIO()
    draw_animal("Owl", 3, index).convert("RGB").resize((80, 60)).save(file, "JPEG")
    return file.getvalue()


def ingest(spark: SparkSession, root: Path, kind: str, folder: Path, *settings: str) -> Lake:
    lake = Lake(spark, str(root))
    source = [f"lake.root={lake.root}", f"source.type={kind}", f"source.path={folder}"]
    run_steps(INGEST, lake, load_config(settings=[*source, *settings]))
    return lake


def plant(folder: Path, *names: str) -> Path:
    for index, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(jpeg(index))
    return folder


def test_class_folders_and_splits_are_read_from_the_path(spark: SparkSession, tmp_path: Path) -> None:
    """The parent folder is the label, a folder named after a split is a split and no label, the top has neither."""
    photos = plant(tmp_path / "photos", "train/owls/a.jpg", "val/owls/b.JPG", "test/c.jpeg", "d.jpg", "big cats/e.jpg")
    lake = ingest(spark, tmp_path / "lake", "folder", photos)
    splits = {row["image_id"]: row["split"] for row in lake.read("images").collect()}
    assert splits == {
        "train/owls/a.jpg": "train",
        "val/owls/b.JPG": "validation",
        "test/c.jpeg": "test",
        "d.jpg": "all",
        "big cats/e.jpg": "all",
    }
    labels = {row["image_id"]: row["label"] for row in lake.read("labels").collect()}
    assert labels == {"train/owls/a.jpg": "Owl", "val/owls/b.JPG": "Owl", "big cats/e.jpg": "big cats"}


def test_other_files_are_kept_with_their_reason(spark: SparkSession, tmp_path: Path) -> None:
    """A text file among photos is no image, an empty photo is one that cannot be read; neither is lost."""
    photos = plant(tmp_path / "photos", "owls/a.jpg")
    (photos / "owls" / "notes.txt").write_text("not an image")
    (photos / "owls" / "empty.jpg").touch()
    lake = ingest(spark, tmp_path / "lake", "folder", photos)
    rejected = [(row["source_file"], row["reason"]) for row in lake.read("images_rejected").collect()]
    assert rejected == [("notes.txt", "other_file")]
    errors = {row["image_id"]: row["error"] for row in lake.read("images").collect()}
    assert errors == {"owls/a.jpg": None, "owls/empty.jpg": "empty"}


def test_a_listing_is_no_part_of_a_plan(spark: SparkSession, tmp_path: Path) -> None:
    """Spark looks through the rows of a plan in each query; those of a folder's files are read from a file instead."""
    photos = plant(tmp_path / "photos", "owls/a.jpg", "owls/b.jpg")
    lake = Lake(spark, str(tmp_path / "lake"))
    config = load_config(settings=[f"lake.root={lake.root}", "source.type=folder", f"source.path={photos}"])
    found = find_images(spark, find_source(config, lake.storage, str(tmp_path / "scratch")), 10**6, True)
    assert {row["image_id"] for row in found.files.collect()} == {"owls/a.jpg", "owls/b.jpg"}
    assert "LocalRelation" not in found.files._jdf.queryExecution().analyzed().toString()


# What Spark reads as a pattern, and what URIs and commands read otherwise. The pattern would match DECOY.
ODD_FOLDER, DECOY = "set [2019] {a,b}?, 100%", "set 2 a1, 100%"


def test_photos_lie_in_folders_of_any_name(spark: SparkSession, tmp_path: Path) -> None:
    """Brackets, braces, blanks and commas in the path of source and lake are characters like others."""
    photos = plant(tmp_path / ODD_FOLDER, "owls/a.jpg", "big [cats]/b, c.jpg")
    plant(tmp_path / DECOY, "owls/decoy.jpg")
    (photos / "owls" / "empty.jpg").touch()
    lake = ingest(spark, tmp_path / "lake [1]", "folder", photos)
    errors = {row["image_id"]: row["error"] for row in lake.read("images").collect()}
    assert errors == {"owls/a.jpg": None, "big [cats]/b, c.jpg": None, "owls/empty.jpg": "empty"}
    labels = {row["image_id"]: row["label"] for row in lake.read("labels").collect()}
    assert labels == {"owls/a.jpg": "Owl", "big [cats]/b, c.jpg": "big [cats]", "owls/empty.jpg": "Owl"}


def test_published_files_lie_in_folders_of_any_name(spark: SparkSession, tmp_path: Path) -> None:
    """CSV and Parquet, of images and annotations, are read where they are and nowhere else."""
    for name, image_id in ((ODD_FOLDER, "a"), (DECOY, "decoy")):
        folder = tmp_path / name
        folder.mkdir()
        pd.DataFrame({"ImageID": [image_id], "bytes": [jpeg()]}).to_parquet(folder / "bytes [1].parquet")
        pd.DataFrame({"ImageID": [image_id], "Subset": ["test"]}).to_parquet(folder / "list, 2.parquet")
        (folder / "class-descriptions-boxable.csv").write_text("/m/owl,Owl\n")
        (folder / "validation-annotations-human-imagelabels [1].csv").write_text(
            f"ImageID,Source,LabelName,Confidence\n{image_id},verification,/m/owl,1\n"
        )
    lake = ingest(spark, tmp_path / "lake", "open_images", tmp_path / ODD_FOLDER)
    assert [(row["image_id"], row["split"], row["width"]) for row in lake.read("images").collect()] == [
        ("a", "test", 80)
    ]
    assert [(row["label"], row["split"]) for row in lake.read("labels").collect()] == [("Owl", "validation")]
    assert lake.read("class_folders").count() == 0


def test_each_class_folder_is_stated_with_what_it_matched(spark: SparkSession, tmp_path: Path) -> None:
    """Table and summary tell covered folders, those not covered, and ambiguous ones with their choices."""
    names = ("train/n02110341/a.jpg", "test/n02110341/b.jpg", "boxer/a.jpg", "crane/a.jpg", "okapi/a.jpg", "flat.jpg")
    photos = plant(tmp_path / "photos", *names)
    lake = Lake(spark, str(tmp_path / "lake"))
    source = [f"lake.root={lake.root}", "source.type=folder", f"source.path={photos}", "model.classes=imagenet"]
    work = run_steps(INGEST, lake, load_config(settings=source))["ingest_annotations"].work
    assert work is not None
    choices = ["crane (bird) (n02012849)", "crane (machine) (n03126707)"]
    assert {tuple(row[:4]): (row["classes"], row["choices"]) for row in lake.read("class_folders").collect()} == {
        ("n02110341", "dalmatian", 2, "covered"): (["dalmatian"], []),
        ("boxer", "boxer", 1, "covered"): (["boxer (dog)"], []),
        ("crane", "crane", 1, "ambiguous"): ([], choices),
        ("okapi", "okapi", 1, "not_covered"): ([], []),
    }
    assert work.notes == {
        "class folders": "4: 2 covered, 1 not covered, 1 ambiguous",
        "not covered by the model": "okapi",
        "ambiguous": f"crane: {' or '.join(choices)}. {HOW_TO_SETTLE}",
    }
    labels = {row["image_id"]: row["label"] for row in lake.read("labels").collect()}
    assert labels["train/n02110341/a.jpg"] == labels["test/n02110341/b.jpg"] == "dalmatian"


def test_parquet_lists_and_bytes_are_open_images_too(spark: SparkSession, tmp_path: Path) -> None:
    """Image lists and image bytes in Parquet give the same tables as CSV and folders; repeated ids are rejected."""
    folder = tmp_path / "files"
    folder.mkdir()
    pd.DataFrame({"ImageID": ["a", "b", "c"], "Subset": ["train", "test", "test"]}).to_parquet(folder / "list.parquet")
    pd.DataFrame({"ImageID": ["a", "b", "b", None], "bytes": [jpeg(0), jpeg(1), jpeg(2), jpeg(3)]}).to_parquet(
        folder / "bytes.parquet"
    )
    (folder / "class-descriptions-boxable.csv").write_text("/m/owl,Owl\n")
    (folder / "validation-annotations-human-imagelabels.csv").write_text(
        "ImageID,Source,LabelName,Confidence\na,verification,/m/owl,1\n"
    )
    lake = ingest(spark, tmp_path / "lake", "open_images", folder)
    images = {row["image_id"]: (row["split"], row["has_bytes"], row["width"]) for row in lake.read("images").collect()}
    assert images == {"a": ("train", True, 80), "b": ("test", True, 80), "c": ("test", False, None)}
    reasons = sorted(row["reason"] for row in lake.read("images_rejected").collect())
    assert reasons == ["duplicate_image_id", "missing_image_id"]
    assert [(row["label"], row["split"]) for row in lake.read("labels").collect()] == [("Owl", "validation")]


def test_too_many_unreadable_images_end_the_job(spark: SparkSession, tmp_path: Path) -> None:
    """Above the configured share of unreadable images nothing is published, and the error counts them by kind."""
    photos = plant(tmp_path / "photos", "owls/a.jpg")
    for name in ("b.jpg", "c.jpg"):
        (photos / "owls" / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(ImageLakeError, match=r"2 of 3 images are unreadable \(not_an_image 2\)"):
        ingest(spark, tmp_path / "lake", "folder", photos, "images.max_error_ratio=0.5")
    assert Lake(spark, str(tmp_path / "lake")).manifest("images") is None
    ingest(spark, tmp_path / "lake", "folder", photos, "images.max_error_ratio=0.7")


def test_a_file_above_the_limit_is_a_row_with_an_error(spark: SparkSession, tmp_path: Path) -> None:
    """A file that is too long is not packed, and its row says why."""
    photos = plant(tmp_path / "photos", "owls/a.jpg", "owls/b.jpg")
    (photos / "owls" / "b.jpg").write_bytes(jpeg(1) + b"\0" * 100_000)
    lake = ingest(spark, tmp_path / "lake", "folder", photos, "images.max_bytes=50000")
    errors = {row["image_id"]: row["error"] for row in lake.read("images").collect()}
    assert errors == {"owls/a.jpg": None, "owls/b.jpg": "too_many_bytes"}
    assert [row["image_id"] for row in lake.read("image_bytes").collect()] == ["owls/a.jpg"]


@pytest.mark.parametrize("kind", ["folder", "open_images"])
def test_a_folder_without_images_is_refused(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    """An empty folder is an error that names it, not an empty lake."""
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ImageLakeError, match="nothing: no"):
        ingest(spark, tmp_path / "lake", kind, tmp_path / "nothing")
