"""One download: names, choice, rows, images, summary."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from imagelake.errors import ImageLakeError
from imagelake.net.transfer import Client, DownloadRetryPolicy
from imagelake.open_images.addresses import Addresses, Split
from imagelake.open_images.choice import ChoiceFile, ImagesOfLabels, Request, all_images
from imagelake.open_images.class_names import find_classes
from imagelake.open_images.image_files import Image, ImageFiles, write_failures
from imagelake.open_images.metadata_files import MetadataFiles
from imagelake.open_images.slice_folder import SliceFolder
from imagelake.open_images.slice_progress import SliceProgress
from imagelake.open_images.slice_summary import SliceSummary


@dataclass(frozen=True)
class Slice:
    """The requested slice; ``labels`` are display names or MIDs, ``per_label`` counts for each of the splits."""

    labels: tuple[str, ...]
    splits: tuple[Split, ...]
    per_label: int
    seed: int


@dataclass(frozen=True)
class DownloadOptions:
    """From where, by how many threads at a time, how often after failures, and where whole files are kept."""

    addresses: Addresses
    workers: int
    policy: DownloadRetryPolicy
    full: Path | None


class SliceDownload:
    """One run that downloads a slice, or its missing files, to a folder."""

    def __init__(self, wanted: Slice, folder: SliceFolder, options: DownloadOptions, progress: SliceProgress) -> None:
        self._wanted, self._folder, self._progress = wanted, folder, progress
        self._client = Client(options.policy)
        self._metadata = MetadataFiles(self._client, options.addresses, folder, progress, options.full)
        self._images = ImageFiles(self._client, options.addresses, folder, options.workers)

    def run(self) -> SliceSummary:
        """Download all files that are not there yet.

        Raises:
            ImageLakeError: a label is unknown, a metadata file cannot be had, the folder holds something else, or
                nothing could be chosen. What was downloaded stays.
        """
        started = time.monotonic()
        self._metadata.fetch_shared()
        classes = find_classes(self._wanted.labels, [self._folder.boxable, self._folder.classes])
        request = Request(classes, self._wanted.per_label, self._wanted.seed)
        chosen = self._choose(request)
        if not any(all_images(images) for images in chosen.values()):
            names, splits = " or ".join(classes.values()), " or ".join(chosen)
            raise ImageLakeError(f"no image of {splits} has a label or box of confidence 1 of {names}")
        for split, images in chosen.items():
            self._metadata.fetch_rows(split, images)
        summary = SliceSummary(request, chosen)
        summary.metadata_bytes = self._client.received
        self._fetch_images(summary)
        summary.image_bytes = self._client.received - summary.metadata_bytes
        summary.seconds = time.monotonic() - started
        if not summary.failures:
            self._folder.clear_work()
        return summary

    def _choose(self, request: Request) -> dict[Split, ImagesOfLabels]:
        record = ChoiceFile(self._folder.choice, request)
        for split in self._wanted.splits:
            if record.get(split) is None:
                record.put(split, self._metadata.choose(split, request))
        return {split: record.get(split) or {} for split in self._wanted.splits}

    def _fetch_images(self, summary: SliceSummary) -> None:
        chosen = [Image(image_id, split) for split, images in summary.chosen.items() for image_id in all_images(images)]
        missing = self._images.missing(chosen)
        summary.already_there = len(chosen) - len(missing)
        started = time.monotonic()
        try:
            with self._progress.images("images", len(missing)) as watch:
                for done, failure in enumerate(self._images.fetch(missing), start=1):
                    summary.add(failure)
                    watch(done)
        finally:
            summary.image_seconds = time.monotonic() - started
            write_failures(self._folder.failed, summary.failures)
