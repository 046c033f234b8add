"""LabelImg's XML files beside photos: labels, boxes, and a rejected row with its reason for what is damaged."""

from __future__ import annotations

import pytest
from PIL import Image
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.lake.lake import Lake
from pipeline_steps import run_steps

SIZE = "<size><width>200</width><height>100</height></size>"
BOX = "<bndbox><xmin>20</xmin><ymin>10</ymin><xmax>120</xmax><ymax>90</ymax></bndbox>"


def annotation(*objects: str, verified: str = "", size: str = SIZE) -> str:
    """A file of some objects."""
    inside = "".join(f"<object>{one}</object>" for one in objects)
    return f"<annotation{verified}><filename>a.jpg</filename>{size}{inside}</annotation>"


FILES = {
    "cats/a.xml": annotation(f"<name>tabby</name><truncated>1</truncated>{BOX}", "<name>tabby</name>",
                             "<name>basket</name>", verified=' verified="yes"'),
    "cats/b.xml": annotation(f"<name>dog</name>{BOX}", size=""),
    "cats/empty.XML": annotation(),
    "lonely.xml": annotation("<name>cat</name>"),
    "torn.xml": annotation("<name>cat</name>")[:60],
    "bomb.xml": "<!DOCTYPE annotation [<!ENTITY a 'a'>]><annotation/>",
    "page.xml": "<html/>",
    "odd.xml": annotation(
        "<truncated>0</truncated>",
        f"<name>far</name>{BOX.replace('120', '320')}",
        f"<name>flat</name>{BOX.replace('120', '20')}",
        f"<name>word</name>{BOX.replace('120', 'right')}",
        f"<name>half</name>{BOX.replace('<ymax>90</ymax>', '')}",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Five photos of 200 x 100, one of them twice, and eight files."""
    folder = tmp_path_factory.mktemp("labelimg")
    for name in ("cats/a.jpg", "cats/a.png", "cats/b.jpg", "cats/empty.jpg", "cats/plain.jpg", "odd.jpg"):
        (folder / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((200, 100), 30 + len(name)).save(folder / "photos" / name)
    for name, text in FILES.items():
        (folder / "photos" / name).write_text(text, encoding="utf-8")
    made = Lake(spark, str(folder / "lake"))
    settings = [f"lake.root={made.root}", "source.type=folder", f"source.path={folder / 'photos'}"]
    run_steps(("ingest_images", "ingest_annotations"), made, load_config(settings=settings))
    return made


def test_objects_are_labels_of_the_photo_beside(lake: Lake) -> None:
    """A file names its photo instead of the folder; each name counts once; verified ones say so; the ending decides."""
    labels = sorted((row["image_id"], row["label_id"], row["source"]) for row in lake.read("labels").collect())
    assert labels == [
        ("cats/a.jpg", "basket", "labelimg_verified"),
        ("cats/a.jpg", "tabby", "labelimg_verified"),
        ("cats/a.png", "Cat", "folder"),
        ("cats/b.jpg", "Dog", "labelimg"),
        ("cats/empty.jpg", "Cat", "folder"),
        ("cats/plain.jpg", "Cat", "folder"),
    ]


def test_boxes_are_shares_of_the_size(lake: Lake) -> None:
    """Of the stated size, or of the photo's own where the file states none."""
    boxes = {row["image_id"]: row.asDict() for row in lake.read("boxes").collect()}
    assert set(boxes) == {"cats/a.jpg", "cats/b.jpg"}
    for row in boxes.values():
        assert [row[name] for name in ("x_min", "x_max", "y_min", "y_max")] == pytest.approx([0.1, 0.6, 0.1, 0.9])
    assert (boxes["cats/a.jpg"]["is_truncated"], boxes["cats/b.jpg"]["is_truncated"]) == (1, -1)


def test_what_is_damaged_is_a_rejected_row(lake: Lake) -> None:
    """Each with its file and reason; no XML file is among the rejected images, and every line is accounted for."""
    rows = lake.read("annotations_rejected").collect()
    assert sorted((row["source_file"], row["table_name"], row["reason"]) for row in rows) == [
        ("bomb.xml", "labels", "document_type"),
        ("lonely.xml", "labels", "missing_image"),
        ("odd.xml", "boxes", "coordinate_not_a_number"),
        ("odd.xml", "boxes", "coordinate_out_of_range"),
        ("odd.xml", "boxes", "empty_box"),
        ("odd.xml", "boxes", "missing_coordinate"),
        ("odd.xml", "labels", "missing_label"),
        ("page.xml", "labels", "no_annotation"),
        ("torn.xml", "labels", "not_xml"),
    ]
    assert lake.require("images_rejected").rows == 0
    accounts = {account["what"]: account for account in map(vars, lake.require("labels").accounts)}
    assert accounts["labels lines"]["rejected"]["repeated"] == 1
