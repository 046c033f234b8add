"""A served lake that is published anew is served anew, without losing a request, a link or the old version."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from republished import publish

from finished_lake import FinishedLake
from served import Served


@pytest.fixture
def folder(sample: FinishedLake, tmp_path: Path) -> Path:
    """A copy of the sample lake, to be changed."""
    return sample.copied(tmp_path / "lake").folder


@pytest.fixture
def watched(folder: Path, tmp_path: Path) -> Iterator[Served]:
    """That copy, served, and looked at often."""
    with Served(folder, tmp_path / "cache", "--set", "web.renewed_every_s=0.3") as server:
        yield server


def eventually(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not true():
        assert time.monotonic() < ends, "it did not come true within 30 s"
        time.sleep(0.1)


@pytest.mark.tried(
    "The browser app", "tables published anew under a running server", "served by themselves; links live on"
)
def test_new_tables_are_served_and_links_live_on(watched: Served, folder: Path) -> None:
    quality = pd.read_parquet(folder / "image_quality")
    image = quality.loc[quality["ppi"].idxmin(), "image_id"]
    photo = io.BytesIO()
    Image.new("RGB", (300, 200), "tan").save(photo, "JPEG")
    token = watched.search(photo.getvalue()).json()["query"]
    before = watched.get("/api/search", query=token, order="ppi").json()
    quality.loc[quality["image_id"] == image, "ppi"] = 12345.0
    publish(folder, "image_quality", quality, "published-again")

    eventually(lambda: watched.get("/api/image", id=image).json()["ppi"] == 12345.0)

    after = watched.get("/api/search", query=token, order="ppi").json()
    assert before["results"][0]["image"]["image_id"] != image
    assert after["results"][0]["image"]["image_id"] == image
    assert any(line.startswith("published anew: ") for line in watched.log)


def test_what_cannot_be_opened_leaves_the_old_version(watched: Served, folder: Path) -> None:
    image = pd.read_parquet(folder / "images")["image_id"].iloc[0]
    before = watched.get("/api/image", id=image).json()
    publish(folder, "image_index", None, "without-its-quantizer")

    eventually(lambda: any("index_quantizer" in line for line in watched.log))

    assert watched.get("/api/image", id=image).json() == before
    publish(folder, "index_quantizer", None, "without-its-quantizer")
    eventually(lambda: any(line.startswith("published anew: ") for line in watched.log))


def test_what_could_not_be_opened_is_tried_again(watched: Served, folder: Path) -> None:
    """A file that was out of reach for a while needs no publication to be found again, and is told of once."""
    publish(folder, "image_quality", None, "published-again")
    part = min((folder / "image_quality").glob("*.parquet"))
    away = part.rename(folder / "away")
    eventually(lambda: any("stays" in line for line in watched.log))
    time.sleep(1)  # three more looks
    assert sum("stays" in line for line in watched.log) == 1
    away.rename(part)

    eventually(lambda: any(line.startswith("published anew: ") for line in watched.log))


def test_images_that_the_lake_lists_no_more_are_no_answers(folder: Path, tmp_path: Path) -> None:
    index = pd.read_parquet(folder / "image_index", columns=["image_id"])["image_id"]
    gone = set(index.iloc[1:60])
    images = pd.read_parquet(folder / "images")
    publish(folder, "images", images[~images["image_id"].isin(gone)], "some-are-gone")
    with Served(folder, tmp_path / "cache") as server:
        found = []
        for page in (1, 2, 3):
            answer = server.get("/api/search", image=index.iloc[0], page=page).json()
            found += [result["image"]["image_id"] for result in answer["results"]]
    assert found
    assert not gone & set(found)
    assert len(found) == len(set(found))
