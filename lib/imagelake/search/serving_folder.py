"""An image index as a local folder that a process opens and searches: codes, exact features, identifiers.

| file | what is in it |
|---|---|
| index.json | the description; written last, so that a folder with it is whole |
| quantizer.faiss | the trained quantizer; empty for an exact index |
| starts.npy | int64 [C + 1]: the first row of each cell, and N |
| codes.u8 | uint8 [N, M] |
| vectors.f16 | float16 [N, D], little-endian |
| image_ids.arrow | one column image_id, large_string [N], in one batch that can be memory-mapped |
| by_id.npy | int64 [N]: row numbers in the order of the identifiers' bytes |

Rows lie in the order of their cells, so that the cells of one query are few stretches of each file.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from imagelake.errors import ImageLakeError
from imagelake.search.index_files import DESCRIPTION_FILE, QUANTIZER_FILE, TrainedIndex, save_trained
from imagelake.search.scan import HALF

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from imagelake.search.description import IndexDescription


@dataclass(frozen=True)
class ServingFiles:
    """Where the files of a serving folder stand."""

    folder: Path

    @property
    def description(self) -> Path:
        """The description, which makes a folder whole."""
        return self.folder / DESCRIPTION_FILE

    @property
    def quantizer(self) -> Path:
        """The trained quantizer."""
        return self.folder / QUANTIZER_FILE

    @property
    def starts(self) -> Path:
        """The first row of each cell."""
        return self.folder / "starts.npy"

    @property
    def codes(self) -> Path:
        """The codes."""
        return self.folder / "codes.u8"

    @property
    def vectors(self) -> Path:
        """The exact features."""
        return self.folder / "vectors.f16"

    @property
    def image_ids(self) -> Path:
        """The identifiers."""
        return self.folder / "image_ids.arrow"

    @property
    def by_id(self) -> Path:
        """The rows in the order of their identifiers."""
        return self.folder / "by_id.npy"


def write_serving_folder(batches: Iterable[pa.RecordBatch], trained: TrainedIndex, folder: Path) -> None:
    """Make a serving folder, in place of one that stands there. Memory holds a batch, and every identifier.

    Args:
        batches: rows of the table image_index in the order of their cells.
        trained: the quantizer that the codes are of, and what is known of the index.
        folder: the new folder; a process that has the old one open keeps what it has mapped.

    Raises:
        ImageLakeError: rows are not in the order of their cells, or a code or a vector has another length.
    """
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    files = ServingFiles(part)
    cells, image_ids = _write_rows(batches, trained.description, files)
    sizes = np.bincount(cells, minlength=trained.description.parameters.cells)
    np.save(files.starts, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
    np.save(files.by_id, pc.sort_indices(image_ids).to_numpy().astype(np.int64))
    with pa.OSFile(str(files.image_ids), "wb") as sink:
        batch = pa.record_batch({"image_id": image_ids})
        with pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
    save_trained(trained, part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _write_rows(
    batches: Iterable[pa.RecordBatch], description: IndexDescription, files: ServingFiles
) -> tuple[NDArray[np.int32], pa.Array]:
    """Append codes and vectors to their files; the cells and the identifiers of all rows."""
    cells, ids = [np.empty(0, np.int32)], [pa.array([], pa.large_string())]
    with files.codes.open("wb") as codes, files.vectors.open("wb") as vectors:
        for batch in batches:
            cells.append(batch["cell"].to_numpy())
            ids.append(batch["image_id"].cast(pa.large_string()))
            _append(batch["code"], description.parameters.code_bytes, codes)
            _append(batch["features"], description.dimension * HALF.itemsize, vectors)
    every_cell = np.concatenate(cells)
    if np.any(np.diff(every_cell) < 0):
        raise ImageLakeError("rows of image_index are not in the order of their cells: read its files in their order")
    return every_cell, pa.concat_arrays(ids)


def _append(column: pa.Array, width: int, file: BinaryIO) -> None:
    """Write values of equal length to a file, one after the other.

    Raises:
        ImageLakeError: a value has another length.
    """
    if len(column) and width:
        fixed_width(column, width).tofile(file)


def fixed_width(column: pa.Array, width: int) -> NDArray[np.uint8]:
    """Binary values [N] of the same length as uint8 [N, width], without a copy where Arrow has them so.

    Raises:
        ImageLakeError: a value has another length.
    """
    try:
        values = column.cast(pa.binary(width))
    except pa.ArrowInvalid as error:
        raise ImageLakeError(f"image_index: expected values of {width} bytes: {error}") from None
    return np.frombuffer(values.buffers()[1], np.uint8).reshape(-1, width)[values.offset : values.offset + len(values)]
