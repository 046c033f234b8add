"""Search by images from outside: a file, an address on the web, one that cannot be read; both modes answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from pathlib import Path

import pandas as pd
import pytest

from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.runtime.job import execute
from imagelake.runtime.options import job_parser, shortcut_settings
from imagelake.samples import PlantedFacts
from pipeline_steps import job


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(copied: FinishedLake) -> Iterator[str]:
    """The sample's files on a local web server."""
    handler = partial(Quiet, directory=str(copied.folder / "sample_files"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def search(copied: FinishedLake, *queries: str, **settings: object) -> pd.DataFrame:
    """Run the job for some queries, without any for an image of each label, and give its results."""
    networks = "search.allow_networks=['127.0.0.0/8']"
    extra = [networks, *(f"search.{key}={value}" for key, value in settings.items())]
    config = load_config(settings=[f"lake.root={copied.lake.root}", f"search.queries={list(queries)!r}", *extra])
    execute(job("search_similar_images"), copied.lake, config)
    return copied.lake.read("search_results").toPandas()


def test_a_file_and_an_address_find_their_own_image_first(
    copied: FinishedLake, facts: PlantedFacts, server: str
) -> None:
    """The lake's own picture, asked for by path and by address, is its own nearest neighbour with cosine 1."""
    image = next(image for image in facts.images if image.truth == "Penguin" and image.decodable and not image.damage)
    path = copied.folder / "sample_files" / image.file
    results = search(copied, str(path), f"{server}/{image.file}")
    for query in (str(path), f"{server}/{image.file}"):
        best = results[(results["query"] == query) & (results["mode"] == "similar") & (results["rank"] == 1)].iloc[0]
        assert best["similarity"] == pytest.approx(1, abs=1e-3)  # half precision
        same = {
            image.image_id,
            *(copy for group in facts.exact_duplicates if image.image_id in group for copy in group),
        }
        assert best["image_id"] in same | {pair.copy for pair in facts.near_duplicates}
    page = (copied.folder / "search_page" / "index.html").read_text()
    assert "Query image" in page
    assert "<script" not in page


def test_the_second_mode_gives_images_of_the_predicted_label_by_ppi(copied: FinishedLake, facts: PlantedFacts) -> None:
    """Images with the predicted label, and only those, come in the order of their PPI."""
    image = next(
        image for image in facts.images if image.truth == "Zebra" and image.decodable and image.given == "Zebra"
    )
    results = search(copied, str(copied.folder / "sample_files" / image.file))
    seen = copied.lake.read("search_queries").toPandas()["top_names"][0][0].capitalize()
    by_label = results[results["mode"] == "label"].sort_values("rank")
    assert len(by_label) > 0
    assert all(seen in labels for labels in by_label["labels"])
    assert by_label["ppi"].is_monotonic_decreasing


def of_mode(results: pd.DataFrame, mode: str = "similar") -> pd.DataFrame:
    return results[results["mode"] == mode].sort_values(["query", "rank"])


def test_filters_leave_what_they_say(copied: FinishedLake) -> None:
    """Answers in both modes have the label or a narrower one, the split and the size; no query goes without answers."""
    quality = copied.frame("image_quality").set_index("image_id")
    results = search(copied, label="Bird", split="train", min_ppi=float(quality["ppi"].quantile(0.2)), min_pixels=9000)
    hierarchy = copied.lake.read("hierarchy").toPandas()
    birds = {"Bird", *hierarchy.loc[hierarchy["parent"] == "Bird", "label"]}
    assert len(birds) > 2
    assert all(birds & set(labels) for labels in results["labels"])
    assert set(results["split"]) == {"train"}
    assert results["ppi"].min() >= quality["ppi"].quantile(0.2)
    assert quality.loc[results["image_id"], "pixels"].min() >= 9000
    assert set(of_mode(results)["query"]) == set(copied.lake.read("search_queries").toPandas()["query"])


def test_depictions_are_those_with_such_a_box(copied: FinishedLake) -> None:
    """An image that a box says is a drawing is an answer for depiction, and never for photo."""
    boxes = copied.frame("boxes")
    drawings = set(boxes.loc[boxes["is_depiction"] == 1, "image_id"])
    assert set(search(copied, kind="depiction")["image_id"]) <= drawings
    assert not set(search(copied, kind="photo")["image_id"]) & drawings


def test_answers_may_come_by_ppi(copied: FinishedLake) -> None:
    """The 240 nearest images, largest first; or by the mean of both ranks, the nearer first where it is the same."""
    nearest = of_mode(search(copied, neighbours=240))
    by_ppi, by_both = (of_mode(search(copied, order=order)) for order in ("ppi", "both"))
    for query, found in nearest.groupby("query"):
        largest = found.sort_values("ppi", ascending=False, kind="stable")
        assert list(by_ppi.loc[by_ppi["query"] == query, "image_id"]) == list(largest["image_id"][:12])
        ranks = found["rank"] + found["ppi"].rank(method="first", ascending=False)
        mixed = found.loc[ranks.sort_values(kind="stable").index]
        assert list(by_both.loc[by_both["query"] == query, "image_id"]) == list(mixed["image_id"][:12])


def test_copies_of_the_query_can_be_left_out(copied: FinishedLake, facts: PlantedFacts) -> None:
    """With exclude_duplicates no image of the same bytes is an answer, for a file as for an image of the lake."""
    group = next(group for group in facts.exact_duplicates if all(image_id in facts.truth for image_id in group))
    file = next(image.file for image in facts.images if image.image_id == group[0])
    path = str(copied.folder / "sample_files" / file)
    assert set(group) <= set(of_mode(search(copied, path))["image_id"])
    assert not set(group) & set(search(copied, path, exclude_duplicates="true")["image_id"])


def test_both_methods_agree(copied: FinishedLake) -> None:
    """A small lake's index is exact: looking into it and comparing with every image give the same table."""
    by_index, exact = (
        search(copied, method=method).sort_values(["query", "mode", "rank"], ignore_index=True)
        for method in ("index", "exact")
    )
    pd.testing.assert_frame_equal(by_index, exact)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"label": "zebr"},
            r"unknown label 'zebr': none of the \d+ labels of this lake and its hierarchy. Did you mean 'Zebra'",
        ),
        ({"split": "testing"}, "unknown split 'testing'; splits of this lake: test, train, validation"),
    ],
)
def test_unknown_filters_are_named(copied: FinishedLake, settings: dict[str, object], said: str) -> None:
    """A label or split that the lake does not have is an error that suggests the nearest."""
    with pytest.raises(ImageLakeError, match=said):
        search(copied, **settings)


def test_queries_can_be_named_on_the_command_line() -> None:
    """--query, again and again, is the setting search.queries, whatever is in the name; --allow-network is one, too."""
    found = job("search_similar_images")
    given = ["--query", "a b.jpg", "--query", 'say "hi".png', "--allow-network", "10.1.0.0/16"]
    config = load_config(settings=shortcut_settings(found, job_parser(found).parse_args(given)))
    assert config.search.queries == ("a b.jpg", 'say "hi".png')
    assert config.search.allow_networks == (IPv4Network("10.1.0.0/16"),)


def test_a_query_that_cannot_be_decoded_is_a_row_with_an_error(
    copied: FinishedLake, facts: PlantedFacts, tmp_path: Path
) -> None:
    """One bad query costs only its own answers."""
    (tmp_path / "bad.jpg").write_text("<html>")
    good = next(image for image in facts.images if image.decodable)
    results = search(copied, str(tmp_path / "bad.jpg"), str(copied.folder / "sample_files" / good.file))
    queries = copied.lake.read("search_queries").toPandas().set_index("query")
    assert queries.loc[str(tmp_path / "bad.jpg"), "error"] == "not_an_image"
    assert set(results["query"]) == {str(copied.folder / "sample_files" / good.file)}


@pytest.mark.parametrize(
    ("query", "settings", "said"),
    [
        ("nowhere.jpg", {}, r"nowhere\.jpg: neither a file nor the image_id of an image of file:"),
        ("{server}/nothing.jpg", {}, r"nothing\.jpg: the server answers 404, not with a file"),
        ("{server}/planted.json", {"url_max_bytes": 100}, r"planted\.json: the file is longer than 100 bytes"),
        ("{server}/planted.json", {"allow_networks": []}, r"planted\.json: '127.0.0.1' is not on the public internet"),
        ("http://169.254.169.254/latest", {}, r"latest: '169.254.169.254' is not on the public internet"),
    ],
)
def test_a_query_that_is_not_there_is_named(
    copied: FinishedLake, server: str, query: str, settings: dict[str, object], said: str
) -> None:
    """A missing file, a page that is not found and an endless answer end the job and leave the old results."""
    with pytest.raises(ImageLakeError, match=said):
        search(copied, query.format(server=server), **settings)
