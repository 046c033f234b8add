"""The published image index: the names of its parts, its trained part, and the check that both are of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.search.description import IndexDescription

if TYPE_CHECKING:
    from pathlib import Path

INDEX_TABLE, TRAINED_FOLDER = "image_index", "index_quantizer"
DESCRIPTION_FILE, QUANTIZER_FILE = "index.json", "quantizer.faiss"

ReadFile = Callable[[str], bytes]
"""The bytes of a file of a folder, by its name in there."""


@dataclass(frozen=True)
class TrainedIndex:
    """A quantizer as bytes, and what is known of it."""

    description: IndexDescription
    quantizer: bytes


def save_trained(trained: TrainedIndex, folder: Path) -> None:
    """Write the files that `load_trained` reads into a local folder; the description is last, and makes it whole."""
    (folder / QUANTIZER_FILE).write_bytes(trained.quantizer)
    (folder / DESCRIPTION_FILE).write_text(trained.description.to_json(), encoding="utf-8")


def load_trained(read: ReadFile) -> TrainedIndex:
    """What `save_trained` wrote.

    Raises:
        ImageLakeError: another version wrote it.
    """
    return TrainedIndex(IndexDescription.from_json(read(DESCRIPTION_FILE).decode()), read(QUANTIZER_FILE))


def require_one_run(root: str, table_run: str, trained_run: str) -> None:
    """Make sure that the table and the folder of an index were published together.

    Args:
        root: of the lake.
        table_run: the run that published the table image_index.
        trained_run: the run that published the folder index_quantizer.

    Raises:
        ImageLakeError: they were not.
    """
    if table_run != trained_run:
        raise ImageLakeError(f"{INDEX_TABLE} and {TRAINED_FOLDER} under {root} are being published; try again")
