"""What a report is about: which lake and network, and the thresholds that its findings depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imagelake.reports.names import clean_name

if TYPE_CHECKING:
    from imagelake.config import ReportSection
    from imagelake.vision.network_card import NetworkCard

Line = tuple[str, str]
_WEIGHTS_FILES = (".h5", ".keras")
_HASH_DIGITS = 16


def about_lake(root: str, manifests: Mapping[str, Mapping[str, Any]], tables: Sequence[str]) -> list[Line]:
    """The lake and its source by the last part of their addresses: who reads a report may not know the machine.

    Args:
        root: of the lake.
        manifests: of its tables.
        tables: names of tables, which inputs may be too.
    """
    inputs = manifests.get("images", {}).get("inputs", {})
    sources = [_last(name) for name in sorted(inputs) if name not in tables]
    return [("Lake", _last(root)), *([("Images from", ", ".join(sources))] if sources else [])]


def about_network(card: NetworkCard | None, digest: str, manifest: Mapping[str, Any]) -> list[Line]:
    """The network, its weights and how it is given images.

    Args:
        card: of the converted network; None for a lake without one.
        digest: SHA-256 of the converted network, in hex.
        manifest: of the folder model.
    """
    if card is None:
        return [("Network", "none: nothing has been predicted")]
    weights = [_last(name) for name in sorted(manifest["inputs"]) if name.endswith(_WEIGHTS_FILES)]
    engine = f"{card.name}, {card.precision}, {len(card.classes):,} classes"
    features = [("Features", _last(card.extractor))] if card.extractor else []
    return [
        ("Network", engine),
        ("Weights", f"{weights[0] if weights else 'embedded'}; converted, SHA-256 {digest[:_HASH_DIGITS]}"),
        ("Framing", {"crop": "central crop", "squeeze": "whole image squeezed into the square"}[card.framing]),
        *features,
    ]


def about_thresholds(min_confidence: float | None, rules: ReportSection) -> list[Line]:
    """The thresholds of clean labels and of the findings.

    Args:
        min_confidence: of clean labels; None where they were cleaned with other settings than the report's.
        rules: the section [report].
    """
    clean = "cleaned with other settings" if min_confidence is None else f"confidence above {min_confidence:g}"
    findings = (
        f"wrong where another label scores {rules.wrong_label_score:g} or more, tiny under {rules.tiny_side} px, blank "
        f"under contrast {rules.blank_contrast:g}, dark under brightness {rules.dark_brightness:g}, blurred under "
        f"sharpness {rules.blurred_sharpness:g}"
    )
    return [("Clean labels", clean), ("Thresholds", findings)]


def about_duplicates(manifest: Mapping[str, Any]) -> list[Line]:
    """The thresholds of near duplicates; nothing where nobody has looked for duplicates, or another version did.

    Args:
        manifest: of duplicate_groups, empty where that is not published.
    """
    names = {"min_score": "score {} or more", "min_ssim": "SSIM above {}", "max_distance": "distance under {} levels"}
    rules = manifest.get("settings") or {}
    said = [text.format(f"{rules[key]:g}") for name, text in names.items() if (key := f"duplicates.{name}") in rules]
    return [("Near duplicates", ", ".join(said))] if said else []


def _last(address: str) -> str:
    return clean_name(address.rstrip("/").rpartition("/")[2])
