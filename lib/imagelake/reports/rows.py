"""The input of the report: frames of bounded size, thumbnails and manifests."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from imagelake.reports.finding import Finding
from imagelake.reports.numbers import is_missing


@dataclass(frozen=True)
class ReportRows:
    """Everything that the report shows.

    Attributes:
        title: the report's heading.
        frames: name -> rows; one that is missing counts as empty. The names and their columns:

            - split_summary, boxes_per_image, image_shapes, facets, null_counts: as in the lake.
            - top_labels: label_id, label, rows, images, confident_images, most rows first.
            - overall_accuracy: at most one row: labels, covered_labels, images, top1, top1_low, top1_high, the same of
              top5 (over all images), the same of both after mean_ (over covered labels), level (of the intervals).
            - class_folders, label_accuracy, confusion: as in the lake, those to show.
            - confusion_images: label, predicted, score, image_id, path: all images of these confusions.
            - gallery: image_id, labels, split, measure, value, ppi, rank, best first.
            - duplicate_counts, duplicate_conflicts, duplicate_groups: as in the lake, those to show.
            - sample_stages: at most one row, the sums of the columns of sample_counts over all labels.
            - sample_labels, sample_keywords: sample_counts by label, and as in the lake, those to show.
            - search_queries, search_results: as in the lake, those to show.
            - label_issues, training_runs, training_measures, training_labels, shift_summary, shift_hypotheses,
              shift_images: as in the lake, those to show.
            - rejected: table_name (labels_rejected, annotations_rejected, images_rejected, images or predictions),
              bound_for (the table an annotation line would have gone to, else null), reason, rows.
        thumbnails: image_id -> a small JPEG.
        manifests: table -> its manifest, with the manifest's fields as keys.
        findings: what there is to do about the lake.
        about: name and value of what the report is about: lake, network, thresholds.
    """

    title: str
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)
    manifests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    about: Sequence[tuple[str, str]] = ()

    def records(self, name: str) -> list[dict[str, Any]]:
        """The rows of a frame as dictionaries, with None for nulls and lists for arrays."""
        frame = self.frames.get(name)
        return [] if frame is None else [_plain(row) for row in frame.to_dict("records")]

    def total(self, table: str) -> int:
        """The number of rows of a published table; 0 if it is not published."""
        return int(self.manifests[table]["rows"]) if table in self.manifests else 0

    def thumbnail(self, image_id: str | None) -> str | None:
        """A thumbnail as a ``data:`` address; None if there is none."""
        content = self.thumbnails.get(image_id or "")
        return data_uri(content) if content else None


def data_uri(jpeg: bytes) -> str:
    """A JPEG as a ``data:`` address."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _plain_cell(cell) for name, cell in row.items()}


def _plain_cell(cell: Any) -> Any:
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    if isinstance(cell, np.generic):
        cell = cell.item()
    return None if is_missing(cell) or cell is pd.NA else cell
