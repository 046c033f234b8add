"""The choice of images and the names of classes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from fetch_lake import LABEL_HEADER, LION, OWL, TIGER, to_csv
from hypothesis import given
from hypothesis import strategies as st

from imagelake.errors import ImageLakeError
from imagelake.open_images.choice import ChoiceFile, FirstImages, Request, choose, rank
from imagelake.open_images.class_names import find_classes, read_classes
from imagelake.open_images.id_set import IdSet

REQUEST = Request({LION: "Lion", TIGER: "Tiger"}, per_label=4, seed=3)


@given(st.lists(st.integers(0, 3000), max_size=4000), st.integers(1, 20), st.integers())
def test_first_images_are_the_lowest_ranks_whatever_the_order(numbers: list[int], count: int, seed: int) -> None:
    """Offered in any order and number, the images kept are the first of all distinct ones sorted by rank."""
    first = FirstImages(count, seed)
    for number in numbers:
        first.offer(f"{number:016x}")
    images = {f"{number:016x}" for number in numbers}
    assert first.ids() == sorted(images, key=lambda image_id: rank(image_id, seed))[:count]


def test_a_larger_slice_contains_the_smaller_one() -> None:
    """Asking for more of the same seed adds images and drops none; another seed chooses others."""
    ids = [f"{number:016x}" for number in range(5000)]
    slices = {}
    for count, seed in ((10, 1), (50, 1), (10, 2)):
        first = FirstImages(count, seed)
        for image_id in ids:
            first.offer(image_id)
        slices[count, seed] = first.ids()
    assert slices[50, 1][:10] == slices[10, 1]
    assert set(slices[10, 2]) != set(slices[10, 1])


def test_ranks_spread_evenly() -> None:
    """Of 4,000 consecutive ids, each quarter of the ranks gets its thousand, within four standard deviations."""
    quarters = [rank(f"{number:016x}", 7) >> 62 for number in range(4000)]
    assert all(abs(quarters.count(quarter) - 1000) < 4 * (4000 * 0.25 * 0.75) ** 0.5 for quarter in range(4))


def test_choice_is_of_listed_images_by_label_and_each_counts_once(tmp_path: Path) -> None:
    """Duplicate rows, boxes besides labels and unlisted images do not change what sorting all of them gives."""
    draw = random.Random(5)
    rows = [[f"{draw.randrange(30):016x}", "verification", draw.choice((LION, TIGER)), "1"] for _ in range(200)]
    for number, part in enumerate((rows[:120], rows[120:])):
        (tmp_path / f"{number}.csv").write_bytes(to_csv([LABEL_HEADER, *part]))
    listed = {f"{number:016x}" for number in range(0, 30, 2)}
    chosen = choose([tmp_path / "0.csv", tmp_path / "1.csv"], IdSet(image_id.encode() for image_id in listed), REQUEST)
    for mid in REQUEST.classes:
        eligible = {row[0] for row in rows if row[2] == mid} & listed
        assert chosen[mid] == sorted(eligible, key=lambda image_id: rank(image_id, REQUEST.seed))[:4]


def test_no_candidates_give_an_empty_choice(tmp_path: Path) -> None:
    """A file of a header alone offers nothing."""
    (tmp_path / "0.csv").write_bytes(to_csv([LABEL_HEADER]))
    assert choose([tmp_path / "0.csv"], IdSet([]), REQUEST) == {LION: [], TIGER: []}


def test_a_record_is_read_back_and_refuses_other_requests(tmp_path: Path) -> None:
    """What is put is got by a later run of the same request; another one is told every difference."""
    file = tmp_path / "choice.json"
    ChoiceFile(file, REQUEST).put("test", {LION: ["a"], TIGER: []})
    again = ChoiceFile(file, REQUEST)
    assert again.get("test") == {LION: ["a"], TIGER: []}
    assert again.get("train") is None
    with pytest.raises(
        ImageLakeError, match=r"choice\.json.*Lion, Tiger there, Owl now.*per_label 4 there, 9 now.*seed 3"
    ):
        ChoiceFile(file, Request({OWL: "Owl"}, per_label=9, seed=4))


def test_a_record_that_is_none_is_named(tmp_path: Path) -> None:
    """A JSON file of something else under the record's name is not taken for one."""
    file = tmp_path / "choice.json"
    file.write_text(json.dumps({"labels": {}, "answer": 42}))
    with pytest.raises(ImageLakeError, match="lacks per_label, seed, splits"):
        ChoiceFile(file, REQUEST)


@pytest.fixture
def names(tmp_path: Path) -> list[Path]:
    """Class files: without header as V5 publishes it, with header and CRLF as V7 does."""
    (tmp_path / "boxable.csv").write_bytes(to_csv([[LION, "Lion"], [OWL, "Owl"]]))
    everything = [["LabelName", "DisplayName"], [LION, "Lion"], ["/m/1", "Jaguar"], ["/m/2", "Jaguar"], ["/m/3", "Été"]]
    (tmp_path / "all.csv").write_bytes(to_csv(everything, "\r\n"))
    return [tmp_path / "boxable.csv", tmp_path / "all.csv"]


def test_class_names_are_read_with_and_without_header(names: list[Path]) -> None:
    """Neither a header nor line ends become classes; names keep their letters."""
    assert read_classes(names) == {LION: "Lion", OWL: "Owl", "/m/1": "Jaguar", "/m/2": "Jaguar", "/m/3": "Été"}


def test_labels_are_found_by_name_case_or_mid(names: list[Path]) -> None:
    """Each way of naming a class finds it."""
    assert find_classes(["Lion", "OWL", "/m/2"], names) == {LION: "Lion", OWL: "Owl", "/m/2": "Jaguar"}


def test_a_name_of_several_classes_is_not_guessed(names: list[Path]) -> None:
    """The message lists the MIDs to choose from."""
    with pytest.raises(ImageLakeError, match=r"'Jaguar' is the name of several classes.*/m/1, /m/2"):
        find_classes(["Jaguar"], names)


def test_unknown_labels_are_all_named_with_near_ones(names: list[Path]) -> None:
    """One message names every unknown label, what is near, the files and how many classes they hold."""
    with pytest.raises(ImageLakeError, match=r"'Lionn', nearest: Lion; unknown label 'qqqq', no name is near") as error:
        find_classes(["Lionn", "Owl", "qqqq"], names)
    assert str(names[0]) in str(error.value)
    assert "5 classes" in str(error.value)
