"""The classes of the sample lake and their hierarchy: a part of the Open Images vocabulary, in its form."""

from __future__ import annotations

from typing import Any

from imagelake.samples.painting.labels import MID_OF

ENTITY = "/m/0bl9f"  # the root: in the hierarchy, but in neither class description file
UNKNOWN_MID = "/m/0zz0zz0"  # in no file of classes

_GROUPS = {
    "Animal": "/m/0jbk", "Bird": "/m/015p6", "Mammal": "/m/04rky", "Carnivore": "/m/01lrl", "Reptile": "/m/06bt6",
    "Fish": "/m/0ch_cf", "Marine mammal": "/m/0gd2v", "Bear": "/m/01dws", "Toy": "/m/0138tl", "Plant": "/m/05s2s",
    "Tree": "/m/07j7r", "Vehicle": "/m/07yv9", "Land vehicle": "/m/01prls", "Auto part": "/m/08dz3q",
}  # fmt: skip
_OTHERS = {
    "Brown bear": "/m/01dxs", "Polar bear": "/m/0633h", "Teddy bear": "/m/0kmg4", "Cat": "/m/01yrx", "Dog": "/m/0bt9lr",
    "Fox": "/m/0306r", "Jaguar": "/m/0449p", "Cheetah": "/m/0cd4d", "Lynx": "/m/04g2r", "Camel": "/m/01x_v",
    "Cattle": "/m/01xq0k1", "Deer": "/m/09kx5", "Horse": "/m/03k3r", "Kangaroo": "/m/04c0y", "Monkey": "/m/08pbxl",
    "Rabbit": "/m/06mf6", "Squirrel": "/m/071qp", "Chicken": "/m/09b5t", "Duck": "/m/09ddx", "Falcon": "/m/0f6wt",
    "Goose": "/m/0dbvp", "Ostrich": "/m/05n4y", "Raven": "/m/06j2d", "Sparrow": "/m/0h23m", "Swan": "/m/0dftk",
    "Woodpecker": "/m/01dy8n", "Palm tree": "/m/0cdl1", "Flower": "/m/0c9ph5", "Car": "/m/0k4j", "Wheel": "/m/083wq",
    "Person": "/m/01g317",
}  # fmt: skip

BOXABLE: dict[str, str] = {**MID_OF, **_GROUPS, **_OTHERS}

# Labels of whole images only. As in the published file, one name is that of another class too, one has a comma and one
# is not ASCII.
_IMAGE_LEVEL: tuple[tuple[str, str], ...] = (
    ("Wildlife", "/m/01280g"), ("Fauna", "/m/035qhg"), ("Savanna", "/m/01c7d3"), ("Grassland", "/m/01c7cq"),
    ("Safari", "/m/0199b0"), ("Zoo", "/m/089v3"), ("Beak", "/m/01c4rd"), ("Whiskers", "/m/01l7qd"),
    ("Snout", "/m/05mqq3"),
    ("Terrestrial animal", "/m/0fbf1m"), ("Big cats", "/m/0cdnk"), ("Bird of prey", "/m/0f6x8"), ("Nature", "/m/05h0n"),
    ("Bald eagle", "/m/01dx8"), ("Great grey owl", "/m/01_5q8"), ("King penguin", "/m/02gs3z"),
    ("African elephant", "/m/04_r5c"), ("Jaguar", "/m/0h5wslk"), ("Ducks, geese and swans", "/m/01c_0l"),
    ("Jämthund", "/m/01x5q1"),
)  # fmt: skip
ALL_CLASSES: tuple[tuple[str, str], ...] = tuple(BOXABLE.items()) + _IMAGE_LEVEL

# Image-level labels that a classifier plausibly gives any of the animals.
SCENE_MIDS: tuple[str, ...] = tuple(mid for _, mid in _IMAGE_LEVEL[:10])

_CARNIVORES = ("Cat", "Fox", "Jaguar", "Lynx", "Tiger", "Lion", "Dog", "Leopard", "Cheetah")
_MAMMALS = (
    "Camel",
    "Cattle",
    "Giraffe",
    "Rhinoceros",
    "Horse",
    "Kangaroo",
    "Rabbit",
    "Squirrel",
    "Zebra",
    "Monkey",
    "Deer",
    "Elephant",
)
_BIRDS = (
    "Woodpecker", "Ostrich", "Penguin", "Raven", "Chicken", "Eagle", "Owl", "Duck", "Goose", "Swan", "Falcon", "Parrot",
    "Sparrow",
)  # fmt: skip

# Name -> names of its sub-categories. A teddy bear is a toy and a bear: the published hierarchy is no tree either.
SUBCATEGORIES: dict[str, tuple[str, ...]] = {
    "Entity": ("Toy", "Plant", "Vehicle", "Animal", "Person"),
    "Toy": ("Teddy bear",),
    "Plant": ("Tree", "Flower"),
    "Tree": ("Palm tree",),
    "Vehicle": ("Land vehicle",),
    "Land vehicle": ("Car",),
    "Auto part": ("Wheel",),
    "Animal": ("Bird", "Mammal", "Reptile", "Fish"),
    "Bird": _BIRDS,
    "Mammal": ("Carnivore", *_MAMMALS, "Marine mammal"),
    "Carnivore": ("Bear", *_CARNIVORES),
    "Bear": ("Brown bear", "Polar bear", "Teddy bear"),
}
PARTS: dict[str, tuple[str, ...]] = {"Land vehicle": ("Auto part",)}


def hierarchy(name: str = "Entity") -> dict[str, Any]:
    """The node of a class and all below it, in the form of ``bbox_labels_600_hierarchy.json``."""
    node: dict[str, Any] = {"LabelName": BOXABLE.get(name, ENTITY)}
    for key, children in (("Part", PARTS), ("Subcategory", SUBCATEGORIES)):
        if name in children:
            node[key] = [hierarchy(child) for child in children[name]]
    return node


def parents(name: str) -> tuple[str, ...]:
    """Names of the categories above a class, the nearest first, without the root; of two parents, the first counts."""
    for category, children in SUBCATEGORIES.items():
        if name in children and category != "Entity":
            return category, *parents(category)
    return ()


# Label -> the wrong label of an image with a planted error.
MISTAKEN_FOR: dict[str, str] = {
    "Lion": "Leopard", "Tiger": "Leopard", "Leopard": "Tiger", "Zebra": "Giraffe", "Giraffe": "Zebra",
    "Elephant": "Rhinoceros",
    "Rhinoceros": "Elephant", "Eagle": "Owl", "Owl": "Eagle", "Parrot": "Eagle", "Penguin": "Owl",
}  # fmt: skip
