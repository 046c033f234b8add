"""Open Images files as people pass them on: without image list, without labels, with a hierarchy of names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image
from pyspark.sql import SparkSession

from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.lake.lake import Lake
from pipeline_steps import run_steps

BOXES = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
HIERARCHY = {"name": "Entity", "children": [{"name": "Bird", "children": [{"name": "Barn Owl"}]}]}
STEPS = ("ingest_images", "ingest_annotations", "explore_lake", "clean_labels")


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> FinishedLake:
    """Two photos, boxes of one of them and of three that are not here, explored and cleaned."""
    folder = tmp_path_factory.mktemp("open-images")
    for name in ("a", "b"):
        Image.effect_noise((90, 70), 50).convert("RGB").save(folder / f"{name}.jpg")
    owl = "xclick,/m/owl,1,0.1,0.9,0.2,0.8,0,0,0,0,0"
    lines = [f"{image},{owl}" for image in ("a", "a", "x", "y", "z")]
    (folder / "train-annotations-bbox.csv").write_text(
        "\n".join([BOXES, *lines, "a,xclick,/m/bird,1,0,1,0,1,0,0,0,0,0"])
    )
    (folder / "class-descriptions-boxable.csv").write_text("label,name\n/m/owl,barn owl\n/m/bird,Bird\n")
    (folder / "bbox_hierarchy.json").write_text(json.dumps(HIERARCHY))
    made = Lake(spark, str(tmp_path_factory.mktemp("without-lists") / "lake"))
    source = ["source.type=open_images", f"source.path={folder}", f"lake.root={made.root}"]
    config = load_config(settings=source)
    return FinishedLake(made, config, run_steps(STEPS, made, config))


def notes(lake: FinishedLake, step: str) -> dict[str, Any]:
    """The notes of a step's summary."""
    work = lake.outcomes[step].work
    assert work is not None
    return work.notes


def test_an_image_with_bytes_is_known(lake: FinishedLake) -> None:
    """Labels of photos that are here are kept where there is no image list; those of others are unknown."""
    assert set(map(tuple, lake.frame("labels_clean", ["image_id", "label"]).values)) == {
        ("a", "barn owl"),
        ("a", "Bird"),
    }
    assert set(map(tuple, lake.frame("labels_rejected", ["image_id", "reason"]).values)) == {
        (image, "unknown_image") for image in "xyz"
    }


def test_boxes_are_labels_where_no_file_has_labels(lake: FinishedLake) -> None:
    """Each label of an image once, with the split of the file; the summary says where they come from."""
    labels = lake.frame("labels")
    assert sorted(zip(labels["image_id"], labels["label"], strict=True)) == [
        ("a", "Bird"),
        ("a", "barn owl"),
        *((image, "barn owl") for image in "xyz"),
    ]
    assert set(zip(labels["split"], labels["source"], labels["confidence"], strict=True)) == {("train", "xclick", 1.0)}
    said = notes(lake, "ingest_annotations")
    assert said["labels from boxes"] == "5, since no file has labels (source.labels_from_boxes = auto)"


def test_class_descriptions_of_another_header_are_read(lake: FinishedLake) -> None:
    """label,name instead of LabelName,DisplayName; both are known to be boxable."""
    assert sorted(map(tuple, lake.frame("classes").values)) == [("/m/bird", "Bird", True), ("/m/owl", "barn owl", True)]


def test_a_hierarchy_of_names_counts_images(lake: FinishedLake) -> None:
    """A bird's facet holds the owls; the one name that no class bears is said."""
    facets = lake.frame("facets").set_index("label")
    assert facets["images"].to_dict() == {"Entity": 4, "Bird": 4, "barn owl": 4}
    assert facets["own_images"].to_dict() == {"Entity": 0, "Bird": 1, "barn owl": 4}
    assert notes(lake, "ingest_annotations")["hierarchy"] == "2 of its 3 labels are described; not Entity"


def test_the_summary_of_a_split_counts_its_own_images(lake: FinishedLake) -> None:
    """Not more images with a box than there are images, whatever the boxes name."""
    counts = lake.frame("split_summary", ["split", "images", "labelled_images", "boxed_images", "boxes"])
    assert sorted(map(tuple, counts.values)) == [("all", 2, 1, 1, 0), ("train", 0, 0, 0, 6)]


@pytest.mark.parametrize(("setting", "labels"), [("never", 0), ("always", 5)])
def test_a_setting_decides_whose_boxes_are_labels(lake: FinishedLake, setting: str, labels: int) -> None:
    """Never leaves them boxes; always takes them besides labels, too."""
    root = lake.config.lake.root
    config = load_config(
        settings=[
            f"lake.root={root}",
            "source.type=open_images",
            f"source.path={lake.config.source.path}",
            f"source.labels_from_boxes={setting}",
        ]
    )
    outcome = run_steps(["ingest_annotations"], lake.lake, config)["ingest_annotations"]
    assert outcome.work is not None
    assert outcome.work.rows["labels"] == labels
