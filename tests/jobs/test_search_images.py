"""Search by images from outside: a file, an address on the web, one that cannot be read; both modes answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from finished_lake import FinishedLake
from imagelake.cluster.job import execute
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.samples import PlantedFacts
from pipeline_steps import job


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(sample: FinishedLake) -> Iterator[str]:
    """The sample's files on a local web server."""
    handler = partial(Quiet, directory=str(sample.folder / "sample_files"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def search(sample: FinishedLake, *queries: str, **settings: object) -> pd.DataFrame:
    """Run the job for some queries and give its results."""
    extra = [f"search.{key}={value}" for key, value in settings.items()]
    config = load_config(settings=[f"lake.root={sample.lake.root}", f"search.queries={list(queries)!r}", *extra])
    execute(job("search_images"), sample.lake, config)
    return sample.lake.read("search_results").toPandas()


def test_a_file_and_an_address_find_their_own_image_first(
    sample: FinishedLake, facts: PlantedFacts, server: str
) -> None:
    """The lake's own picture, asked for by path and by address, is its own nearest neighbour with cosine 1."""
    image = next(image for image in facts.images if image.truth == "Penguin" and image.decodable and not image.damage)
    path = sample.folder / "sample_files" / image.file
    results = search(sample, str(path), f"{server}/{image.file}")
    for query in (str(path), f"{server}/{image.file}"):
        best = results[(results["query"] == query) & (results["mode"] == "similar") & (results["rank"] == 1)].iloc[0]
        assert best["similarity"] == pytest.approx(1, abs=1e-5)
        same = {
            image.image_id,
            *(copy for group in facts.exact_duplicates if image.image_id in group for copy in group),
        }
        assert best["image_id"] in same | {pair.copy for pair in facts.near_duplicates}
    page = (sample.folder / "search_page" / "index.html").read_text()
    assert "Query image" in page
    assert "<script" not in page


def test_the_second_mode_gives_images_of_the_predicted_label_by_ppi(sample: FinishedLake, facts: PlantedFacts) -> None:
    """Images with the predicted label, and only those, come in the order of their PPI."""
    image = next(
        image for image in facts.images if image.truth == "Zebra" and image.decodable and image.given == "Zebra"
    )
    results = search(sample, str(sample.folder / "sample_files" / image.file))
    seen = sample.lake.read("search_queries").toPandas()["top_names"][0][0].capitalize()
    by_label = results[results["mode"] == "label"].sort_values("rank")
    assert len(by_label) > 0
    assert all(seen in labels for labels in by_label["labels"])
    assert by_label["ppi"].is_monotonic_decreasing


def test_a_query_that_cannot_be_decoded_is_a_row_with_an_error(
    sample: FinishedLake, facts: PlantedFacts, tmp_path: Path
) -> None:
    """One bad query costs only its own answers."""
    (tmp_path / "bad.jpg").write_text("<html>")
    good = next(image for image in facts.images if image.decodable)
    results = search(sample, str(tmp_path / "bad.jpg"), str(sample.folder / "sample_files" / good.file))
    queries = sample.lake.read("search_queries").toPandas().set_index("query")
    assert queries.loc[str(tmp_path / "bad.jpg"), "error"] == "not_an_image"
    assert set(results["query"]) == {str(sample.folder / "sample_files" / good.file)}


@pytest.mark.parametrize(
    ("query", "settings", "said"),
    [
        ("nowhere.jpg", {}, r"nowhere\.jpg: there is no such file"),
        ("{server}/nothing.jpg", {}, r"nothing\.jpg: could not be fetched: 404"),
        ("{server}/planted.json", {"url_max_bytes": 100}, r"planted\.json: longer than the 100 bytes"),
    ],
)
def test_a_query_that_is_not_there_is_named(
    sample: FinishedLake, server: str, query: str, settings: dict[str, object], said: str
) -> None:
    """A missing file, a page that is not found and an endless answer end the job and leave the old results."""
    with pytest.raises(ImageLakeError, match=said):
        search(sample, query.format(server=server), **settings)
