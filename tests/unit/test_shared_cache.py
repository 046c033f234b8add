"""The cache of a served lake: several processes that start at once build it together and all of them can use it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from imagelake.lake.manifest import MANIFEST, Manifest
from imagelake.search.description import IndexDescription
from imagelake.search.index_files import TrainedIndex, save_trained
from imagelake.search.parameters import IndexParameters
from imagelake.search.quantizer import Quantizer
from imagelake.serving.image_file import COLUMNS
from index_folder import MODEL, batches_of, ids_of

IMAGES, DIMENSION, PROCESSES, ROUNDS = 3000, 64, 4, 8

OPEN_IT = """
import sys, time
from pathlib import Path
from imagelake.lake.published import open_lake
from imagelake.serving.image_file import DetailsFile
from imagelake.serving.index_folder import open_index

root, cache, begins, rounds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
lake = open_lake(root)
for number in range(rounds):
    time.sleep(max(0, begins + 0.2 * number - time.time()))
    folder = cache / str(number)
    print(len(DetailsFile(lake, folder / "details")), len(open_index(lake, folder / "index")))
"""


def lake_of_two_tables(root: Path) -> None:
    """The table images, and an index that compares every image."""
    vectors = np.random.default_rng(3).normal(size=(IMAGES, DIMENSION)).astype(np.float32)
    parameters = IndexParameters(1, 0, 1, 10)
    quantizer = Quantizer.train(vectors, parameters)
    index = pa.Table.from_batches(batches_of(vectors, ids_of(IMAGES), quantizer))
    images = pa.table({name: pa.array(ids_of(IMAGES)) for name in COLUMNS})
    for name, table in (("images", images), ("image_index", index), ("index_quantizer", None)):
        (root / name).mkdir(parents=True)
        if table is not None:
            pq.write_table(table, root / name / "part-0.parquet")
        manifest = Manifest(name, "job", "run", "", "", "", {}, IMAGES, [], "2026-01-01T00:00:00+00:00", 1.0, None, {})
        (root / name / MANIFEST).write_text(manifest.to_json())
    description = IndexDescription(MODEL, DIMENSION, parameters, IMAGES, IMAGES)
    save_trained(TrainedIndex(description, quantizer.to_bytes()), root / "index_quantizer")


@pytest.mark.tried(
    "The browser app",
    "four processes that start on a fresh cache in the same moment",
    "each opens all of it",
    n=ROUNDS,
    unit="rounds",
)
def test_four_processes_build_one_cache(tmp_path: Path) -> None:
    """Each of four that begin in the same moment, eight times, opens the whole details and the whole index."""
    lake_of_two_tables(tmp_path / "lake")
    begins = time.time() + 3  # when all have started
    command = [sys.executable, "-c", OPEN_IT, str(tmp_path / "lake"), str(tmp_path / "cache"), str(begins), str(ROUNDS)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * PROCESSES, ended
    assert {line for out, _ in ended for line in out.splitlines()} == {f"{IMAGES} {IMAGES}"}


def test_another_version_replaces_the_old_one(tmp_path: Path) -> None:
    """The cache holds the files of one version, and no part of one."""
    lake_of_two_tables(tmp_path / "lake")
    for run_id in ("run", "later"):
        for name in ("images", "image_index", "index_quantizer"):
            manifest = tmp_path / "lake" / name / MANIFEST
            manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"run_id": run_id}))
        command = [sys.executable, "-c", OPEN_IT, str(tmp_path / "lake"), str(tmp_path / "cache"), "0", "1"]
        subprocess.run(command, check=True, capture_output=True)
        # The name of the details' file goes on with what was read of the table.
        details, index = sorted((tmp_path / "cache" / "0").glob("*/*"))
        assert (details.parent.name, details.name.rpartition("-")[0]) == ("details", run_id)
        assert (index.parent.name, index.name) == ("index", run_id)
