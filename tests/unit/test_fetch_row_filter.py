"""The streaming filter against the csv module on the whole file."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from fetch_lake import IMAGE_HEADER, LABEL_HEADER, LION, OWL, TIGER, PlantedLake, from_csv, to_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagelake.errors import ImageLakeError
from imagelake.open_images import row_filter
from imagelake.open_images.id_set import IdSet, ids_in
from imagelake.open_images.row_filter import RowFilter, Rows, read_rows, rows_of_images, rows_of_labels

LAKE = PlantedLake(count=40, splits=("train",))
IMAGE_ROWS = LAKE.splits["train"].images
IMAGE_CSV = to_csv([IMAGE_HEADER, *IMAGE_ROWS])
SOURCE = "https://example.org/list.csv"


def filtered(data: bytes, rows: Rows, folder: Path, cuts: list[int] | None = None) -> bytes:
    """What the filter makes of bytes that arrive in pieces cut at the given places."""
    places = [0, *sorted(cuts or []), len(data)]
    with closing(RowFilter(SOURCE, folder / "part", folder / "kept.csv", rows)) as sink:
        for start, end in pairwise(places):
            sink.write(data[start:end])
        sink.finish()
    return (folder / "kept.csv").read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.sets(st.sampled_from([row[0] for row in IMAGE_ROWS])),
    cuts=st.lists(st.integers(0, len(IMAGE_CSV)), max_size=30),
)
def test_kept_rows_are_those_of_the_chosen_images_however_the_bytes_arrive(
    tmp_path: Path, chosen: set[str], cuts: list[int]
) -> None:
    """With commas, quotes and line breaks in titles, the filter keeps what csv would, wherever chunks end."""
    kept = filtered(IMAGE_CSV, rows_of_images({image_id.encode() for image_id in chosen}), tmp_path, cuts)
    assert from_csv(kept) == [IMAGE_HEADER, *(row for row in IMAGE_ROWS if row[0] in chosen)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stop=st.integers(0, len(IMAGE_CSV)), step=st.integers(1, 700))
def test_an_interrupted_filter_goes_on_from_its_note(
    tmp_path_factory: pytest.TempPathFactory, stop: int, step: int
) -> None:
    """A filter dropped anywhere, like a killed process, and begun anew at the noted position makes the same file."""
    folder = tmp_path_factory.mktemp("resumed")
    rows = rows_of_images({row[0].encode() for row in IMAGE_ROWS[::2]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_filter, "NOTE_EVERY_BYTES", 512)
        first = RowFilter(SOURCE, folder / "part", folder / "kept.csv", rows)
        for start in range(0, stop, step):
            first.write(IMAGE_CSV[start : min(start + step, stop)])
        first.close()
    with closing(RowFilter(SOURCE, folder / "part", folder / "kept.csv", rows)) as second:
        assert second.position.offset >= stop - 512 - 2 * step - max(map(len, IMAGE_CSV.split(b"\n")))
        second.write(IMAGE_CSV[second.position.offset :])
        second.finish()
    assert (folder / "kept.csv").read_bytes() == filtered(IMAGE_CSV, rows, tmp_path_factory.mktemp("whole"))
    assert not (folder / "part").exists()


def test_a_part_from_another_source_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes of one address are never appended to those of another."""
    monkeypatch.setattr(row_filter, "NOTE_EVERY_BYTES", 512)
    rows = rows_of_images({row[0].encode() for row in IMAGE_ROWS})
    with closing(RowFilter("elsewhere", tmp_path / "part", tmp_path / "kept.csv", rows)) as first:
        first.write(IMAGE_CSV[:5000])
    with closing(RowFilter(SOURCE, tmp_path / "part", tmp_path / "kept.csv", rows)) as second:
        assert second.position.offset == 0
        assert (tmp_path / "part").stat().st_size == 0


def test_a_restart_forgets_everything(tmp_path: Path) -> None:
    """After a restart the file is taken from its first byte, header included, as if nothing had come before."""
    rows = rows_of_images({row[0].encode() for row in IMAGE_ROWS})
    with closing(RowFilter(SOURCE, tmp_path / "part", tmp_path / "kept.csv", rows)) as sink:
        sink.write(IMAGE_CSV[:3333])
        sink.restart()
        sink.write(IMAGE_CSV)
        sink.finish()
    assert (tmp_path / "kept.csv").read_bytes() == IMAGE_CSV


def test_label_rows_need_the_class_and_a_confidence_of_one(tmp_path: Path) -> None:
    """However one is written it counts; other values, other classes, short and broken rows do not."""
    image_id = "00000000000000ab"
    good = [[image_id, "verification", LION, "1"], [image_id, "verification", TIGER, "1.0"]]
    bad = [
        [image_id, "verification", LION, "0"],
        [image_id, "verification", LION, "0.99"],
        [image_id, "verification", LION, ""],
        [image_id, "verification", LION, "yes"],
        [image_id, "verification", OWL, "1"],
        [image_id, "verification", LION],
        [""],
    ]
    data = to_csv([LABEL_HEADER, good[0], *bad, good[1]], "\r\n")
    kept = filtered(data, rows_of_labels({LION.encode(), TIGER.encode()}), tmp_path)
    assert from_csv(kept) == [LABEL_HEADER, *good]


def test_a_last_line_without_line_break_counts(tmp_path: Path) -> None:
    """The last row is kept though no line break ends it."""
    kept = filtered(b"ImageID,Source\n00000000000000ab,x", rows_of_images({b"00000000000000ab"}), tmp_path)
    assert kept == b"ImageID,Source\n00000000000000ab,x\n"


def test_a_file_of_a_header_alone_gives_a_header_alone(tmp_path: Path) -> None:
    """No rows in, no rows out, and no error."""
    assert filtered(b"ImageID,Source\n", rows_of_images(set()), tmp_path) == b"ImageID,Source\n"


@pytest.mark.parametrize("data", [b"", b"<?xml version='1.0'?>\n<Error/>\n", b"image,label\n1,2\n"])
def test_a_file_that_is_not_the_published_one_is_named(data: bytes, tmp_path: Path) -> None:
    """An empty file, or one with other columns, is an error that names its address, and leaves no result."""
    with pytest.raises(ImageLakeError, match=SOURCE):
        filtered(data, rows_of_images(set()), tmp_path)
    assert not (tmp_path / "kept.csv").exists()


def test_a_local_file_is_filtered_like_a_download(tmp_path: Path) -> None:
    """Reading from disk, also from a noted position, gives what streaming gives."""
    rows = rows_of_images({row[0].encode() for row in IMAGE_ROWS[::3]})
    (tmp_path / "list.csv").write_bytes(IMAGE_CSV)
    with closing(RowFilter(SOURCE, tmp_path / "part2", tmp_path / "local.csv", rows)) as sink:
        read_rows(tmp_path / "list.csv", sink)
        sink.finish()
    assert (tmp_path / "local.csv").read_bytes() == filtered(IMAGE_CSV, rows, tmp_path)


@given(st.sets(st.integers(0, 2**64 - 1)), st.lists(st.integers(0, 2**64 - 1)))
def test_an_id_set_has_what_a_set_has(members: set[int], others: list[int]) -> None:
    """Membership and size agree with Python's set, over the whole range of 64 bits."""
    ids = IdSet(f"{member:016x}".encode() for member in [*members, *members])
    assert len(ids) == len(members)
    for number in [*members, *others]:
        assert (f"{number:016x}".encode() in ids) == (number in members)


def test_an_id_set_knows_no_text_that_is_no_id() -> None:
    """A header or an empty line is in no set of ids."""
    assert b"ImageID,Source,L" not in IdSet([b"00000000000000ab"])
    assert b"" not in IdSet([])


def test_ids_in_files_are_those_of_their_records(tmp_path: Path) -> None:
    """Headers and second lines of a quoted title give no id."""
    file = tmp_path / "list.csv"
    file.write_bytes(IMAGE_CSV)
    assert [image_id.decode() for image_id in ids_in([file, file])] == [row[0] for row in IMAGE_ROWS] * 2
