"""The animals of the sample lake, with the class identifiers (MIDs) that Open Images gives them."""

from __future__ import annotations

from dataclasses import dataclass

from imagelake.errors import unknown_choice


@dataclass(frozen=True, slots=True)
class SampleLabel:
    """One class: its display name and its Open Images MID such as ``/m/096mb``."""

    name: str
    mid: str


LABELS: tuple[SampleLabel, ...] = (
    SampleLabel("Lion", "/m/096mb"),
    SampleLabel("Tiger", "/m/07dm6"),
    SampleLabel("Leopard", "/m/0c29q"),
    SampleLabel("Zebra", "/m/0898b"),
    SampleLabel("Giraffe", "/m/03bk1"),
    SampleLabel("Elephant", "/m/0bwd_0j"),
    SampleLabel("Rhinoceros", "/m/03d443"),
    SampleLabel("Eagle", "/m/09csl"),
    SampleLabel("Owl", "/m/09d5_"),
    SampleLabel("Parrot", "/m/0gv1x"),
    SampleLabel("Penguin", "/m/05z6w"),
)

LABEL_NAMES: tuple[str, ...] = tuple(label.name for label in LABELS)
MID_OF: dict[str, str] = {label.name: label.mid for label in LABELS}


def label_number(name: str) -> int:
    """Position of a label in ``LABELS``.

    Raises:
        ImageLakeError: no sample label bears that name; the message lists those that exist.
    """
    if name not in LABEL_NAMES:
        raise unknown_choice("sample label", name, LABEL_NAMES)
    return LABEL_NAMES.index(name)
