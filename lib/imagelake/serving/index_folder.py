"""The image index on this machine's disk: fetched from the lake once for each version of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.search.description import IndexDescription
from imagelake.search.image_index import ImageIndex
from imagelake.search.serving_folder import write_serving_folder

if TYPE_CHECKING:
    from pathlib import Path

    from imagelake.lake.published import PublishedLake

_TABLE, _TRAINED = "image_index", "index_quantizer"


def open_index(lake: PublishedLake, folder: Path) -> ImageIndex:
    """The index of a lake.

    Args:
        lake: with the table image_index and what it was trained with.
        folder: of this machine; holds one folder for each version, and loses other versions than the lake's.

    Raises:
        ImageLakeError: there is no index, or its two parts are of different runs.
    """
    table, trained = lake.require(_TABLE), lake.require(_TRAINED)
    if table.run_id != trained.run_id:
        raise ImageLakeError(f"{_TABLE} and {_TRAINED} under {lake.root} are being published; try again")
    current = folder / table.run_id
    if not current.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        description = IndexDescription.from_json(lake.read_file(_TRAINED, "index.json").decode())
        quantizer = lake.read_file(_TRAINED, "quantizer.faiss")
        # The order of the files' names is that of their cells.
        rows = lake.batches(_TABLE, ("cell", "image_id", "code", "features"))
        write_serving_folder(rows, quantizer, description, current)
    return ImageIndex.open(current)
