"""Whether a run on this machine is of so few images that what Spark does for millions of rows only costs time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import local_path
from imagelake.lake.manifest import MANIFEST, Manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagelake.config import Config

MOST_IMAGES = 2_000
QUICK_IMAGES = 25_000
"""Up to so many images Java's optimising compiler takes more than it saves, and two jobs run at once: a second run of
20,200 took 75 s with it, 65 s without it, and 56 s without it and with two jobs at once; a first one of 20,000 took
171 s with it, and 168 s without it and with two jobs."""
MOST_ROWS = 50_000  # of labels or boxes
MOST_METADATA_BYTES = 8 * 2**20  # of CSV, JSON and Parquet, 50,000 rows and more
_METADATA = (".csv", ".tsv", ".gz", ".json", ".parquet")


def is_small(config: Config, images: int = MOST_IMAGES) -> bool:
    """Whether the source and the lake are local and small. One that cannot be looked at is not.

    Args:
        config: names both.
        images: that a small one has at most.
    """
    try:
        return _has_small_source(config, images) and _is_small_lake(config.lake.root, images)
    except (OSError, ImageLakeError):  # what is wrong with them is said by those who read them
        return False


def _has_small_source(config: Config, images: int) -> bool:
    if config.source.type == "sample":
        return config.sample.images <= images
    if config.source.type == "arrays":
        return _are_few_bytes([local_path(path) for path in config.source.arrays])
    folder = local_path(config.source.path)
    return folder is not None and _has_few_files(folder, images)


def _are_few_bytes(paths: Sequence[Path | None]) -> bool:
    """Whether array files, which hold thousands of images each, are local and small; a folder's own files count."""
    size = 0
    for path in paths:
        if path is None:
            return False
        for file in path.iterdir() if path.is_dir() else (path,):
            size += file.stat().st_size
    return size <= MOST_METADATA_BYTES


def _has_few_files(folder: Path, most: int) -> bool:
    """Whether at most so many files are below a folder; looks at no more of them than that takes."""
    waiting, files, metadata = [str(folder)], 0, 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.is_symlink():  # which may lead anywhere, and back
                        return False
                    waiting.append(entry.path)
                    continue
                files += 1
                metadata += entry.stat().st_size if entry.name.lower().endswith(_METADATA) else 0
                if files > most or metadata > MOST_METADATA_BYTES:
                    return False
    return True


def _is_small_lake(root: str, images: int) -> bool:
    """Whether a lake, as far as there is one yet, has few rows."""
    folder = local_path(root)
    if folder is None:
        return False
    most = {"images": images, "labels": MOST_ROWS, "boxes": MOST_ROWS}
    files = {name: folder / name / MANIFEST for name in most}
    manifests = {
        name: Manifest.from_bytes(file.read_bytes(), str(file)) for name, file in files.items() if file.exists()
    }
    return all(manifest.rows <= most[name] for name, manifest in manifests.items())
