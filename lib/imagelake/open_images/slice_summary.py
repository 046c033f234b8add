"""The summary of a download: counts that add up, and the reasons of failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.filesize import decimal

from imagelake.open_images.addresses import Split
from imagelake.open_images.choice import ImagesOfLabels, Request
from imagelake.open_images.image_files import Failure
from imagelake.open_images.slice_folder import SliceFolder


@dataclass
class SliceSummary:
    """Numbers of one run: images chosen = downloaded + already there + failed."""

    request: Request
    chosen: dict[Split, ImagesOfLabels]
    already_there: int = 0
    downloaded: int = 0
    failures: list[Failure] = field(default_factory=list)
    metadata_bytes: int = 0
    image_bytes: int = 0
    seconds: float = 0.0
    image_seconds: float = 0.0

    def add(self, failure: Failure | None) -> None:
        """Count one image that was tried."""
        if failure:
            self.failures.append(failure)
        else:
            self.downloaded += 1

    def text(self, folder: SliceFolder) -> str:
        """The summary, a line for each number."""
        return "\n".join([f"Open Images slice in {folder.root}", *self._label_lines(), *self._image_lines(folder)])

    def _label_lines(self) -> Iterator[str]:
        requested = self.request.per_label
        for split, images in self.chosen.items():
            for mid, image_ids in images.items():
                scarce = f" of {requested:,} requested, there are no more" if len(image_ids) < requested else ""
                yield f"  {split}, {self.request.classes[mid]}: {len(image_ids):,} images{scarce}"

    def _image_lines(self, folder: SliceFolder) -> Iterator[str]:
        total = self.already_there + self.downloaded + len(self.failures)
        rate = self.downloaded / self.image_seconds if self.downloaded else 0.0
        yield f"  {'chosen':<15}{total:>9,} images"
        amount = f"{decimal(self.image_bytes)}, {rate:,.1f} images/s"
        yield f"  {'downloaded':<15}{self.downloaded:>9,} images, {amount}"
        yield f"  {'already there':<15}{self.already_there:>9,} images"
        yield f"  {'failed':<15}{len(self.failures):>9,} images{f', see {folder.failed}' if self.failures else ''}"
        for reason, count in Counter(failure.reason for failure in self.failures).most_common():
            yield f"  {'':<15}{count:>9,} x {reason}"
        yield f"  {'metadata read':<15}{decimal(self.metadata_bytes):>9}"
        yield f"  {'time':<15}{self.seconds:>9,.1f} s"
