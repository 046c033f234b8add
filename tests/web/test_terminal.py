"""scripts/search gives the answers of the server in seconds, and says what is wrong with what it was given."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from finished_lake import FinishedLake
from imagelake.samples import PlantedFacts
from project import PROJECT
from served import Served

SECONDS = 10  # two to three on a quiet machine; the job, which starts Spark, takes twenty


def searched(sample: FinishedLake, cache: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [PROJECT / "scripts" / "search", *arguments, "--root", sample.folder, "--cache", cache]
    surroundings = os.environ | {"COLUMNS": "40"}  # a narrow terminal, in which nothing may be cut either
    return subprocess.run([*map(str, command)], capture_output=True, text=True, env=surroundings, check=False)


def image_ids(output: str) -> list[str]:
    """The line below that of each answer."""
    lines = output.splitlines()
    return [after.strip() for line, after in pairwise(lines) if re.match(r" *\d+  (0|1)\.\d{3}  PPI", line)]


def photo_of(sample: FinishedLake, facts: PlantedFacts, truth: str) -> Path:
    chosen = next(image for image in facts.images if image.truth == truth and image.decodable and not image.damage)
    return sample.folder / "sample_files" / chosen.file


def test_a_photo_has_the_answers_of_the_server_in_seconds(
    sample: FinishedLake, facts: PlantedFacts, site: Served, tmp_path: Path
) -> None:
    photo = photo_of(sample, facts, "Lion")
    began = time.monotonic()

    done = searched(sample, tmp_path, photo, "--label", "Mammal", "--order", "both", "--count", 7)

    assert time.monotonic() - began < SECONDS
    assert done.returncode == 0, done.stderr
    served = site.search(photo.read_bytes(), label="Mammal", order="both").json()
    assert image_ids(done.stdout) == [result["image"]["image_id"] for result in served["results"][:7]]
    assert f"7 of the {served['total']} best of" in done.stdout


def test_answers_are_whole_and_come_as_json(sample: FinishedLake, tmp_path: Path) -> None:
    """A path longer than the terminal is wide stands in one line; --json gives the same images with all details."""
    image = sample.frame("image_index", ["image_id"])["image_id"].iloc[3]
    printed = searched(sample, tmp_path, image, "--count", 4)
    answers = json.loads(searched(sample, tmp_path, image, "--count", 4, "--json").stdout)["results"]
    assert [answer["image"]["image_id"] for answer in answers] == image_ids(printed.stdout)
    paths = sample.frame("images", ["image_id", "path"]).set_index("image_id")["path"]
    for answer in answers:
        assert answer["image"]["path"] == paths[answer["image"]["image_id"]]
        assert f"     {answer['image']['path']}" in printed.stdout.splitlines()


def test_an_image_of_the_lake_is_no_answer_to_itself(sample: FinishedLake, site: Served, tmp_path: Path) -> None:
    image = pd.read_parquet(sample.folder / "image_index", columns=["image_id"])["image_id"].iloc[3]
    done = searched(sample, tmp_path, image, "--min-ppi", 15)
    served = site.get("/api/search", image=image, min_ppi=15).json()
    assert image_ids(done.stdout) == [result["image"]["image_id"] for result in served["results"][:10]]
    assert image not in image_ids(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nowhere.jpg",), "nowhere.jpg: neither a file nor the image_id"),
        ((PROJECT / "README.md",), "README.md: not_an_image"),
        (("http://127.0.0.1/lion.jpg",), "127.0.0.1"),
        (("nowhere.jpg", "--order", "beauty"), "--order beauty: Input should be 'similarity', 'ppi' or 'both'"),
        (("nowhere.jpg", "--min-ppi", "-3"), "--min-ppi -3: Input should be greater than or equal to 0"),
        (("nowhere.jpg", "--count", "0"), "--count 0: at least 1"),
    ],
)
def test_what_cannot_be_searched_for_is_named(
    sample: FinishedLake, tmp_path: Path, arguments: tuple[object, ...], named: str
) -> None:
    done = searched(sample, tmp_path, *arguments)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
