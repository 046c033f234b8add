"""Ours: fingerprints of the images' files, exact duplicates by bytes, then near ones by hashes and thumbnails."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
from local_session import settings
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.config import Config, load_config
from imagelake.lake.lake import Lake
from imagelake.measures.perceptual_hash import perceptual_hashes
from imagelake.runtime.job import Job, Work, execute
from imagelake.runtime.session import start_session
from imagelake.tables import TABLES
from imagelake.vision.decode import decode_image
from imagelake.vision.fingerprint import fingerprint_of, grey_of, thumbnail_pixels
from imagelake.vision.limits import Limits

PROJECT = Path(__file__).resolve().parents[3]
FINGERPRINTS = pa.schema(
    {
        "image_id": pa.string(),
        "sha256": pa.string(),
        "pixel_hash": pa.string(),
        "perceptual_hash": pa.int64(),
        "thumbnail": pa.binary(),
    }
)


def main() -> None:
    """Measure, write the pairs that were found, and print the seconds of each part as a line of JSON."""
    folder, cores = Path(sys.argv[1]), sys.argv[2]
    sys.path.insert(0, str(PROJECT / "jobs"))
    from find_duplicates import JOB

    with tempfile.TemporaryDirectory() as scratch:
        spark = start_session("duplicates", settings(scratch, cores, "2g"))
        shutil.rmtree(folder / "lake", ignore_errors=True)
        lake, config, seconds = Lake(spark, str(folder / "lake")), load_config(), {}
        began = time.perf_counter()
        prints = fingerprints(spark, folder, f"{scratch}/fingerprints")
        seconds["fingerprints_s"] = time.perf_counter() - began
        publish(lake, prints, ("images", "image_quality", "labels_clean"))
        for part in ("exact", "near"):
            began = time.perf_counter()
            done = execute(JOB, lake, config)
            seconds[f"{part}_s"] = time.perf_counter() - began
            if part == "exact":  # without predictions, by bytes alone
                publish(lake, prints, ("predictions",))
        groups = lake.read("duplicate_groups").where("image_id != representative_id")
        pairs = [[row["representative_id"], row["image_id"]] for row in groups.collect()]
        spark.stop()
    (folder / "ours.json").write_text(json.dumps(pairs))
    assert done.work is not None
    made = {name: round(value, 1) for name, value in seconds.items()}
    print(json.dumps(made | {"seconds": round(sum(seconds.values()), 1), "notes": done.work.notes}))


def fingerprints(spark: SparkSession, folder: Path, address: str) -> DataFrame:
    """What ingest_images and predict_images keep of each file, stored."""

    def of_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            contents = batch["content"].to_pylist()
            found = [fingerprint_of(decode_image(content, Limits())) for content in contents]
            thumbnails = [one.thumbnail for one in found]
            hashes = perceptual_hashes(grey_of(thumbnail_pixels(b"".join(thumbnails))))
            sha256 = [hashlib.sha256(content).hexdigest() for content in contents]
            columns = [batch["image_id"], sha256, [one.pixel_hash for one in found], hashes, thumbnails]
            yield pa.record_batch(columns, schema=FINGERPRINTS)

    files = spark.read.parquet(str(folder / "images.parquet")).repartition(8)
    files.mapInArrow(of_batches, from_arrow_schema(FINGERPRINTS)).write.parquet(address)
    return spark.read.parquet(address)


def publish(lake: Lake, prints: DataFrame, names: tuple[str, ...]) -> None:
    """Tables as the pipeline has them: all images in one split, of one size, without labels."""

    def plant(work: Work, _: Config) -> None:
        known = prints.withColumns(
            {"split": F.lit("all"), "has_bytes": F.lit(True), "ppi": F.lit(6.7), "width": F.lit(32)}
        )
        for name in names:
            rows = known.where("false") if name == "labels_clean" else known
            there = [F.col(column.name) for column in TABLES[name].columns if column.name in known.columns]
            absent = [
                F.lit(None).cast(column.type).alias(column.name)
                for column in TABLES[name].columns
                if column.name not in known.columns
            ]
            work.write(name, rows.select(*there, *absent))

    execute(Job(f"plant_{names[0]}", "", plant, writes=names), lake, load_config(), force=True)


if __name__ == "__main__":
    main()
