"""Tables read without Spark: from a folder, and through a file on HDFS that behaves as Python's own."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.cluster.webhdfs.remote_file import RemoteFile
from imagelake.errors import ImageLakeError
from imagelake.lake.manifest import MANIFEST, Manifest
from imagelake.lake.predicting_network import predicting_network
from imagelake.lake.published import open_lake
from imagelake.serving.image_labels import classes_of_labels
from imagelake.taxonomy.lake_labels import narrowest_labels
from imagelake.vision.head import HeadCard, PackedHead
from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.packed import PackedModel
from imagelake.vision.published_network import PublishedNetwork


def publish(root: Path, name: str, table: pa.Table, parts: int = 1, head: str = "") -> None:
    """A table as a job would publish it, with the setting model.head."""
    (root / name).mkdir(parents=True)
    size = -(-table.num_rows // parts)
    for part in range(parts):
        pq.write_table(table.slice(part * size, size), root / name / f"part-{part:05}.parquet")
    settings = {"model.head": head}
    manifest = Manifest(name, "job", "run", "", "", "", {}, table.num_rows, [], "", 0.0, None, {}, settings=settings)
    (root / name / MANIFEST).write_text(manifest.to_json())


def network_of(*classes: str) -> PublishedNetwork:
    """A network of some classes."""
    card = NetworkCard("sample", "f", "network.tflite", "litert", "float32", 128, "crop", classes)
    return PublishedNetwork(card, PackedModel("litert", b""))


def head_of(*labels: str) -> PackedHead:
    """A head of some labels."""
    card = HeadCard("animals", "f", labels, 3, 7, (10,) * len(labels), {}, {}, {}, "0.1", 0.01, "none")
    return PackedHead(card.to_json(), b"")


def test_a_table_is_read_whole_by_columns_and_in_batches(tmp_path: Path) -> None:
    """Every way gives the same rows in the order of the files, of a local path and of a file:// address."""
    table = pa.table({"image_id": [f"i{n}" for n in range(100)], "ppi": [float(n) for n in range(100)]})
    publish(tmp_path, "image_quality", table, parts=3)
    for root in (str(tmp_path), f"file://{tmp_path}"):
        lake = open_lake(root)
        assert lake.read("image_quality") == table
        assert lake.read("image_quality", ["ppi"]).column_names == ["ppi"]
        assert pa.Table.from_batches(lake.batches("image_quality", ["image_id", "ppi"], rows=7)) == table
        assert lake.require("image_quality").rows == 100
        assert lake.manifest("images") is None


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """A root, a table, a column and a NameNode that are not there are errors with the next step."""
    with pytest.raises(ImageLakeError, match=r"there is no folder .*nowhere"):
        open_lake(str(tmp_path / "nowhere"))
    lake = open_lake(str(tmp_path))
    with pytest.raises(ImageLakeError, match=r"no table images .* scripts/run --root"):
        lake.read("images")
    publish(tmp_path, "images", pa.table({"image_id": ["a"]}))
    with pytest.raises(ImageLakeError, match=r"lacks \['split'\]"):
        lake.read("images", ["image_id", "split"])


def test_hdfs_needs_a_namenode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address the error says where one may be given."""
    for name in ("IMAGELAKE_WEBHDFS", "HADOOP_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ImageLakeError, match="--namenode"):
        open_lake("hdfs:///lake")


class _Memory:
    """A store of one file; every read is noted."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.reads: list[tuple[int, int]] = []

    def read_range(self, _: str, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.content[offset : offset + length]


MOVES = st.tuples(st.just("seek"), st.integers(-40, 120), st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]))
READS = st.tuples(st.just("read"), st.integers(-1, 120), st.just(0))


@given(st.binary(max_size=100), st.lists(MOVES | READS, max_size=20))
def test_a_remote_file_is_a_file(content: bytes, steps: list[tuple[str, int, int]]) -> None:
    """Any moves and reads give what a file in memory gives, and ask for no byte that there is not."""
    store = _Memory(content)
    ours, oracle = RemoteFile(store, "/f", len(content)), io.BytesIO(content)  # type: ignore[arg-type]
    for kind, number, whence in steps:
        if kind == "read":
            assert ours.read(number) == oracle.read(number)
        elif (oracle.tell(), 0, len(content))[(1, 0, 2).index(whence)] + number >= 0:
            assert ours.seek(number, whence) == oracle.seek(number, whence)
        else:
            with pytest.raises(ValueError, match="before the beginning"):
                ours.seek(number, whence)
        assert ours.tell() == oracle.tell()
    assert all(length > 0 and offset + length <= len(content) for offset, length in store.reads)


def test_parquet_reads_a_remote_file_in_few_stretches(tmp_path: Path) -> None:
    """One row group of one column costs its own bytes and the footer, not the file."""
    ids, contents = [f"{n:08}" for n in range(200)], [os.urandom(5_000) for _ in range(200)]
    table = pa.table({"image_id": ids, "content": contents})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=20)
    content = (tmp_path / "t.parquet").read_bytes()
    store = _Memory(content)
    remote = RemoteFile(store, "/t", len(content))  # type: ignore[arg-type]
    with pq.ParquetFile(remote, pre_buffer=True) as file:
        assert file.read_row_group(3, ["content"])["content"].to_pylist() == table["content"].to_pylist()[60:80]
    assert sum(length for _, length in store.reads) < len(content) / 4
    assert len(store.reads) <= 6


def test_a_class_means_the_narrowest_label(tmp_path: Path) -> None:
    """Of the labels that a class means, the one that fewest classes mean counts, the first by name of equal ones."""
    accuracy = pa.table(
        {
            "label": ["Animal", "Bird", "Eagle", "Bird of prey", "Rock"],
            "classes": [["lion", "eagle", "owl"], ["eagle", "owl"], ["eagle"], ["eagle"], []],
        }
    )
    publish(tmp_path, "label_accuracy", accuracy)
    classes = classes_of_labels(open_lake(str(tmp_path)), network_of("lion", "eagle", "owl"))
    assert narrowest_labels(classes) == {"lion": "Animal", "owl": "Bird", "eagle": "Bird of prey"}


def test_classes_mean_labels_as_what_predicts_now_was_measured(tmp_path: Path) -> None:
    """A head's labels mean themselves until accuracy is measured with it; then the network's own classes mean none."""
    publish(tmp_path / "without", "label_accuracy", pa.table({"label": ["Bird"], "classes": [["owl"]]}))
    measured = pa.table({"label": ["Bird", "Owl"], "classes": [["Owl"], ["Owl"]]})
    publish(tmp_path / "with", "label_accuracy", measured, head="animals")
    network = network_of("owl", "lion")
    with_head = network.with_head(head_of("Owl", "Rhinoceros"))
    assert (with_head.head, with_head.classes, network.classes) == ("animals", ("Owl", "Rhinoceros"), ("owl", "lion"))
    without, measured_lake = open_lake(str(tmp_path / "without")), open_lake(str(tmp_path / "with"))
    assert classes_of_labels(without, network) == {"Bird": ("owl",)}
    assert classes_of_labels(without, with_head) == {"Owl": ("Owl",), "Rhinoceros": ("Rhinoceros",)}
    assert classes_of_labels(measured_lake, with_head) == {"Bird": ("Owl",), "Owl": ("Owl",)}
    assert classes_of_labels(measured_lake, network) == {}


def test_a_head_that_is_gone_is_told(tmp_path: Path) -> None:
    """Where the head that predicted a lake is not there any more, nothing else predicts in its stead."""
    publish(tmp_path, "predictions", pa.table({"image_id": ["a"]}), head="animals")
    card = network_of("owl").card
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / CARD).write_text(card.to_json())
    (folder / card.file).write_bytes(b"")
    (folder / MANIFEST).write_text(Manifest("model", "", "", "", "", "", {}, 2, [], "", 1.0, None, {}).to_json())
    lake = open_lake(str(tmp_path))
    with pytest.raises(ImageLakeError, match=r"animals.* it predicted the images of this lake: run predict_images"):
        predicting_network(lake.manifest, lake.read_file)
