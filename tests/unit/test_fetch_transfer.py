"""Downloads against a real server that breaks them in every way a network does."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fetch_server import FileServer

from imagelake.net.part_files import WholeFile, note_of, read_json
from imagelake.net.transfer import Client, DownloadError, DownloadRetryPolicy
from imagelake.open_images import row_filter
from imagelake.open_images.row_filter import RowFilter, rows_of_images

BODY = random.Random(1).randbytes(300_000)
QUICK = DownloadRetryPolicy(retries=3, timeout_s=10.0, first_wait_s=0.01)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server with one file."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FileServer({"/file": BODY}) as server:
        yield server


def download(server: FileServer, folder: Path, policy: DownloadRetryPolicy = QUICK) -> Path:
    """Download the file into a folder."""
    with closing(WholeFile(folder / "part", folder / "file")) as sink:
        Client(policy).pull(f"{server.url}/file", sink)
        sink.finish()
    return folder / "file"


def test_a_dropped_connection_resumes_where_it_broke(server: FileServer, tmp_path: Path) -> None:
    """Each drop halves what is left, each attempt asks for exactly the rest, and the bytes are right."""
    server.fail("/file", ["drop"] * 3)
    assert download(server, tmp_path).read_bytes() == BODY
    assert [request.range for request in server.seen] == [None, "bytes=150000-", "bytes=225000-", "bytes=262500-"]


def test_progress_renews_the_retries(server: FileServer, tmp_path: Path) -> None:
    """More drops than retries are survived as long as each attempt brings something."""
    server.fail("/file", ["drop"] * 10)
    assert download(server, tmp_path).read_bytes() == BODY


def test_without_ranges_the_file_starts_again(server: FileServer, tmp_path: Path) -> None:
    """A server that ignores ranges sends the whole file, and nothing of the first half stands twice."""
    server.ranges = False
    server.fail("/file", ["drop", "drop"])
    assert download(server, tmp_path).read_bytes() == BODY
    assert [request.status for request in server.seen] == [200, 200, 200]


def test_a_body_that_is_always_short_is_given_up(server: FileServer, tmp_path: Path) -> None:
    """Without ranges, drops at the same place are no progress: after the retries it fails, and no file is made."""
    server.ranges = False
    server.fail("/file", ["drop"] * 9)
    with pytest.raises(DownloadError, match=r"the connection broke \(4 attempts\)") as error:
        download(server, tmp_path)
    assert error.value.reached
    assert not (tmp_path / "file").exists()
    assert len(server.seen) == QUICK.retries + 1


def test_a_file_that_changes_is_never_mixed(server: FileServer, tmp_path: Path) -> None:
    """Where the file changed between two attempts, the result is the new one alone."""
    server.fail("/file", ["hold"])
    server.gate.set()
    sink = WholeFile(tmp_path / "part", tmp_path / "file")
    with closing(sink), pytest.raises(DownloadError):
        Client(DownloadRetryPolicy(retries=0)).pull(f"{server.url}/file", sink)
    assert (tmp_path / "part").stat().st_size == len(BODY) // 2
    server.files["/file"] = BODY[::-1]
    assert download(server, tmp_path).read_bytes() == BODY[::-1]


def test_a_later_run_continues_a_part(server: FileServer, tmp_path: Path) -> None:
    """A part with its note is continued by another process, asking for the rest only."""
    server.fail("/file", ["drop"])
    with closing(WholeFile(tmp_path / "part", tmp_path / "file")) as sink, pytest.raises(DownloadError):
        Client(DownloadRetryPolicy(retries=0)).pull(f"{server.url}/file", sink)
    assert read_json(note_of(tmp_path / "part"))["total"] == len(BODY)
    assert download(server, tmp_path).read_bytes() == BODY
    assert server.seen[-1].range == "bytes=150000-"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_part_that_is_already_whole_needs_no_bytes(server: FileServer, tmp_path: Path) -> None:
    """A run killed between the last byte and the renaming asks once, is told there is no more, and finishes."""
    with closing(WholeFile(tmp_path / "part", tmp_path / "file")) as sink:
        Client(QUICK).pull(f"{server.url}/file", sink)
    assert download(server, tmp_path).read_bytes() == BODY
    assert server.seen[-1].status == 416


def test_a_part_without_note_is_not_trusted(server: FileServer, tmp_path: Path) -> None:
    """Bytes of unknown origin are dropped, not continued."""
    (tmp_path / "part").write_bytes(b"who knows")
    assert download(server, tmp_path).read_bytes() == BODY
    assert server.seen[0].range is None


def test_a_part_longer_than_the_file_starts_again(server: FileServer, tmp_path: Path) -> None:
    """A range beyond the end of what is now a shorter file leads to a fresh start."""
    with closing(WholeFile(tmp_path / "part", tmp_path / "file")) as sink:
        Client(QUICK).pull(f"{server.url}/file", sink)
    note = note_of(tmp_path / "part")
    note.write_text('{"etag": null, "total": null}')
    server.files["/file"] = BODY[:1000]
    assert download(server, tmp_path).read_bytes() == BODY[:1000]


@pytest.mark.parametrize("status", ["500", "503", "429", "408"])
def test_passing_statuses_are_tried_again(status: str, server: FileServer, tmp_path: Path) -> None:
    """Overload and server errors pass."""
    server.fail("/file", [status, status])
    assert download(server, tmp_path).read_bytes() == BODY


def test_a_lasting_server_error_is_given_up_with_its_status(server: FileServer, tmp_path: Path) -> None:
    """After the retries the reason says the status and how often it came."""
    server.fail("/file", ["503"] * 9)
    with pytest.raises(DownloadError, match=r"/file: HTTP 503 \(4 attempts\)"):
        download(server, tmp_path)


@pytest.mark.parametrize("status", ["404", "403", "410", "400"])
def test_refusals_are_not_tried_again(status: str, server: FileServer, tmp_path: Path) -> None:
    """What a server will never give is asked for once."""
    server.fail("/file", [status])
    with pytest.raises(DownloadError) as error:
        download(server, tmp_path)
    assert error.value.reason == f"HTTP {status}"
    assert len(server.seen) == 1


def test_retry_after_is_obeyed(server: FileServer, tmp_path: Path) -> None:
    """A server that asks for a second gets it."""
    server.fail("/file", ["busy"])
    started = time.monotonic()
    download(server, tmp_path)
    assert time.monotonic() - started >= 1.0


def test_a_web_page_is_not_taken_for_the_file(server: FileServer, tmp_path: Path) -> None:
    """A login page with status 200 is an error, not the content."""
    server.fail("/file", ["html"])
    with pytest.raises(DownloadError, match="a web page came instead"):
        download(server, tmp_path)
    assert not (tmp_path / "file").exists()


def test_silence_and_standstill_are_tried_again(server: FileServer, tmp_path: Path) -> None:
    """A connection closed without an answer, and one that stands still half-way, are both survived."""
    server.fail("/file", ["silent", "hold"])
    policy = DownloadRetryPolicy(retries=20, timeout_s=0.4, first_wait_s=0.01)
    assert download(server, tmp_path, policy).read_bytes() == BODY


def test_an_empty_file_is_a_file(server: FileServer, tmp_path: Path) -> None:
    """No bytes are a valid content."""
    server.files["/file"] = b""
    assert download(server, tmp_path).read_bytes() == b""


def test_an_address_where_nothing_answers_was_not_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is told apart from an answer."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/file"
    with closing(WholeFile(tmp_path / "part", tmp_path / "file")) as sink, pytest.raises(DownloadError) as error:
        Client(DownloadRetryPolicy(retries=0)).pull(url, sink)
    assert not error.value.reached
    assert error.value.reason == "nothing answers at this address (1 attempt)"


def test_a_host_that_is_not_known_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be resolved points to the network, not to the file."""
    monkeypatch.setenv("NO_PROXY", "*")
    with (
        closing(WholeFile(tmp_path / "part", tmp_path / "file")) as sink,
        pytest.raises(DownloadError, match="host name"),
    ):
        Client(DownloadRetryPolicy(retries=0)).pull("http://no-such-host.invalid/file", sink)


def test_waits_double_up_to_the_longest() -> None:
    """Back-off grows with each failure, varies by at most half, and is bounded."""
    policy = DownloadRetryPolicy(first_wait_s=1.0, longest_wait_s=10.0)
    for failures, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 10.0), (50, 10.0)):
        assert longest / 2 <= policy.wait_s(failures) <= longest


def test_received_counts_the_bytes_that_came(server: FileServer, tmp_path: Path) -> None:
    """The count is what went over the wire, a resumed half only once."""
    server.fail("/file", ["drop"])
    client = Client(QUICK)
    with closing(WholeFile(tmp_path / "part", tmp_path / "file")) as sink:
        client.pull(f"{server.url}/file", sink)
    assert client.received == len(BODY)


def test_a_filter_of_rows_is_continued_by_range(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that broke half-way is continued by another process from its note, asking for the rest of the file."""
    monkeypatch.setattr(row_filter, "NOTE_EVERY_BYTES", 1000)
    lines = [f"{number:016x},{number}" for number in range(10_000)]
    server.files["/rows.csv"] = "\n".join(["ImageID,Number", *lines]).encode()
    rows = rows_of_images({f"{number:016x}".encode() for number in range(0, 10_000, 7)})
    server.fail("/rows.csv", ["drop"])
    url = f"{server.url}/rows.csv"
    with closing(RowFilter(url, tmp_path / "part", tmp_path / "kept.csv", rows)) as sink, pytest.raises(DownloadError):
        Client(DownloadRetryPolicy(retries=0)).pull(url, sink)
    with closing(RowFilter(url, tmp_path / "part", tmp_path / "kept.csv", rows)) as sink:
        noted = sink.position.offset
        Client(QUICK).pull(url, sink)
        sink.finish()
    assert noted > 0
    assert server.seen[-1] == ("/rows.csv", f"bytes={noted}-", 206)
    assert (tmp_path / "kept.csv").read_text().splitlines() == ["ImageID,Number", *lines[::7]]
