"""The pages on which a person judges: one key an answer, and a file that the jobs read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from imagelake.judging.forms import LABELS, PAIRS, label_questions, pair_questions
from imagelake.judging.judging_page import JudgingPage, write_judging_page
from imagelake.judging.verdict_files import read_verdicts

PHONE = ViewportSize(width=390, height=844)
STRANGE = '=1+1,"</script>'
EVIDENCE: dict[str, Any] = {"ssim": 0.7, "distance": 12.0, "features_cosine": None}
ISSUES: list[dict[str, Any]] = [
    {"image_id": STRANGE, "split": None, "label": "-Lion", "score": 0.01, "suggested": "Owl", "suggested_score": 0.9},
    {"image_id": "b", "split": "test", "label": "Owl", "score": 0.02, "suggested": "Lion", "suggested_score": 0.7},
    {"image_id": "c", "split": "test", "label": "Owl", "score": 0.03, "suggested": "Lion", "suggested_score": 0.6},
]
SIMILAR: list[dict[str, Any]] = [
    {"image_id": STRANGE, "split": None, "other_id": "b", "other_split": "test", "score": 0.5, **EVIDENCE},
    {"image_id": "c", "split": "train", "other_id": "b", "other_split": "test", "score": 0.4, **EVIDENCE},
]


@pytest.fixture
def thumbnails() -> dict[str, bytes]:
    """Pictures of some of the images."""
    drawn = io.BytesIO()
    Image.new("RGB", (200, 100), (40, 120, 80)).save(drawn, "JPEG")
    return {STRANGE: drawn.getvalue(), "b": drawn.getvalue()}


@pytest.fixture
def phone(browser: Browser) -> Any:
    """A page of a phone's size whose console stays empty."""
    page, said = browser.new_page(viewport=PHONE), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert said == []
    page.close()


def saved(page: Page) -> bytes:
    """The file that the key S saves."""
    with page.expect_download() as download:
        page.keyboard.press("s")
    return Path(download.value.path()).read_bytes()


def test_labels_are_judged_by_one_key_each(phone: Page, thumbnails: dict[str, bytes], tmp_path: Path) -> None:
    """W and R judge, Z takes back, a reload loses nothing, and record_verdicts reads the file."""
    write_judging_page(JudgingPage(LABELS, label_questions(ISSUES), "record", "labels"), thumbnails, tmp_path)
    phone.goto(f"file://{tmp_path}/index.html")
    assert phone.locator("#evidence").inner_text() == "-Lion (1.0%), rather Owl (90.0%)"
    assert phone.locator("#pictures img").count() == 1
    for key in "wwzr":
        phone.keyboard.press(key)
    phone.reload()
    assert phone.locator("#progress").inner_text() == "2 of 3 judged"
    assert phone.locator("#pictures img").get_attribute("alt") == "no picture"
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    said = read_verdicts(LABELS, saved(phone), "verdicts.csv")
    assert said == {(STRANGE, "-Lion"): "confirmed", ("b", "Owl"): "refuted"}
    phone.get_by_role("button", name="right").click()
    assert phone.locator("#progress").inner_text() == "3 of 3 judged; save them as CSV"
    assert not phone.locator("#pictures").is_visible()


def test_pairs_are_judged_by_one_key_each(phone: Page, thumbnails: dict[str, bytes], tmp_path: Path) -> None:
    """D and F judge, both pictures are shown, and judge_duplicates reads the file."""
    write_judging_page(JudgingPage(PAIRS, pair_questions(SIMILAR), "judge", "pairs"), thumbnails, tmp_path)
    phone.goto(f"file://{tmp_path}/index.html")
    assert phone.locator("#evidence").inner_text() == "score 0.50, SSIM 0.70, distance 12.00"
    assert phone.locator("#pictures img").count() == 2
    phone.keyboard.press("d")
    phone.keyboard.press("f")
    found = read_verdicts(PAIRS, saved(phone), "verdicts.csv")
    assert found == {(STRANGE, "b"): "duplicate", ("b", "c"): "different"}


def test_a_sheet_that_nobody_filled_in_says_nothing(tmp_path: Path) -> None:
    """The list beside the page, for a spreadsheet, is read as it is: what has no verdict is no verdict."""
    write_judging_page(JudgingPage(LABELS, label_questions(ISSUES), "record", "labels"), {}, tmp_path)
    assert read_verdicts(LABELS, (tmp_path / "labels.csv").read_bytes(), "labels.csv") == {}
