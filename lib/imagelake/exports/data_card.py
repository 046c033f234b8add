"""The data card of an export: README.md, whose head the `datasets` library reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagelake.exports.croissant import Described

EXAMPLES = 20


@dataclass(frozen=True)
class Provenance:
    """Where a data set comes from.

    Attributes:
        source: what the lake was made of.
        choice: which images were taken, and how splits were made.
        format: the files, and what was done to images.
        dropped: reason -> images that are left out.
        licenses: licence -> images.
        authors: author -> images, the most frequent ones.
        seeds: what is random -> its seed.
        code: the version that made it.
    """

    source: str
    choice: str
    format: str
    dropped: Mapping[str, int]
    licenses: Mapping[str, int]
    authors: Mapping[str, int]
    seeds: Mapping[str, int]
    code: str


def data_card(
    described: Described, counts: Mapping[tuple[str, str], int], provenance: Provenance, parquet: bool
) -> str:
    """The card.

    Args:
        described: the data set.
        counts: images by label and split.
        provenance: where it comes from.
        parquet: whether it is a folder for the `datasets` library, which then finds its features here.
    """
    splits = list(described.splits)
    by_label = [
        f"| {label} | " + " | ".join(f"{counts.get((label, split), 0):,}" for split in splits) + " |"
        for label in described.labels
    ]
    lines = [
        *(_head(described) if parquet else []),
        f"# {described.name}",
        "",
        described.description,
        "",
        "## Images",
        "",
        f"| label | {' | '.join(splits)} |",
        f"|---{'|---' * len(splits)}|",
        f"| all | {' | '.join(f'{described.splits[split]:,}' for split in splits)} |",
        *by_label,
        "",
        "## Where they come from",
        "",
        f"- Source: {provenance.source}",
        f"- Choice: {provenance.choice}",
        f"- Format: {provenance.format}",
        *(f"- Seed of the {what}: {seed}" for what, seed in provenance.seeds.items()),
        f"- Made by ImageLake, {provenance.code}",
        "",
        "## What was left out",
        "",
        *(_counted(provenance.dropped) or ["Nothing."]),
        "",
        "## Licences and attribution",
        "",
        *(_counted(provenance.licenses) or ["The source states no licence: ask whoever published it."]),
        "",
        *(
            [
                "The most frequent authors; the author of each image is in its row or file.",
                "",
                *_counted(provenance.authors),
            ]
            if provenance.authors
            else []
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _head(described: Described) -> list[str]:
    """The YAML of the card; JSON strings are YAML strings, whatever a label holds."""
    names = [
        f"          '{number}': {json.dumps(label, ensure_ascii=False)}"
        for number, label in enumerate(described.labels)
    ]
    text = [f"  - name: {name}\n    dtype: string" for name in ("image_id", "license", "author", "original_url")]
    return [
        "---",
        f"pretty_name: {json.dumps(described.name, ensure_ascii=False)}",
        "dataset_info:",
        "  features:",
        "  - name: image",
        "    dtype: image",
        *(["  - name: label", "    dtype:", "      class_label:", "        names:", *names] if names else []),
        *text,
        "configs:",
        "- config_name: default",
        "  data_files:",
        *(f"  - split: {split}\n    path: data/{split}-*" for split in described.splits),
        "---",
        "",
    ]


def _counted(counts: Mapping[str, int]) -> list[str]:
    shown: Sequence[tuple[str, int]] = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:EXAMPLES]
    return [f"- {name}: {count:,} images" for name, count in shown]
