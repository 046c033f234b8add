"""What the server keeps: thumbnails on disk within a bound, photos by links that nobody guesses, clients by address."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from imagelake.search.query import Query
from imagelake.serving.predictor import Photo
from imagelake.serving.query_store import QueryStore
from imagelake.serving.thumbnail_cache import ThumbnailCache
from imagelake.web.guards import client_key


def counted(cache: ThumbnailCache, key: str, size: int, made: list[str]) -> bytes:
    def make() -> bytes:
        made.append(key)
        return key[:1].encode() * size

    return cache.get(key, make)


def test_a_picture_is_made_once(tmp_path: Path) -> None:
    """The second look costs nothing, also after a restart."""
    made: list[str] = []
    for _ in range(2):
        cache = ThumbnailCache(tmp_path, 1000)
        for _ in range(2):
            assert counted(cache, "a", 10, made) == b"a" * 10
    assert made == ["a"]


def test_the_folder_keeps_its_bound(tmp_path: Path) -> None:
    """Whatever is kept, the files never take more than the bound, and what was looked at last stays."""
    cache, made = ThumbnailCache(tmp_path, 100), list[str]()
    for key in "abcd":
        counted(cache, key, 30, made)
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 100
    counted(cache, "b", 30, made)  # looked at: now c is the oldest
    counted(cache, "e", 30, made)
    counted(cache, "b", 30, made)
    assert made == ["a", "b", "c", "d", "e"]
    counted(cache, "c", 30, made)
    assert made[-1] == "c"


def test_a_smaller_bound_and_files_that_vanish(tmp_path: Path) -> None:
    """A restart with a smaller bound makes room, the oldest first; a file that somebody removed is made again."""
    made: list[str] = []
    large = ThumbnailCache(tmp_path, 1000)
    for age, key in enumerate("abc"):
        counted(large, key, 30, made)
        newest = max(tmp_path.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        os.utime(newest, (age, age))
    small = ThumbnailCache(tmp_path, 70)
    counted(small, "d", 30, made)
    assert len(list(tmp_path.iterdir())) == 2
    for file in tmp_path.iterdir():
        file.unlink()
    assert counted(small, "d", 30, made) == b"d" * 30


@pytest.mark.parametrize("key", ["../../escape", "/etc/passwd", "\x00", "x" * 5000, "\ud800", ""])
def test_no_key_leaves_the_folder(tmp_path: Path, key: str) -> None:
    """Names from outside are hashed: one file in the folder, whatever the name."""
    cache = ThumbnailCache(tmp_path / "cache", 1000)
    assert cache.get(key, lambda: b"x") == b"x"
    assert [len(file.name) for file in (tmp_path / "cache").iterdir()] == [64]
    assert [file.name for file in tmp_path.iterdir()] == ["cache"]


def test_threads_share_the_folder(tmp_path: Path) -> None:
    """Many threads with the same few keys always get the right picture, within the bound."""
    cache, wrong = ThumbnailCache(tmp_path, 200), []

    def look(number: int) -> None:
        for step in range(50):
            key = "abcdefgh"[(number + step) % 8]
            if cache.get(key, partial(bytes, key * 30, "ascii")) != key.encode() * 30:
                wrong.append(key)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 200


def photo(text: str) -> Photo:
    return Photo(Query(np.zeros(4, np.float32), (("lion", 0.9),), text), b"jpeg")


def test_a_photo_has_one_link_while_the_server_runs() -> None:
    """The same photo gives the same token, another server another one, and no token says what the photo was."""
    store, other = QueryStore(10, 10**6), QueryStore(10, 10**6)
    token = store.keep(photo("a"))
    assert store.keep(photo("a")) == token
    assert store.keep(photo("b")) != token
    assert other.keep(photo("a")) != token
    assert other.get(token) is None
    assert len(token) == 20
    assert store.get(token).query.sha256 == "a"  # type: ignore[union-attr]


def test_the_oldest_photo_makes_room() -> None:
    """As many are kept as allowed; asking for one keeps it among the latest."""
    store = QueryStore(2, 10**6)
    first, second = store.keep(photo("a")), store.keep(photo("b"))
    assert store.get(first) is not None
    third = store.keep(photo("c"))
    assert [store.get(token) is not None for token in (first, second, third)] == [True, False, True]


def test_photos_in_memory_are_bounded() -> None:
    """However large the small pictures are, all kept photos take what the setting says, and the latest one stays."""
    large, max_bytes = 80_000, 1_000_000
    tracemalloc.start()
    store = QueryStore(2000, max_bytes)
    before = tracemalloc.take_snapshot()
    tokens = [store.keep(Photo(Query(np.zeros(1024, np.float32), (), str(n)), bytes(large))) for n in range(100)]
    grown = sum(one.size_diff for one in tracemalloc.take_snapshot().compare_to(before, "filename"))
    tracemalloc.stop()
    kept = [store.get(token) is not None for token in tokens]
    assert 8 <= sum(kept) == sum(kept[-12:]) <= 12
    assert grown <= 1.1 * max_bytes
    tiny = QueryStore(10, 10)
    assert tiny.get(tiny.keep(photo("a"))) is not None


def test_the_same_photo_counts_once() -> None:
    """Photos that are sent again and again push no other out."""
    store = QueryStore(10, 20_000)
    first = store.keep(photo("a"))
    for _ in range(50):
        store.keep(photo("b"))
    assert store.get(first) is not None


@pytest.mark.parametrize("folder_is", ["a file", "gone"])
def test_a_disk_that_takes_nothing_costs_no_picture(tmp_path: Path, folder_is: str) -> None:
    """Where a picture cannot be kept, it is made and given all the same, and no part of it is left."""
    folder = tmp_path / "cache"
    cache, made = ThumbnailCache(folder, 1000), list[str]()
    folder.rmdir()
    if folder_is == "a file":
        folder.write_bytes(b"")
    for _ in range(2):
        assert counted(cache, "a", 10, made) == b"a" * 10
    assert made == ["a", "a"]


@pytest.mark.tried("The browser app", "a cache disk that takes no more bytes", "thumbnails are served all the same")
def test_a_full_disk_costs_no_picture(tmp_path: Path) -> None:
    """A process that may write no more bytes, as on a full disk, gives the picture and leaves no half of it."""
    script = """
import resource, signal, sys
from pathlib import Path
from imagelake.serving.thumbnail_cache import ThumbnailCache
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
print(len(ThumbnailCache(Path(sys.argv[1]), 10**6).get("a", lambda: bytes(10_000))))
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "10000\n"), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_household_is_one_client() -> None:
    """Addresses of one 64-bit network of IPv6 count together, addresses of IPv4 each alone."""
    assert client_key("2a00:1::1") == client_key("2a00:1::ffff:1") != client_key("2a00:2::1")
    assert client_key("192.0.2.1") != client_key("192.0.2.2")
    assert client_key("testclient") == "testclient"
