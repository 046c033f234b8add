"""Judging in the browser app: the jobs' questions in the jobs' order, and verdicts that the jobs read."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, ViewportSize
from republished import publish_rows

from finished_lake import FinishedLake
from imagelake.judging.forms import LABELS, PAIRS
from imagelake.judging.verdict_files import read_verdicts
from imagelake.lake.published import open_lake
from imagelake.serving.questions import Questions
from project import PROJECT
from served import Served

PHONE = ViewportSize(width=390, height=844)
JUDGED = 5


@pytest.fixture(scope="module")
def rows(sample: FinishedLake) -> dict[str, list[dict[str, Any]]]:
    """Pairs and issues of images: exact pairs and judged ones need no look; two leak, and two have one priority."""
    names = sorted(sample.frame("image_quality", ["image_id"])["image_id"])
    columns = ["image_id", "label_id", "label"]
    labels = sample.frame("labels_clean", columns).drop_duplicates("image_id").head(8).itertuples(index=False)
    priorities = (3.0, 9.0, 9.0, -1.0, 5.0, None, 7.0)
    return {
        "duplicate_pairs": [
            {"image_id": names[2 * n + 1 - n % 2], "other_id": names[2 * n + n % 2], "split": "train",
             "leak": n in (3, 4), "evidence": "near", "score": 0.4 + n / 20, "ssim": 0.7, "priority": priority,
             "verdict": "different" if n == 6 else None}
            for n, priority in enumerate(priorities)
        ],
        "label_issues": [
            {**dict(zip(columns, row, strict=True)), "rank": 8 - n,
             "score": 0.01, "suggested": "Owl", "suggested_score": 0.9,
             "verdict": "refuted" if n == 0 else None}
            for n, row in enumerate(labels)
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(
    sample: FinishedLake, rows: dict[str, list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A lake with these rows, and a verdict that a job has recorded since they were made."""
    folder = sample.copied(tmp_path_factory.mktemp("judged") / "lake").folder
    for table, planted in rows.items():
        publish_rows(folder, table, planted, f"planted-{table}")
    recorded = rows["duplicate_pairs"][0]
    verdict = {"image_id": recorded["other_id"], "other_id": recorded["image_id"], "verdict": "duplicate"}
    publish_rows(folder, "duplicate_verdicts", [verdict], "planted-verdicts")
    return folder


@pytest.fixture(scope="module")
def site(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The lake, served without a place for verdicts."""
    with Served(folder, tmp_path_factory.mktemp("cache")) as server:
        yield server


@pytest.fixture
def verdicts(tmp_path: Path) -> Path:
    """Where verdicts are kept."""
    return tmp_path / "verdicts"


@pytest.fixture
def keeping(folder: Path, verdicts: Path, tmp_path: Path) -> Iterator[Served]:
    """The lake, served with a place for verdicts, and at most two searches a minute."""
    options = (
        "--verdicts",
        str(verdicts),
        "--set",
        "web.searches_per_minute=2",
        "--set",
        "web.requests_per_minute=9000",
    )
    with Served(folder, tmp_path / "cache", *options) as server:
        yield server


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a phone's size whose console stays empty."""
    page, said = browser.new_page(viewport=PHONE), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert said == []
    page.close()


def keys_in_order(rows: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str]]:
    """The pairs to be judged, by brute force, the better image first."""
    asked = [row for row in rows["duplicate_pairs"][1:6] if row["priority"] is not None]
    asked.sort(key=lambda row: (not row["leak"], -row["priority"], row["image_id"]))
    return [(row["image_id"], row["other_id"]) for row in asked]


def test_questions_are_what_nobody_judged_in_the_jobs_order(
    folder: Path, rows: dict[str, list[dict[str, Any]]]
) -> None:
    """Verdicts in the table, and recorded since, leave no question; the first are kept where there are too many."""
    lake = open_lake(str(folder))
    pairs, labels = Questions(lake, PAIRS), Questions(lake, LABELS)
    in_order = [PAIRS.key(pair) for pair in keys_in_order(rows)]
    assert list(pairs.by_key) == in_order
    assert pairs.total == 4
    first = Questions(lake, PAIRS, most=2)
    assert (list(first.by_key), first.total) == (in_order[:2], 4)
    issues = sorted((row for row in rows["label_issues"] if row["verdict"] is None), key=lambda row: row["rank"])
    assert list(labels.by_key) == [(row["image_id"], row["label"]) for row in issues]


def test_pairs_are_judged_by_one_key_each(
    phone: Page, keeping: Served, verdicts: Path, rows: dict[str, list[dict[str, Any]]]
) -> None:
    """D and F judge, Z takes back, a reload goes on where it was, and judge_duplicates reads the file."""
    wanted = keys_in_order(rows)
    phone.goto(f"{keeping.url}/judge/pairs")
    assert phone.locator("#progress").inner_text() == "0 judged, 4 to go"
    assert phone.locator("#pictures img").count() == 2
    phone.wait_for_load_state("networkidle")
    shown = phone.evaluate("[...document.querySelectorAll('#pictures img')].map(image => image.naturalWidth > 0)")
    assert shown == [True, True]
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    with phone.expect_response(
        lambda answer: answer.request.method == "POST" and "verdict=different" in (answer.request.post_data or "")
    ):
        for key in "ddzf":
            phone.keyboard.press(key)
    phone.reload()
    assert phone.locator("#progress").inner_text() == "2 judged, 2 to go"
    assert wanted[2][0] in phone.locator("#pictures figcaption").first.inner_text()
    found = read_verdicts(PAIRS, (verdicts / "pair_verdicts.csv").read_bytes(), "v")
    assert found == {PAIRS.key(wanted[0]): "duplicate", PAIRS.key(wanted[1]): "different"}
    assert f"judge_duplicates --verdicts {verdicts}/pair_verdicts.csv" in phone.locator("header code").inner_text()


def test_the_next_pictures_are_there_before_they_are_asked_for(phone: Page, keeping: Served) -> None:
    """Those of the next two pairs are fetched while the first is looked at."""
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(f"{keeping.url}/judge/pairs")
    phone.wait_for_load_state("networkidle")
    assert len({url for url in asked if "/thumbnail" in url}) == 6


def test_what_cannot_be_saved_is_told(browser: Browser, keeping: Served) -> None:
    """The answer is asked for again after a reload; none is lost without a word."""
    page = browser.new_page()
    page.goto(f"{keeping.url}/judge/pairs")
    page.wait_for_load_state("networkidle")
    page.route("**/judge/pairs", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.keyboard.press("d")
    page.locator("#progress.wrong").wait_for()
    assert page.locator("#progress").inner_text().startswith("Not saved: ")
    assert not page.locator("#answer").is_visible()
    page.unroute("**/judge/pairs")
    page.reload()
    assert page.locator("#progress").inner_text() == "0 judged, 4 to go"
    page.close()


def test_labels_are_judged_without_scripts(browser: Browser, keeping: Served, verdicts: Path) -> None:
    """Buttons judge and take back, the next label comes, and at the end the page says what to do with the file."""
    context = browser.new_context(java_script_enabled=False, base_url=keeping.url)
    page = context.new_page()
    page.goto("/judge/labels")
    first = page.locator("#evidence").inner_text()
    page.get_by_role("button", name="wrong").click()
    assert page.locator("#evidence").inner_text() != first
    page.get_by_role("button", name="undo").click()
    assert page.locator("#evidence").inner_text() == first
    for n in range(7):
        page.get_by_role("button", name="right" if n % 2 else "wrong").click()
    assert "Every label that was worth a look has a verdict; 7 of them" in page.locator("main").inner_text()
    said = read_verdicts(LABELS, (verdicts / "label_verdicts.csv").read_bytes(), "v")
    assert sorted(said.values()) == ["confirmed"] * 4 + ["refuted"] * 3
    assert keeping.get("/judge/labels.csv").content == (verdicts / "label_verdicts.csv").read_bytes()
    context.close()


def test_without_a_place_the_browser_keeps_them(
    phone: Page, site: Served, rows: dict[str, list[dict[str, Any]]]
) -> None:
    """As on the file that a job writes: a reload loses nothing, and S saves what the job reads."""
    phone.goto(f"{site.url}/judge/pairs")
    phone.keyboard.press("d")
    phone.keyboard.press("f")
    phone.reload()
    assert phone.locator("#progress").inner_text() == "2 of 4 judged"
    with phone.expect_download() as download:
        phone.keyboard.press("s")
    found = read_verdicts(PAIRS, Path(download.value.path()).read_bytes(), "v")
    wanted = keys_in_order(rows)
    assert found == {PAIRS.key(wanted[0]): "duplicate", PAIRS.key(wanted[1]): "different"}


def say(site: Served, names: tuple[str, ...], verdict: str, **headers: str) -> requests.Response:
    body = {"name": names, "verdict": verdict}
    return site.http.post(f"{site.url}/judge/pairs", data=body, headers=headers, timeout=30)


def test_verdicts_are_guarded(
    keeping: Served, site: Served, verdicts: Path, rows: dict[str, list[dict[str, Any]]]
) -> None:
    """No other site, no stranger's pair, no other word and no endless body; judging is no search, never too fast."""
    pair, file = keys_in_order(rows)[0], verdicts / "pair_verdicts.csv"
    before = file.read_bytes()
    assert say(keeping, pair, "duplicate", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert say(keeping, (pair[0], "../../etc/passwd"), "duplicate").status_code == 404
    assert say(keeping, (*pair, "more"), "duplicate").status_code == 404
    assert say(keeping, pair, "perhaps").status_code == 422
    assert say(keeping, (pair[0], "x" * 20_000), "duplicate").status_code in {400, 413}
    long = keeping.http.post(f"{keeping.url}/judge/pairs", data=b"x" * 40_000_000, timeout=60)
    assert long.status_code == 413
    assert file.read_bytes() == before
    assert [say(keeping, pair, "duplicate").status_code for _ in range(JUDGED)] == [200] * JUDGED
    refused = say(site, pair, "duplicate", Accept="text/html")
    assert refused.status_code == 404
    assert "This server keeps no verdicts" in refused.text
    assert site.get("/judge/pairs.csv").status_code == 404


def test_a_folder_that_is_none_ends_the_start(folder: Path, tmp_path: Path) -> None:
    """One line names the option, the folder and the reason."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    command = [
        PROJECT / "scripts" / "serve",
        "--root",
        folder,
        "--verdicts",
        tmp_path / "file",
        "--cache",
        tmp_path / "c",
    ]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(f"serve: --verdicts {tmp_path / 'file'}: ")
    assert done.stderr.count("\n") == 1


def test_nothing_to_judge_is_said(site: Served, sample: FinishedLake, tmp_path: Path) -> None:
    """A lake without suspicious labels names the job that finds them; /judge leads to what there is."""
    assert site.get("/judge").headers["location"] == "/judge/pairs"
    with Served(sample.folder, tmp_path / "cache") as server:
        assert "There is nothing to judge yet: the job find_label_issues" in server.get("/judge/labels").text
