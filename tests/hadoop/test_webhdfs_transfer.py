"""scripts/upload and scripts/download on a real HDFS, in the order of the file: the last tests kill daemons."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import hdfs  # type: ignore[import-untyped]
import pytest
from hadoop_cluster import Hadoop

from imagelake.cluster.webhdfs.checksum import parse
from imagelake.cluster.webhdfs.client import Access, Status, WebHdfs, is_same
from imagelake.cluster.webhdfs.retry import Clock, Retrier, WebHdfsRetryPolicy
from imagelake.cluster.webhdfs.staging import is_staged
from project import PROJECT

_MIB = 1 << 20
_SMALL_BLOCKS = ("--block-size", str(_MIB))
_NAMES = [
    "plain",
    "a b",
    " lead",
    "100%",
    "a%41b",
    "#x",
    "x#LATEST",
    "a+b;c&d=e?f",
    "é日本🙂",
    "back\\slash",
    "quo\"t'e",
    "new\nline",
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Odd names, an empty file, an empty folder, and a file of four blocks whose last one is short."""
    root = tmp_path_factory.mktemp("tree")
    for name in _NAMES:
        (root / name).mkdir()
        (root / name / f"{name}.jpg").write_bytes(name.encode())
    (root / "empty folder").mkdir()
    (root / "none").touch()
    (root / "large").write_bytes(os.urandom(3 * _MIB + 701))
    return root


def _run(hadoop: Hadoop, *arguments: str | Path, expect: int = 0) -> str:
    """Run a script; gives all that it printed."""
    command = [str(PROJECT / "scripts" / str(arguments[0])), *map(str, arguments[1:])]
    done = subprocess.run(
        command, env=hadoop.environment, capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def _content(root: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))
    }


def _remote(hadoop: Hadoop, path: str) -> bytes:
    with hadoop.webhdfs().read(path) as reader:
        return bytes(reader.read())


def _is_at_the_large_one(client: hdfs.InsecureClient) -> bool:
    names = client.list("/killed") if client.status("/killed", strict=False) else []
    return "2" in names and any(map(is_staged, names))


def _wait(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, _MIB - 1, _MIB, _MIB + 1, 2 * _MIB, 3 * _MIB + 700, 5 * _MIB])
def test_our_checksum_is_that_of_hdfs(hadoop: Hadoop, tmp_path: Path, size: int) -> None:
    """For any number of blocks and any length of the last block and CRC, the NameNode's answer is what we compute."""
    data = os.urandom(size)
    (tmp_path / "file").write_bytes(data)
    client = hadoop.webhdfs()
    client.write(f"/checksums/{size}", data, blocksize=_MIB, overwrite=True)
    answer = parse(client.checksum(f"/checksums/{size}"))
    assert answer.of(tmp_path / "file") == answer.digest


def test_a_tree_goes_there_and_back_and_then_is_skipped(hadoop: Hadoop, tree: Path, tmp_path: Path) -> None:
    """Every name and byte arrives, empty folders too; a second run of either moves nothing."""
    sent = _run(hadoop, "upload", tree, "/tree", *_SMALL_BLOCKS)
    assert f"uploaded {len(_NAMES) + 2} files" in sent
    assert hadoop.webhdfs().status("/tree/large")["blockSize"] == _MIB
    again = _run(hadoop, "upload", tree, f"{hadoop.hdfs_url}/tree")
    assert "uploaded 0 files, 0.0 MB in" in again
    assert f"{len(_NAMES) + 2} were there already; 0 failed" in again
    assert "0 failed" in _run(hadoop, "download", "/tree", tmp_path / "back")
    assert _content(tmp_path / "back") == _content(tree)
    assert "downloaded 0 files" in _run(hadoop, "download", "/tree", tmp_path / "back")


def test_what_cannot_go_is_listed_and_the_rest_goes(hadoop: Hadoop, tmp_path: Path) -> None:
    """A name that HDFS refuses and a broken link end with status 1 and a line each; their neighbour is there."""
    (tmp_path / "good").write_bytes(b"good")
    (tmp_path / "x:y").touch()
    (tmp_path / "broken").symlink_to("nowhere")
    text = _run(hadoop, "upload", tmp_path, "/partly", expect=1)
    assert f"failed: {tmp_path / 'x:y'}: HDFS allows no ':'" in text
    assert f"failed: {tmp_path / 'broken'}: a link that leads nowhere" in text
    assert "uploaded 1 files" in text
    assert _remote(hadoop, "/partly/good") == b"good"


def test_other_bytes_of_the_same_length_are_found_and_kept_without_force(
    hadoop: Hadoop, tree: Path, tmp_path: Path
) -> None:
    """In both directions a file that differs is refused by name, replaced with --force, and nothing lies beside it."""
    other = bytes(3 * _MIB + 701)
    hadoop.webhdfs().write("/tree/large", other, overwrite=True, blocksize=_MIB)
    text = _run(hadoop, "upload", tree, "/tree", expect=1)
    assert "/tree/large: is on HDFS with other content" in text
    assert "--force" in text
    assert _remote(hadoop, "/tree/large") == other
    assert "uploaded 1 files" in _run(hadoop, "upload", tree, "/tree", "--force", *_SMALL_BLOCKS)
    assert _remote(hadoop, "/tree/large") == (tree / "large").read_bytes()
    assert not any(is_staged(name) for name in hadoop.webhdfs().list("/tree"))
    (tmp_path / "none").write_bytes(b"mine")
    assert "is there with other content" in _run(hadoop, "download", "/tree/none", tmp_path, expect=1)
    assert (tmp_path / "none").read_bytes() == b"mine"
    _run(hadoop, "download", "/tree/none", tmp_path, "--force")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"none": b""}


def test_a_file_whose_checksum_is_not_of_its_bytes_is_read_back(hadoop: Hadoop, tree: Path) -> None:
    """As erasure-coded and encrypted ones are: equal content is equal, one other byte is not."""
    store = WebHdfs(Access((hadoop.webhdfs_url,)), Retrier(WebHdfsRetryPolicy(), Clock(), print))
    status = Status("FILE", (tree / "large").stat().st_size, 0, plain=False)
    assert is_same(store, tree / "large", "/tree/large", status)
    content = bytearray((tree / "large").read_bytes())
    content[-1] ^= 1
    hadoop.webhdfs().write("/tree/other", bytes(content), overwrite=True)
    assert not is_same(store, tree / "large", "/tree/other", status)
    hadoop.webhdfs().delete("/tree/other")


@pytest.mark.tried(
    "Files to HDFS",
    "an upload killed (`kill -9`) inside a file of 120 MB",
    "only whole files bear their names; the same command completes",
)
def test_a_killed_upload_leaves_no_half_file_and_the_next_run_goes_on(hadoop: Hadoop, tmp_path: Path) -> None:
    """After kill -9 only whole files bear their names; the same command completes, and clears up what was begun."""
    root = tmp_path / "many"
    root.mkdir()
    for number in range(4):
        (root / f"{number}").write_bytes(os.urandom(120 * _MIB if number == 3 else 1000))
    command = [sys.executable, "-m", "imagelake.cluster.webhdfs", "upload", str(root), "/killed", "--workers", "1"]
    client = hadoop.webhdfs()
    with subprocess.Popen(command, env=hadoop.environment) as process:
        _wait(lambda: _is_at_the_large_one(client))
        process.send_signal(signal.SIGKILL)
    names = client.list("/killed")
    assert "3" not in names
    assert any(is_staged(name) for name in names)
    text = _run(hadoop, "upload", root, "/killed")
    assert "uploaded 1 files" in text
    assert "3 were there already" in text
    assert sorted(client.list("/killed")) == ["0", "1", "2", "3"]
    assert _remote(hadoop, "/killed/3") == (root / "3").read_bytes()


@pytest.mark.tried("Files to HDFS", "a dead NameNode in the list, at either place", "it is passed over", n=2)
def test_a_dead_namenode_in_the_list_is_passed_over(hadoop: Hadoop, tmp_path: Path) -> None:
    """Whichever place it has."""
    (tmp_path / "file").write_bytes(b"1")
    dead = "http://127.0.0.1:9"
    for number, urls in enumerate((f"{dead},{hadoop.webhdfs_url}", f"{hadoop.webhdfs_url},{dead}")):
        assert "uploaded 1 files" in _run(hadoop, "upload", tmp_path, f"/list/{number}", "--namenode", urls)


def test_permission_and_quotas_are_one_line_with_address_and_remedy(hadoop: Hadoop, tmp_path: Path) -> None:
    """Each is final at once; nothing is left under the file's name or beside it."""
    (tmp_path / "file").write_bytes(b"1")
    client = hadoop.webhdfs()
    for folder in ("/space", "/names"):
        client.makedirs(folder)
    hadoop("dfsadmin", "-setSpaceQuota", "1m", "/space")
    hadoop("dfsadmin", "-setQuota", "1", "/names")
    for folder, word, remedy, more in (
        ("/space", "DiskSpace quota", "-setSpaceQuota", ()),
        ("/names", "NameSpace quota", "-setQuota", ()),
        ("/denied", "Permission denied: user=stranger", "--user", ("--user", "stranger")),
    ):
        began = time.monotonic()
        text = _run(hadoop, "upload", tmp_path, folder, *more, expect=1)
        assert time.monotonic() - began < 20
        line = next(line for line in text.splitlines() if word in line)
        assert hadoop.webhdfs_url in line
        assert remedy in line
        assert "\tat " not in text
        assert client.status(folder, strict=False) is None or client.list(folder) == []


@pytest.mark.tried(
    "Files to HDFS", "safe mode under an upload", "said at once, waited for; the upload completes where it ends in time"
)
def test_safe_mode_is_said_at_once_and_waited_for(hadoop: Hadoop, tmp_path: Path) -> None:
    """It is final after the time-out; where it ends before, the upload completes."""
    (tmp_path / "file").write_bytes(b"1")
    hadoop("dfsadmin", "-safemode", "enter")
    assert "safe mode" in _run(hadoop, "upload", tmp_path, "/safe", "--timeout", "2", expect=1)
    command = [str(PROJECT / "scripts" / "upload"), str(tmp_path), "/safe"]
    with subprocess.Popen(command, env=hadoop.environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "is in safe mode" in line
        assert "trying again" in line
        hadoop("dfsadmin", "-safemode", "leave")
        process.stderr.read()
        assert process.wait(timeout=60) == 0
    assert _remote(hadoop, "/safe/file") == b"1"


@pytest.mark.tried(
    "Files to HDFS",
    "a DataNode of two killed under an upload of 20 files",
    "the upload completes; a download right after has every byte",
)
def test_a_datanode_killed_in_the_middle_is_survived_both_ways(hadoop: Hadoop, tmp_path: Path) -> None:
    """An upload goes on when one of three DataNodes is killed under it, and a download right after does too."""
    root = tmp_path / "source"
    root.mkdir()
    for number in range(20):
        (root / f"{number}").write_bytes(os.urandom(3 * _MIB))
    command = [str(PROJECT / "scripts" / "upload"), str(root), "/survived", "--workers", "2", *_SMALL_BLOCKS]
    client = hadoop.webhdfs()
    with subprocess.Popen(command, env=hadoop.environment) as process:
        _wait(lambda: client.status("/survived/1", strict=False) is not None)
        hadoop.kill("datanode-2")
        assert process.wait(timeout=120) == 0
    assert sorted(client.list("/survived")) == sorted(str(number) for number in range(20))
    _run(hadoop, "download", "/survived", tmp_path / "back")
    assert _content(tmp_path / "back") == _content(root)
