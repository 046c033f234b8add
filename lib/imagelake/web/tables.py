"""The small tables of a lake for the pages, read at the first request and cached."""

from __future__ import annotations

from functools import cached_property
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc  # type: ignore[import-untyped]
from markupsafe import Markup

from imagelake.errors import ImageLakeError
from imagelake.reports.charts.intervals import Share, interval_chart
from imagelake.reports.names import clean_name
from imagelake.reports.numbers import percent

if TYPE_CHECKING:
    from imagelake.lake.manifest import Manifest
    from imagelake.lake.published import PublishedLake

CHARTED = 40
SHOWN = ("images", "image_bytes", "classes", "hierarchy", "labels_clean", "boxes", "predictions", "label_accuracy",
         "confusion", "facets", "image_quality", "image_rank", "duplicate_groups", "duplicate_conflicts",
         "duplicate_pairs", "duplicate_verdicts", "label_issues", "label_verdicts", "model", "report",
         "shift")  # fmt: skip


class Tables:
    """Tables of at most a few thousand rows, and the report. A table that is not published is empty."""

    def __init__(self, lake: PublishedLake) -> None:
        self._lake = lake
        self._rows: dict[str, list[dict[str, Any]]] = {}

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        """The manifests of the published tables and folders when the lake was opened."""
        found = {name: self._lake.manifest(name) for name in SHOWN}
        return {name: manifest for name, manifest in found.items() if manifest is not None}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A table; no rows where it is not published."""
        if name not in self.manifests:
            return []
        if name not in self._rows:
            self._rows[name] = self._lake.read(name).to_pylist()
        return self._rows[name]

    @cached_property
    def measured(self) -> list[dict[str, Any]]:
        """The rows of label_accuracy that have an accuracy, the best first."""
        found = filter(_is_measured, self.rows("label_accuracy"))
        return sorted(found, key=lambda row: (-row["top1"], -row["images"], row["label"]))

    @cached_property
    def unmeasured(self) -> list[dict[str, Any]]:
        """The other rows of label_accuracy, in the order of the table."""
        return list(filterfalse(_is_measured, self.rows("label_accuracy")))

    @cached_property
    def accuracy_chart(self) -> Markup | None:
        """The first measured labels with their intervals. One thread draws: matplotlib is global."""
        shares = [
            Share(clean_name(row["label"]), row["top1"], row["top1_low"], row["top1_high"], percent(row["top1"]))
            for row in self.measured[:CHARTED]
        ]
        if not shares:
            return None
        description = f"From {shares[0].text} for {shares[0].name} to {shares[-1].text} for {shares[-1].name}."
        return interval_chart(shares, "accuracy", "Top-1 accuracy by label with intervals", description)

    def best(self, most: int) -> list[dict[str, Any]]:
        """The first rows of image_rank, each image once: image_id, measure, value and rank.

        By the combined quality where the measure has the same value for all of them.
        """
        if "image_rank" not in self.manifests:
            return []
        if "image_rank" not in self._rows:
            found: dict[int, dict[str, Any]] = {}
            for batch in self._lake.batches("image_rank", ("image_id", "measure", "value", "rank")):
                first = batch.filter(pc.less_equal(batch["rank"], most))
                found |= {row["rank"]: row for row in first.to_pylist()}
            ranked = [found[rank] for rank in sorted(found)]
            # A ranking by a measure of which all images have the same value says nothing.
            alike = len(ranked) > 1 and len({row["value"] for row in ranked}) == 1
            self._rows["image_rank"] = (self._best_by_quality(most) if alike else []) or ranked
        return self._rows["image_rank"]

    def _best_by_quality(self, most: int) -> list[dict[str, Any]]:
        """The images of the highest combined quality; none where it is unknown."""
        best: list[tuple[float, str]] = []
        for batch in self._lake.batches("image_quality", ("image_id", "quality")):
            known = batch.filter(batch["quality"].is_valid())
            pairs = zip(known["quality"].to_pylist(), known["image_id"].to_pylist(), strict=True)
            best = sorted([*best, *pairs], key=lambda pair: (-pair[0], pair[1]))[:most]
        return [
            {"image_id": image_id, "measure": "quality", "value": quality, "rank": rank}
            for rank, (quality, image_id) in enumerate(best, 1)
        ]

    def report_csv(self, name: str) -> bytes | None:
        """A CSV of the published report; None for any other name."""
        manifest = self.manifests.get("report")
        published = {part.name for part in (manifest.parts if manifest else None) or ()}
        if name not in published or not name.endswith(".csv"):
            return None
        try:
            return self._lake.read_file("report", name)
        except ImageLakeError:
            return None

    def page(self, name: str) -> bytes | None:
        """A published page by its folder, such as the report; None where it is not published."""
        if name not in self.manifests:
            return None
        try:
            return self._lake.read_file(name, "index.html")
        except ImageLakeError:
            return None


def _is_measured(row: dict[str, Any]) -> bool:
    """Whether a row of label_accuracy has an accuracy."""
    return bool(row["covered"] and row["images"])
