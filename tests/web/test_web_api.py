"""The API of a served lake: its answers are those of brute force over the tables, and its bounds hold."""

from __future__ import annotations

import http.client
import io
import json
import re
import shutil
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
from PIL import Image

from finished_lake import FinishedLake
from imagelake.samples import PlantedFacts
from served import Served

PAGES = ("/", "/words", "/words?words=bird", "/labels", "/label?name=Lion", "/accuracy", "/ranking", "/duplicates",
         "/map", "/shift", "/shift/index.html", "/judge", "/judge/pairs", "/judge/labels", "/judge/pairs.csv",
         "/api/duplicates",
         "/report", "/report/", "/report/nothing.csv", "/openapi.json", "/static/web.js", "/nothing", "/search",
         "/search?query=gone", "/image?id=none", "/thumbnail?id=none", "/api/words?words=bird",
         "/api/complete?beginning=b")  # fmt: skip


@pytest.fixture(scope="module")
def known(sample: FinishedLake) -> pd.DataFrame:
    """What the tables say of every image with features, by image_id."""
    features = sample.frame("predictions", ["image_id", "features", "error"]).query("error.isna()")
    quality = sample.frame("image_quality", ["image_id", "split", "ppi", "pixels"])
    clean = sample.frame("labels_clean", ["image_id", "label"])
    boxes = sample.frame("boxes", ["image_id", "is_depiction"])
    images = sample.frame("images", ["image_id", "sha256"])
    frame = features.merge(quality, on="image_id").merge(images, on="image_id").set_index("image_id")
    frame["labels"] = clean.groupby("image_id")["label"].agg(set)
    frame["labels"] = frame["labels"].map(lambda labels: labels if isinstance(labels, set) else set())
    frame["depiction"] = boxes.groupby("image_id")["is_depiction"].max()
    return frame


def photo_of(sample: FinishedLake, facts: PlantedFacts, truth: str, place: int = 0) -> tuple[str, bytes]:
    chosen = [image for image in facts.images if image.truth == truth and image.decodable and not image.damage]
    return chosen[place].image_id, (sample.folder / "sample_files" / chosen[place].file).read_bytes()


def brute_force(known: pd.DataFrame, image_id: str, passing: pd.Series) -> list[str]:
    """Identifiers by cosine to an image of the lake, itself left out."""
    query = np.asarray(known.loc[image_id, "features"])
    others = known[passing & (known.index != image_id)]
    cosines = np.stack(others["features"].to_list()) @ query
    return list(others.index[np.argsort(-cosines, kind="stable")])


def answers(site: Served, **parameters: object) -> list[dict]:  # type: ignore[type-arg]
    """The answers of all pages."""
    found, page, pages = [], 1, 1
    while page <= pages:
        answer = site.get("/api/search", page=page, **parameters)
        assert answer.status_code == 200, answer.text
        found += answer.json()["results"]
        page, pages = page + 1, answer.json()["pages"]
    return found


def filters(known: pd.DataFrame, name: str) -> tuple[dict[str, object], pd.Series]:
    """Parameters of a filter, and the images that it lets pass."""
    big = known["labels"].map(lambda labels: bool(labels & {"Mammal", "Lion", "Tiger", "Leopard", "Zebra", "Giraffe",
                              "Elephant", "Carnivore", "Rhinoceros"}))  # fmt: skip
    found: dict[str, tuple[dict[str, object], pd.Series]] = {
        "none": ({}, known["ppi"] > 0),
        "label": ({"label": "Lion"}, known["labels"].map(lambda labels: "Lion" in labels)),
        "kinds": ({"label": "Mammal"}, big),
        "split": ({"split": "validation"}, known["split"] == "validation"),
        "ppi": ({"min_ppi": 20.5}, known["ppi"] >= 20.5),
        "pixels": ({"min_pixels": 60_000}, known["pixels"] >= 60_000),
        "drawings": ({"kind": "depiction"}, known["depiction"] == 1),
        "photos": ({"kind": "photo"}, known["depiction"] != 1),
        "several": (
            {"label": "Mammal", "split": "train", "min_ppi": 15},
            big & (known["split"] == "train") & (known["ppi"] >= 15),
        ),
    }
    return found[name]


@pytest.mark.parametrize("name", ["none", "label", "kinds", "split", "ppi", "pixels", "drawings", "photos", "several"])
def test_answers_are_those_of_brute_force(
    site: Served, sample: FinishedLake, facts: PlantedFacts, known: pd.DataFrame, name: str
) -> None:
    """The nearest images under each filter are the nearest of those that pass it by the tables, all of them."""
    image_id, _ = photo_of(sample, facts, "Lion")
    parameters, passing = filters(known, name)
    expected = brute_force(known, image_id, passing)[:240]
    assert len(expected) > 3
    found = answers(site, image=image_id, **parameters)
    similarities = [one["similarity"] for one in found]
    assert similarities == sorted(similarities, reverse=True)
    # Half precision may swap two that are nearly equal.
    assert [one["image"]["image_id"] for one in found][:3] == expected[:3] or set(expected[:8]) >= {
        one["image"]["image_id"] for one in found[:3]
    }
    assert {one["image"]["image_id"] for one in found} == set(expected)


@pytest.mark.parametrize("order", ["ppi", "both"])
def test_orders(site: Served, sample: FinishedLake, facts: PlantedFacts, order: str) -> None:
    """PPI puts the same answers by resolution; both puts them by the mean of their two ranks."""
    image_id, _ = photo_of(sample, facts, "Owl")
    nearest = answers(site, image=image_id)
    frame = pd.DataFrame(
        {"id": [one["image"]["image_id"] for one in nearest], "ppi": [one["image"]["ppi"] for one in nearest]}
    )
    by_ppi = frame["ppi"].rank(method="first", ascending=False)
    places = by_ppi if order == "ppi" else by_ppi + frame.index + 1
    expected = list(frame["id"][places.sort_values(kind="stable").index])
    assert [one["image"]["image_id"] for one in answers(site, image=image_id, order=order)] == expected


def test_a_photo_finds_itself_and_its_copies_can_be_left_out(
    site: Served, sample: FinishedLake, facts: PlantedFacts
) -> None:
    """The lake's own file, sent from outside, comes first with cosine 1; without exact copies it does not come."""
    group = set(facts.exact_duplicates[0])
    file = next(image.file for image in facts.images if image.image_id in group)
    photo = (sample.folder / "sample_files" / file).read_bytes()
    first = site.search(photo).json()
    assert first["results"][0]["image"]["image_id"] in group
    assert first["results"][0]["similarity"] == pytest.approx(1, abs=1e-3)
    again = answers(site, query=first["query"])
    assert group <= {one["image"]["image_id"] for one in again}
    without = answers(site, query=first["query"], duplicates="hide")
    assert not group & {one["image"]["image_id"] for one in without}


def test_the_predicted_labels_images_come_by_ppi(
    site: Served, sample: FinishedLake, facts: PlantedFacts, known: pd.DataFrame
) -> None:
    """The second mode gives the images of the predicted label, and only those, the highest PPI first."""
    _, photo = photo_of(sample, facts, "Zebra")
    found = site.search(photo, mode="label").json()
    label = found["classes"][0]["name"].capitalize()
    assert found["label"] == label
    expected = known[known["labels"].map(lambda labels: label in labels)]["ppi"].sort_values(ascending=False)
    assert [one["image"]["ppi"] for one in found["results"]] == pytest.approx(list(expected[: len(found["results"])]))
    assert all(one["similarity"] is None for one in found["results"])


def test_a_label_is_forgiven_its_spelling(site: Served, sample: FinishedLake, facts: PlantedFacts) -> None:
    """Case, number and an identifier make no difference; an unknown one is told with the nearest."""
    image_id, _ = photo_of(sample, facts, "Lion")
    lions = site.get("/api/search", image=image_id, label="Lion").json()["results"]
    labels = sample.frame("labels_clean", ["label_id", "label"])
    identifier = labels.loc[labels["label"] == "Lion", "label_id"].iloc[0]
    assert lions
    for spelling in ("lion", "LIONS", " lion ", identifier):
        assert site.get("/api/search", image=image_id, label=spelling).json()["results"] == lions
    assert site.get("/label", name="lions").headers["Location"] == "/label?name=Lion"
    refused = site.get("/api/search", image=image_id, label="Lyon")
    assert refused.status_code == 422
    assert refused.json()["nearest"][0] == "Lion"


@pytest.mark.parametrize("words", ["Bird", "birds", "lion", "savanna", "nothing of the kind"])
def test_words_find_images_as_brute_force_does(site: Served, sample: FinishedLake, words: str) -> None:
    """Images with the label or a narrower one come first, then those predicted to be one, each part by score."""
    wanted = {"Bird": "Bird", "birds": "Bird", "lion": "Lion", "savanna": "Savanna"}.get(words)
    hierarchy = sample.frame("hierarchy")
    below, size = {wanted} - {None}, 0
    while len(below) > size:
        size = len(below)
        below |= set(hierarchy.loc[hierarchy["parent"].isin(below) & (hierarchy["relation"] == "subcategory"), "label"])
    accuracy = sample.frame("label_accuracy", ["label", "classes"])
    counted = accuracy.loc[accuracy["label"].isin(below), "classes"]
    classes = {str(name) for names in counted for name in names}
    clean = sample.frame("labels_clean", ["image_id", "label"])
    labelled = set(clean.loc[clean["label"].isin(below), "image_id"])
    scores = dict.fromkeys(sample.frame("images", ["image_id"])["image_id"], 0.0)
    predicted = sample.frame("predictions", ["image_id", "top_names", "top_scores"]).dropna()
    for image_id, names, values in zip(*(predicted[column] for column in predicted), strict=True):
        scores[image_id] = max(
            (float(score) for name, score in zip(names, values, strict=True) if name in classes), default=0.0
        )
    found = [image for image in scores if image in labelled or scores[image] >= 0.1]
    expected = sorted(found, key=lambda image: (image not in labelled, -scores[image], image))

    first = site.get("/api/words", words=words).json()
    pages = [site.get("/api/words", words=words, page=page).json() for page in range(1, first["pages"] + 1)]
    results = [one for page in pages for one in page["results"]]
    assert [one["image"]["image_id"] for one in results] == expected[:240]
    assert [one["labelled"] for one in results] == [image in labelled for image in expected[:240]]
    assert [one["score"] for one in results] == pytest.approx([scores[image] for image in expected[:240]])
    assert (first["total"], first["labelled"]) == (len(expected), len(labelled & set(found)))
    assert first["labels"] == ([wanted] if wanted else [])
    assert bool(expected) is (wanted is not None)


def test_words_complete_to_labels_with_images(site: Served, sample: FinishedLake) -> None:
    """Every completion is a label that finds images, and a beginning of a word of its name is enough."""
    offered = site.get("/api/complete", beginning="b").json()
    assert {"Bird", "Beak"} <= set(offered)
    assert all(site.get("/api/words", words=label).json()["labelled"] for label in offered)
    assert site.get("/api/complete", beginning="anim").json()[0] == "Animal"
    assert "Terrestrial animal" in site.get("/api/complete", beginning="anim").json()
    assert set(sample.frame("labels_clean", ["label"])["label"]) & set(site.get("/api/complete").json())


def test_the_three_ways_to_send_a_photo_agree(site: Served, sample: FinishedLake, facts: PlantedFacts) -> None:
    """As the body, in a form and behind an address: one token, one set of answers; a link leads to the page."""
    image_id, photo = photo_of(sample, facts, "Penguin")
    raw = site.search(photo)
    form = site.http.post(f"{site.url}/api/search", files={"photo": ("../../etc/passwd", photo)}, timeout=30)
    address = f"{site.url}/original?id={image_id}"
    url = site.http.post(f"{site.url}/api/search", json={"url": address}, timeout=30)
    assert raw.json() == form.json() == url.json()
    assert site.get(raw.json()["link"]).status_code == 200


def test_originals_and_thumbnails(site: Served, sample: FinishedLake, facts: PlantedFacts) -> None:
    """Every file comes back byte for byte, and nothing in it may run; its thumbnail is a small JPEG."""
    for image in facts.images[::7]:
        original = site.get("/original", id=image.image_id)
        if not image.file:
            assert original.status_code == 404
            continue
        assert original.content == (sample.folder / "sample_files" / image.file).read_bytes()
        assert original.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        small = site.get("/thumbnail", id=image.image_id)
        assert small.status_code == (200 if image.decodable else 404)
        if image.decodable:
            with Image.open(io.BytesIO(small.content)) as picture:
                assert picture.format == "JPEG"
                assert max(picture.size) <= 256


def test_answers_have_paths_and_as_many_as_are_wanted(site: Served, sample: FinishedLake, facts: PlantedFacts) -> None:
    """An image of the API names its file; count sets the results on a page, within bounds."""
    image_id, photo = photo_of(sample, facts, "Lion")
    paths = sample.frame("images", ["image_id", "path"]).set_index("image_id")["path"]
    assert site.get("/api/image", id=image_id).json()["path"] == paths[image_id]
    for found in (site.get("/api/search", image=image_id, count=5), site.search(photo, count=5)):
        assert [result["image"]["path"] for result in found.json()["results"]] == [
            paths[result["image"]["image_id"]] for result in found.json()["results"]
        ]
        assert len(found.json()["results"]) == 5
    assert len(site.get("/api/words", words="animal", count=3).json()["results"]) == 3
    assert site.get("/api/search", image=image_id, count=0).status_code == 422
    assert site.get("/api/search", image=image_id, count=100_000).status_code == 422


def test_a_part_of_an_image_is_searched_for(site: Served, sample: FinishedLake, facts: PlantedFacts) -> None:
    """The whole as its own part finds the image, a part of it gets a link of its own; what is no part is told."""
    image_id, _ = photo_of(sample, facts, "Lion")

    def part(**fields: str) -> tuple[int, str]:
        answer = site.http.post(f"{site.url}/crop", data=fields, timeout=30, allow_redirects=False)
        return answer.status_code, answer.headers.get("location", "")

    status, whole = part(image=image_id, box="0,0,100,100")
    assert status == 303
    token = whole.partition("query=")[2]
    first = site.get("/api/search", query=token).json()["results"][0]
    assert (first["image"]["image_id"], round(first["similarity"], 2)) == (image_id, 1.0)
    status, quarter = part(image=image_id, box="10, 10, 60, 60")
    assert (status, quarter == whole) == (303, False)
    small = Image.open(io.BytesIO(site.get("/photo", query=quarter.partition("query=")[2]).content))
    large = Image.open(io.BytesIO(site.get("/original", id=image_id).content))
    assert small.width / small.height == pytest.approx(large.width / large.height, rel=0.05)
    assert part(query=token, box="0,0,50,50")[0] == 303
    for box in ("", "1,2,3", "50,50,10,90", "a,b,c,d", "nan,0,1,1", "0,0,0,0"):
        assert part(image=image_id, box=box)[0] == 422
    assert part(image="none", box="0,0,50,50")[0] == 404
    assert part(query="gone", box="0,0,50,50")[0] == 410


def test_chosen_images_are_exported(site: Served, sample: FinishedLake) -> None:
    """The ticked ones, else all of the page; boxes of COCO are those of the table; strangers are refused."""
    boxes = sample.frame("boxes", ["image_id"])["image_id"].value_counts()
    images = sample.frame("images", ["image_id", "path", "width"]).set_index("image_id")
    boxed = next(image_id for image_id in boxes.index if image_id in images.index and images.loc[image_id, "width"] > 0)
    other = next(image_id for image_id in images.index if image_id not in boxes.index)

    def export(**fields: object) -> requests.Response:
        return site.http.post(f"{site.url}/export", data=fields, timeout=30)

    both = export(format="paths", all=[boxed, other])
    assert both.text.split("\n")[0] == images.loc[boxed, "path"]
    assert both.headers["content-disposition"] == 'attachment; filename="paths.txt"'
    rows = export(format="csv", id=[boxed], all=[boxed, other]).text.splitlines()
    assert len(rows) == 2
    assert rows[1].startswith(f"{boxed},")
    coco = export(format="coco", id=[boxed]).json()
    assert len(coco["annotations"]) == boxes[boxed]
    assert export(format="coco").status_code == 422
    assert export(format="xml", id=[boxed]).status_code == 422
    assert export(format="csv", id=["none"]).status_code == 422


def test_the_wrong_ones_of_a_label_are_those_of_the_table(site: Served, sample: FinishedLake) -> None:
    """The page of a label shows its mistakes, and of one confusion all; a label that has none says so."""
    mistakes = sample.frame("mistakes")
    mistakes = mistakes[~mistakes["same_branch"]]
    label, predicted = mistakes[["label", "predicted"]].value_counts().reset_index().iloc[0, :2]
    for chosen, parameters in (
        (mistakes[mistakes["label"] == label], {"show": "wrong"}),
        (mistakes[(mistakes["label"] == label) & (mistakes["predicted"] == predicted)], {"predicted": predicted}),
    ):
        shown = re.findall(r'name="all" value="([^"]+)"', site.get("/label", name=label, **parameters).text)
        assert sorted(shown) == sorted(chosen["image_id"])
    assert "No image of it is taken for nothing" in site.get("/label", name=label, predicted="nothing").text


def test_a_label_says_how_many_of_its_images_can_be_shown(site: Served, sample: FinishedLake) -> None:
    """Damaged images have the label, but no picture: both numbers are given, and only where they differ."""
    clean = sample.frame("labels_clean", ["image_id", "label"]).drop_duplicates()
    clean = clean[clean["image_id"].isin(sample.frame("images", ["image_id"])["image_id"])]
    readable = clean[clean["image_id"].isin(sample.frame("image_quality", ["image_id"])["image_id"])]
    counts = clean["label"].value_counts().to_frame("images").join(readable["label"].value_counts().rename("shown"))
    assert (counts["shown"] < counts["images"]).any()
    for label, row in counts.iterrows():
        said = f"{row['shown']:.0f} of them readable" in site.get("/label", name=label).text
        assert said == (row["shown"] < row["images"])


def test_the_map_colours_labels_without_narrower_ones(site: Served, sample: FinishedLake) -> None:
    """Animal is the most frequent label, and would give most points one colour: it has none of its own."""
    legend = site.get("/map").text.partition('class="keys"')[2].partition("</p>")[0]
    named = re.findall(r">([^<>]+)</a>", legend)
    counts = sample.frame("labels_clean")["label"].value_counts()
    assert counts.index[0] == "Animal"
    assert len(named) == 5
    assert not {"Animal", "Mammal", "Bird"} & set(named)


def test_the_report_s_csvs_are_beside_it(site: Served, sample: FinishedLake) -> None:
    """What the report links is served as a file; nothing else of its folder or of the machine is."""
    linked = re.findall(r'href="([^"]+\.csv)"', site.get("/report/").text)
    assert linked
    for name in linked:
        assert site.get(f"/report/{name}").content == (sample.folder / "report" / name).read_bytes()
    for name in ("_manifest.json", "index.html", "../labels/_manifest.json", "%2e%2e/planted.json"):
        assert site.get(f"/report/{name}").status_code == 404
    assert site.get("/report").headers["location"] == "/report/"


def test_small_answers_do_not_wait_for_acknowledgements(site: Served) -> None:
    """Half of the requests for a small file take less than the 40 ms that a line with Nagle's algorithm waits."""
    seconds = []
    for _ in range(21):
        began = time.monotonic()
        assert site.get("/static/icon.svg").ok
        seconds.append(time.monotonic() - began)
    assert statistics.median(seconds) < 0.035


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_the_headers(site: Served, path: str) -> None:
    """Pages, files, errors and the report all carry a policy without inline scripts and the other headers."""
    headers = site.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self';" in policy or "script-src" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "server" not in headers


def bomb() -> bytes:
    """A PNG of 80 million pixels in 80 kB."""
    file = io.BytesIO()
    Image.new("1", (10_000, 8_000)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"", "image/jpeg", 422, "empty"),
        (b"<html>", "image/jpeg", 422, "not an image"),
        (bomb(), "image/png", 422, "too many pixels"),
        (b"x" * 11_000_000, "image/jpeg", 413, "10,485,760 bytes at most"),
        (b"{}", "application/json", 422, "url"),
        (b"{", "application/json", 400, "no JSON"),
        (b"[" * 200_000, "application/json", 400, "no JSON"),
        (b'{"url": "file:///etc/passwd"}', "application/json", 422, "http"),
        (b'{"url": "http://10.0.0.1/x.jpg"}', "application/json", 422, "not on the public internet"),
        (b'{"url": "http://\\ud800/"}', "application/json", 422, "no address"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "send a form"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400, ""),
        (b"nothing", "multipart/form-data", 400, "form cannot be read"),
    ],
)
def test_what_cannot_be_searched_for_is_told(site: Served, body: bytes, kind: str, status: int, said: str) -> None:
    """Every bad photo is a problem of its own status and one sentence, as JSON for programs and a page for people."""
    answer = site.http.post(f"{site.url}/api/search", body, headers={"Content-Type": kind}, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]
    headers = {"Content-Type": kind, "Accept": "text/html"}
    page = site.http.post(f"{site.url}/search", body, headers=headers, timeout=30, allow_redirects=False)
    assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "Traceback" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_head_tells_what_get_would(site: Served, path: str) -> None:
    """Every page, file and error has the status and headers of GET, and no body."""
    got = site.get(path)
    asked = site.http.head(f"{site.url}{path}", timeout=30, allow_redirects=False)
    assert asked.status_code == got.status_code
    assert asked.content == b""
    assert {**asked.headers, "date": ""} == {**got.headers, "date": ""}


@pytest.mark.tried(
    "The browser app",
    "photos of 40 megapixels at once from one client",
    "a photo of another client is answered among the first",
    n=12,
)
def test_slow_photos_of_one_client_keep_no_other_waiting(site: Served) -> None:
    """Behind twelve photos of 40 megapixels, sent from one address, a small one from another is answered first."""
    large, small = (jpeg(6300, progressive=True), jpeg(200))
    ended: list[str] = []

    def send(photo: bytes, client: str) -> None:
        host, port = site.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=120, source_address=(client, 0))
        connection.request("POST", "/api/search", photo, {"Content-Type": "image/jpeg"})
        assert connection.getresponse().read()
        connection.close()
        ended.append(client)

    busy = [threading.Thread(target=send, args=(large, "127.0.0.1")) for _ in range(12)]
    for thread in busy:
        thread.start()
    time.sleep(0.2)
    send(small, "127.0.0.2")
    for thread in busy:
        thread.join()
    assert len(ended) == 13
    assert ended.index("127.0.0.2") <= 4


def jpeg(side: int, **options: bool) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), "tan").save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.tried("The browser app", "an upload without a length that passes the limit", "refused while it comes in")
def test_an_upload_without_a_length_ends_at_the_limit(site: Served) -> None:
    """A body in chunks is refused while it comes in, long before its end."""
    host, port = site.url.removeprefix("http://").split(":")
    sent = 0
    with socket.create_connection((host, int(port)), timeout=20) as line:
        head = f"POST /api/search HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: image/jpeg\r\n"
        line.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        try:
            while sent < 200_000_000:
                line.sendall(b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20)))
                sent += 1 << 20
        except OSError:
            pass  # the server has closed the line
    assert 10_000_000 < sent < 60_000_000
    assert site.get("/").status_code == 200


def test_a_search_needs_one_query_that_is_there(site: Served) -> None:
    """None, two, a lost one and an unknown one are told apart."""
    for parameters, status in (
        ({}, 422),
        ({"query": "x", "image": "y"}, 422),
        ({"query": "gone"}, 410),
        ({"image": "none"}, 404),
        ({"image": "../../../etc/passwd"}, 404),
        ({"image": "x" * 3000}, 422),
    ):
        answer = site.get("/api/search", **parameters)
        assert answer.status_code == status, parameters
        assert answer.json()["status"] == status


@pytest.mark.parametrize(
    "bad", [{"page": 0}, {"page": "one"}, {"order": "size"}, {"min_ppi": "NaN"}, {"min_ppi": -1}, {"mode": "x"},
            {"label": "No such label"}, {"kind": "x"}, {"min_pixels": 1.5}]
)  # fmt: skip
def test_parameters_have_bounds(
    site: Served, sample: FinishedLake, facts: PlantedFacts, bad: dict[str, object]
) -> None:
    """A value that is out of bounds is named; an empty one, as forms send it, says nothing."""
    image_id, _ = photo_of(sample, facts, "Lion")
    answer = site.get("/api/search", image=image_id, **bad)
    assert answer.status_code == 422
    assert next(iter(bad)) in answer.json()["detail"] or "label" in bad
    empty = dict.fromkeys(("label", "split", "min_ppi", "min_pixels", "kind", "order", "mode", "page"), "")
    assert site.get("/api/search", image=image_id, **empty).status_code == 200


def test_static_files_are_looked_up_by_name(site: Served) -> None:
    """No path of a client reaches the file system."""
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2fetc%2fpasswd",
                 "/static/web.js%00", "//etc/passwd", "/static/"):  # fmt: skip
        with socket.create_connection((site.url[7:].split(":")[0], int(site.url.split(":")[2])), timeout=10) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            assert line.recv(100).split()[1] == b"404", path


def test_other_sites_can_neither_send_nor_read(site: Served) -> None:
    """A form of another site is refused, and a name of another site that leads here is no name of ours."""
    for came in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": came, "Content-Type": "application/json"}
        body = json.dumps({"url": "http://example.com/"})
        assert site.http.post(f"{site.url}/search", body, headers=headers, timeout=10).status_code == 403
    assert site.http.get(site.url, headers={"Host": "evil.example"}, timeout=10).status_code == 400
    assert "access-control-allow-origin" not in site.get("/api/labels").headers


@pytest.fixture
def strict(sample: FinishedLake, tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    """A server of its own with a low rate, on a copy of the lake that may be damaged."""
    lake = tmp_path / "lake"
    sample.copied(lake)
    rates = ("--set", "web.searches_per_minute=3", "--set", "web.requests_per_minute=40", "--set", "web.queries_kept=1")
    with Served(lake, tmp_path / "cache", *rates) as server:
        yield server, lake


def test_a_client_is_slowed_down_and_photos_make_room(
    strict: tuple[Served, Path], sample: FinishedLake, facts: PlantedFacts
) -> None:
    """The fourth search in a minute is refused with a time to wait, other requests later; only the latest is kept."""
    site, _ = strict
    tokens = [site.search(photo_of(sample, facts, truth)[1]).json()["query"] for truth in ("Lion", "Owl", "Zebra")]
    assert [site.get("/api/search", query=token).status_code for token in tokens] == [410, 410, 200]
    refused = site.search(b"x")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    statuses = [site.get("/api/labels").status_code for _ in range(45)]
    assert set(statuses) == {200, 429}


def test_a_lake_that_breaks_is_no_trace(strict: tuple[Served, Path], facts: PlantedFacts) -> None:
    """When tables vanish under the server its client learns that, and neither a path nor a line of code."""
    site, lake = strict
    shutil.rmtree(lake / "image_bytes")
    decodable = next(image for image in facts.images if image.decodable)
    answer = site.get("/original", id=decodable.image_id)
    assert answer.status_code == 503
    assert str(lake) not in answer.text
    assert "Traceback" not in answer.text
    assert any("image_bytes" in line for line in site.log)
    assert site.get("/api/labels").status_code == 200
