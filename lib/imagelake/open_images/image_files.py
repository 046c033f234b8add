"""The parallel download of the chosen images; a file exists only when complete, and failures are listed, not fatal."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.net.part_files import WholeFile
from imagelake.net.transfer import Client, DownloadError
from imagelake.open_images.addresses import Addresses, Split
from imagelake.open_images.slice_folder import SliceFolder

# So many consecutive images for each worker without an answer of a server mean that the network failed.
UNANSWERED_PER_WORKER = 2


class Image(NamedTuple):
    """One chosen image."""

    image_id: str
    split: Split


class Failure(NamedTuple):
    """One image that could not be downloaded: a row of failed.csv."""

    image_id: str
    split: Split
    url: str
    reason: str


class _Outcome(NamedTuple):
    image: Image
    error: Exception | None


@dataclass(frozen=True)
class ImageFiles:
    """Downloads images to a slice's folder."""

    client: Client
    addresses: Addresses
    folder: SliceFolder
    workers: int

    def missing(self, images: Iterable[Image]) -> list[Image]:
        """The images that are not downloaded yet."""
        return [image for image in images if not self.folder.image(image.split, image.image_id).exists()]

    def fetch(self, images: list[Image]) -> Iterator[Failure | None]:
        """Download images in parallel; yields for each, when it ends, its failure or None.

        Raises:
            ImageLakeError: no server answers any more. Finished files are kept, and a rerun continues.
            OSError: the file cannot be written.
        """
        unanswered = 0
        for image, error in self._outcomes(images):
            if error is None:
                unanswered = 0
                yield None
            elif isinstance(error, DownloadError):
                yield Failure(image.image_id, image.split, error.url, error.reason)
                unanswered = 0 if error.reached else unanswered + 1
                if unanswered >= UNANSWERED_PER_WORKER * self.workers:
                    raise ImageLakeError(f"{error}; {unanswered} images in a row had no answer, the network seems gone")
            else:
                raise error

    def _outcomes(self, images: list[Image]) -> Iterator[_Outcome]:
        todo: SimpleQueue[Image] = SimpleQueue()
        done: SimpleQueue[_Outcome] = SimpleQueue()
        stop = threading.Event()
        for split in {image.split for image in images}:
            self.folder.image(split, "any").parent.mkdir(parents=True, exist_ok=True)
        for image in images:
            todo.put(image)
        # Daemon threads: a worker that waits for a dead server does not delay the end of an interrupted run.
        for number in range(min(self.workers, len(images))):
            threading.Thread(target=self._work, args=(todo, done, stop), name=f"image-{number}", daemon=True).start()
        try:
            for _ in images:
                yield done.get()
        finally:
            stop.set()

    def _work(self, todo: SimpleQueue[Image], done: SimpleQueue[_Outcome], stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                image = todo.get_nowait()
            except Empty:
                return
            try:
                self._fetch_one(image)
            except Exception as error:  # every outcome must be reported, else the consumer waits forever
                done.put(_Outcome(image, error))
            else:
                done.put(_Outcome(image, None))

    def _fetch_one(self, image: Image) -> None:
        url = self.addresses.image_url(image.split, image.image_id)
        target = self.folder.image(image.split, image.image_id)
        with closing(WholeFile(self.folder.part(target), target)) as sink:
            self.client.pull(url, sink)
            if not sink.position.offset:
                raise DownloadError(url, "the file is empty")
            sink.finish()


def write_failures(file: Path, failures: list[Failure]) -> None:
    """List failed images as CSV with a header; without any there is no such file."""
    if not failures:
        file.unlink(missing_ok=True)
        return
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(Failure._fields)
        rows.writerows(sorted(failures))
