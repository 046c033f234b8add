"""The whole command against a real HTTP server with the published layout and planted facts."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fetch_lake import BOW, LION, NAMES, OUTPUT, OWL, PATHS, SHARED, TIGER, PlantedLake, from_csv
from fetch_server import FileServer

from imagelake.open_images.choice import rank
from imagelake.open_images.open_images import main

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fetch_open_images"


@pytest.fixture
def lake() -> PlantedLake:
    """A planted lake of three splits."""
    return PlantedLake()


@pytest.fixture
def server(lake: PlantedLake, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server of that lake, reached without any proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FileServer(lake.files) as server:
        yield server


def fetch(server: FileServer, out: Path, *more: str) -> int:
    """Run the command on a server; later options win over the defaults given here."""
    labels = [] if "--labels" in more else ["--labels", "Lion,Tiger"]
    return main(["--out", str(out), "--base-url", server.url, "--per-label", "5", *labels, *more])


def expected_choice(lake: PlantedLake, split: str, mid: str, count: int, seed: int = 7) -> list[str]:
    """The oracle: sort all images that may be chosen."""
    return sorted(lake.splits[split].eligible[mid], key=lambda image_id: rank(image_id, seed))[:count]


def tree(root: Path) -> dict[str, bytes]:
    """Relative path -> bytes of every file under a folder."""
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def images_in(folder: Path) -> dict[str, bytes]:
    """Image id -> bytes of a folder."""
    return {file.stem: file.read_bytes() for file in folder.iterdir()}


def test_the_folder_has_the_official_layout_and_nothing_else(server: FileServer, tmp_path: Path) -> None:
    """A finished slice is the published files by name, the images of its split, and the record of the choice."""
    assert fetch(server, tmp_path) == 0
    published = {"class-descriptions-boxable.csv", "class-descriptions.csv", "bbox_labels_600_hierarchy.json"}
    of_split = {name.format(split="validation") for name in OUTPUT}
    assert {entry.name for entry in tmp_path.iterdir()} == published | of_split | {"images", "choice.json"}
    assert [folder.name for folder in (tmp_path / "images").iterdir()] == ["validation"]


def test_chosen_images_are_those_of_lowest_rank_among_the_eligible(
    lake: PlantedLake, server: FileServer, tmp_path: Path
) -> None:
    """Only images with a confidence of 1 by a human or a box, and with bytes, are chosen: the lowest ranks."""
    assert fetch(server, tmp_path) == 0
    recorded = json.loads((tmp_path / "choice.json").read_text())["splits"]["validation"]
    expected = {mid: expected_choice(lake, "validation", mid, 5) for mid in (LION, TIGER)}
    assert recorded == expected
    found = images_in(tmp_path / "images" / "validation")
    assert found == {
        image_id: lake.bytes[f"/validation/{image_id}.jpg"] for ids in expected.values() for image_id in ids
    }


def test_every_row_of_a_chosen_image_is_kept_and_no_other(
    lake: PlantedLake, server: FileServer, tmp_path: Path
) -> None:
    """The CSV files hold, in order, all rows of chosen images: other labels, rejections and guesses too."""
    assert fetch(server, tmp_path, "--split", "train") == 0
    chosen = set(images_in(tmp_path / "images" / "train"))
    for path, name in zip(PATHS["train"], OUTPUT, strict=True):
        header, *rows = from_csv(lake.files[path])
        kept = from_csv((tmp_path / name.format(split="train")).read_bytes())
        assert kept == [header, *(row for row in rows if row[0] in chosen)]
        assert len(kept) > 1


def test_shared_files_are_the_published_bytes(lake: PlantedLake, server: FileServer, tmp_path: Path) -> None:
    """Class names and hierarchy are copied byte for byte."""
    fetch(server, tmp_path)
    names = ("class-descriptions-boxable.csv", "class-descriptions.csv", "bbox_labels_600_hierarchy.json")
    for path, name in zip(SHARED, names, strict=True):
        assert (tmp_path / name).read_bytes() == lake.files[path]


def test_a_second_run_asks_the_server_for_nothing(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rerun of a complete slice sends no request and changes nothing."""
    fetch(server, tmp_path)
    before = tree(tmp_path)
    server.seen.clear()
    assert fetch(server, tmp_path) == 0
    assert server.seen == []
    assert tree(tmp_path) == before
    assert "already there         10 images" in capsys.readouterr().out


def test_another_split_joins_the_same_folder(server: FileServer, tmp_path: Path) -> None:
    """Splits given one by one make the same folder as splits given at once."""
    fetch(server, tmp_path / "a", "--split", "validation")
    fetch(server, tmp_path / "a", "--split", "test")
    fetch(server, tmp_path / "b", "--split", "test", "--split", "validation")
    one, other = tree(tmp_path / "a"), tree(tmp_path / "b")
    assert json.loads(one.pop("choice.json")) == json.loads(other.pop("choice.json"))
    assert one == other


def test_keep_full_keeps_the_published_files_beside_the_slice(
    lake: PlantedLake, server: FileServer, tmp_path: Path
) -> None:
    """With --keep-full each CSV file is asked for once, stays whole beside the slice, and the slice is the same."""
    fetch(server, tmp_path / "streamed")
    server.seen.clear()
    assert fetch(server, tmp_path / "kept", "--keep-full") == 0
    for path in PATHS["validation"]:
        assert (tmp_path / "kept-full" / path.lstrip("/")).read_bytes() == lake.files[path]
        assert server.asked(path) == 1
    assert tree(tmp_path / "kept") == tree(tmp_path / "streamed")


def test_kept_full_files_serve_other_slices(server: FileServer, tmp_path: Path) -> None:
    """A second slice from the same full folder asks for no CSV file again."""
    fetch(server, tmp_path / "one", "--keep-full", str(tmp_path / "full"))
    server.seen.clear()
    assert fetch(server, tmp_path / "two", "--labels", "Owl", "--keep-full", str(tmp_path / "full")) == 0
    assert not {request.path for request in server.seen} & set(PATHS["validation"])


def test_full_files_inside_the_slice_are_refused(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The slice's reader looks into all its folders, so that whole files must not lie there."""
    assert fetch(server, tmp_path, "--keep-full", str(tmp_path / "full")) == 1
    assert "lies in --out" in capsys.readouterr().err
    assert server.seen == []


def test_an_unfinished_slice_shows_no_file_under_a_published_name(server: FileServer, tmp_path: Path) -> None:
    """Wherever a run ends, what a reader of all CSV and hierarchy files finds is finished files only."""
    server.fail(PATHS["validation"][2], ["404"])
    assert fetch(server, tmp_path, "--labels", "Owl") == 1
    found = {
        file.name for file in tmp_path.rglob("*") if file.suffix in {".csv", ".json"} and file.name != "choice.json"
    }
    humans = "validation-annotations-human-imagelabels.csv"
    assert found == {
        "class-descriptions-boxable.csv",
        "class-descriptions.csv",
        "bbox_labels_600_hierarchy.json",
        humans,
    }


def test_a_missing_image_is_listed_and_stops_nothing(
    lake: PlantedLake, server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 404 is a row of failed.csv and status 1, all others come; a rerun brings only that image."""
    gone = expected_choice(lake, "validation", LION, 5)[2]
    path = f"/validation/{gone}.jpg"
    body = server.files.pop(path)
    assert fetch(server, tmp_path) == 1
    with (tmp_path / "failed.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == [
            {"image_id": gone, "split": "validation", "url": server.url + path, "reason": "HTTP 404"}
        ]
    assert len(images_in(tmp_path / "images" / "validation")) == 9
    assert server.asked(path) == 1
    assert "1 x HTTP 404" in capsys.readouterr().out
    assert {file.name for file in (tmp_path / ".fetch").iterdir()} <= {"lock", f"validation-{gone}.jpg.part"}
    server.files[path] = body
    server.seen.clear()
    assert fetch(server, tmp_path) == 0
    assert [request.path for request in server.seen] == [path]
    assert not (tmp_path / "failed.csv").exists()


def test_faults_on_the_way_leave_no_trace_in_the_slice(server: FileServer, tmp_path: Path) -> None:
    """Dropped connections, 503 and silence, on metadata and images alike, end in the bytes of an untroubled run."""
    fetch(server, tmp_path / "smooth")
    images = sorted(path for path in server.files if path.startswith("/validation/"))
    for number, path in enumerate([*images, *PATHS["validation"][1:3], SHARED[1]]):
        server.fail(path, [("drop", "503", "silent")[number % 3]])
    assert fetch(server, tmp_path / "rough", "--workers", "20") == 0
    assert tree(tmp_path / "smooth") == tree(tmp_path / "rough")
    assert not any(server.faults[path] for path in (*PATHS["validation"], *SHARED))


def test_an_image_that_is_always_cut_short_fails_and_never_appears(
    lake: PlantedLake, server: FileServer, tmp_path: Path
) -> None:
    """Without ranges, a body that always ends early is a failure with its reason, not a truncated image."""
    cut = expected_choice(lake, "validation", TIGER, 5)[0]
    server.ranges = False
    server.fail(f"/validation/{cut}.jpg", ["drop"] * 3)
    assert fetch(server, tmp_path, "--retries", "2") == 1
    assert cut not in images_in(tmp_path / "images" / "validation")
    assert (tmp_path / "failed.csv").read_text().splitlines()[1].endswith("the connection broke (3 attempts)")


def test_an_image_without_bytes_is_a_failure(lake: PlantedLake, server: FileServer, tmp_path: Path) -> None:
    """An empty body is no image, though the server calls it complete."""
    empty = expected_choice(lake, "validation", TIGER, 5)[0]
    server.files[f"/validation/{empty}.jpg"] = b""
    assert fetch(server, tmp_path) == 1
    assert empty not in images_in(tmp_path / "images" / "validation")
    assert (tmp_path / "failed.csv").read_text().splitlines()[1].endswith("the file is empty")


def test_the_image_list_streams_by_once_and_labels_twice(server: FileServer, tmp_path: Path) -> None:
    """Labels and boxes are read to choose and to keep; the largest file and the image list only once."""
    fetch(server, tmp_path)
    assert [server.asked(path) for path in PATHS["validation"]] == [1, 2, 1, 2]


def test_the_md5_of_the_original_is_not_held_against_the_bytes(server: FileServer, tmp_path: Path) -> None:
    """Image bytes that differ from OriginalMD5 and OriginalSize, as the resized ones do, are right."""
    fetch(server, tmp_path)
    rows = from_csv((tmp_path / "validation-images-with-rotation.csv").read_bytes())[1:]
    assert {row[9] for row in rows} == {"b0ae4MkVLPKmvVyQyyHJ7w=="}
    assert len(images_in(tmp_path / "images" / "validation")) == len(rows) == 10


def test_a_killed_run_goes_on_without_asking_twice(lake: PlantedLake, server: FileServer, tmp_path: Path) -> None:
    """After SIGKILL, a rerun asks for nothing that is there, resumes the half image by range, and ends equal."""
    chosen = [image_id for mid in (LION, TIGER) for image_id in expected_choice(lake, "validation", mid, 5)]
    held = f"/validation/{chosen[6]}.jpg"
    server.fail(held, ["hold"])
    command = [
        str(SCRIPT),
        "--out",
        str(tmp_path / "s"),
        "--labels",
        "Lion,Tiger",
        "--per-label",
        "5",
        "--workers",
        "1",
    ]
    with subprocess.Popen([*command, "--base-url", server.url], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert server.held.acquire(timeout=30)
        part = tmp_path / "s" / ".fetch" / f"validation-{chosen[6]}.jpg.part"
        half = len(lake.bytes[held]) // 2
        deadline = time.monotonic() + 20
        while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    server.gate.set()
    there = set(images_in(tmp_path / "s" / "images" / "validation"))
    assert there == set(chosen[:6])
    server.seen.clear()
    done = subprocess.run([*command, "--base-url", server.url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(request.path for request in server.seen) == sorted(
        f"/validation/{image_id}.jpg" for image_id in chosen[6:]
    )
    assert [(request.range, request.status) for request in server.seen if request.path == held] == [
        (f"bytes={half}-", 206)
    ]
    assert images_in(tmp_path / "s" / "images" / "validation") == {
        i: lake.bytes[f"/validation/{i}.jpg"] for i in chosen
    }


def test_ctrl_c_leaves_a_folder_that_the_next_run_completes(
    lake: PlantedLake, server: FileServer, tmp_path: Path
) -> None:
    """SIGINT ends the run at once with status 130, no trace of the stack, and a rerun brings only what is missing."""
    last = expected_choice(lake, "validation", LION, 5)[-1]
    server.fail(f"/validation/{last}.jpg", ["hold"])
    command = [str(SCRIPT), "--out", str(tmp_path), "--labels", "Lion", "--per-label", "5", "--workers", "1"]
    with subprocess.Popen([*command, "--base-url", server.url], stderr=subprocess.PIPE, text=True) as run:
        assert server.held.acquire(timeout=30)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    server.seen.clear()
    assert fetch(server, tmp_path, "--labels", "Lion") == 0
    assert [request.path for request in server.seen] == [f"/validation/{last}.jpg"]


def test_an_unknown_label_is_named_with_its_file_and_near_ones(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt label ends with status 1 before any large file is read, and the message helps to mend it."""
    assert fetch(server, tmp_path, "--labels", "Lyon,tiger,Xyzzy") == 1
    message = capsys.readouterr().err
    for part in ("'Lyon'", "Lion", "'Xyzzy'", "class-descriptions-boxable.csv", "class-descriptions.csv"):
        assert part in message
    assert "'tiger'" not in message
    assert {request.path for request in server.seen} == set(SHARED)


def test_labels_are_names_in_any_case_or_mids_or_quoted(server: FileServer, tmp_path: Path) -> None:
    """A label is given by name, in another case, as a MID, or quoted when its name has a comma."""
    assert fetch(server, tmp_path, "--labels", 'lion,/m/07dm6,"Bow, arrow"', "--labels", "Owl") == 0
    recorded = json.loads((tmp_path / "choice.json").read_text())["labels"]
    assert recorded == {**NAMES, BOW: "Bow, arrow"}


def test_a_folder_with_another_choice_is_refused(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other labels, numbers or seeds do not mix into a folder; the message says what differs."""
    fetch(server, tmp_path)
    capsys.readouterr()
    assert fetch(server, tmp_path, "--labels", "Owl", "--seed", "8") == 1
    message = capsys.readouterr().err
    assert "Lion, Tiger there, Owl now" in message
    assert "seed 7 there, 8 now" in message


def test_files_that_no_choice_explains_are_left_alone(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that holds somebody's own Open Images files is refused, and they keep their bytes."""
    own = tmp_path / "validation-annotations-bbox.csv"
    own.write_text("mine")
    assert fetch(server, tmp_path) == 1
    assert "validation-annotations-bbox.csv" in capsys.readouterr().err
    assert own.read_text() == "mine"


def test_no_network_is_one_clear_message_with_the_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing answers, the message names the address and what to do, on a few lines, without a stack trace."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert main(["--out", str(tmp_path), "--labels", "Lion", "--base-url", url, "--retries", "1"]) == 1
    message = capsys.readouterr().err
    assert f"{url}/v5/class-descriptions-boxable.csv" in message
    assert "--base-url" in message
    assert len(message.splitlines()) <= 5


def test_a_network_lost_among_images_ends_the_run_soon(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """When no server answers any more, the run stops after a few images instead of trying each one."""
    fetch(server, tmp_path, "--labels", "Lion", "--per-label", "1")
    (tmp_path / "choice.json").unlink()
    for file in tmp_path.glob("validation-*"):
        file.unlink()
    capsys.readouterr()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()[1]
    config = tmp_path / "addresses.toml"
    text = (SCRIPT.parents[1] / "conf" / "open_images.toml").read_text()
    text = text.replace("https://storage.googleapis.com/openimages", server.url)
    config.write_text(text.replace("https://open-images-dataset.s3.amazonaws.com", f"http://127.0.0.1:{address}"))
    options = ["--labels", "Lion", "--per-label", "8", "--config", str(config), "--workers", "1", "--retries", "1"]
    (tmp_path / "images" / "validation").rename(tmp_path / "images" / "old")
    assert main(["--out", str(tmp_path), *options]) == 1
    assert "the network seems gone" in capsys.readouterr().err
    assert len((tmp_path / "failed.csv").read_text().splitlines()) == 1 + 2


def test_a_second_run_at_the_same_time_is_refused(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs in one folder would write the same files: the later one says so and ends."""
    server.fail(SHARED[0], ["hold"])
    command = [str(SCRIPT), "--out", str(tmp_path), "--labels", "Lion", "--base-url", server.url]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as first:
        assert server.held.acquire(timeout=30)
        assert fetch(server, tmp_path) == 1
        first.kill()
    assert "another download is at work" in capsys.readouterr().err


def test_nothing_to_choose_is_an_error_that_says_so(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A class without any eligible image ends with status 1 and names the class and the split."""
    humans = PATHS["validation"][1]
    server.files[humans] = server.files[humans].replace(BOW.encode() + b",1", BOW.encode() + b",0")
    assert fetch(server, tmp_path, "--labels", BOW) == 1
    assert "no image of validation has a label or box of confidence 1 of Bow, arrow" in capsys.readouterr().err


def test_the_summary_adds_up_and_tells_scarce_labels(
    server: FileServer, lake: PlantedLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The summary states how many there are of a label with fewer images than asked for, and their bytes."""
    assert fetch(server, tmp_path, "--labels", "Owl", "--per-label", "1000") == 0
    output = capsys.readouterr().out
    eligible = lake.splits["validation"].eligible[OWL]
    size = sum(len(lake.bytes[f"/validation/{image_id}.jpg"]) for image_id in eligible)
    assert f"validation, Owl: {len(eligible)} images of 1,000 requested, there are no more" in output
    assert f"{len(eligible)} images, {size / 1e3:,.1f} kB" in output


@pytest.mark.parametrize(
    "wrong",
    [["--per-label", "0"], ["--workers", "many"], ["--split", "val"], ["--labels", " , "], ["--timeout", "nan"]],
)
def test_a_wrong_option_is_refused_with_its_value(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that an option cannot have ends with status 2 before anything is asked for."""
    with pytest.raises(SystemExit) as ended:
        main(["--out", str(tmp_path / "none"), "--labels", "Lion", *wrong])
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_help_tells_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option has a line of help, and the exit statuses are explained."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for option in (
        "--out",
        "--labels",
        "--per-label",
        "--split",
        "--seed",
        "--workers",
        "--keep-full",
        "--base-url",
        "--config",
        "--retries",
        "--timeout",
    ):
        assert f"  {option}" in text
    assert "Exit status" in text


def test_the_script_without_its_environment_makes_it_first(tmp_path: Path) -> None:
    """Where .venv is missing, the script calls the set-up, without Java, and ends where that fails."""
    copy = tmp_path / "scripts" / SCRIPT.name
    copy.parent.mkdir()
    copy.write_bytes(SCRIPT.read_bytes())
    setup = copy.with_name("setup")
    setup.write_text("#!/bin/sh\necho setup $*\nexit 9\n")
    for script in (copy, setup):
        script.chmod(0o755)
    done = subprocess.run([str(copy)], capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    assert (done.returncode, done.stdout) == (9, "setup --no-java\n")
