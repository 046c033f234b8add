"""The page of shift: an answer, its evidence, and names of any script without harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from imagelake.reports.rows import ReportRows
from imagelake.reports.sections.shift import shift
from imagelake.reports.sections.shift_answer import shift_answer
from imagelake.reports.shift_page import write_shift_page
from planted_shift import PAIR, frame, planted_shift


def test_the_page_answers_before_it_proves(tmp_path: Path) -> None:
    """The paragraph comes first, then each hypothesis with its verdict; classes without a drop are not among those."""
    write_shift_page(ReportRows("Distribution shift", planted_shift()), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    order = ["It fell.", "A limit is passed", "prior shift", "give", "Classes by accuracy", "Classes that fall most"]
    positions = [page.index(text) for text in order]
    assert positions == sorted(positions)
    for text in (
        *("30%", "not judged", "cannot: no issues", "slope 1.10", "Drop of accuracy over time", "97.0% after, wrong"),
        *("the same constant in both sets", "data:image/jpeg;base64,", "no label"),
    ):
        assert text in page, text
    assert "1 of 2; p by Fisher" in page
    assert "<script" not in page
    assert "<b>two" not in page


def test_without_sets_the_section_says_which_job_compares() -> None:
    """An absent section, as the report's others."""
    assert shift(ReportRows("none")).absent == "No sets have been compared: the job measure_shift does."


def test_the_report_answers_by_what_explains_most() -> None:
    """Supported hypotheses come first, of these the one that explains most; those not judged are named in a line."""
    frames = planted_shift()
    judged = {**PAIR, "model": "resnet50"}
    more = {**judged, "verdict": "supported", "answer": "so"}
    frames["shift_hypotheses"] = frame(
        "shift_hypotheses",
        [
            {**more, "hypothesis": "chance", "explained_share": None},
            {
                **judged,
                "hypothesis": "duplicates",
                "verdict": "not_supported",
                "answer": "none",
                "explained_share": 0.9,
            },
            {**more, "hypothesis": "prior_shift", "explained_share": 0.2},
            {**more, "hypothesis": "property_sharpness", "explained_share": 0.7},
            {**judged, "hypothesis": "label_noise", "verdict": "cannot", "answer": "cannot: no issues"},
        ],
    )
    (pair,) = shift_answer(ReportRows("Report", frames)).values["pairs"]
    assert [row["name"] for row in pair["hypotheses"]] == ["property sharpness", "prior shift", "duplicates"]
    assert pair["not_judged"] == "label noise"
    assert pair["answer"].startswith("It fell.")
    assert (pair["drop"], pair["title"]) == (0.13, "one to b>")
    assert [len(one["rows"]) for one in pair["images"]] == [1, 1]


def test_the_report_shows_the_first_pairs_of_sets_only() -> None:
    """The others are counted, and are on the page of the comparison."""
    frames = planted_shift()
    row: Any = frames["shift_summary"].iloc[0].to_dict()
    rows: list[dict[str, Any]] = [{**row, "after": f"set{number}", "drop": None} for number in range(6)]
    found = shift_answer(ReportRows("Report", {"shift_summary": frame("shift_summary", rows)}))
    assert (len(found.values["pairs"]), found.values["more"]) == (4, 2)
    assert shift_answer(ReportRows("none")).absent == (
        "No sets have been compared: the table shift_summary is absent or empty."
    )
