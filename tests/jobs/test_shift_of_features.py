"""From features with columns for path and class to an answer: the documented example, and the same of real photos."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import planted_tables  # noqa: F401 - puts jobs/ on the path
import pytest
from pyspark.sql import SparkSession

from documents import blocks
from imagelake.cli.job_arguments import configuration_of, parser_of
from imagelake.config import load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.vision.limits import Limits
from imagelake.vision.network import Network, open_network
from imagelake.vision.preprocess import InputSettings
from measure_shift import JOB
from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "shift"))
sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks"))

from damaged_photos import Photo, network_of, photos_of
from damages import ORIGINAL, damaged

PAGE = PROJECT / "docs" / "shift.md"
MOVED = 40  # features of the example, the first ones
PHOTOS_OF_A_FOLDER = 6


def test_the_documented_example_finds_what_it_plants(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Python writes three sets, its command compares two of them, and its last lines print what was planted."""
    monkeypatch.chdir(tmp_path)
    make, show = blocks(PAGE, "python")
    exec(compile(make, str(PAGE), "exec"), {})
    (command,) = [line for block in blocks(PAGE, "sh") for line in block.splitlines() if "./val.parquet" in line]
    _, name, *words = shlex.split(command)
    config = configuration_of(name, parser_of(name, "scripts/submit").parse_args(words), local=True)
    execute(JOB, Lake(spark, config.lake.root), config)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(show, str(PAGE), "exec"), {})
    assert re.search(r"covariate_shift +supported", printed.getvalue())
    tables = {name: pd.read_parquet(tmp_path / "var" / "lake" / f"shift_{name}") for name in TABLES}
    sets = tables["features"].query("comparison == 'sets'").sort_values("effect_rank")
    assert sets["feature"].head(20).max() < MOVED
    assert (sets["p_holm"].head(20) < 1e-9).all()
    # The map: of the features of the cluster that moved farthest, all are planted.
    assert sets[sets["cluster"] == 0]["feature"].max() < MOVED
    rows = {row["hypothesis"]: row for row in tables["hypotheses"].to_dict("records")}
    assert rows["prior_shift"]["statistic"] == pytest.approx(0.09, abs=0.02)
    assert rows["chance"]["verdict"] == "not_supported"
    assert rows["class_imbalance"]["verdict"] != "cannot"
    (summary,) = tables["summary"].to_dict("records")
    assert summary["drop_low"] > 0
    (rare,) = tables["classes"].query("label == '0'").to_dict("records")
    assert rare["share_before"] > 5 * rare["share_after"]


TABLES = ("features", "hypotheses", "summary", "classes")


def written(
    photos: Sequence[Photo], meant: Mapping[int, str], network: Network, damage: tuple[str, float], file: Path
) -> Path:
    """A CSV of path, index, prediction, score and a column a feature; photos without classes have no label."""
    settings = InputSettings(network.engine.resolution, "crop", Limits())
    scored = network.score([network.prepare(damaged(photo.content, *damage), settings) for photo in photos])
    best = scored.scores.argmax(axis=1).tolist()
    rows = pd.DataFrame(
        {
            "path": [photo.name for photo in photos],
            "index": [photo.label if photo.classes else None for photo in photos],
            "prediction": [meant.get(one, f"class {one}") for one in best],
            "score": scored.scores.max(axis=1),
        }
    )
    features = pd.DataFrame(scored.features, columns=[f"f{number}" for number in range(scored.features.shape[1])])
    pd.concat([rows, features], axis=1).to_csv(file, index=False)
    return file


def test_real_photos_against_damaged_and_other_ones(spark: SparkSession, shared_data: Path, tmp_path: Path) -> None:
    """Blurred animals pair with themselves and fall; other things have no labels, but an expected accuracy."""
    folder = shared_data / "photos"
    animals = photos_of(folder / "caltech101_animals", folder / "caltech101_animals_labels.csv", PHOTOS_OF_A_FOLDER)
    others = [
        Photo(file.name, "", frozenset(), file.read_bytes())
        for file in sorted((folder / "openimages_sample").rglob("*"))
        if file.suffix in (".jpg", ".bmp")
    ]
    packed, _ = network_of(shared_data / "weights" / "mobilenet_v1_0.25_128.weights.h5")
    network = open_network(packed)
    meant = {number: photo.label for photo in animals for number in photo.classes}
    before = written(animals, meant, network, (ORIGINAL, 0), tmp_path / "animals.csv")
    after = [
        written(animals, meant, network, ("blur", 2), tmp_path / "blurred.csv"),
        written(others, meant, network, (ORIGINAL, 0), tmp_path / "others.csv"),
    ]
    columns = ("shift.id_column=path", "shift.label_column=index", "shift.features_column=f*", "shift.sample=400")
    sets = (f"shift.before={[str(before)]}", f"shift.after={list(map(str, after))}")
    execute(JOB, Lake(spark, str(tmp_path / "lake")), load_config([], [*sets, *columns]))
    tables = {name: pd.read_parquet(tmp_path / "lake" / f"shift_{name}").set_index("after") for name in TABLES}
    blurred, other = (tables["summary"].loc[str(file)] for file in after)
    assert blurred["pairs"] == len(animals)
    assert blurred["drop_low"] > 0.05
    assert blurred["combined_low"] <= blurred["accuracy_after"] <= blurred["combined_high"]
    assert "has no labels" in other["undefined"]
    assert 0 <= other["combined_low"] < other["combined_high"] <= 1
    for file in after:
        hypotheses = tables["hypotheses"].loc[str(file)].set_index("hypothesis")
        assert hypotheses.loc["covariate_shift", "verdict"] == "supported"
        features = tables["features"].loc[str(file)].query("comparison == 'sets'")
        assert len(features) == 256
        assert np.nanmin(features["p_holm"]) < 0.05
