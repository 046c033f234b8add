from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.taxonomy.class_names import NameIndex
from imagelake.taxonomy.names import name_forms, name_key

PLURALS = {
    "antelope": "antelopes",
    "axe": "axes",
    "bookshelf": "bookshelves",
    "bus": "buses",
    "butterfly": "butterflies",
    "cactus": "cacti",
    "calf": "calves",
    "child": "children",
    "class": "classes",
    "collie": "collies",
    "cookie": "cookies",
    "donkey": "donkeys",
    "emu": "emus",
    "finch": "finches",
    "fox": "foxes",
    "giraffe": "giraffes",
    "glove": "gloves",
    "goose": "geese",
    "hippopotamus": "hippopotamuses",
    "horse": "horses",
    "husky": "huskies",
    "ibex": "ibexes",
    "knife": "knives",
    "leaf": "leaves",
    "leopard": "leopards",
    "loaf": "loaves",
    "lynx": "lynxes",
    "mongoose": "mongooses",
    "mouse": "mice",
    "octopus": "octopuses",
    "ostrich": "ostriches",
    "ox": "oxen",
    "person": "people",
    "platypus": "platypuses",
    "potato": "potatoes",
    "radish": "radishes",
    "rhinoceros": "rhinoceroses",
    "shoe": "shoes",
    "ski": "skis",
    "snowman": "snowmen",
    "taxi": "taxis",
    "tomato": "tomatoes",
    "tooth": "teeth",
    "walrus": "walruses",
    "waltz": "waltzes",
    "wolf": "wolves",
    "woman": "women",
    "zebra": "zebras",
}
DIFFERENT = [
    ("glass", "glasses"),  # one is drunk from, the others are worn
    ("bra", "brass"),
    ("bras", "brass"),
    ("cafe", "caves"),
    ("rhinoceros", "rhinoceros beetle"),
    ("cat", "wild_cat"),
    ("cougar", "cougar_face"),
    ("dog", "hot dog"),
    ("ant", "giant"),
    ("lion", "sea lion"),
    ("bear", "teddy bears"),
    ("cat", "cats and dogs"),
    ("", "s"),
]


def same_name(one: str, other: str) -> bool:
    """Whether one name finds the other, case, separators and number aside."""
    return bool(NameIndex([one]).by_number(other))


@pytest.mark.parametrize(("singular", "plural"), PLURALS.items())
def test_a_plural_is_the_same_name(singular: str, plural: str) -> None:
    """Regular and irregular plurals agree with their singular, in either order and behind other words."""
    assert same_name(singular, plural)
    assert same_name(plural, singular)
    assert same_name(f"Wild {singular}", f"wild_{plural}")


def test_no_two_of_the_words_are_confused() -> None:
    """Among all the singulars and plurals only those of one word agree."""
    words = [*PLURALS, *PLURALS.values()]
    pairs = {(a, b) for a in words for b in words if a < b and same_name(a, b)}
    assert pairs == {(min(pair), max(pair)) for pair in PLURALS.items()}


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_things_stay_different(one: str, other: str) -> None:
    """A part of a name is not the name, and words that merely look like a plural are not one."""
    assert not same_name(one, other)
    assert not same_name(other, one)


@pytest.mark.parametrize(
    "name", ["bus", "glass", "platypus", "octopus", "Leopards", "lens", "species", "ibis", "s", "ss"]
)
def test_a_name_is_itself_whatever_it_ends_in(name: str) -> None:
    """A final s that is no plural does not get lost."""
    assert same_name(name, name)
    assert name_key(name) in name_forms(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hot dog", "hot_dog"),
        ("Hot dog", "HOT-DOG"),
        ("Hot dog", "HotDog"),
        ("jack-o'-lantern", "Jack o\u2019 Lantern"),
        ("St. Bernard", "st_bernard"),
        ("Luggage & bags", "luggage and bags"),
        ("consommé", "consomme"),
        ("Bat (Animal)", "bat animal"),
        ("STRASSE", "straße"),
    ],
)
def test_case_separators_punctuation_and_accents_do_not_matter(one: str, other: str) -> None:
    """Names that a person would read aloud in the same way have one key."""
    assert name_key(one) == name_key(other)


@given(
    st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1), min_size=1),
    st.sampled_from([" ", "_", "-", "  ", "_-_"]),
)
def test_any_separator_and_case_gives_one_key(words: list[str], separator: str) -> None:
    """How words are joined and written changes nothing."""
    assert name_key(separator.join(words).upper()) == name_key(" ".join(words)) == "".join(words)


@given(st.text())
def test_any_text_has_forms_that_contain_its_key(name: str) -> None:
    """No text fails, and a key is a fixed point."""
    assert name_key(name) in name_forms(name)
    assert name_key(name_key(name)) == name_key(name)
