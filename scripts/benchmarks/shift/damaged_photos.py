"""Photos against their own damaged versions: accuracy without labels, and what the hypotheses call the damage.

Letters: N images.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from damages import LOOKS, ORIGINAL, VERSIONS, Version, damaged_rows
from local_session import settings
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from imagelake.config import Config, load_config
from imagelake.lake.lake import Lake
from imagelake.measures.shift.confidence import (
    ScoreCounts,
    calibrated_estimate,
    combined_estimate,
    known_classes,
    plain_accuracies,
    threshold_estimate,
)
from imagelake.measures.shift.moments import Moments
from imagelake.runtime.job import Job, Work, execute
from imagelake.runtime.session import start_session
from imagelake.tables import TABLES
from imagelake.transforms.predict.predict import PredictSettings, predict_images
from imagelake.transforms.shift.damage import damage
from imagelake.transforms.shift.evidence import CannotError, Evidence
from imagelake.transforms.shift.feature_rows import FeatureResults
from imagelake.transforms.shift.figures import PairFigures, SetFigures
from imagelake.transforms.shift.property_counts import PropertyCounts
from imagelake.transforms.shift.property_hypotheses import CHANGE, property_judges
from imagelake.transforms.shift.sets import LakeTables, properties_of_lake
from imagelake.vision.limits import Limits
from imagelake.vision.mobilenet import build_model
from imagelake.vision.packed import PackedModel, pack
from imagelake.vision.preprocess import InputSettings

CLASSES, AT_ONCE, LEVEL = 1000, 16, 0.95
TABLES_PLANTED = ("images", "predictions", "labels_clean", "classes", "hierarchy")
ESTIMATES = ("confidence", "threshold", "calibrated", "combined")


@dataclass(frozen=True)
class Photo:
    """A photo of a folder whose label some class means."""

    name: str
    label: str
    classes: frozenset[int]
    content: bytes


def photos_of(folder: Path, labels: Path, most: int | None) -> list[Photo]:
    """The photos of each folder that a class covers, of each at most so many, in the order of their names."""
    with labels.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["imagenet_classes"]]
    return [
        Photo(f"{row['folder']}/{photo.stem}", row["label"], frozenset(map(int, row["imagenet_classes"].split(";"))),
              photo.read_bytes())
        for row in rows for photo in sorted((folder / row["folder"]).glob("*.jpg"))[:most]
    ]  # fmt: skip


def network_of(weights: Path) -> tuple[PackedModel, int]:
    """MobileNet v1 for ImageNet, by the name of its weights such as mobilenet_v1_0.25_128, and its side in pixels."""
    alpha, side = weights.name.removesuffix(".weights.h5").split("_")[2:4]
    return pack(build_model("mobilenet_v1", float(alpha), int(side), CLASSES, weights), "litert"), int(side)


def plant(lake: Lake, photos: Sequence[Photo], network: tuple[PackedModel, int], versions: Sequence[Version]) -> None:
    """A lake whose splits are the photos as they are and their versions, with what a network says of them."""
    spark, (packed, side) = lake.spark, network
    spark.sparkContext.addPyFile(str(Path(__file__).with_name("damages.py")))  # for the workers of any session
    every = [(ORIGINAL, ORIGINAL, 0.0), *versions]
    wanted = spark.createDataFrame(every, "version string, kind string, strength double")
    rows = [(photo.name, photo.content) for photo in photos]
    originals = spark.createDataFrame(rows, "name string, content binary").repartition(16)
    stored = originals.crossJoin(F.broadcast(wanted)).mapInPandas(
        damaged_rows,
        "image_id string, split string, content binary, sha256 string, width int, height int, mode string, "
        "byte_size bigint",
    )
    scoring = PredictSettings(InputSettings(side, "crop", Limits()), AT_ONCE, 1, tuple(map(str, range(CLASSES))))
    known = spark.createDataFrame([(photo.name, photo.label) for photo in photos], "name string, label string")

    def run(work: Work, _: Config) -> None:
        files = stored.localCheckpoint()
        work.write("predictions", conformed("predictions", predict_images(files, packed, scoring)))
        images = files.drop("content").withColumns({"has_bytes": F.lit(True), "format": F.lit("JPEG")})
        work.write("images", conformed("images", images))
        named = images.select("image_id", F.substring_index("image_id", ":", -1).alias("name"))
        labels = named.join(known, "name", how="inner").withColumn("label_id", F.col("label"))
        work.write("labels_clean", conformed("labels_clean", labels))
        work.write("classes", conformed("classes", labels.select("label", "label_id").distinct()))
        work.write("hierarchy", conformed("hierarchy", labels.where("false").select("label")))

    execute(Job("plant", "", run, writes=TABLES_PLANTED), lake, load_config(), force=True)


def conformed(name: str, rows: DataFrame) -> DataFrame:
    """The columns of a table, null where there are none."""
    return rows.select(
        *(
            F.col(column.name) if column.name in rows.columns else F.lit(None).cast(column.type).alias(column.name)
            for column in TABLES[name].columns
        )
    )


def outcomes_of(lake: Lake, photos: Sequence[Photo]) -> dict[str, pd.DataFrame]:
    """Version -> one row a photo, in their order: score, predicted, label, and whether the network is right."""
    said = lake.read("predictions").where("error IS NULL").select(
        "image_id", F.get("top_classes", F.lit(0)).alias("best"), F.get("top_scores", F.lit(0)).alias("score")
    )  # fmt: skip
    rows = said.toPandas()
    parts = rows["image_id"].str.partition(":")
    labels = {photo.name: photo.label for photo in photos}
    meant = {number: photo.label for photo in photos for number in photo.classes}
    rows["label"] = [labels[name] for name in parts[2]]
    rows["predicted"] = [meant.get(best, f"class {best}") for best in rows["best"]]
    rows["right"] = rows["label"] == rows["predicted"]
    return {str(version): part.sort_values("image_id", ignore_index=True) for version, part in rows.groupby(parts[0])}


def without_labels(outcomes: dict[str, pd.DataFrame], draws: int, seed: int) -> list[dict[str, Any]]:
    """Of each damaged version the errors of every estimate, and how often intervals hold the accuracy of labels.

    In each draw a random half of the photos, undamaged, is the set with labels, and the other half, damaged, the one
    without.
    """
    draw = np.random.default_rng(seed)
    known, found = outcomes[ORIGINAL], []
    for version, rows in outcomes.items():
        errors: dict[str, list[float]] = {name: [] for name in ESTIMATES}
        covered = dict.fromkeys(ESTIMATES[1:], 0)
        for number in range(draws):
            order = draw.permutation(len(known))
            here, there = known.iloc[order[: len(order) // 2]], rows.iloc[order[len(order) // 2 :]]
            labels = here["label"].value_counts().to_dict()
            counts = ScoreCounts.of(
                here["score"], here["right"], known_classes(here["predicted"], labels, here["label"])
            )
            others = ScoreCounts.of(there["score"], known=known_classes(there["predicted"], labels))
            truth = float(there["right"].mean())
            estimates = {
                "threshold": threshold_estimate(counts, others, LEVEL),
                "calibrated": calibrated_estimate(counts, others, LEVEL, number),
            }
            estimates["combined"] = combined_estimate(
                estimates["threshold"], estimates["calibrated"], LEVEL, plain_accuracies(counts, others)
            )
            errors["confidence"].append(abs(others.confidence - truth))
            for name, one in estimates.items():
                errors[name].append(abs(one.accuracy - truth))
                covered[name] += one.low <= truth <= one.high
        found.append(
            {"version": version, "accuracy": float(rows["right"].mean())}
            | {f"{name}_error": float(np.mean(values)) for name, values in errors.items()}
            | {f"{name}_covered": count / draws for name, count in covered.items()}
        )
    return found


def named(lake: Lake) -> dict[str, dict[str, Any]]:
    """Version -> what the hypothesis on damage answers, and the properties that changed beyond chance, most first."""
    images, said = lake.read("images"), lake.read("predictions").where("error IS NULL")
    tables = LakeTables(lake.root, images, said, lake.read("labels_clean"))
    rows = properties_of_lake(images, said, tables).toPandas()
    rows["version"] = rows["image_id"].str.partition(":")[0]
    sets = {str(version): part for version, part in rows.groupby("version")}
    rules, before, found = load_config().shift, sets.pop(ORIGINAL), {}
    for version, after in sets.items():
        one, other = (SetFigures(name, None, None, None, {}) for name in (ORIGINAL, version))
        pair = PairFigures(one, other, None, properties=counts_of(before, after))
        evidence = Evidence(pair, {}, [], [], FeatureResults(), rules)
        changes = sorted(_changes(evidence), key=lambda row: -abs(row["statistic"]))
        found[version] = {"look": damage(evidence)["answer"], "changes": [row[CHANGE] for row in changes]}
    return found


def _changes(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """The rows of properties that changed beyond chance; a property that is constant has no test."""
    for _, judge in property_judges(evidence):
        with suppress(CannotError):
            row = judge(evidence)
            if CHANGE in row:
                yield row


def counts_of(before: pd.DataFrame, after: pd.DataFrame) -> list[PropertyCounts]:
    """The properties of two sets, as the passes over sets give them, but without ranges: nothing is explained here.

    Args:
        before: image_id, property, value and text.
        after: of the other set.
    """
    made = []
    for name, one in before.groupby("property"):
        sides = one, after[after["property"] == name]
        moments = [Moments.of(side[["value"]].to_numpy()) if side["text"].isna().all() else None for side in sides]
        texts = [side["text"].fillna("").value_counts() for side in sides]
        strata = pd.DataFrame({"before": texts[0], "after": texts[1]}).fillna(0).rename_axis("stratum").reset_index()
        made.append(PropertyCounts(str(name), moments[0], moments[1], strata.assign(labelled=0, right=0)))
    return made


def says_rightly(kind: str, look: str) -> bool:
    """Whether an answer of the hypothesis on damage names this kind."""
    return any(f"look {name}," in look for name in LOOKS[kind])


def main() -> None:
    """Damage, predict, estimate and name, and print what was found as a line of JSON."""
    folder, labels, weights, scratch_lake, draws = (*map(Path, sys.argv[1:5]), int(sys.argv[5]))
    photos = photos_of(folder, labels, None)
    with tempfile.TemporaryDirectory() as scratch:
        spark: SparkSession = start_session("damage", settings(scratch, "2", "2g"))
        lake, start = Lake(spark, str(scratch_lake)), time.perf_counter()
        if lake.manifest("hierarchy") is None:
            plant(lake, photos, network_of(weights), VERSIONS)
        predicted = time.perf_counter()
        estimates = without_labels(outcomes_of(lake, photos), draws, 1)
        estimated = time.perf_counter()
        names = named(lake)
        seconds = {"predict": predicted - start, "estimate": estimated - predicted}
        seconds["name"] = time.perf_counter() - estimated
        spark.stop()
    for row in estimates:
        row.update(names.get(row["version"], {}))
        if "look" in row:
            row["named"] = says_rightly(row["version"].rpartition("_")[0], row["look"])
    print(json.dumps({"photos": len(photos), "weights": weights.name, "versions": estimates, "seconds": seconds}))


if __name__ == "__main__":
    main()
