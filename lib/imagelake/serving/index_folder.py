"""The image index on this machine's disk: fetched from the lake once for each version of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from imagelake.search.image_index import ImageIndex
from imagelake.search.index_files import INDEX_TABLE, TRAINED_FOLDER, load_trained, require_one_run
from imagelake.search.serving_folder import write_serving_folder
from imagelake.serving.folder_lock import locked

if TYPE_CHECKING:
    from pathlib import Path

    from imagelake.lake.published import PublishedLake


def open_index(lake: PublishedLake, folder: Path) -> ImageIndex:
    """The index of a lake.

    Args:
        lake: with the table image_index and what it was trained with.
        folder: of this machine; holds one folder for each version, and loses other versions than the lake's.

    Raises:
        ImageLakeError: there is no index, or its two parts are of different runs.
    """
    table = lake.require(INDEX_TABLE)
    require_one_run(lake.root, table.run_id, lake.require(TRAINED_FOLDER).run_id)
    current = folder / table.run_id
    with locked(folder):
        if not current.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            trained = load_trained(lambda name: lake.read_file(TRAINED_FOLDER, name))
            # The order of the files' names is that of their cells.
            rows = lake.batches(INDEX_TABLE, ("cell", "image_id", "code", "features"))
            write_serving_folder(rows, trained, current)
        return ImageIndex.open(current)
