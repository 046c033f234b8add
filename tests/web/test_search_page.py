"""The search page as its user meets it, in a real browser: upload, paste, drop, address, click, filters, an error."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from finished_lake import FinishedLake
from imagelake.samples import PlantedFacts
from project import PROJECT
from served import Served

PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1360, height=900)
PAGES = (
    "/",
    "/words",
    "/words?words=birds",
    "/words?words=lyon",
    "/labels",
    "/label?name=Lion",
    "/accuracy",
    "/ranking",
    "/duplicates",
    "/duplicates?show=leak",
    "/judge/pairs",
    "/judge/labels",
    "/map",
    "/map?label=Lion",
    "/label?name=Lion&show=wrong",
    "/search?query=gone",
)


class Tab:
    """A page, what its console said, and what it asked other hosts for."""

    def __init__(self, browser: Browser, site: Served, size: ViewportSize = DESKTOP, scheme: str = "light") -> None:
        self.page: Page = browser.new_page(viewport=size, color_scheme=scheme, base_url=site.url)  # type: ignore[arg-type]
        self.said: list[str] = []
        self.strange: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url, site.url))

    def _note(self, asked: str, own: str) -> None:
        if not asked.startswith((own, "data:")):
            self.strange.append(asked)

    def answers(self) -> list[str]:
        """The identifiers on a page of results, in order."""
        links = self.page.locator(".results .detail").evaluate_all("links => links.map(link => link.href)")
        return [parse_qs(urlsplit(link).query)["id"][0] for link in links]

    def settled(self) -> None:
        """Wait until the page's pictures are there, and check that every one is a picture."""
        self.page.evaluate("for (const image of document.images) image.loading = 'eager'")
        self.page.wait_for_load_state("networkidle")
        broken = "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
        assert self.page.evaluate(broken) == 0


@pytest.fixture
def tab(browser: Browser, site: Served) -> Iterator[Tab]:
    """A tab whose console stays empty and that asks nobody else for anything."""
    opened = Tab(browser, site)
    yield opened
    assert opened.said == []
    assert opened.strange == []
    opened.page.close()


@pytest.fixture(scope="module")
def photo(sample: FinishedLake, facts: PlantedFacts) -> tuple[str, Path]:
    """A photo of the lake, and its file."""
    image = next(one for one in facts.images if one.truth == "Parrot" and one.file.endswith(".jpg") and not one.damage)
    return image.image_id, sample.folder / "sample_files" / image.file


def uploaded(tab: Tab, file: Path) -> None:
    tab.page.goto("/")
    tab.page.set_input_files("input[type=file]", file)
    tab.page.wait_for_url("**/search?query=*")


def test_a_chosen_photo_is_searched_for(tab: Tab, photo: tuple[str, Path]) -> None:
    """Choosing a file is enough: what the network sees, and answers with number, label, PPI, author and licence."""
    uploaded(tab, photo[1])
    tab.settled()
    assert tab.answers()[0] == photo[0]
    assert "parrot" in tab.page.locator(".scores").inner_text()
    first = tab.page.locator(".results > li").first.inner_text()
    assert first.startswith("1.000")
    assert all(text in first for text in ("PPI", "CC BY 2.0", "·"))
    assert len(tab.answers()) == 24


def test_a_pasted_and_a_dropped_photo_are_the_same_search(tab: Tab, photo: tuple[str, Path]) -> None:
    """The clipboard's and the mouse's photo lead to the very link of the chosen one."""
    uploaded(tab, photo[1])
    link = tab.page.url
    give = """async ([kind, bytes]) => {
        const file = new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], 'p.jpg', {type: 'image/jpeg'});
        const data = new DataTransfer();
        data.items.add(file);
        const event = kind === 'paste'
            ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})
            : new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
        document.body.dispatchEvent(event);
    }"""
    content = base64.b64encode(photo[1].read_bytes()).decode()
    for kind in ("paste", "drop"):
        tab.page.goto("/")
        with tab.page.expect_navigation(url="**/search?query=*"):
            tab.page.evaluate(give, [kind, content])
        assert tab.page.url == link


def test_an_address_is_searched_for(tab: Tab, site: Served, photo: tuple[str, Path]) -> None:
    """An address typed by keyboard alone leads to the answers; the slash goes to its field."""
    tab.page.goto("/labels")
    tab.page.goto("/")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type(f"{site.url}/original?id={photo[0]}")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/search?query=*")
    assert tab.answers()[0] == photo[0]


def test_a_click_on_an_answer_searches_again(tab: Tab, photo: tuple[str, Path]) -> None:
    """The clicked image becomes the query and is no answer to itself; its detail names author and licence."""
    uploaded(tab, photo[1])
    second = tab.answers()[1]
    tab.page.locator(".results .again").nth(1).click()
    tab.page.wait_for_url("**/search?image=*")
    assert second not in tab.answers()
    tab.settled()
    tab.page.locator(".query a").click()
    tab.page.wait_for_url("**/image?id=*")
    known = tab.page.locator(".known").inner_text()
    assert all(text in known for text in (second, "Licence", "CC BY 2.0", "Author", "Published at"))
    tab.settled()


def test_details_and_search_are_two_marked_links(tab: Tab, photo: tuple[str, Path]) -> None:
    """Each answer says which click leads where; its picture leads to the details."""
    uploaded(tab, photo[1])
    first = tab.page.locator(".results > li").first
    assert first.locator(".acts a").all_inner_texts() == ["Details", "Look alike"]
    image_id = tab.answers()[0]
    first.locator(".picture").click()
    tab.page.wait_for_url("**/image?id=*")
    assert image_id in tab.page.url


def test_boxes_are_drawn_where_they_are(tab: Tab, sample: FinishedLake) -> None:
    """A rectangle for each box, at its share of the picture, with its label; a click searches by what is in it."""
    boxes = sample.frame("boxes")
    quality = sample.frame("image_quality", ["image_id"])["image_id"]
    image_id = boxes[boxes["image_id"].isin(quality)]["image_id"].value_counts().index[0]
    own = boxes[boxes["image_id"] == image_id]
    tab.page.goto(f"/image?id={image_id}")
    tab.settled()
    picture = tab.page.locator(".large").bounding_box()
    assert picture is not None
    drawn = tab.page.locator(".boxed rect").evaluate_all(
        "rects => rects.map(r => [r.x.baseVal.value, r.y.baseVal.value, r.width.baseVal.value])"
    )
    wanted = [[100 * box.x_min, 100 * box.y_min, 100 * (box.x_max - box.x_min)] for box in own.itertuples()]
    assert np.array(sorted(drawn)) == pytest.approx(np.array(sorted(wanted)), abs=0.02)
    frame = tab.page.locator(".boxed svg").bounding_box()
    assert frame is not None
    assert frame["width"] == pytest.approx(picture["width"], abs=1)
    assert sorted(tab.page.locator(".boxes a").all_inner_texts()) == sorted(own["label"])
    tab.page.locator("[data-box]").first.click()
    tab.page.wait_for_url("**/search?query=*")
    assert len(tab.answers()) == 24


def test_a_part_is_marked_by_dragging(tab: Tab, photo: tuple[str, Path]) -> None:
    """What is dragged over stands in the field in percent, and is searched for."""
    tab.page.goto(f"/image?id={photo[0]}")
    tab.settled()
    tab.page.get_by_text("Search by a part of it").click()
    picture = tab.page.locator(".large").bounding_box()
    assert picture is not None
    for step, share in (("move", 0.2), ("down", 0.2), ("move", 0.7), ("up", 0.7)):
        if step == "move":
            tab.page.mouse.move(picture["x"] + share * picture["width"], picture["y"] + share * picture["height"])
        else:
            getattr(tab.page.mouse, step)()
    edges = [float(edge) for edge in tab.page.input_value("[name=box] >> nth=0").split(",")]
    assert edges == pytest.approx([20, 20, 70, 70], abs=1)
    tab.page.get_by_role("button", name="Search by this part").first.click()
    tab.page.wait_for_url("**/search?query=*")
    tab.settled()


def test_the_map_shows_what_is_pointed_at(tab: Tab, sample: FinishedLake) -> None:
    """A point for each image with features; pointing shows its picture, a label marks its images, a click leads on."""
    tab.page.goto("/map")
    assert tab.page.locator(".map circle").count() == len(sample.frame("image_map", ["image_id"]))
    tab.page.locator(".map a").nth(5).hover(force=True)
    tab.page.locator("[data-peek] img").wait_for(state="visible")
    tab.page.fill("[name=label]", "Lion")
    tab.page.get_by_role("button", name="Mark").click()
    tab.page.wait_for_url("**/map?label=Lion")
    labels, placed = sample.frame("labels_clean"), sample.frame("image_map", ["image_id"])["image_id"]
    lions = labels[(labels["label"] == "Lion") & labels["image_id"].isin(placed)]["image_id"].nunique()
    assert tab.page.locator(".map .found").count() == lions > 0
    tab.page.locator(".map a:has(.found)").first.click(force=True)
    tab.page.wait_for_url("**/image?id=*")


def test_each_group_of_duplicates_says_which_to_keep(tab: Tab, sample: FinishedLake, facts: PlantedFacts) -> None:
    """One of each group that find_duplicates published is marked, and the export below is of the others."""
    table = sample.frame("duplicate_groups", ["image_id", "representative_id"])
    tab.page.goto("/duplicates")
    groups = tab.page.locator(".group").count()
    assert groups == tab.page.locator(".mark").count() == table["representative_id"].nunique()
    assert tab.page.locator("#export [name=all]").count() == len(table) - groups
    tab.page.get_by_role("link", name="Exact copies").click()
    tab.page.wait_for_url("**/duplicates?show=exact")
    assert tab.page.locator(".group").count() == len(facts.exact_duplicates)


def test_ticked_images_are_taken_along(tab: Tab, photo: tuple[str, Path]) -> None:
    """Two ticks are two paths in the downloaded file."""
    uploaded(tab, photo[1])
    for number in (0, 3):
        tab.page.locator(".pick input").nth(number).check()
    assert "the 2 ticked" in tab.page.locator("[data-chosen]").inner_text()
    with tab.page.expect_download() as taken:
        tab.page.get_by_role("button", name="Paths").click()
    assert len(Path(taken.value.path()).read_text(encoding="utf-8").splitlines()) == 2


def test_another_photo_keeps_the_filters(tab: Tab, photo: tuple[str, Path]) -> None:
    """The form below the answers searches on with split and order; so does the page of an address that is mended."""
    tab.page.goto(f"/search?image={photo[0]}&split=train&order=ppi")
    tab.page.get_by_text("Search by another photo").click()
    tab.page.set_input_files("input[type=file]", photo[1])
    tab.page.wait_for_url("**/search?*query=*")
    kept = parse_qs(urlsplit(tab.page.url).query)
    assert (kept["split"], kept["order"]) == (["train"], ["ppi"])


def test_scores_are_not_cut(browser: Browser, site: Served, photo: tuple[str, Path]) -> None:
    """The longest share, >99.9%, stands whole beside its bar, also on a phone."""
    for size in (PHONE, DESKTOP):
        tab = Tab(browser, site, size)
        tab.page.goto(f"/search?image={photo[0]}")
        tab.page.evaluate("document.querySelector('.scores .number').textContent = '>99.9%'")
        room = "number => [number.scrollWidth - number.clientWidth, getComputedStyle(number).overflow]"
        assert tab.page.locator(".scores .number").first.evaluate(room) == [0, "visible"]
        tab.page.close()


def test_filters_narrow_the_answers_and_links_can_be_shared(
    tab: Tab, browser: Browser, site: Served, photo: tuple[str, Path]
) -> None:
    """A changed filter applies at once; the link shows the same to somebody else; clearing it brings all back."""
    uploaded(tab, photo[1])
    everything = tab.answers()
    with tab.page.expect_navigation():
        tab.page.select_option("[name=split]", "train")
    with tab.page.expect_navigation():
        tab.page.select_option("[name=order]", "ppi")
    assert "split=train" in tab.page.url
    assert "order=ppi" in tab.page.url
    narrowed = tab.answers()
    assert narrowed != everything
    other = Tab(browser, site)
    other.page.goto(tab.page.url)
    assert other.answers() == narrowed
    other.page.close()
    with tab.page.expect_navigation():
        tab.page.get_by_text("Same label").click()
    assert tab.page.locator(".results strong").first.inner_text().startswith("PPI")
    tab.page.get_by_role("link", name="Clear").click()
    tab.page.wait_for_url(lambda url: "split" not in url)
    assert tab.answers() == everything


def test_more_answers_come_page_by_page(tab: Tab, photo: tuple[str, Path]) -> None:
    """The next page holds other answers, less similar ones, and the way back."""
    uploaded(tab, photo[1])
    first = tab.answers()
    tab.page.locator("a[rel=next]").click()
    tab.page.wait_for_url("**page=2*")
    assert not set(first) & set(tab.answers())
    tab.page.locator("a[rel=prev]").click()
    tab.page.wait_for_url(lambda url: "page" not in url)
    assert tab.answers() == first


def test_arrow_keys_walk_through_the_grid(tab: Tab, photo: tuple[str, Path]) -> None:
    """Right, down and left move the focus over the pictures, and Enter searches by the focused one."""
    uploaded(tab, photo[1])
    answers = tab.answers()
    grid = "getComputedStyle(document.querySelector('.results'))"
    columns = tab.page.evaluate(f"{grid}.gridTemplateColumns.split(' ').length")
    tab.page.locator(".results .again").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        tab.page.keyboard.press(key)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/search?image=*")
    assert answers[1 + columns] in tab.page.url


def test_what_is_no_photo_is_told_on_a_page(browser: Browser, site: Served, tmp_path: Path) -> None:
    """A broken file and a private address end on a page with one sentence and the form to try again."""
    tab = Tab(browser, site)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    tab.page.goto("/")
    tab.page.set_input_files("input[type=file]", tmp_path / "broken.jpg")
    tab.page.get_by_text("no photo that can be read").wait_for()
    tab.page.fill("[name=url]", "http://10.0.0.1/cat.jpg")
    tab.page.get_by_role("button", name="Search", exact=True).click()
    tab.page.get_by_text("not on the public internet").wait_for()
    assert tab.page.locator("[data-ask]").count() == 1
    (tmp_path / "large.jpg").write_bytes(b"\xff" * 11_000_000)
    tab.page.goto("/")
    tab.page.set_input_files("input[type=file]", tmp_path / "large.jpg")
    assert "10 MB at most" in tab.page.locator("[data-said]").inner_text()
    tab.page.close()


def test_a_wrong_address_stays_in_its_field(browser: Browser, site: Served) -> None:
    """What was typed can be mended, and the reason stands beside it, once."""
    tab = Tab(browser, site)
    tab.page.goto("/")
    tab.page.fill("[name=url]", "http://10.0.0.1/cat.jpg")
    tab.page.get_by_role("button", name="Search", exact=True).click()
    tab.page.get_by_role("heading", name="The photo could not be fetched").wait_for()
    assert tab.page.input_value("[name=url]") == "http://10.0.0.1/cat.jpg"
    assert tab.page.locator("[name=url][aria-invalid=true]").count() == 1
    assert "not on the public internet" in tab.page.locator("[data-said]").inner_text()
    assert tab.page.get_by_text("not on the public internet").count() == 1
    tab.page.close()


def test_an_unknown_label_keeps_the_photo_and_the_other_filters(
    browser: Browser, site: Served, photo: tuple[str, Path]
) -> None:
    """The page says so in words, and offers the nearest labels and the same search without the filter."""
    tab = Tab(browser, site)
    tab.page.goto(f"/search?image={photo[0]}&label=lyon&min_ppi=3&order=ppi")
    assert tab.page.title() == "No label is called “lyon” · ImageLake"
    assert tab.page.input_value("[name=label]") == "lyon"
    assert tab.page.locator(".query img").count() == 1
    for name, label in (("Any label", None), ("Lion", ["Lion"])):
        link = tab.page.get_by_role("link", name=name, exact=True).get_attribute("href") or ""
        kept = parse_qs(urlsplit(link).query)
        assert kept == {"image": [photo[0]], "min_ppi": ["3.0"], "order": ["ppi"]} | ({"label": label} if label else {})
    tab.page.get_by_role("link", name="Lion", exact=True).click()
    tab.page.wait_for_url("**label=Lion*")
    assert len(tab.answers()) > 3
    tab.page.close()


@pytest.mark.parametrize(
    "problem",
    [
        (
            "/search?image={image}&min_ppi=-3&split=train",
            "Least PPI cannot be “-3”",
            "/search?image={image}&split=train",
        ),
        ("/search?image={image}&split=holdout", "Search results", "/search?split=test&image={image}"),
        ("/search?query=gone", "This photo is no longer kept", "/"),
        ("/search", "Choose a photo to search by", "/"),
        ("/image?id=none", "The lake has no such image", "/"),
        ("/image", "Something is missing in this address", "/"),
        ("/label?name=lyon", "No label is called “lyon”", "/label?name=Lion"),
        ("/label?name=xyzzy", "No label is called “xyzzy”", "/"),
        ("/labels?sheet=1&nothing", "Labels", "/accuracy"),
        ("/ranking?page=0", "Page cannot be “0”", "/"),
        ("/nothing", "There is no such page", "/"),
    ],
)
def test_problems_speak_plainly(
    browser: Browser, site: Served, photo: tuple[str, Path], problem: tuple[str, str, str]
) -> None:
    """The headline says what happened, without a term of the protocol, and there is a way on."""
    path, headline, way = problem
    page = browser.new_page(base_url=site.url)
    page.goto(path.format(image=photo[0]))
    assert page.locator("h1").inner_text() == headline
    said = page.locator("body").inner_text()
    assert not any(phrase in said for phrase in ("Unprocessable", "Not Found", "Gone", "Bad Request", "min_ppi"))
    assert page.locator(f'main a[href="{way.format(image=photo[0])}"], nav a[href="{way}"]').count() >= 1
    page.close()


def test_the_first_page_shows_what_is_in_the_lake(tab: Tab, sample: FinishedLake) -> None:
    """Its images, labels and splits are counted, its largest labels link to their pages, and pictures lead on."""
    tab.page.goto("/")
    images, clean = sample.frame("images", ["split"]), sample.frame("labels_clean", ["image_id", "label"])
    shown = dict(zip(*(tab.page.locator(f".figures {tag}").all_inner_texts() for tag in ("dt", ".value")), strict=True))
    splits = images["split"].dropna().value_counts()
    assert shown == {
        "Images": f"{len(images):,}",
        "Labels": str(clean["label"].nunique()),
        **{str(split).capitalize(): f"{count:,}" for split, count in splits.items()},
    }
    most = clean.drop_duplicates()["label"].value_counts()
    rows = [text.split() for text in tab.page.locator(".categories li").all_inner_texts()]
    assert [int(row[-1]) for row in rows] == sorted(most, reverse=True)[:24]
    assert all(most[" ".join(row[:-1])] == int(row[-1]) for row in rows)
    assert tab.page.locator("[data-grid] .again").count() == 36
    tab.settled()
    tab.page.locator(".categories a").first.click()
    tab.page.wait_for_url("**/label?name=*")


def test_words_find_images_by_label(tab: Tab) -> None:
    """Typed words complete to labels and lead to labelled images, then to predicted ones, and a click searches on."""
    tab.page.goto("/")
    assert tab.page.locator("#offered option[value=Bird]").count() == 1
    tab.page.fill("[name=words]", "birds")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/words?words=birds")
    assert tab.page.locator("h1").inner_text() == "birds"
    assert tab.page.locator(".results strong").first.inner_text() == "labelled"
    tab.settled()
    tab.page.locator(".results .again").first.click()
    tab.page.wait_for_url("**/search?image=*")
    tab.page.goto("/words?words=lyon")
    tab.page.get_by_role("link", name="Lion", exact=True).click()
    tab.page.wait_for_url("**/words?words=Lion")
    assert len(tab.answers()) > 3


def _say_length(part: Path) -> None:
    """Let a table's manifest say the length that a file of it has now."""
    file = part.with_name("_manifest.json")
    manifest = json.loads(file.read_text())
    next(one for one in manifest["parts"] if one["name"] == part.name)["bytes"] = part.stat().st_size
    file.write_text(json.dumps(manifest))


@pytest.fixture
def bare(sample: FinishedLake, tmp_path: Path) -> Iterator[Served]:
    """The sample lake with one split, and nothing known of photos and drawings."""
    folder = sample.copied(tmp_path / "lake").folder
    for table, column, value in (("image_quality", "kind", None), ("images", "split", "train")):
        for part in (folder / table).glob("*.parquet"):
            content = pq.read_table(part)
            values = pa.array([value] * len(content), pa.string())
            pq.write_table(content.set_column(content.schema.get_field_index(column), column, values), part)
            _say_length(part)
    with Served(folder, tmp_path / "cache") as server:
        yield server


def test_filters_without_data_are_not_offered(
    browser: Browser, bare: Served, site: Served, photo: tuple[str, Path]
) -> None:
    """Neither photo or drawing nor the only split is a choice; what a link sets is shown. No filter, no word of any."""
    for server, path, fields in (
        (site, "", {"label", "split", "kind"}),
        (bare, "", {"label"}),
        (bare, "&kind=photo&split=train", {"label", "split", "kind"}),
    ):
        page = browser.new_page(base_url=server.url)
        page.goto(f"/search?image={photo[0]}{path}")
        assert {name for name in ("label", "split", "kind") if page.locator(f"[name={name}]").count()} == fields
        page.close()
    page = browser.new_page(base_url=site.url)
    for query, filtered in (("min_pixels=99999999", True), ("page=900&order=ppi", False)):
        page.goto(f"/search?image={photo[0]}&{query}")
        assert ("with these filters" in page.locator("main").inner_text()) is filtered
    page.close()


def test_everything_works_without_scripts(browser: Browser, site: Served, photo: tuple[str, Path]) -> None:
    """A browser that runs none uploads by the button, filters by the button, and clicks on."""
    context = browser.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()
    page.goto("/")
    page.set_input_files("input[type=file]", photo[1])
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**/search?query=*")
    page.select_option("[name=split]", "train")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**split=train*")
    page.locator(".results .again").first.click()
    page.wait_for_url("**/search?image=*")
    page.goto("/")
    page.fill("[name=words]", "birds")
    page.get_by_role("button", name="Search by words").click()
    page.wait_for_url("**/words?words=birds")
    assert page.locator(".results > li").count() == 24
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways(browser: Browser, site: Served, path: str) -> None:
    """On a phone and on a desk, by day and by night, a page is as wide as the window, and its pictures are there."""
    for size, scheme in ((PHONE, "dark"), (DESKTOP, "light")):
        tab = Tab(browser, site, size, scheme)
        tab.page.goto(path)
        tab.settled()
        assert tab.page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert [text for text in tab.said if "410" not in text] == []
        assert tab.page.locator("h1").count() == 1
        tab.page.close()


def test_the_report_is_one_click_away(tab: Tab) -> None:
    """The report shows under its own policy what it shows as a file."""
    tab.page.goto("/")
    tab.page.get_by_role("link", name="Report").click()
    tab.page.wait_for_url("**/report/")
    assert tab.page.locator("section > h2").count() > 8
    assert tab.page.evaluate("getComputedStyle(document.querySelector('.figures')).display") == "grid"


def test_hostile_names_stay_text(site: Served) -> None:
    """What a client writes into a link is shown as text or not at all."""
    attack = "<script>document.title='x'</script>\"'><img src=x onerror=document.title='x'>"
    for path, name in (("/label", "name"), ("/search", "label"), ("/search", "query"), ("/image", "id")):
        answer = site.http.get(f"{site.url}{path}", params={name: attack}, headers={"Accept": "text/html"}, timeout=10)
        assert answer.status_code in {404, 410, 422}
        assert "<script>document" not in answer.text
        assert "<img src=x" not in answer.text


@pytest.mark.parametrize("name", ["serve", "serve_dark", "serve_phone", "report", "search"])
def test_screenshots(
    browser: Browser, site: Served, *, sample: FinishedLake, photo: tuple[str, Path], name: str, tmp_path: Path
) -> None:
    """The documents' pictures are taken here, in small files; UPDATE_SCREENSHOTS=1 puts them into docs/."""
    folder = {"report": "report", "search": "search_page"}.get(name)
    size = PHONE if "phone" in name else ViewportSize(width=1200, height=1200) if folder else DESKTOP
    tab = Tab(browser, site, size, "dark" if "dark" in name else "light")
    if folder:
        tab.page.goto((sample.folder / folder / "index.html").as_uri())
    else:
        uploaded(tab, photo[1])
    tab.settled()
    with Image.open(io.BytesIO(tab.page.screenshot())) as shot:
        small = shot.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    file = (PROJECT / "docs" if os.environ.get("UPDATE_SCREENSHOTS") else tmp_path) / f"{name}.png"
    small.save(file, optimize=True)
    assert file.stat().st_size < 300_000
    tab.page.close()
