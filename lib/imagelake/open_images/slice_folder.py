"""The folder of a slice: Open Images' own layout and file names, and the files from which a later run continues."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.open_images.addresses import Split


class SplitFiles(NamedTuple):
    """The CSV files of one split, as the pipeline reads them."""

    images: Path
    human_labels: Path
    machine_labels: Path
    boxes: Path


class SliceFolder:
    """Names of the files under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.boxable = root / "class-descriptions-boxable.csv"
        self.classes = root / "class-descriptions.csv"
        self.hierarchy = root / "bbox_labels_600_hierarchy.json"
        self.choice = root / "choice.json"
        self.failed = root / "failed.csv"
        self._work = root / ".fetch"

    def files(self, split: Split) -> SplitFiles:
        """The CSV files of one split."""
        return SplitFiles(
            images=self.root / f"{split}-images-with-rotation.csv",
            human_labels=self.root / f"{split}-annotations-human-imagelabels.csv",
            machine_labels=self.root / f"{split}-annotations-machine-imagelabels.csv",
            boxes=self.root / f"{split}-annotations-bbox.csv",
        )

    def candidates(self, split: Split) -> SplitFiles:
        """The file of the rows of candidate images until the split's CSV files are complete.

        It has no CSV name, so that readers of the folder do not find it if the run ends early.
        """
        return SplitFiles(*(self._work / f"{file.name}.candidates" for file in self.files(split)))

    def image(self, split: Split, image_id: str) -> Path:
        """The path of an image file."""
        return self.root / "images" / split / f"{image_id}.jpg"

    def part(self, target: Path) -> Path:
        """The path of an unfinished file: in another folder of the same disk."""
        return self._work / f"{target.parent.name}-{target.name}.part"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Create and lock the folder.

        Raises:
            ImageLakeError: another run holds the lock.
        """
        with locked(self._work / "lock", self.root):
            yield

    def clear_work(self) -> None:
        """Remove the working files after a complete run."""
        shutil.rmtree(self._work)


@contextmanager
def locked(lock: Path, folder: Path) -> Iterator[None]:
    """Hold a lock file, created with its folder, against other runs in ``folder``; it is freed when the process ends.

    Raises:
        ImageLakeError: another run holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImageLakeError(
                f"another download is at work in {folder}: wait for its end, or take another folder"
            ) from None
        yield
