"""The trace of a number: the row, the runs that made it, their settings, the hashes and checksums of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from crc32c import crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelake.lake.manifest import MANIFEST, Account, Manifest, Part
from imagelake.lake.published import open_lake
from imagelake.lake.row_lookup import SHOWN_ROWS, Condition, find_rows, parse_condition
from imagelake.lake.trace import main
from imagelake.tables import TABLES

JPEG = b"the bytes of a photo"
LABELS_CSV = b"ImageID,LabelName\ni1,/m/1\n"
NETWORK = b"the converted network"


def crc(content: bytes) -> str:
    return f"{crc32c(content):08x}"


def manifest(name: str, run_id: str, inputs: Mapping[str, str], **more: Any) -> Manifest:
    values: dict[str, Any] = {"settings": {}, "sources": [], "parts": None} | more
    job, started = f"job_{run_id}", "2026-11-26T09:47:13+00:00"
    return Manifest(name, job, run_id, "", "0.1.0+abc", "digest", dict(inputs), 1, [], started, 1.0, None, {}, **values)


def publish(root: Path, made: Manifest, files: Mapping[str, bytes] | None = None, rows: Any = None) -> None:
    """A table as a job would publish it, with the files or rows given."""
    folder = root / made.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (files or {}).items():
        (folder / name).write_bytes(content)
    if rows is not None:
        cells = {column.name: [row.get(column.name) for row in rows] for column in TABLES[made.name].columns}
        types = {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "boolean": pa.bool_()}
        arrays = {
            column.name: pa.array(
                cells[column.name], types.get(column.type, None if cells[column.name] else pa.string())
            )
            for column in TABLES[made.name].columns
        }
        pq.write_table(pa.table(arrays), folder / "part-0.parquet")
    (folder / MANIFEST).write_text(made.to_json())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A lake of four runs: images and labels of a source, the network, and the accuracy that all of these go into."""
    source, lake = tmp_path / "source", tmp_path / "lake"
    source.mkdir()
    (source / "labels.csv").write_bytes(LABELS_CSV)
    (source / "i1.jpg").write_bytes(JPEG)
    address = f"file://{source}"
    noted = {"sources": [Part(f"{address}/labels.csv", len(LABELS_CSV), crc(LABELS_CSV))]}
    photo = {"image_id": "i1", "path": f"{address}/i1.jpg", "sha256": hashlib.sha256(JPEG).hexdigest(), "byte_size": 20}
    read = {"images": "aa", address: "0123456789abcdef"}
    publish(lake, manifest("images", "aa", {address: "0123456789abcdef"}, **noted), rows=[photo])
    labels = replace(manifest("labels", "bb", read, **noted), accounts=[Account("labels lines", 3, 1, {"no_id": 2})])
    publish(lake, labels, rows=[{"image_id": "i1", "label_id": "/m/1", "label": "Lion", "confidence": 0.99}])
    weights = {"settings": {"model.weights": "sample"}, "parts": [Part("network.tflite", len(NETWORK), crc(NETWORK))]}
    publish(lake, manifest("model", "cc", {}, **weights), {"network.tflite": NETWORK})
    of_accuracy = {"settings": {"accuracy.confidence_level": 0.95}}
    made = manifest("label_accuracy", "dd", {"labels": "bb", "images": "aa", "model": "cc"}, **of_accuracy)
    rows = [{"label": name, "images": n, "covered": True, "top1": top1} for name, n, top1 in ACCURACIES]
    publish(lake, made, rows=rows)
    return lake


ACCURACIES = [("Leopard", 32, 0.78125), ("Lion", 32, 0.5), (None, 1, None)]


def traced(root: Path, *words: str, expected: int = 0, capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*words, "--root", str(root)]) == expected
    captured = capsys.readouterr()
    return captured.err if expected == 2 else captured.out


def test_a_number_is_traced_down_to_the_checksum_of_the_source(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Value, row, each run with code, settings and counts, the network's hash and the list's checksum are all there."""
    out = traced(root, "label_accuracy", "label=Leopard", "column=top1", capsys=capsys)
    assert out.startswith("label_accuracy label=Leopard: top1 = 0.78125\n")
    assert "images = 32" in out
    assert "label_accuracy (1 rows): job_dd, run dd, 2026-11-26 09:47:13 UTC, code 0.1.0+abc" in out
    assert "accuracy.confidence_level = 0.95" in out
    assert "labels lines: 3 in = 1 kept + 2 no_id" in out
    assert f"labels.csv, {len(LABELS_CSV)} bytes, crc32c {crc(LABELS_CSV)}" in out
    assert f"network.tflite, 21 bytes, sha256 {hashlib.sha256(NETWORK).hexdigest()}" in out


def test_every_run_is_told_once(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What several runs have read is a short line from the second time on."""
    out = traced(root, "label_accuracy", capsys=capsys)
    assert [out.count(f"run {run}, 2026") for run in ("aa", "bb", "cc", "dd")] == [1, 1, 1, 1]
    assert out.count("run aa, as above") == 1
    assert out.count("labels.csv, ") == out.count("its files as above") == 1


def test_the_sample_s_weights_are_hashed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights that come with the installation are named with their hash, where the network was made of these."""
    import imagelake

    weights = next((Path(imagelake.__file__).parent / "samples" / "weights").glob("*.weights.h5"))
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in traced(root, "label_accuracy", capsys=capsys)
    assert "the network" not in traced(root, "images", capsys=capsys)


def test_a_replaced_input_ends_the_trace(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands there now was not read: neither its settings nor its files are given out as the number's."""
    newer = manifest("labels", "ee", {}, settings={"source.type": "newer"})
    (root / "labels" / MANIFEST).write_text(newer.to_json())
    out = traced(root, "label_accuracy", "label=Lion", capsys=capsys)
    assert "labels of run bb: published anew since" in out
    assert "newer" not in out


def test_the_photo_of_a_row_is_named_with_its_hash(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row that names an image leads to its file."""
    out = traced(root, "labels", "image_id=i1", "column=confidence", capsys=capsys)
    assert "confidence = 0.99" in out
    assert f"/i1.jpg, 20 bytes, sha256 {hashlib.sha256(JPEG).hexdigest()}" in out
    publish(root, replace(manifest("images", "ff", {})))
    assert "the row was made of an earlier one" in traced(root, "labels", "image_id=i1", capsys=capsys)


@pytest.mark.parametrize("name", ["labels.csv", "i1.jpg"])
def test_a_changed_source_is_noticed(root: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """--verify reads the files again: exit code 0 where they are what was read, 1 where one differs or is gone."""
    words = ("labels", "image_id=i1", "--verify")
    assert traced(root, *words, capsys=capsys).count(", unchanged") == 2
    file = root.parent / "source" / name
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert "CHANGED since" in traced(root, *words, expected=1, capsys=capsys)
    file.unlink()
    assert "cannot be read" in traced(root, *words, expected=1, capsys=capsys)


def test_a_manifest_of_an_earlier_version_is_traced(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it did not note is said to be unknown; nothing is guessed."""
    file = root / "images" / MANIFEST
    file.write_text(replace(Manifest.from_bytes(file.read_bytes(), ""), settings=None, sources=None).to_json())
    out = traced(root, "images", capsys=capsys)
    assert "not kept by that version, only their digest digest" in out
    assert "its files were not noted by that version" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["label_acuracy"], "Did you mean 'label_accuracy'? Known: images, label_accuracy, labels, model"),
        (["boxes"], "boxes is not published here; published: images, label_accuracy, labels, model"),
        (["label_accuracy", "lable=Lion"], "Did you mean 'label'? Known: classes, covered, "),
        (["label_accuracy", "Lion"], "'Lion' is not of the form column=value; columns of label_accuracy: label, "),
        (["label_accuracy", "label=Leopart"], "Values that occur: Leopard, Lion, null"),
        (
            ["label_accuracy", "images=32", "label=Tiger"],
            "label=Tiger among those with images=32. Values that occur: L",
        ),
        (["label_accuracy", "images=31"], "Values that occur: 32, 1"),
        (["label_accuracy", "images=many"], "images=many: a value of label_accuracy.images is of type bigint, or null"),
        (["label_accuracy", "covered=perhaps"], "is of type boolean"),
        (["label_accuracy", "classes=lion"], "array<string>: no row can be named by it"),
        (["label_accuracy", "label=Lion", "column=top2"], "Did you mean 'top5'"),
        (["label_accuracy", "column=top1"], "other words name the row, such as label=..."),
        (["model", "name=x"], "model is a folder of files and has no rows"),
    ],
)
def test_a_slip_is_one_line_with_the_choices(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """An unknown table, column or value, or words of another form: exit code 2, and what would have been right."""
    err = traced(root, *words, expected=2, capsys=capsys)
    assert err.count("\n") == 1
    assert said in err


def test_a_root_that_is_none_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there, or an empty one."""
    assert "there is no folder" in traced(tmp_path / "no", "labels", expected=2, capsys=capsys)
    assert "published: nothing" in traced(tmp_path, "labels", expected=2, capsys=capsys)


def test_null_and_several_rows_can_be_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The word null names rows without a value; of several rows the first are shown, with their number and the key."""
    assert "images = 1;" in traced(root, "label_accuracy", "label=null", capsys=capsys)
    out = traced(root, "label_accuracy", "images=32", capsys=capsys)
    assert "one of 2 rows, of which 2 are shown; one is named by label" in out


def test_cells_cannot_move_the_cursor(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A title that holds the terminal's own commands is shown as text, in rows and in errors."""
    publish(root, manifest("images", "aa", {}), rows=[{"image_id": "i\x1b[2J", "title": "\x1b]0;owned\x07"}])
    assert "\x1b" not in traced(root, "images", "has_bytes=null", capsys=capsys)
    assert "\x1b" not in traced(root, "images", "image_id=j", expected=2, capsys=capsys)


CELLS = st.fixed_dictionaries(
    {
        "image_id": st.sampled_from(["a", "b", "null", ""]) | st.none(),
        "width": st.integers(0, 3) | st.none(),
        "rotation": st.sampled_from([0.0, 90.5]) | st.none(),
        "listed": st.booleans() | st.none(),
    }
)
WORDS = st.lists(
    st.sampled_from(["image_id=a", "image_id=null", "image_id=", "width=2", "rotation=90.5", "listed=true"]),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(CELLS, min_size=1, max_size=30), words=WORDS, group=st.integers(1, 9))
def test_rows_are_those_of_brute_force(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], words: list[str], group: int
) -> None:
    """Any conditions on any rows, in row groups of any size: as many as a loop counts, the first of them shown."""
    root, table = tmp_path_factory.mktemp("lake"), TABLES["images"]
    conditions = [parse_condition(table, word) for word in words]

    def meets(row: Mapping[str, Any], condition: Condition) -> bool:
        return bool(row[condition.column.name] == condition.value)

    expected = [row for row in rows if all(meets(row, condition) for condition in conditions)]
    publish(root, manifest("images", "aa", {}))
    types = {"image_id": pa.string(), "width": pa.int32(), "rotation": pa.float64(), "listed": pa.bool_()}
    cells = pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()})
    pq.write_table(cells, root / "images" / "part-0.parquet", row_group_size=group)
    pq.write_table(cells.slice(0, 0), root / "images" / "part-1.parquet")
    lake = open_lake(str(root))
    if not expected:
        with pytest.raises(Exception, match="images has no row with"):
            find_rows(lake, table, conditions)
        return
    found = find_rows(lake, table, conditions)
    assert found.count == len(expected)
    assert list(found.first) == expected[:SHOWN_ROWS]
