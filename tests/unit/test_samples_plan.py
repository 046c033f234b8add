from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from imagelake.samples.annotations import STORIES, label_rows
from imagelake.samples.classes import ALL_CLASSES, BOXABLE, ENTITY, MISTAKEN_FOR, UNKNOWN_MID, hierarchy, parents
from imagelake.samples.damage import DAMAGES
from imagelake.samples.painting.labels import LABEL_NAMES, LABELS
from imagelake.samples.plan import BLOCK, SLOTS, plan_image
from imagelake.samples.raw_files import CLEAN_REASONS, INGEST_REASONS, KEPT

PLANS = [plan_image(7, index) for index in range(10 * BLOCK)]


def test_every_block_holds_every_part_as_often_as_it_has_slots() -> None:
    """A lake of any multiple of 20 images has the same mix, 5 % of it damaged."""
    expected = Counter(slot.part for slot in SLOTS)
    for block in range(10):
        assert Counter(plan.part for plan in PLANS[block * BLOCK : (block + 1) * BLOCK]) == expected
    assert expected["corrupt"] / BLOCK == 0.05


def test_each_kind_of_damage_comes_in_turn() -> None:
    """As many blocks as there are kinds of damage hold each kind once."""
    plans = [plan_image(7, index) for index in range(len(DAMAGES) * BLOCK)]
    damages = [plan.damage for plan in plans if plan.damage is not None]
    assert sorted(damage.type for damage in damages) == sorted(damage.type for damage in DAMAGES)


def test_ids_look_like_those_of_open_images_and_are_unique() -> None:
    """16 lower-case hexadecimal digits, none twice, none shared with another seed."""
    ids = [plan.image_id for plan in PLANS] + [plan_image(8, index).image_id for index in range(100)]
    assert all(re.fullmatch("[0-9a-f]{16}", image_id) for image_id in ids)
    assert len(set(ids)) == len(ids)


def test_copies_refer_to_an_earlier_image_that_is_itself_no_copy() -> None:
    """So that any first part of a lake has the original of each copy it has."""
    for plan in PLANS:
        copied = plan.part in ("exact_copy", "near_copy")
        assert copied == (plan.drawn_index < plan.index)
        assert not copied or PLANS[plan.drawn_index].part == "plain"
        assert plan.truth == PLANS[plan.drawn_index].truth


def test_exact_copies_occur_within_and_between_splits() -> None:
    """Leaks from train into validation and test are planted, and copies within train."""
    pairs = {(PLANS[plan.drawn_index].split, plan.split) for plan in PLANS if plan.part == "exact_copy"}
    assert pairs == {("train", "train"), ("train", "validation"), ("train", "test")}


def test_wrong_labels_state_another_animal() -> None:
    """The label given differs from the animal drawn exactly where a wrong label is planted."""
    assert set(MISTAKEN_FOR) == set(LABEL_NAMES)
    assert all((plan.given != plan.truth) == (plan.part == "wrong_label") for plan in PLANS)


def test_every_story_and_every_reason_for_a_label_row_occurs() -> None:
    """Nothing in the table of stories is dead, and all reasons but those of boxes and images are planted."""
    fates = Counter(label.row.fate for plan in PLANS for label in label_rows(plan))
    elsewhere = {reason for reason in INGEST_REASONS if "box" in reason or "coordinate" in reason}
    assert set(fates) == {KEPT, *INGEST_REASONS, *CLEAN_REASONS} - elsewhere - {"duplicate_image_id"}
    told = {story for slot in SLOTS for story in slot.stories}
    assert told <= set(STORIES)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_labels_of_validation_and_test_are_all_confident(split: str) -> None:
    """Every row there is above 0.99; only train has doubts, denials and dirt."""
    rows = [label.row for plan in PLANS for label in label_rows(plan) if label.split == split]
    assert len(rows) > 50
    assert all(float(row.cells[3]) > 0.99 for row in rows)


def test_the_hierarchy_leads_from_entity_to_the_animals() -> None:
    """Lion, tiger and leopard are carnivores, mammals and animals; the birds are birds; the root has no name."""
    assert parents("Lion") == parents("Tiger") == parents("Leopard") == ("Carnivore", "Mammal", "Animal")
    assert parents("Owl") == ("Bird", "Animal")
    root = hierarchy()
    assert root["LabelName"] == ENTITY
    assert ENTITY not in dict(ALL_CLASSES).values()
    assert set(_mids(root)) == {ENTITY, *BOXABLE.values()}


def _mids(node: dict[str, Any]) -> list[str]:
    below = [mid for key in ("Part", "Subcategory") for child in node.get(key, []) for mid in _mids(child)]
    return [node["LabelName"], *below]


def test_class_names_have_the_traps_of_the_published_ones() -> None:
    """One name stands for two classes, one has a comma, one is not ASCII; a MID stands for one class alone."""
    names = Counter(name for name, _ in ALL_CLASSES)
    mids = Counter(mid for _, mid in ALL_CLASSES)
    assert [name for name, count in names.items() if count > 1] == ["Jaguar"]
    assert max(mids.values()) == 1
    assert any("," in name for name in names)
    assert any(not name.isascii() for name in names)
    assert UNKNOWN_MID not in mids


def test_mids_are_those_of_open_images(shared_data: Path) -> None:
    """Each MID is in the published dictionary, under the same name but for three that the boxable file renames."""
    with (shared_data / "metadata" / "class_dictionary.csv").open(encoding="utf-8") as stream:
        published = dict(csv.reader(stream))
    renamed = {"Carnivore": "carnivoran", "Palm tree": "palm family", "Car": "automobile"}
    for name, mid in ALL_CLASSES:
        assert published[mid] == renamed.get(name, name.lower())
    for label in LABELS:
        assert published[label.mid] == label.name.lower()
    assert UNKNOWN_MID not in published
