"""The image index as a job: every image once, by cell; new ones added and deleted ones gone without new training."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from pyspark.sql import SparkSession

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Outcome, Work, execute
from imagelake.search.image_index import ImageIndex
from imagelake.search.index_files import TrainedIndex, load_trained
from imagelake.search.quantizer import Quantizer
from imagelake.search.serving_folder import write_serving_folder
from imagelake.tables import TABLES
from imagelake.transforms.predict.model import PREDICTION_SETTINGS
from imagelake.vision.engine import unit_length
from pipeline_steps import job

WIDTH = 32


def features(rows: int, seed: int = 1) -> np.ndarray:
    """Vectors [rows, 32] of unit length in 20 clusters."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, WIDTH))
    return unit_length((centres[random.integers(0, 20, rows)] + 0.3 * random.normal(size=(rows, WIDTH))).astype("f4"))


class PlantedLake:
    """A lake with predictions that a test writes, as if some network had made them."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.lake = Lake(spark, str(root / "lake"))
        self.config = load_config(settings=[f"lake.root={self.lake.root}", "index.exact_below=0"])
        self.scratch = root / "network"
        self.scratch.mkdir()
        self.convert(b"one network")

    def convert(self, network: bytes) -> None:
        """Publish a network."""
        (self.scratch / "network.tflite").write_bytes(network)
        execute(
            Job("convert", "", lambda work, _: work.write_folder("model", self.scratch, 1), writes=("model",)),
            self.lake,
            self.config,
            force=True,
        )

    def predict(self, vectors: dict[str, np.ndarray], undecodable: int = 0) -> None:
        """Publish predictions."""
        rows = [{"image_id": name, "features": vector.tolist()} for name, vector in vectors.items()]
        rows += [{"image_id": f"bad-{number}", "error": "not_an_image"} for number in range(undecodable)]

        cells = [tuple(row.get(column.name) for column in TABLES["predictions"].columns) for row in rows]

        def run(work: Work, _: Config) -> None:
            predictions = self.lake.spark.createDataFrame(cells, TABLES["predictions"].ddl)
            work.write("predictions", predictions.repartition(3))

        planted = Job("predict", "", run, writes=("predictions",), reads=("model",), settings=PREDICTION_SETTINGS)
        execute(planted, self.lake, self.config, force=True)

    def build(self, *settings: str) -> Outcome:
        """Run the job."""
        config = load_config(settings=[f"lake.root={self.lake.root}", "index.exact_below=0", *settings])
        return execute(job("build_image_index"), self.lake, config)

    @property
    def folder(self) -> Path:
        """The lake's local folder."""
        return Path(self.lake.root.removeprefix("file://"))

    def trained(self) -> TrainedIndex:
        """What the index has learnt."""
        return load_trained(lambda name: (self.folder / "index_quantizer" / name).read_bytes())

    def table(self) -> pd.DataFrame:
        """The index as a stranger reads it."""
        return pd.read_parquet(self.folder / "image_index")

    def serve(self) -> ImageIndex:
        """The index as the search page opens it."""
        trained = self.trained()
        rows = (
            batch
            for file in sorted((self.folder / "image_index").glob("*.parquet"))
            for batch in pq.ParquetFile(file).iter_batches(columns=["cell", "image_id", "code", "features"])
        )
        write_serving_folder(rows, trained, self.folder.parent / "serving")
        return ImageIndex.open(self.folder.parent / "serving")


@pytest.fixture
def planted(spark: SparkSession, tmp_path: Path) -> PlantedLake:
    return PlantedLake(spark, tmp_path)


def named(vectors: np.ndarray) -> dict[str, np.ndarray]:
    return {f"image-{number:05}": vector for number, vector in enumerate(vectors)}


def test_every_image_is_assigned_once(planted: PlantedLake) -> None:
    """Cells and codes are those that the trained quantizer gives, features those of predictions in half precision."""
    vectors = named(features(3000))
    planted.predict(vectors, undecodable=5)
    outcome = planted.build("index.cells=30")
    assert outcome.work is not None
    assert (outcome.work.accounts[0].kept, outcome.work.accounts[0].rejected) == (3000, {"undecodable": 5})
    table = planted.table()
    assert sorted(table["image_id"]) == sorted(vectors)
    exact = np.stack([vectors[name] for name in table["image_id"]])
    trained = planted.trained()
    assigned = Quantizer(trained.quantizer).assign(exact)
    assert np.array_equal(table["cell"], assigned.cells)
    assert list(table["code"]) == [code.tobytes() for code in assigned.codes]
    assert list(table["features"]) == [vector.astype("<f2").tobytes() for vector in exact]


def test_files_are_ranges_of_cells_in_order(planted: PlantedLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file holds a range of cells, sorted, after those of the file before: what a search skips files by."""
    monkeypatch.setattr("imagelake.transforms.search.image_index.BYTES_PER_FILE", 40_000)
    planted.predict(named(features(3000)))
    planted.build("index.cells=30")
    files = sorted((planted.folder / "image_index").glob("*.parquet"))
    cells = [pq.read_table(file)["cell"].to_numpy() for file in files]
    assert len(cells) >= 4
    assert (np.diff(np.concatenate(cells)) >= 0).all()
    assert all(one[-1] < other[0] for one, other in pairwise(cells))


def test_the_served_index_finds_what_brute_force_finds(planted: PlantedLake) -> None:
    """From predictions to a serving folder: the ten nearest, by name."""
    vectors, queries = features(3000), features(40, seed=2)
    planted.predict(named(vectors))
    planted.build()
    index = planted.serve()
    expected = np.argsort(-queries @ vectors.T, axis=1)[:, :10]
    answers = index.search(queries, 10)
    names = index.image_ids.to_pylist()
    hits = [
        len({names[row] for row in own} & {f"image-{row:05}" for row in best})
        for own, best in zip(answers.rows, expected, strict=True)
    ]
    assert np.mean(hits) >= 9.5


def test_images_come_and_go_without_training(planted: PlantedLake) -> None:
    """New and changed images are assigned by the old quantizer, deleted ones are gone, the others are as they were."""
    vectors = named(features(3000))
    planted.predict(vectors)
    planted.build()
    before, trained = planted.table().set_index("image_id"), (planted.folder / "index_quantizer" / "quantizer.faiss")
    learnt = trained.read_bytes()
    changed = dict(list(vectors.items())[100:])
    changed |= {f"new-{number}": vector for number, vector in enumerate(features(50, seed=3))}
    changed["image-00200"] = vectors["image-00000"]
    planted.predict(changed)
    outcome = planted.build()
    assert outcome.work is not None
    assert trained.read_bytes() == learnt
    after = planted.table().set_index("image_id")
    assert set(after.index) == set(changed)
    same = after.index.intersection(before.index).drop("image-00200")
    pd.testing.assert_frame_equal(after.loc[same], before.loc[same], check_like=True)
    assert after.loc["image-00200", "features"] == before.loc["image-00000", "features"]
    best = planted.serve().search(features(50, seed=3), 1)
    assert best.cosines.min() > 0.999


def test_how_hard_a_search_tries_needs_no_training(planted: PlantedLake) -> None:
    """Other probes and candidates hold at the next run, for an index that was learnt without them."""
    planted.predict(named(features(1500)))
    planted.build()
    learnt = planted.trained()
    planted.build("index.probes=7", "index.rerank=33")
    again = planted.trained()
    assert again.quantizer == learnt.quantizer
    assert again.description.parameters == replace(learnt.description.parameters, probes=7, rerank=33)
    planted.build()
    assert planted.trained() == learnt


@pytest.mark.parametrize("why", ["another network", "twice as many images", "other settings"])
def test_it_is_trained_anew_where_it_must(planted: PlantedLake, why: str) -> None:
    """What was learnt from other features, for half the lake or with other sizes is not used again."""
    vectors = features(1500)
    planted.predict(named(vectors))
    planted.build()
    learnt = planted.trained()
    if why == "another network":
        planted.convert(b"another network")
        planted.predict(named(vectors))
    elif why == "twice as many images":
        planted.predict(named(features(3001)))
    planted.build(*(["index.cells=11"] if why == "other settings" else []))
    again = planted.trained()
    assert again.description != learnt.description
    if why == "another network":
        with pytest.raises(ImageLakeError, match="cannot be compared"):
            again.description.require_model(learnt.description.model_id)


def test_predictions_of_another_network_are_refused(planted: PlantedLake) -> None:
    """A network that was converted after the predictions, and another framing than theirs, are no names for them."""
    planted.predict(named(features(100)))
    with pytest.raises(ImageLakeError, match="made with another network, or with other settings"):
        planted.build("model.framing=squeeze")
    planted.convert(b"another network")
    with pytest.raises(ImageLakeError, match="run predict_images again"):
        planted.build()


@pytest.mark.parametrize("count", [0, 1])
def test_a_lake_of_hardly_any_image(planted: PlantedLake, count: int) -> None:
    """No image and one image make an index as well, which has them all."""
    planted.predict(named(features(count)), undecodable=2)
    planted.build("index.exact_below=10")
    assert len(planted.table()) == count
    assert len(planted.serve()) == count
