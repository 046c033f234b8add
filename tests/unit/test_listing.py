"""The listing of a folder: every file once, whatever it is called, with what stands in the way of reading it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelake.lake.listing import FoundFile, Status, hadoop_files, local_files, parse_statuses

SPOOF = "a; isDirectory=true; modification_time=5; x.jpg"


def by_name(folder: Path) -> dict[str, FoundFile]:
    """The files of a folder by their path below it."""
    found = list(local_files(folder))
    assert len({file.raw for file in found}) == len(found)
    return {file.relative: file for file in found}


def test_no_name_is_left_out(tmp_path: Path) -> None:
    """Names that begin with _ or ., hold a colon, a pattern or the text of a listing, and empty files are all found."""
    names = ["_MG_1.JPG", ".hidden.jpg", "_album/a.jpg", ".git/b.jpg", "a:b.jpg", SPOOF, "[2019]/c.jpg", "empty.jpg"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"" if name == "empty.jpg" else b"xyz")
    found = by_name(tmp_path)
    assert sorted(found) == sorted(names)
    assert {file.problem for file in found.values()} == {None}
    assert [found[name].size for name in names] == [3] * 7 + [0]
    assert found[SPOOF].path == f"file://{tmp_path}/{SPOOF}"


def test_a_name_that_is_no_utf8_is_found_and_can_be_opened(tmp_path: Path) -> None:
    """Its bytes stay what they are; for people each strange byte is spelled out."""
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"latin")
    (file,) = local_files(tmp_path)
    assert file.relative == "caf\\xe9.jpg"
    assert Path(os.fsdecode(file.raw)).read_bytes() == b"latin"


def test_links_back_end(tmp_path: Path) -> None:
    """A folder that holds a link to itself and one to its parent is listed once; the links are named."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.jpg").write_bytes(b"a")
    (tmp_path / "inner" / "loop").symlink_to(tmp_path / "inner")
    (tmp_path / "inner" / "up").symlink_to(tmp_path)
    problems = {name: file.problem for name, file in by_name(tmp_path).items()}
    assert problems == {"inner/a.jpg": None, "inner/loop": "folder_listed_before", "inner/up": "folder_listed_before"}


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    """What it leads to belongs to the source."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jpg").write_bytes(b"a")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link").symlink_to(tmp_path / "elsewhere")
    assert {name: file.problem for name, file in by_name(tmp_path / "source").items()} == {"link/a.jpg": None}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A broken link, a pipe and a socket are found, each with its problem, and nothing waits for them."""
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.jpg"))
        problems = {name: file.problem for name, file in by_name(tmp_path).items()}
    assert problems == {"gone.jpg": "broken_link", "pipe.jpg": "no_regular_file", "s.jpg": "no_regular_file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_permissions_forbid_is_named(tmp_path: Path) -> None:
    """A file and a folder without the right to read are unreadable."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "a.jpg").chmod(0)
    (tmp_path / "locked").mkdir(mode=0)
    assert {name: file.problem for name, file in by_name(tmp_path).items()} == {
        "a.jpg": "unreadable",
        "locked": "unreadable",
    }


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    done = b""
    while value > 0x7F:
        done, value = done + bytes([value & 0x7F | 0x80]), value >> 7
    return done + bytes([value])


def serialised(status: Status) -> bytes:
    """A status as Hadoop writes it: also with fields that nobody asks for."""
    path = status.path.encode()
    message = b"\x08" + varint(1 if status.is_folder else 2) + b"\x12" + varint(len(path)) + path
    message += b"\x18" + varint(status.size) + b'"\x03\x08\xa4\x03*\x04root' + b"\x38" + varint(status.modified_ms)
    return len(message).to_bytes(4, "big") + message


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Status,
            path=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=300),
            size=st.integers(0, 2**62),
            modified_ms=st.integers(0, 2**45),
            is_folder=st.booleans(),
        ),
        max_size=5,
    ),
    st.integers(0, 40),
)
def test_serialised_statuses_come_back(statuses: list[Status], filling: int) -> None:
    """Any names, sizes and times come back as they were, and the zeros behind the last one are nothing."""
    assert parse_statuses(b"".join(map(serialised, statuses)) + bytes(filling)) == statuses


def test_folders_of_hadoop_are_walked_to_the_end() -> None:
    """Files of all depths are found with their path below the folder."""
    root = "hdfs://namenode:8020/photos"
    below = {
        root: [Status(f"{root}/_a.jpg", 5, 7, False), Status(f"{root}/_album", 0, 7, True)],
        f"{root}/_album": [Status(f"{root}/_album/{SPOOF}", 6, 8, False)],
    }
    found = hadoop_files(root, lambda folder: b"".join(map(serialised, below[folder])))
    assert [(file.relative, file.size, file.modified_ms) for file in found] == [
        ("_a.jpg", 5, 7),
        (f"_album/{SPOOF}", 6, 8),
    ]
