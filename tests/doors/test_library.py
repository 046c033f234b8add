"""`import imagelake` on a finished lake: its frames and steps give what the jobs and the server give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

import imagelake
from documents import blocks
from finished_lake import FinishedLake
from imagelake.errors import ImageLakeError
from imagelake.library.neighbours import SearchOptions
from imagelake.samples import PlantedFacts
from project import PROJECT
from served import Served

SEARCHES: tuple[SearchOptions, ...] = (
    {},
    {"order": "ppi"},
    {"label": "Mammal", "duplicates": "hide", "order": "both"},
)
MEASURES = ["width", "height", "pixels", "ppi", "aspect_ratio", "byte_size", "bytes_per_pixel", "entropy", "gradient",
            "brightness", "contrast", "sharpness", "quality"]  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the index, which library and server share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def lake(sample: FinishedLake, cache: Path) -> imagelake.OpenedLake:
    """The sample lake, opened as in a notebook."""
    return imagelake.open_lake(sample.folder, cache)


@pytest.fixture(scope="module")
def photos(lake: imagelake.OpenedLake, facts: PlantedFacts) -> pd.DataFrame:
    """Two images that can be decoded and one that cannot, with their bytes."""
    good = [image.image_id for image in facts.images if image.decodable and not image.damage][:2]
    broken = lake.table("predictions", ["image_id", "error"]).dropna().image_id.iloc[0]
    contents = lake.table("image_bytes").set_index("image_id").content
    return contents.loc[[*good, broken]].reset_index()


def plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as Python's own values: libraries keep lists and nulls differently."""
    rows = zip(*(frame[name] for name in frame.columns), strict=True)
    return [dict(zip(frame.columns, map(_plain_value, row), strict=True)) for row in rows]


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.ndarray | list):
        return list(value)
    return None if pd.isna(value) else value


def test_every_table_is_what_duckdb_and_spark_read(lake: imagelake.OpenedLake, spark: SparkSession) -> None:
    """Each published table, as pandas, has the rows that DuckDB reads; as Spark, their number and columns."""
    listed = lake.tables()
    assert len(listed) > 20
    for name, rows in zip(listed["table"], listed["rows"], strict=True):
        frame = lake.table(name)
        assert len(frame) == rows
        found = duckdb.sql(f"FROM '{lake.root}/{name}/*.parquet'")
        assert found is not None
        assert plain(frame) == plain(found.df()), name
        assert lake.spark(name, spark).columns == list(frame.columns)
    assert lake.spark("labels_clean", spark).count() == len(lake.table("labels_clean"))


def test_predictions_of_the_same_bytes_are_the_table_s_rows(
    lake: imagelake.OpenedLake, photos: pd.DataFrame, spark: SparkSession
) -> None:
    """From pandas and from Spark, by the lake's network and by its folder: the rows of the table predictions."""
    expected = plain(lake.table("predictions").set_index("image_id").loc[photos.image_id].reset_index())
    assert [row["error"] is None for row in expected] == [True, True, False]
    assert plain(imagelake.predict(photos, lake.network)) == expected
    other = imagelake.open_network(f"{lake.root}/model")
    assert plain(imagelake.predict(photos, other, ["model.batch_size=2"])) == expected
    by_spark = imagelake.predict(spark.createDataFrame(photos), lake.network).toPandas()
    assert plain(by_spark.set_index("image_id").loc[photos.image_id].reset_index()) == expected
    assert imagelake.predict(photos[:0], lake.network).columns.tolist() == list(by_spark.columns)
    few = imagelake.predict(photos, lake.network, ["model.top_k=7", "model.framing=squeeze"])
    assert few.top_names[0].tolist()[:5] == expected[0]["top_names"]
    assert len(few.top_names[0]) == 7


def test_qualities_of_the_lake_s_own_images_are_those_of_the_job(
    lake: imagelake.OpenedLake, photos: pd.DataFrame, spark: SparkSession
) -> None:
    """All images of the lake, ranked as a frame of one's own, have the job's measures, and the order by one of them."""
    images, predictions = lake.spark("image_bytes", spark), lake.spark("predictions", spark)
    settings = ["rank.measure=byte_size", "rank.order=smallest"]
    ranked = imagelake.rank(images, predictions, settings).toPandas().set_index("image_id").sort_index()
    quality = lake.table("image_quality").set_index("image_id").sort_index()
    pd.testing.assert_frame_equal(ranked[MEASURES], quality[MEASURES], rtol=1e-12)
    smallest_first = quality.sort_values("byte_size", kind="stable").index
    assert ranked.sort_values("rank").index.tolist() == smallest_first.tolist()
    assert set(ranked["measure"]) == {"byte_size"}
    with pytest.raises(ImageLakeError, match=r"images: rank takes Spark frames; session.createDataFrame"):
        imagelake.rank(photos, predictions)  # type: ignore[arg-type]
    with pytest.raises(
        ImageLakeError, match="predictions: lacks the columns entropy, gradient, brightness, contrast, sharpness, error"
    ):
        imagelake.rank(images, images)


def test_neighbours_are_the_server_s_answers(
    lake: imagelake.OpenedLake, photos: pd.DataFrame, sample: FinishedLake, cache: Path
) -> None:
    """By image_id, by bytes and by features, with filters and orders: the server's images, as similar as it says."""
    image_id, content = photos.image_id[0], photos.content[0]
    with Served(sample.folder, cache) as server:
        for options in SEARCHES:
            by_id = server.get("/api/search", image=image_id, **options).json()["results"]
            assert_same(lake.neighbours(image_id, len(by_id), **options), by_id)
            by_photo = server.search(content, **options).json()["results"]
            assert_same(lake.neighbours(content, len(by_photo), **options), by_photo)
        features = np.stack(imagelake.predict(photos[:2], lake.network).features.to_list())
        found = lake.neighbours(3 * features, 12)
        for number in range(2):
            answers = server.search(photos.content[number]).json()["results"][:12]
            assert_same(found[found["query"] == number], answers)
    assert_same(lake.neighbours(features[1], 12), answers)


def assert_same(found: pd.DataFrame, answers: list[dict[str, Any]]) -> None:
    """The frame holds the server's answers in their order."""
    assert len(answers) >= 5
    assert found["rank"].tolist() == list(range(1, len(answers) + 1))
    for column in ("image_id", "split", "ppi"):
        assert found[column].tolist() == [one["image"][column] for one in answers]
    assert found["labels"].map(list).tolist() == [one["image"]["labels"] for one in answers]
    assert found["similarity"].tolist() == pytest.approx([one["similarity"] for one in answers], abs=1e-6)


def test_what_cannot_be_looked_for_is_named(lake: imagelake.OpenedLake, photos: pd.DataFrame, tmp_path: Path) -> None:
    """A broken photo, a missing file, an unknown image or label, and features of another network."""
    for query, options, said in (
        (photos.content[2], {}, "a photo of .* bytes: "),
        (tmp_path / "no.jpg", {}, "no.jpg: .*No such file"),
        ("no-such-image", {}, "no-such-image: .* has no image of this image_id; a file is given as pathlib.Path"),
        (np.zeros(7), {}, r"features of shape \[7\]: expected \[256\] or \[Q, 256\], as mobilenet_v1 0.25"),
        (photos.image_id[0], {"label": "Lyon"}, "unknown label 'Lyon'"),
        (photos.image_id[0], {"count": 0}, "count = 0: must be at least 1"),
    ):
        with pytest.raises(ImageLakeError, match=said):
            lake.neighbours(query, **options)


def test_the_notebook_of_the_documents_runs(
    sample: FinishedLake,
    photos: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """docs/api.md's example runs as it stands on the sample lake, and every line that it prints says something."""
    (example,) = [block for block in blocks(PROJECT / "docs" / "api.md", "python") if "open_lake" in block]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    Path("var").mkdir()
    Path("var/sample").symlink_to(sample.folder)
    Path("lion.jpg").write_bytes(photos.content[0])
    exec(compile(example, "api.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) > 20
    assert (tmp_path / "caches" / "imagelake").is_dir()
