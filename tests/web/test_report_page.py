"""The report in a real browser: it loads nothing, complains of nothing, and fits a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from imagelake.reports.report import SECTIONS, write_report
from imagelake.reports.rows import ReportRows
from planted_report import hostile_rows, planted_rows

PHONE, DESKTOP = 390, 1360


@pytest.fixture(scope="module", params=["full", "hostile", "empty"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = {"full": planted_rows(), "hostile": hostile_rows(), "empty": ReportRows("Empty")}[request.param]
    return write_report(rows, tmp_path_factory.mktemp(request.param))


def opened(
    browser: Browser, report: Path, width: int, scheme: Literal["light", "dark"] = "light"
) -> tuple[Page, list[str], list[str]]:
    """The page, what its console said and what it asked for besides itself."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    return page, said, [url for url in asked if url != report.as_uri() and not url.startswith("data:")]


def test_the_page_loads_nothing_and_complains_of_nothing(browser: Browser, report: Path) -> None:
    """No request leaves the page, its policy blocks nothing that it has, and the console stays empty."""
    page, said, asked = opened(browser, report, DESKTOP)
    assert asked == []
    assert said == []
    page.close()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_no_page_scrolls_sideways(browser: Browser, report: Path, width: int) -> None:
    """Wide tables scroll within themselves; the page is as wide as the window, also with names that do not end."""
    page, _, _ = opened(browser, report, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_headings_and_anchors_are_there(browser: Browser, report: Path) -> None:
    """One title, a heading for each section that has something to show, and a link that leads to each."""
    page, _, _ = opened(browser, report, DESKTOP)
    assert page.locator("h1").count() == 1
    headings = page.locator("section > h2").all_inner_texts()
    assert headings == page.locator("nav a").all_inner_texts()
    # Of hostile names of tables none is one whose rows are rejected.
    left_out = {"full": 0, "hostile": 1, "empty": len(SECTIONS)}[report.parent.name.rstrip("0123456789")]
    assert len(headings) == len(SECTIONS) - left_out
    if headings:
        page.locator("nav a").last.click()
        assert page.url.endswith(f"#{page.locator('section').last.get_attribute('id')}")
    page.close()


def test_every_thumbnail_is_decoded(browser: Browser, report: Path) -> None:
    """Each image that the page shows has pixels."""
    page, _, _ = opened(browser, report, DESKTOP)
    broken = page.evaluate("[...document.images].filter(image => !image.complete || !image.naturalWidth).length")
    assert broken == 0
    page.close()


def test_text_can_be_read_by_day_and_by_night(browser: Browser, report: Path) -> None:
    """Text, soft text and links have a contrast of at least 4.5 to 1 with the page, bars of 3 to 1, in both schemes."""
    for scheme in ("light", "dark"):
        page, _, _ = opened(browser, report, DESKTOP, scheme)
        colours = page.evaluate(
            """() => Object.fromEntries(['paper', 'ink', 'soft', 'link', 'warn', 'series-faint', 'series-1', 'series-2',
                                         'series-3', 'series-4', 'series-5', 'series-6'].map(name => {
                const probe = document.body.appendChild(document.createElement('i'));
                probe.style.color = `var(--${name})`;
                return [name, getComputedStyle(probe).color.match(/\\d+/g).map(Number)];
            }))"""
        )
        for name in colours.keys() - {"paper"}:
            least = 4.5 if name in ("ink", "soft", "link") else 3
            assert contrast(colours[name], colours["paper"]) >= least, (scheme, name)
        page.close()


def contrast(one: list[int], other: list[int]) -> float:
    """The contrast of two sRGB colours, 1 to 21: WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour: list[int]) -> float:
        shares = [value / 255 for value in colour]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_a_phone_needs_few_screens(browser: Browser, report: Path) -> None:
    """Long tables, examples and the provenance fold, so that a thumb reaches the end."""
    page, _, _ = opened(browser, report, PHONE)
    assert page.evaluate("document.documentElement.scrollHeight") < (22_000 if "hostile" in str(report) else 16_000)
    page.close()


def test_a_bar_says_its_values_when_it_is_pointed_at(browser: Browser, tmp_path: Path) -> None:
    """On hover and on focus, without a script; a click goes to the label's row, wherever that is folded."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_report(planted_rows(), tmp_path).as_uri())
    bar = page.locator("#accuracy a.hit").nth(2)
    assert bar.locator(".tip").is_hidden()
    bar.locator(".area").hover()
    assert bar.locator(".tip").is_visible()
    assert "%" in (bar.get_attribute("aria-label") or "")
    bar.locator(".area").click()
    assert "#label-3" in page.url
    page.locator("#shapes .area").first.hover()
    assert page.locator("#shapes .hit .tip").first.is_visible()
    context.close()


def test_names_of_bars_stay_inside_their_chart(browser: Browser, report: Path) -> None:
    """No text of a chart reaches beyond it, with the fonts that this browser has."""
    page, _, _ = opened(browser, report, DESKTOP)
    beyond = page.evaluate(
        """() => [...document.querySelectorAll('svg.chart text')].filter(text => {
            const [inner, outer] = [text.getBoundingClientRect(), text.closest('svg').getBoundingClientRect()];
            return inner.left < outer.left - 1 || inner.right > outer.right + 1;
        }).map(text => text.textContent)"""
    )
    assert beyond == []
    page.close()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_no_identifier_is_broken_before_its_last_letters(browser: Browser, tmp_path: Path, width: int) -> None:
    """In the narrowest cell an identifier stands on one line, or is broken in halves."""
    page, _, _ = opened(browser, write_report(planted_rows(), tmp_path), width)
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    ends = page.evaluate(
        """() => {
            const ends = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) for (const found of texts.currentNode.data.matchAll(/[0-9a-f]{16}/g)) {
                if (!texts.currentNode.parentElement.checkVisibility()) continue;
                const tops = [...found[0]].map((_, letter) => {
                    const range = document.createRange();
                    range.setStart(texts.currentNode, found.index + letter);
                    range.setEnd(texts.currentNode, found.index + letter + 1);
                    return Math.round(range.getBoundingClientRect().top);
                });
                ends.push(tops.filter(top => Math.abs(top - tops.at(-1)) < 3).length);
            }
            return ends;
        }"""
    )
    assert len(ends) > 50
    assert min(ends) > 3
    page.close()


def test_how_a_number_came_about_opens_without_scripts(browser: Browser, tmp_path: Path) -> None:
    """By mouse and by keyboard; what is opened takes the row and cuts nothing, and its link opens the run below."""
    for width in (PHONE, DESKTOP):
        context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto(write_report(planted_rows(), tmp_path).as_uri())
        explained = page.locator("#summary .how").first
        assert not explained.locator("p").first.is_visible()
        explained.locator("summary").focus()
        page.keyboard.press("Enter")
        assert "split_summary" in explained.inner_text()
        assert explained.locator("code", has_text="imagelake trace split_summary").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        explained.get_by_role("link").first.click()
        assert "#run-" in page.url
        assert page.locator("details.run[open]").count() == 1
        context.close()
