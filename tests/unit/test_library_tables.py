"""The library's tables: what a notebook reads is what stands in the files, and what it misspells is named."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

import imagelake
from imagelake.errors import ImageLakeError
from imagelake.lake.manifest import MANIFEST, Manifest
from imagelake.library.neighbours import SearchOptions, search_parameters
from imagelake.serving.parameters import SearchParameters

LABELS = pa.table(
    {
        "image_id": ["a", "b", "b", "ç", "e"],
        "label_id": ["/m/1", "/m/2", "/m/3", "/m/1", "/m/4"],
        "label": ["Lion", "Zebra", None, "Lion", "Bird"],
        "split": ["train", "train", "test", None, "all"],
        "origin": ["human"] * 5,
        "source": [None] * 5,
        "confidence": [1.0, 0.99, 0.0, None, 0.5],
    },
    pa.schema([*((name, pa.string()) for name in ("image_id", "label_id", "label", "split", "origin", "source")),
               ("confidence", pa.float64())]),
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A lake with one table, in two files."""
    folder = tmp_path / "labels_clean"
    folder.mkdir()
    for part in range(2):
        pq.write_table(LABELS.slice(3 * part, 3), folder / f"part-{part}.parquet")
    manifest = Manifest(folder.name, "job", "run", "", "", "", {}, LABELS.num_rows, [], "", 0.0, None, {})
    (folder / MANIFEST).write_text(manifest.to_json())
    return tmp_path


def by_duckdb(statement: str) -> pd.DataFrame:
    """The rows of a statement."""
    found = duckdb.sql(statement)
    assert found is not None
    frame: pd.DataFrame = found.df()
    return frame


def test_a_table_is_what_duckdb_reads(root: Path) -> None:
    """Whole or by columns, as pandas or Arrow: the rows and their order are those of the Parquet files."""
    lake = imagelake.open_lake(root)
    files = root / "labels_clean" / "*.parquet"
    pd.testing.assert_frame_equal(lake.table("labels_clean"), by_duckdb(f"FROM '{files}'"), check_dtype=False)
    some = by_duckdb(f"SELECT confidence, image_id FROM '{files}'")
    pd.testing.assert_frame_equal(lake.table("labels_clean", ["confidence", "image_id"]), some, check_dtype=False)
    assert lake.arrow("labels_clean") == LABELS
    listed = lake.tables()
    assert listed[["table", "rows"]].values.tolist() == [["labels_clean", 5]]
    assert listed["meaning"].item() == "one row an image and label that can be trusted"


def test_what_is_not_there_is_named_with_what_there_is(root: Path, tmp_path: Path) -> None:
    """A folder, a table, a column and a name of the library: each error lists the choices."""
    lake = imagelake.open_lake(root)
    for call, said in (
        (lambda: imagelake.open_lake(tmp_path / "nowhere"), "there is no folder "),
        (lambda: lake.table("label_clean"), "'label_clean'. Did you mean 'labels_clean'? Known: labels_clean"),
        (lambda: lake.arrow("predictions"), f"no table 'predictions' under {root}; published are: labels_clean."),
        (lambda: lake.table("labels_clean", ["lable"]), "unknown column of labels_clean 'lable'. Did you mean 'label'"),
        (lambda: lake.network, f"there is no table model under {root}"),
        (lambda: imagelake.open_network(tmp_path), f"{tmp_path}/network.json: No such file"),
    ):
        with pytest.raises(ImageLakeError, match=re.escape(said)):
            call()
    with pytest.raises(AttributeError, match=r"'opne_lake'; it offers OpenedLake, open_lake"):
        imagelake.opne_lake  # noqa: B018


def test_every_name_of_the_library_can_be_imported() -> None:
    """What `import imagelake` offers is there, is completed by notebooks, and has an example."""
    assert set(imagelake.__all__) <= set(dir(imagelake))
    for name in set(imagelake.__all__) - {"__version__"}:
        assert name == "OpenedLake" or "Example:" in getattr(imagelake, name).__doc__
    for name, method in vars(imagelake.OpenedLake).items():
        assert name.startswith("_") or "Example:" in (method.__doc__ or ""), name


def test_search_options_are_those_of_the_search() -> None:
    """The options of neighbours are the search page's, but for mode and page; other names and values are refused."""
    assert set(SearchOptions.__annotations__) == {*SearchParameters.model_fields} - {"mode", "page"}
    assert search_parameters({"label": "Lion", "order": "ppi"}) == SearchParameters.model_validate(
        {"label": "Lion", "order": "ppi"}
    )
    with pytest.raises(ImageLakeError, match="unknown option 'lable'"):
        search_parameters({"lable": "Lion"})
    with pytest.raises(ImageLakeError, match=r"order = 'size': Input should be 'similarity', 'ppi' or 'both'"):
        search_parameters({"order": "size"})
