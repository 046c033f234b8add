"""The lines that explore_lake adds to its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.transforms.explore.annotation_counts import top_labels

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

TOP_LABELS = 5


def summary_notes(split_summary: DataFrame, label_counts: DataFrame) -> dict[str, str]:
    """Lines for the summary: images, labels, images without a label, the confident share by split, the top labels."""
    splits = split_summary.orderBy("split").collect()
    images, labelled = (sum(row[name] for row in splits) for name in ("images", "labelled_images"))
    return {
        "images": f"{images:,}",
        "label rows": f"{sum(row['label_rows'] for row in splits):,}",
        "images without a label": f"{images - labelled:,}",
        "images with a confident label": ", ".join(map(_share, splits)) or "none",
        "most frequent labels": ", ".join(map(_frequency, top_labels(label_counts, TOP_LABELS).collect())) or "none",
    }


def _share(split: Row) -> str:
    ratio = split["confident_ratio"]
    return f"{split['split']} {'no images' if ratio is None else f'{ratio:.1%}'}"


def _frequency(row: Row) -> str:
    return f"{row['label'] or row['label_id']} {row['rows']:,}"
