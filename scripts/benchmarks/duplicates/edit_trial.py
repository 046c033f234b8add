"""Photos beside one edited copy of each: how many copies find_duplicates finds, and what else it takes for one."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from local_session import settings
from our_duplicates import PROJECT
from PIL import Image
from planted_edits import EDITS, as_jpeg
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from imagelake.config import Config, load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Work, execute
from imagelake.runtime.session import start_session
from imagelake.samples.painting.drawing import draw_animal
from imagelake.tables import TABLES
from imagelake.transforms.predict.predict import PredictSettings, predict_images
from imagelake.vision.limits import Limits
from imagelake.vision.mobilenet import build_model
from imagelake.vision.packed import pack
from imagelake.vision.preprocess import InputSettings

SIDE, CLASSES, AT_ONCE, SEED = 224, 1000, 16, 23
ANIMALS = ("Lion", "Tiger", "Zebra", "Giraffe", "Elephant", "Owl", "Parrot", "Penguin")


def main() -> None:
    """Edit, predict, find duplicates, and print the counts of each edit as a line of JSON."""
    folder, weights, wanted, folders = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    sys.path.insert(0, str(PROJECT / "jobs"))
    from find_duplicates import JOB

    photos = chosen(map(Path, folders), wanted) if folders else drawn(wanted)
    with tempfile.TemporaryDirectory() as scratch:
        spark = start_session("edits", settings(scratch, "2", "2g"))
        shutil.rmtree(folder / "edits", ignore_errors=True)
        lake, counts = Lake(spark, str(folder / "edits")), {}
        plant(lake, spark, photos, weights)
        for name in ("with features", "without features"):
            if name == "without features":
                forget_features(lake)
            execute(JOB, lake, load_config())
            counts[name] = counts_of(lake, len(photos))
        spark.stop()
    print(json.dumps({"photos": len(photos), "counts": counts}))


def chosen(folders: Iterable[Path], wanted: int) -> list[bytes]:
    """So many photos in the order of a hash of their names, so that all folders have a part in each edit."""
    files = (file for folder in folders for file in folder.rglob("*.jpg"))
    in_order = sorted(files, key=lambda file: hashlib.sha256(str(file).encode()).digest())
    return [file.read_bytes() for file in in_order[:wanted]]


def drawn(wanted: int) -> list[bytes]:
    """So many drawn pictures of animals, each of another seed."""
    return [as_jpeg(draw_animal(ANIMALS[number % len(ANIMALS)], SEED, number)) for number in range(wanted)]


def plant(lake: Lake, spark: SparkSession, photos: Sequence[bytes], weights: Path) -> None:
    """A lake of each photo and one edited copy, o000007 and e000007, of the edits in turn."""
    contents = []
    for number, photo in enumerate(photos):
        edit = list(EDITS.values())[number % len(EDITS)]
        copy = as_jpeg(edit(Image.open(io.BytesIO(photo)).convert("RGB"), np.random.default_rng(number)))
        contents += [
            (name, content, hashlib.sha256(content).hexdigest())
            for name, content in ((f"o{number:06}", photo), (f"e{number:06}", copy))
        ]
    network = pack(build_model("mobilenet_v1", 1.0, SIDE, CLASSES, weights), "litert")
    scoring = PredictSettings(InputSettings(SIDE, "squeeze", Limits()), AT_ONCE, 1, tuple(map(str, range(CLASSES))))
    stored = spark.sparkContext.parallelize(contents, 16).toDF("image_id string, content binary, sha256 string")

    def run(work: Work, _: Config) -> None:
        predictions = work.write("predictions", conformed("predictions", predict_images(stored, network, scoring)))
        split = F.when(F.col("image_id").startswith("o"), "photo").otherwise("edit")
        known = predictions.select("image_id", "sha256", split.alias("split"), F.lit(True).alias("has_bytes"))
        work.write("images", conformed("images", known))
        work.write("image_quality", conformed("image_quality", known.select("image_id", "split")))
        work.write("labels_clean", conformed("labels_clean", known.where("false")))

    names = ("images", "image_quality", "labels_clean", "predictions")
    execute(Job("plant", "", run, writes=names), lake, load_config(), force=True)


def forget_features(lake: Lake) -> None:
    """The same predictions of a run without a network."""

    def run(work: Work, _: Config) -> None:
        known = work.read("predictions").drop("features").localCheckpoint()
        work.write("predictions", conformed("predictions", known))

    execute(Job("forget", "", run, writes=("predictions",), reads=("predictions",)), lake, load_config(), force=True)


def conformed(name: str, rows: DataFrame) -> DataFrame:
    """The columns of a table, null where there are none."""
    return rows.select(
        *(
            F.col(column.name) if column.name in rows.columns else F.lit(None).cast(column.type).alias(column.name)
            for column in TABLES[name].columns
        )
    )


def counts_of(lake: Lake, photos: int) -> dict[str, dict[str, int]]:
    """Of each edit: copies, those found, verified pairs of its copies, and those of them that are wrong.

    A pair of a copy and another photo is right where that photo is a duplicate of the copy's own photo as well.
    """
    rows = lake.read("duplicate_pairs").where("verified").select("image_id", "other_id").collect()
    found = {frozenset((row["image_id"], row["other_id"])) for row in rows}
    counts = {name: {"copies": 0, "found": 0, "pairs": 0, "wrong": 0} for name in EDITS}
    names = list(EDITS)
    for number in range(photos):
        own = counts[names[number % len(names)]]
        own["copies"] += 1
        own["found"] += frozenset((f"o{number:06}", f"e{number:06}")) in found
    for pair in found:
        copies = [one for one in pair if one.startswith("e")]
        for copy in copies:
            (other,) = pair - {copy}
            original, others = f"o{copy[1:]}", f"o{other[1:]}"
            own = counts[names[int(copy[1:]) % len(names)]]
            own["pairs"] += 1
            own["wrong"] += original != others and frozenset((original, others)) not in found
    return counts


if __name__ == "__main__":
    main()
