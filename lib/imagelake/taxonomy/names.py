"""When two names are the same but for case, separators, accents and number.

Names are compared whole: *rhinoceros beetle* has nothing to do with *rhinoceros*.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_IN_A_WORD = re.compile(r"[^\w]+|_+")

# Irregular plurals, matched at the end of a word: bookshelves and snowmen follow shelves and men.
_IRREGULAR = {
    "antennae": "antenna",
    "aquaria": "aquarium",
    "bacteria": "bacterium",
    "cacti": "cactus",
    "calves": "calf",
    "children": "child",
    "dice": "die",
    "dwarves": "dwarf",
    "elves": "elf",
    "feet": "foot",
    "fungi": "fungus",
    "geese": "goose",
    "halves": "half",
    "hippopotami": "hippopotamus",
    "hooves": "hoof",
    "knives": "knife",
    "larvae": "larva",
    "leaves": "leaf",
    "lice": "louse",
    "lives": "life",
    "loaves": "loaf",
    "men": "man",
    "mice": "mouse",
    "octopi": "octopus",
    "oxen": "ox",
    "people": "person",
    "platypi": "platypus",
    "scarves": "scarf",
    "selves": "self",
    "shelves": "shelf",
    "teeth": "tooth",
    "thieves": "thief",
    "wives": "wife",
    "wolves": "wolf",
}
# The plural is the only form, or the singular is another thing: glasses are worn, a glass is drunk from.
_NEVER_SINGULAR = frozenset(["clothes", "glasses", "news", "species", "series"])


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """A name without case, accents, punctuation and separators: ``Hot_Dog``, ``hot-dog`` and ``hotdog`` are equal."""
    return "".join(name_words(name))


@lru_cache(maxsize=65536)
def name_forms(name: str) -> frozenset[str]:
    """The key of a name and of every singular that its last word could be the plural of.

    Wrong guesses such as ``platypu`` do not matter, since a form counts only if it is a known name.
    """
    *first, last = name_words(name) or ("",)
    return frozenset("".join((*first, word)) for word in {last, *_singulars(last)})


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name without case, accents and punctuation."""
    plain = "".join(c for c in _caseless(name) if not unicodedata.combining(c))
    return tuple(_NOT_IN_A_WORD.sub(" ", plain.replace("&", " and ")).split())


def _caseless(name: str) -> str:
    """Unicode's compatibility caseless form (definition D146): folding twice, as decomposing can bring new capitals."""
    once = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", name).casefold())
    return unicodedata.normalize("NFKD", once.casefold())


def _singulars(word: str) -> set[str]:
    if word in _NEVER_SINGULAR:
        return set()
    irregular = {word.removesuffix(plural) + single for plural, single in _IRREGULAR.items() if word.endswith(plural)}
    return irregular | _regular_singulars(word)


def _regular_singulars(word: str) -> set[str]:
    if not word.endswith("s") or word.endswith("ss") or len(word) < 3:
        return set()
    singulars = {word[:-1]}  # leopards, horses, cookies
    if word.endswith("ies"):
        singulars.add(word[:-3] + "y")  # butterflies
    if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        singulars.add(word[:-2])  # buses, foxes, finches, potatoes
    return singulars
