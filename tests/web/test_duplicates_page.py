"""The groups of duplicates in the browser app are those of the tables, whichever are looked at, and on every page."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, ViewportSize
from republished import publish_rows

from finished_lake import FinishedLake
from imagelake.lake.published import open_lake
from imagelake.lake.record import RECORD
from imagelake.serving.catalogue import Catalogue
from imagelake.serving.duplicate_groups import GROUPS, DuplicateGroups
from served import Served

LARGE, PAIRED = 30, 26  # images of the large group; groups of two
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def groups(sample: FinishedLake) -> list[dict[str, Any]]:
    """Rows of duplicate_groups over the images of the sample: a large group of all evidence, and pairs."""
    frame = sample.frame("image_quality", ["image_id", "split"]).sort_values("image_id")
    quality = [{"image_id": image_id, "split": split} for image_id, split in frame.itertuples(index=False)]
    kinds = ("bytes", "pixels", "thumbnail", "near")
    rows = [
        {**image, "representative_id": quality[0]["image_id"], "images": LARGE,
         "evidence": kinds[n % 4] if n else "representative", "score": 0.5 + n / 100 if n % 4 == 3 else 1.0}
        for n, image in enumerate(quality[:LARGE])
    ]  # fmt: skip
    for n in range(PAIRED):
        keep, other = quality[LARGE + 2 * n : LARGE + 2 * n + 2]
        evidence, score = ("near", 0.4 + n / 100) if n % 2 else ("bytes", 1.0)
        known = {"representative_id": keep["image_id"], "images": 2}
        rows += [{**keep, **known, "evidence": "representative", "score": 1.0}]
        rows += [{**other, **known, "evidence": evidence, "score": score}]
    return rows


@pytest.fixture(scope="module")
def site(
    sample: FinishedLake, groups: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A lake with these groups, two of which conflict, one of which leaks."""
    folder = sample.copied(tmp_path_factory.mktemp("duplicates") / "lake").folder
    publish_rows(folder, "duplicate_groups", groups, "planted-groups")
    first, second = groups[LARGE]["representative_id"], groups[LARGE + 2]["representative_id"]
    publish_rows(
        folder,
        "duplicate_conflicts",
        [
            {"representative_id": first, "conflict": "labels", "values": ["Lion", "<b>Owl"], "images": 2},
            {"representative_id": second, "conflict": "labels", "values": ["Owl", "Zebra"], "images": 2},
            {"representative_id": second, "conflict": "splits", "values": ["test", "train"], "images": 2},
        ],
        "planted-conflicts",
    )
    rates = ("--set", "web.requests_per_minute=100000")
    with Served(folder, tmp_path_factory.mktemp("cache"), *rates) as server:
        yield server


def pages(site: Served, **parameters: object) -> list[dict[str, Any]]:
    """The groups of all pages by the API."""
    found, page, last = [], 1, 1
    while page <= last:
        answer = site.get("/api/duplicates", page=page, **parameters).json()
        found += answer["groups"]
        page, last = page + 1, answer["pages"]
    return found


def test_groups_are_those_of_the_table(site: Served, groups: list[dict[str, Any]]) -> None:
    """The largest first, then by the image to keep; the kept image first, then the surest; all pages make the whole."""
    table = pd.DataFrame(groups)
    found = pages(site, count=10)
    sizes = table.groupby("representative_id").size()
    assert [group["keep"] for group in found] == [
        name for name, _ in sorted(sizes.items(), key=lambda one: (-one[1], one[0]))
    ]
    for group in found:
        own = table[table["representative_id"] == group["keep"]]
        assert group["total"] == len(own)
        in_order = own.sort_values(
            ["evidence", "score", "image_id"],
            key=lambda column: (
                column != "representative"
                if column.name == "evidence"
                else -column
                if column.name == "score"
                else column
            ),
        )
        shown = [(one["image"]["image_id"], one["evidence"]) for one in group["images"]]
        assert shown == list(zip(in_order["image_id"], in_order["evidence"], strict=True))[:12]
        assert [one["score"] for one in group["images"]] == pytest.approx(list(in_order["score"])[:12])


@pytest.mark.parametrize("kind", ["exact", "near", "conflict", "leak"])
def test_kinds_choose_groups(site: Served, groups: list[dict[str, Any]], kind: str) -> None:
    """Exact and near follow from the evidence of the members, conflicts and leaks from their table; counts agree."""
    evidence = pd.DataFrame(groups).groupby("representative_id")["evidence"].agg(set)
    expected = {
        "exact": set(evidence[evidence.map(lambda found: bool(found & {"bytes", "pixels"}))].index),
        "near": set(evidence[evidence.map(lambda found: bool(found & {"thumbnail", "near"}))].index),
        "conflict": {groups[LARGE]["representative_id"], groups[LARGE + 2]["representative_id"]},
        "leak": {groups[LARGE + 2]["representative_id"]},
    }[kind]
    found = pages(site, show=kind)
    assert {group["keep"] for group in found} == expected
    assert site.get("/api/duplicates").json()["counts"][kind] == len(found) == len(expected)
    assert all(group["labels"] for group in found if kind == "conflict")
    assert all(group["splits"] == ["test", "train"] for group in found if kind == "leak")


def test_one_group_is_shown_whole(site: Served, groups: list[dict[str, Any]]) -> None:
    """A group too large for the list has pages of its own; the image to keep is marked on its first alone."""
    keep = groups[0]["representative_id"]
    listed = site.get("/duplicates").text
    assert f'href="/duplicates?group={keep}"' in listed
    first, second = (site.get("/duplicates", group=keep, page=page).text for page in (1, 2))
    shown = [re.findall(r'name="id" value="([^"]+)"', page) for page in (first, second)]
    assert sorted([*shown[0], *shown[1]]) == sorted(row["image_id"] for row in groups[:LARGE])
    assert first.count('class="mark"') == 1
    assert second.count('class="mark"') == 0
    assert "&lt;b&gt;Owl" in listed
    assert "<b>Owl" not in listed


def test_what_is_not_there_is_said_plainly(site: Served, groups: list[dict[str, Any]]) -> None:
    """A page beyond the last one, an unknown group and an unknown kind each lead on."""
    assert "There is no page 99." in site.get("/duplicates", page=99).text
    page = {"Accept": "text/html"}
    for parameters, status, said in (
        ("group=nobody", 404, "No group of duplicates has this image to keep."),
        (f"group={groups[1]['image_id']}", 404, "No group of duplicates has this image to keep."),
        ("show=strange", 422, "Show cannot be “strange”"),
    ):
        answer = site.http.get(f"{site.url}/duplicates?{parameters}", headers=page, timeout=30)
        assert answer.status_code == status
        assert said in answer.text
        assert 'href="/"' in answer.text


def test_it_fits_and_works_without_scripts(browser: Browser, site: Served) -> None:
    """On a phone and on a desk nothing is cut; a large group takes the whole width; kinds are links."""
    for size in (PHONE, ViewportSize(width=1360, height=900)):
        context = browser.new_context(viewport=size, java_script_enabled=False, base_url=site.url)
        page = context.new_page()
        page.goto("/duplicates")
        box, around = (page.locator(place).first.bounding_box() for place in (".group.large", ".groups"))
        assert box is not None
        assert around is not None
        assert box["width"] == pytest.approx(around["width"], abs=2)
        assert around["width"] > 0.6 * size["width"]
        page.get_by_role("link", name=re.compile("Labels conflict")).click()
        page.wait_for_url("**/duplicates?show=conflict")
        assert page.locator(".group").count() == 2
        assert page.get_by_text("Labels conflict: Owl, Zebra.").is_visible()
        context.close()


def test_without_find_duplicates_groups_are_equal_files(sample: FinishedLake, tmp_path: Path) -> None:
    """Brute force over the hashes; the one to keep is the one that find_duplicates keeps of equal files."""
    folder = sample.copied(tmp_path / "lake").folder
    shutil.rmtree(folder / GROUPS)
    published = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    published.pop(GROUPS)
    (folder / RECORD).write_text(json.dumps(published), encoding="utf-8")
    lake = open_lake(str(folder))
    catalogue = Catalogue(lake, tmp_path / "details")
    groups = DuplicateGroups(lake, catalogue)
    readable = set(sample.frame("image_quality", ["image_id"])["image_id"])
    images = sample.frame("images", ["image_id", "sha256"])
    images = images[images["image_id"].isin(readable)]
    expected = sorted(sorted(found) for _, found in images.groupby("sha256")["image_id"] if len(found) > 1)
    found = [groups.group(number, slice(None)) for number in range(len(groups))]
    names = [[catalogue.image_id(copy.row) for copy in group.copies] for group in found]
    assert not groups.published
    assert sorted(names) == expected
    assert expected
    assert groups.counts == {"exact": len(expected), "near": 0, "conflict": 0, "leak": 0}
    kept = sample.frame("duplicate_groups", ["image_id", "representative_id", "evidence"])
    of_bytes = kept[kept["evidence"] == "bytes"].set_index("image_id")["representative_id"]
    assert {other: name[0] for name in names for other in name[1:]}.items() >= of_bytes.to_dict().items()
    with Served(folder, tmp_path / "cache") as server:
        page = server.get("/duplicates").text
        assert "find_duplicates has not run, so these are files that are equal byte by byte" in page
        assert page.count('class="mark"') == len(expected)
        assert not server.get("/api/duplicates").json()["published"]
