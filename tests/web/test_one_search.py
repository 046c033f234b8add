"""The job, the server and the terminal answer the same forty questions with the same images, and refuse the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from pyspark.sql import functions as F

from finished_lake import FinishedLake
from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Work, execute
from imagelake.samples import PlantedFacts
from imagelake.serving.terminal import main
from pipeline_steps import job
from served import Served

ANSWERS = 12
SPECIES = ("Lion", "Tiger", "Leopard", "Giraffe", "Elephant", "Eagle", "Owl", "Parrot", "Penguin")
MODES = ("similar", "label")
# Each is asked by an image of the lake and by a photo from outside, in both modes: ten of them make forty questions.
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"order": "ppi"},
    {"order": "both", "duplicates": "hide"},
    {"label": "Lion"},
    {"label": "mammals", "order": "both"},  # most images have a narrower label only
    {"split": "train", "min_ppi": 14.5},
    {"min_pixels": 30_000, "order": "ppi"},
    {"kind": "photo"},
    {"kind": "depiction", "order": "both"},
    {"label": "Bird", "split": "validation", "min_ppi": 12, "min_pixels": 9_000, "kind": "photo", "order": "ppi"},
)
UNKNOWN = (
    ({"label": "Lyon"}, "unknown label 'Lyon'"),
    ({"split": "holdout"}, "unknown split 'holdout'; splits of this lake: "),
)


class Question(NamedTuple):
    """One of the forty: the number of the query, what else is said, and the mode."""

    query: int
    settings: dict[str, Any]
    mode: str

    def __str__(self) -> str:
        said = [f"{name}={value}" for name, value in self.settings.items()]
        return " ".join([("of the lake", "from outside")[self.query], self.mode, *said])


QUESTIONS = [Question(query, settings, mode) for settings in SETTINGS for query in (0, 1) for mode in MODES]


class Answers(NamedTuple):
    """What one of the three says: the images in their order, and the similarities where it tells them."""

    image_ids: list[str]
    similarities: list[float]


class ThreeWays:
    """One lake, searched by the job, the server and the terminal."""

    def __init__(self, lake: Lake, site: Served, cache: Path) -> None:
        self._lake, self._site, self._cache = lake, site, cache
        self._found: dict[str, pd.DataFrame] = {}

    @property
    def root(self) -> str:
        """The lake's local folder."""
        return self._lake.root.removeprefix("file://")

    def by_job(self, queries: tuple[str, ...], query: str, mode: str, **settings: Any) -> Answers:
        """The job's answers to a query; it answers all queries and modes of some settings at once."""
        key = repr((queries, sorted(settings.items())))
        if key not in self._found:
            self._found[key] = self._run_job(queries, settings)
        found = self._found[key]
        own = found[(found["query"] == query) & (found["mode"] == mode)].sort_values("rank")
        return Answers(list(own["image_id"]), list(own["similarity"].dropna()))

    def _run_job(self, queries: tuple[str, ...], settings: dict[str, Any]) -> pd.DataFrame:
        given = dict(settings)
        if given.pop("duplicates", "show") == "hide":
            given["exclude_duplicates"] = "true"
        rules = [f"search.{name}={value}" for name, value in given.items()]
        config = load_config(
            settings=[
                f"lake.root={self._lake.root}",
                f"search.queries={list(queries)}",
                f"search.neighbours={ANSWERS}",
                *rules,
            ]
        )
        execute(job("search_similar_images"), self._lake, config)
        return self._lake.read("search_results").toPandas()

    def said_by_server(self, query: str, mode: str, **settings: Any) -> dict[str, Any]:
        """All that the server says of a search."""
        if Path(query).is_file():
            answer = self._site.search(Path(query).read_bytes(), mode=mode, **settings)
        else:
            answer = self._site.get("/api/search", image=query, mode=mode, **settings)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def page_of(self, link: str) -> str:
        """A page of the server's."""
        return self._site.get(link).text

    def by_server(self, query: str, mode: str, **settings: Any) -> Answers:
        """The server's."""
        results = self.said_by_server(query, mode, **settings)["results"][:ANSWERS]
        similarities = [result["similarity"] for result in results if result["similarity"] is not None]
        return Answers([result["image"]["image_id"] for result in results], similarities)

    def by_terminal(self, capsys: pytest.CaptureFixture[str], query: str, mode: str, **settings: Any) -> list[str]:
        """The terminal's."""
        assert self.terminal(query, mode, "--json", **settings) == 0
        return [result["image"]["image_id"] for result in json.loads(capsys.readouterr().out)["results"]]

    def terminal(self, query: str, mode: str, *more: str, **settings: Any) -> int:
        """Run the command; its exit code."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        where = ["--root", self.root, "--cache", str(self._cache)]
        return main([query, f"--mode={mode}", f"--count={ANSWERS}", *options, *where, *more])

    def refused_by_server(self, query: str, **settings: Any) -> str:
        """Why the server does not answer."""
        answer = self._site.get("/api/search", image=query, **settings)
        assert answer.status_code == 422
        return str(answer.json()["detail"])


@pytest.fixture(scope="module")
def queries(sample: FinishedLake, facts: PlantedFacts) -> tuple[str, str]:
    """An image of the lake with a copy of the same bytes, and a photo from outside."""
    copied = next(group for group in facts.exact_duplicates if all(image_id in facts.truth for image_id in group))
    outside = next(image for image in facts.images if image.truth == "Zebra" and image.decodable and not image.damage)
    return copied[0], str(sample.folder / "sample_files" / outside.file)


@pytest.fixture(scope="module")
def three_ways(sample: FinishedLake, site: Served, tmp_path_factory: pytest.TempPathFactory) -> ThreeWays:
    """The sample lake as the server has it; the job publishes its answers in a copy."""
    copy = sample.copied(tmp_path_factory.mktemp("searched") / "lake")
    return ThreeWays(copy.lake, site, tmp_path_factory.mktemp("terminal"))


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that cuts nothing off."""
    monkeypatch.setenv("COLUMNS", "300")


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_three_ways_give_the_same_answers(
    three_ways: ThreeWays, queries: tuple[str, str], capsys: pytest.CaptureFixture[str], question: Question
) -> None:
    """The same images in the same order, and as similar, whoever is asked."""
    query = queries[question.query]
    by_job = three_ways.by_job(queries, query, question.mode, **question.settings)
    by_server = three_ways.by_server(query, question.mode, **question.settings)
    capsys.readouterr()
    assert by_job.image_ids == by_server.image_ids
    assert by_job.image_ids == three_ways.by_terminal(capsys, query, question.mode, **question.settings)
    assert by_job.similarities == pytest.approx(by_server.similarities, abs=1e-12)
    assert query not in by_job.image_ids


def test_the_questions_have_answers(three_ways: ThreeWays, queries: tuple[str, str]) -> None:
    """No agreement of empty pages: nearly every question finds images, and filters and orders change which."""
    found = [tuple(three_ways.by_server(queries[one.query], one.mode, **one.settings).image_ids) for one in QUESTIONS]
    assert len(found) == 40
    assert sum(map(bool, found)) >= 34
    assert len(set(found)) >= 24


@pytest.mark.parametrize(("settings", "said"), UNKNOWN)
def test_three_ways_refuse_the_same(
    three_ways: ThreeWays,
    queries: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    said: str,
) -> None:
    """A label or a split that the lake does not have is refused in the same words."""
    by_server = three_ways.refused_by_server(queries[0], **settings)
    assert said in by_server
    with pytest.raises(ImageLakeError) as by_job:
        three_ways.by_job(queries, queries[0], "similar", **settings)
    assert str(by_job.value) == by_server
    assert three_ways.terminal(queries[0], "similar", **settings) == 2
    assert by_server in capsys.readouterr().err


def test_three_ways_fetch_the_same_address_where_they_may(
    three_ways: ThreeWays, site: Served, queries: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A photo on loopback is a query for all three where the network is allowed, and for none where it is not."""
    address = f"{site.url}/original?id={queries[0]}"
    by_server = site.http.post(f"{site.url}/api/search", json={"url": address}, timeout=30).json()["results"][:ANSWERS]
    image_ids = [result["image"]["image_id"] for result in by_server]
    allowed = {"allow_networks": ["127.0.0.0/8"]}
    assert three_ways.by_job((address,), address, "similar", **allowed).image_ids == image_ids
    capsys.readouterr()
    assert three_ways.by_terminal(capsys, address, "similar", allow_network="127.0.0.0/8") == image_ids
    with pytest.raises(ImageLakeError) as refused:
        three_ways.by_job((address,), address, "similar")
    assert "is not on the public internet" in str(refused.value)
    assert three_ways.terminal(address, "similar") == 2
    assert str(refused.value) in capsys.readouterr().err


@contextmanager
def relabelled(sample: FinishedLake, folder: Path, relabel: Callable[[Work, Config], None]) -> Iterator[ThreeWays]:
    """A copy of the sample lake with other labels."""
    lake = sample.copied(folder / "lake").lake
    config = load_config(settings=[f"lake.root={lake.root}"])
    execute(Job("relabel", "", relabel, writes=("labels_clean",), reads=("labels_clean",)), lake, config)
    execute(job("measure_accuracy"), lake, config)
    with Served(folder / "lake", folder / "cache") as site:
        yield ThreeWays(lake, site, folder / "terminal")


@pytest.fixture(scope="module")
def animals(sample: FinishedLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeWays]:
    """The sample lake, labelled only Animal."""
    with relabelled(sample, tmp_path_factory.mktemp("animals"), _label_as_animals) as ways:
        yield ways


@pytest.fixture(scope="module")
def without_zebras(sample: FinishedLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeWays]:
    """The sample lake without the label Zebra and those that contain it."""
    with relabelled(sample, tmp_path_factory.mktemp("without_zebras"), _label_no_zebras) as ways:
        yield ways


def _label_no_zebras(work: Work, _: Config) -> None:
    labels = work.read("labels_clean")
    work.write("labels_clean", labels.where(F.col("label").isin(*SPECIES)))


def _label_as_animals(work: Work, _: Config) -> None:
    labels = work.read("labels_clean").dropDuplicates(["image_id"])
    work.write("labels_clean", labels.withColumn("label", F.lit("Animal")).withColumn("label_id", F.lit("/m/0jbk")))


@pytest.mark.parametrize("which", [0, 1], ids=["of-the-lake", "from-outside"])
def test_a_class_means_the_narrowest_label_that_the_lake_has(
    animals: ThreeWays, queries: tuple[str, str], capsys: pytest.CaptureFixture[str], which: int
) -> None:
    """On a lake that is labelled only Animal a zebra is an Animal, and there are images of the same label."""
    query = queries[which]
    by_job = animals.by_job(queries, query, "label").image_ids
    assert len(by_job) == ANSWERS
    assert by_job == animals.by_server(query, "label").image_ids
    capsys.readouterr()
    assert animals.terminal(query, "label") == 0
    said = capsys.readouterr().out
    assert "as a label: Animal" in said
    assert all(image_id in said for image_id in by_job)


def test_a_label_that_no_image_has_gives_way_to_the_next_predicted_one(
    without_zebras: ThreeWays, queries: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A zebra on a lake without the label finds images of the next best class with one, for all three alike."""
    zebra = queries[1]
    by_job = without_zebras.by_job(queries, zebra, "label").image_ids
    assert by_job
    found = without_zebras.said_by_server(zebra, "label")
    assert found["predicted_label"] == "zebra"
    scored = [one["name"].capitalize() for one in found["classes"]]
    assert found["label"] == next(label for label in scored if label in SPECIES)
    assert by_job == [result["image"]["image_id"] for result in found["results"]][:ANSWERS]
    assert all(found["label"] in result["image"]["labels"] for result in found["results"])
    capsys.readouterr()
    assert without_zebras.terminal(zebra, "label") == 0
    said = capsys.readouterr().out
    assert f"as a label: {found['label']} (no image has the label zebra)" in said
    assert all(image_id in said for image_id in by_job)
    page = without_zebras.page_of(found["link"])
    assert "No image has the predicted label zebra." in page
