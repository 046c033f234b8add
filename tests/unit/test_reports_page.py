"""The report as a page: complete in itself, safe whatever names it holds, readable without half of its rows."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

import imagelake
from imagelake.reports.report import SECTIONS, render_report, write_report
from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.rejected import rejected
from imagelake.transforms.report.about import about_duplicates
from planted_report import HOSTILE, LABELS, hostile_rows, planted_rows

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """What is in a page: elements, attributes, text; and every element that opens must close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the last open element, which must be this one."""
        assert self.open[-1:] == [tag]
        self.open.pop()

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def full() -> str:
    return render_report(planted_rows())


@pytest.mark.parametrize(
    "rows", [planted_rows(), hostile_rows(), ReportRows("Empty")], ids=["full", "hostile", "empty"]
)
def test_a_page_asks_nothing_of_anybody(rows: ReportRows) -> None:
    """No script, no frame, no address but anchors, data and what lies beside it; and a policy that forbids the rest."""
    page = Page(render_report(rows))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "embed", "form", "base", "audio", "video", "source"}
    for _, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "poster", "background"):
            address = attributes.get(name) or "#"
            own = re.fullmatch(r"(findings/[a-z-]+|confusions)\.csv|\.\./shift/index\.html", address)
            assert own or address.startswith(("#", "data:image/jpeg;base64,", "data:,")), attributes
        assert not any(name.startswith("on") for name in attributes)
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_styles_fetch_nothing(full: str) -> None:
    """No style imports a sheet or loads a font or an image."""
    assert "@import" not in full
    assert "@font-face" not in full
    assert not re.search(r"url\((?!#)", full)


def test_a_hostile_name_is_only_a_name() -> None:
    """Names that try to end their element or to start a script are shown letter by letter."""
    html = render_report(hostile_rows())
    assert "<script" not in html.lower()
    assert "\u202e" not in html
    shown = "".join(Page(html).text)
    assert HOSTILE.replace("\u202e", " ") in shown


def test_equal_rows_give_equal_bytes(full: str) -> None:
    """A report that is made again says whether anything has changed."""
    assert render_report(planted_rows()) == full


def test_every_section_has_its_heading_and_anchor(full: str) -> None:
    """The list of sections leads to each of them, and headings go down one level at a time."""
    page = Page(full)
    anchors = [link["href"] for link in page.all("a") if link.get("href") != "#content"]
    assert [f"#{section['id']}" for section in page.all("section")] == anchors[: len(SECTIONS)]
    assert len(page.all("h1")) == 1
    assert len(page.all("h2")) == len(SECTIONS)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_picture_is_described(full: str) -> None:
    """Each image has a text, each chart a title, each table a heading row."""
    page = Page(full)
    assert all(image.get("alt") for image in page.all("img"))
    assert len(page.all("img")) > 60
    charts = [svg for svg in page.all("svg") if svg.get("class") == "chart"]
    assert len(charts) == len(page.all("title")) - 1 == 6
    assert all(link.get("aria-label") for link in page.all("a") if link.get("class") == "hit")
    assert len(page.all("thead")) == len(page.all("table"))


def test_known_numbers_stand_in_the_page(full: str) -> None:
    """Planted counts, shares and intervals are written with separators, one decimal and both bounds."""
    text = " ".join("".join(Page(full).text).split())
    for expected in ("477,538", "1,362,181", "14 of 16", "73.3%", "69.9\u201376.4%", "114.8", "1 h 26 min"):
        assert expected in text
    assert "Lion 46 67.4% 53.0\u201379.1%" in re.sub(r"\s+", " ", " ".join(Page(full).text))
    assert "Intervals are Wilson's at 95%." in text


def test_what_is_not_covered_is_never_a_share(full: str) -> None:
    """A label that no class means has its images and the words not covered, in the table, and no bar in the chart."""
    rows = re.findall(r"<tr id=\"label-\d+\"><th scope=\"row\">Rhinoceros</th>(.*?)</tr>", full)
    assert len(rows) == 1
    assert "not covered" in rows[0]
    assert "%" not in rows[0]
    chart = full[full.index('aria-labelledby="accuracy-title') :]
    assert "Rhinoceros" not in chart[: chart.index("</svg>")]


@pytest.mark.parametrize("name", sorted(planted_rows().frames))
def test_any_one_table_may_be_empty(name: str, full: str) -> None:
    """The page without the rows of one table is whole, and another."""
    rows = planted_rows()
    html = render_report(replace(rows, frames={**rows.frames, name: rows.frames[name].iloc[:0]}))
    assert len(Page(html).all("section")) >= len(SECTIONS) - 1
    assert html != full


def test_sections_without_rows_are_a_line_at_the_end() -> None:
    """Of nothing at all no section is left, but a folded sentence on each says why."""
    html = render_report(ReportRows("Nothing"))
    assert not Page(html).all("section")
    assert html.count('class="absent"') == len(SECTIONS)
    assert f"{len(SECTIONS)} sections have nothing to show" in html
    assert "None" not in html
    assert "nan" not in "".join(Page(html).text)


def test_null_cells_are_dashes() -> None:
    """Integers that pandas turned into NaN are written as missing, labels without a name by their identifier."""
    rows = planted_rows()
    counts = rows.frames["top_labels"].assign(label=None)
    splits = rows.frames["split_summary"].assign(min_confidence=float("nan"), confident_ratio=None)
    html = render_report(replace(rows, frames={**rows.frames, "top_labels": counts, "split_summary": splits}))
    assert "/m/0003" in html
    assert ">nan<" not in html
    assert ">None<" not in html


def test_one_image_without_anything_else_is_a_report() -> None:
    """A flat folder with a single photo has a summary, and sentences where there is nothing."""
    split = dict.fromkeys(planted_rows().frames["split_summary"].columns, 0) | {"split": "all", "images": 1}
    html = render_report(ReportRows("One", {"split_summary": pd.DataFrame([split])}))
    assert "Images" in html


def test_a_model_that_covers_no_label_has_no_accuracy() -> None:
    """The summary then says that none is covered, and shows neither a share nor a dash for one."""
    rows = planted_rows()
    overall = rows.frames["overall_accuracy"].assign(covered_labels=0, top1=float("nan"), level=float("nan"))
    html = render_report(replace(rows, frames={**rows.frames, "overall_accuracy": overall}))
    assert "0 of 16" in html
    assert "Top-1, all images" not in html
    assert "Intervals are" not in html


def test_many_labels_fold_away() -> None:
    """Of many labels the first dozen are open, the others one click away, and the chart says what it leaves out."""
    rows = planted_rows()
    lion = rows.frames["label_accuracy"].iloc[[0]]
    many = pd.concat([lion.assign(label=f"Label {n:03}", top1=1 - n / 400) for n in range(120)])
    html = render_report(replace(rows, frames={**rows.frames, "label_accuracy": many}))
    assert "108 more labels" in html
    assert "The best 24 of 120" in html


def test_what_to_do_comes_first_and_the_most_severe_before_all(full: str) -> None:
    """The page begins with the findings by severity and number; one that counts nothing is named as not found."""
    page = Page(full)
    assert page.all("section")[0]["id"] == "what_to_do"
    details = [found for found in page.all("details") if (found.get("class") or "").startswith("finding ")]
    assert [found["id"] for found in details] == [
        "suspected-wrong-labels", "damaged-files", "duplicates", "uncovered-labels"
    ]  # fmt: skip
    assert [("open" in found) for found in details] == [True, True, False, False]
    text = " ".join("".join(page.text).split())
    assert "1,204 images, high" in text
    assert "1 label, low" in text
    assert "Looked for and not found: Dark images." in text
    assert "The first 100,000 as CSV" in text
    links = [link["href"] for link in page.all("a") if (link.get("href") or "").startswith("findings/")]
    assert links == [f"findings/{found['id']}.csv" for found in details]


def test_the_report_names_what_it_is_about(full: str) -> None:
    """Lake, network, weights with their hash, framing and thresholds stand at the top."""
    before = full[: full.index("<section")]
    for expected in (
        "open-images",
        "mobilenet_v1 1 at 224 px",
        "SHA-256 3f2a9c01d4b7e610",
        "central crop",
        "above 0.99",
    ):
        assert expected in before


def test_there_is_one_account_of_the_images(full: str) -> None:
    """Usable images and the others by reason add up to all; a null error is no gap."""
    text = " ".join("".join(Page(full).text).split())
    account = (
        "Of 477,538 images, 476,798 are usable (99.8%), 528 listed without a file, 140 truncated, 72 not an image."
    )
    assert account in text


def test_a_column_that_is_never_given_has_no_bar() -> None:
    """A column of nulls alone is named; one of errors, which are good to be null, is no gap at all."""
    rows = planted_rows()
    columns = [("title", 10, 10), ("author", 10, 4), ("error", 10, 10), ("error_detail", 10, 9)]
    nulls = pd.DataFrame([("images", *one) for one in columns], columns=["table_name", "column_name", "rows", "nulls"])
    html = render_report(replace(rows, frames={**rows.frames, "null_counts": nulls}))
    section = html[html.index('id="completeness"') :]
    section = section[: section.index("</section>")]
    assert "Never given by the source: title of images." in " ".join(section.split())
    assert section.count("<tr>") == 2
    assert "error" not in section


def test_a_confusion_lists_all_of_its_images(full: str) -> None:
    """Besides five pictures every image of a confusion stands by name, and all of them in a CSV."""
    section = full[full.index('id="confusions"') :]
    section = section[: section.index("</section>")]
    assert "21 images by name" in section
    assert section.count("<li><code>") == sum(planted_rows().frames["confusion"]["images"])
    assert 'href="confusions.csv"' in section


def test_bars_answer_to_a_pointer_without_scripts(full: str) -> None:
    """A bar of a label shows its value and interval, and leads to the label's row, which is in the page."""
    page = Page(full)
    links = [link for link in page.all("a") if link.get("class") == "hit"]
    assert len(links) == 2 * len(LABELS) + 2  # in the plots of labels and of accuracy; two are only counted
    rows = {row.get("id") for row in page.all("tr")}
    assert all((link["href"] or "")[1:] in rows for link in links)
    assert "Lion: 67.4%, 53.0\u201379.1%" in {link["aria-label"] for link in links}


def test_each_class_folder_stands_with_what_it_matched(full: str) -> None:
    """The classes of a covered folder, none, or the choices; a label of an ambiguous name is called so, too."""
    rows = re.findall(
        r'<tr><th scope="row">([^<]+)</th><td>([^<]+)</td><td class="number">(\d+)</td><td[^>]*>(.*?)</td>', full
    )
    assert rows[:3] == [
        ("okapi", "Okapi", "39", "ambiguous: okapi (one) or okapi (other)"),
        ("rhino", "Rhinoceros", "59", "not covered"),
        ("Lion_folder", "Lion", str(LABELS["Lion"][0]), "lion"),
    ]
    assert len(rows) == 2 + len(LABELS)
    accuracy = dict(
        re.findall(
            r'<th scope="row">(\w+)</th><td class="number">\d+</td><td class="soft" colspan="4">(.*?)</td>', full
        )
    )
    assert accuracy == {"Okapi": "ambiguous name", "Rhinoceros": "not covered"}


def test_duplicates_stand_with_their_leaks_and_pictures(full: str) -> None:
    """Each split has its numbers, each conflict its values, and a group its pictures, the best one first."""
    text = " ".join(" ".join(Page(full).text).split())
    assert "train 412 31 17 4 2 4.1" in text
    assert "Labels Lion, Tiger: 3 images" in text
    assert text.index(", the best") < text.index("near, 0.91")


def test_a_source_without_class_folders_has_no_list_of_them() -> None:
    """Published files have labels of their own."""
    rows = planted_rows()
    frames = {name: frame for name, frame in rows.frames.items() if name != "class_folders"}
    assert "class folder" not in render_report(replace(rows, frames=frames))


def test_the_page_is_written_as_one_file(tmp_path: Path, full: str) -> None:
    """The folder holds index.html and nothing else."""
    page = write_report(planted_rows(), tmp_path)
    assert list(tmp_path.iterdir()) == [page]
    assert page.read_text(encoding="utf-8") == full


def test_templates_are_found_in_a_zip(tmp_path: Path) -> None:
    """The library as one zip on sys.path, as executors and drivers in the cluster have it, makes the same report."""
    package = Path(imagelake.__file__).parent
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in (path for path in (package / "reports").rglob("*") if path.is_file()):
            packed.write(file, file.relative_to(package.parent))
        packed.write(package / "__init__.py", "imagelake/__init__.py")
    code = (
        "import sys, imagelake; from imagelake.reports.report import render_report; "
        "from imagelake.reports.rows import ReportRows; assert 'library.zip' in imagelake.__file__; "
        "sys.stdout.write(render_report(ReportRows('Zipped')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {code}"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == render_report(ReportRows("Zipped"))


def test_the_pure_library_stays_pure() -> None:
    """Drawing a report never loads Spark or TensorFlow."""
    code = (
        "import sys, imagelake.reports.report; "
        "loaded = [name for name in sys.modules if name.split('.')[0] in {'pyspark', 'tensorflow', 'py4j'}]; "
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_planted_rows_cover_their_labels() -> None:
    """The planted report has both measured and uncovered labels, so that the tests above mean something."""
    accuracy = planted_rows().frames["label_accuracy"]
    assert set(accuracy.loc[accuracy["covered"], "label"]) == set(LABELS)
    assert (~accuracy["covered"]).sum() == 2


def test_the_page_does_not_name_places_of_the_machine() -> None:
    """Of a file or folder that a job read the last part of its path is shown: visitors of a server read the page."""
    rows = planted_rows()
    manifest = {**rows.manifests["images"], "inputs": {"file:///home/ann/lake/sample_files": "0c1d", "labels": "1a"}}
    page = render_report(replace(rows, manifests={"images": manifest}))
    assert "sample_files" in page
    assert "labels" in page
    assert "/home/ann" not in page
    assert "file:" not in page


def test_a_sample_shows_what_each_stage_leaves(full: str) -> None:
    """A row a label and keyword with the images left, and a plot of all; without a sample the section is left out."""
    section = full[full.index('id="sample"') :]
    section = section[: section.index("</section>")]
    text = " ".join("".join(Page(f"<body>{section}</body>").text).split())
    assert "Lionking of beasts20202020191910" in text
    assert "Zebra90908080707040" in text
    assert "found 170, decoded 168, no exact duplicates 150" in section
    rows = planted_rows()
    without = {name: frame for name, frame in rows.frames.items() if not name.startswith("sample")}
    html = render_report(replace(rows, frames=without))
    assert 'id="sample"' not in html
    assert "No sample has been selected" in html


def test_a_damaged_image_counts_once() -> None:
    """Whose header cannot be read cannot be scored, either: one account; that of the headers where none is scored."""
    rows = planted_rows()
    groups = {one["title"]: one["total"] for one in rejected(rows).values["groups"]}
    assert groups["Images that could not be read or scored"] == 212
    assert "Images whose bytes cannot be read" not in groups
    frame = rows.frames["rejected"]
    unscored = {name: manifest for name, manifest in rows.manifests.items() if name != "predictions"}
    alone = replace(
        rows, manifests=unscored, frames={**rows.frames, "rejected": frame[frame["table_name"] != "predictions"]}
    )
    groups = {one["title"]: one["total"] for one in rejected(alone).values["groups"]}
    assert groups["Images whose bytes cannot be read"] == 211


def test_the_thresholds_of_near_duplicates_are_those_of_the_run() -> None:
    """They come from the table's manifest; where none was written, or an older one, nothing is said."""
    settings = {"duplicates.min_score": 0.25, "duplicates.min_ssim": 0.5, "duplicates.max_distance": 100.0}
    said = about_duplicates({"settings": settings})
    assert said == [("Near duplicates", "score 0.25 or more, SSIM above 0.5, distance under 100 levels")]
    assert about_duplicates({}) == about_duplicates({"settings": None}) == []
