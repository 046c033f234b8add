"""Search by words against brute force: what words mean, in which order images come, and completion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.serving.words import LEAST_SCORE, NetworkClasses, WordIndex, rank_by_words
from imagelake.taxonomy.lake_labels import HierarchyEdge, LakeLabels
from imagelake.taxonomy.names import name_key
from imagelake.taxonomy.synonyms import Synonym, Synonyms

EDGES = [
    HierarchyEdge("/root", "Entity", None, "subcategory"),
    HierarchyEdge("/animal", "Animal", "/root", "subcategory"),
    HierarchyEdge("/bird", "Bird", "/animal", "subcategory"),
    HierarchyEdge("/prey", "Bird of prey", "/bird", "subcategory"),
    HierarchyEdge("/rhino", "Rhinoceros", "/animal", "subcategory"),
    HierarchyEdge("/unicorn", "Unicorn", "/animal", "subcategory"),
]
NAMES = {"/bird": "Bird", "/prey": "Bird of prey", "/rhino": "Rhinoceros", "/hot": "Hot dog", "/dog": "Dog"}
COUNTS = {"Bird": 3, "Bird of prey": 9, "Rhinoceros": 5, "Hot dog": 6, "Dog": 4}
SYNONYMS = Synonyms([Synonym("Rhinoceros", "rhino", "same"), Synonym("kite", "raptor", "narrower")])
CLASSES = NetworkClasses(
    ("kite", "ostrich", "timber wolf", "golden retriever", "hotdog"),
    {"Bird": ("kite", "ostrich"), "Bird of prey": ("kite",), "Dog": ("golden retriever",)},
)
INDEX = WordIndex(LakeLabels(NAMES, EDGES, SYNONYMS), COUNTS, CLASSES, SYNONYMS)


@pytest.mark.parametrize(
    ("words", "labels", "classes"),
    [
        ("bird", ("Bird",), {"kite", "ostrich"}),
        ("BIRDS", ("Bird",), {"kite", "ostrich"}),
        ("animal", ("Animal",), {"kite", "ostrich"}),
        ("birds of prey", ("Bird of prey",), {"kite"}),
        ("rhinos", ("Rhinoceros",), set[str]()),
        ("wolf", (), {"timber wolf"}),
        ("raptors", (), {"kite"}),
        ("a rhinoceros of toast", ("Rhinoceros",), set[str]()),
        ("retriever", (), {"golden retriever"}),
        ("hot-dogs", ("Hot dog",), {"hotdog"}),
        ("prey", ("Bird of prey",), {"kite"}),
        ("the dogs and a rhinoceros", ("Hot dog", "Rhinoceros", "Dog"), {"golden retriever"}),
        ("of", ("Bird of prey",), {"kite"}),
        ("toaster", (), set[str]()),
        ("...", (), set[str]()),
    ],
)
def test_words_mean_labels_and_classes(words: str, labels: tuple[str, ...], classes: set[str]) -> None:
    """A whole name counts first, by any spelling; else every word, else any; narrower labels bring their classes."""
    meaning = INDEX.meaning(words)
    assert (meaning.labels, set(meaning.classes)) == (labels, classes)


def test_identifiers_are_not_offered() -> None:
    """A label whose name nobody gave is found, but not proposed to people."""
    labels = LakeLabels({"/m/9": "/m/9", "/bird": "Bird", "cat": "cat"}, [], SYNONYMS)
    index = WordIndex(labels, {"/m/9": 5, "Bird": 3, "cat": 2}, CLASSES, SYNONYMS)
    assert index.offered == ["Bird", "cat"]
    assert index.meaning("/m/9").labels == ("/m/9",)


def test_labels_include_their_narrower_ones() -> None:
    """Animals are all that the hierarchy has below them."""
    assert INDEX.meaning("animals").label_ids == {"/animal", "/bird", "/prey", "/rhino", "/unicorn"}
    assert INDEX.meaning("toaster").label_ids == frozenset()


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.0625, 0.125, 0.5, 1.0])), max_size=12), st.randoms())
def test_images_come_by_clean_labels_then_scores(images: list[tuple[bool, float]], random: object) -> None:
    """The order is that of sorting by label, score and identifier; what has neither is left out."""
    order = list(range(len(images)))
    random.shuffle(order)  # type: ignore[attr-defined]
    labelled = np.array([one[0] for one in images], np.bool_)
    scores = np.array([one[1] for one in images], np.float32)
    found = rank_by_words(labelled, scores, np.array(order, np.uint32))
    expected = sorted(
        (row for row, one in enumerate(images) if one[0] or one[1] >= LEAST_SCORE),
        key=lambda row: (not images[row][0], -images[row][1], order.index(row)),
    )
    assert found.rows.tolist() == expected
    assert found.labelled.tolist() == [images[row][0] for row in expected]
    assert found.scores.tolist() == [images[row][1] for row in expected]


@pytest.mark.parametrize("beginning", ["", "b", "B", "bird", "bird o", "pr", "dog", "hotd", "rhi", "of", "u", "z", "á"])
def test_completions_are_those_of_brute_force(beginning: str) -> None:
    """Labels with images at or below them with any word, own or a synonym's, from which on they begin so."""
    below = {"Animal": 17, "Entity": 17, "Bird": 12}
    words = {name: [name] for name in (*COUNTS, *below)}
    words["Rhinoceros"].append("rhino")
    wanted = name_key(beginning)

    def tails(name: str) -> list[str]:
        return [name_key(" ".join(word.split()[start:])) for word in words[name] for start in range(len(word.split()))]

    fitting = [name for name in words if any(tail.startswith(wanted) for tail in tails(name))]
    counts = COUNTS | below
    expected = sorted(fitting, key=lambda name: (not name_key(name).startswith(wanted), -counts[name], name))
    assert INDEX.completions(beginning, 99) == expected
    assert INDEX.completions(beginning, 2) == expected[:2]
