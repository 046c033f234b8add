"""Which images are exported."""

from __future__ import annotations

from pyspark.sql import SparkSession
from table_rows import table_of

from imagelake.config import load_config
from imagelake.transforms.export.choice import choose_images


def test_a_group_is_exported_once_whatever_became_of_its_representative(spark: SparkSession) -> None:
    """Where the best image lies in no split or is damaged, the first other one of the group takes its place."""
    groups = {"a": "abc", "d": "de", "g": "fgh"}
    images = [{"image_id": name, "has_bytes": name != "g"} for name in "abcdefghi"]
    members = [{"image_id": one, "representative_id": best} for best, of_group in groups.items() for one in of_group]
    splits = [{"image_id": name, "split": "train"} for name in "abcefghi"]
    tables = {
        "images": table_of(spark, "images", images),
        "predictions": table_of(spark, "predictions", []),
        "labels_clean": table_of(spark, "labels_clean", []),
        "duplicate_groups": table_of(spark, "duplicate_groups", members),
        "image_splits": table_of(spark, "image_splits", splits),
    }
    config = load_config(settings=["export.images=representatives", "export.splits=chosen"])
    reasons = {row["image_id"]: row["reason"] for row in choose_images(tables, config.export).collect()}
    assert reasons == {
        "a": None, "b": "redundant", "c": "redundant",
        "d": "in_no_split", "e": None,
        "f": None, "g": "no_bytes", "h": "redundant",
        "i": None,
    }  # fmt: skip
