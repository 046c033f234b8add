"""The newest comparison of sets as an answer: a paragraph, what explains it, and images that tell the sets apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imagelake.reports.names import clean_name, words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section
from imagelake.reports.sections.shift import CANNOT, hypothesis_shown, image_shown, main_summary, of_pair, set_name

Row = dict[str, Any]

PAIRS = 4  # of sets; the page of the comparison has all
PAGE = "../shift/index.html"


def shift_answer(rows: ReportRows) -> Section:
    """One answer a pair of sets, of the first pairs.

    Args:
        rows: with the frames shift_summary, shift_hypotheses and shift_images, as in the lake, those to show.
    """
    summaries, hypotheses = rows.records("shift_summary"), rows.records("shift_hypotheses")
    pairs = list(dict.fromkeys((row["before"], row["after"]) for row in summaries))
    shown = [
        _answered(of_pair(summaries, pair), of_pair(hypotheses, pair), of_pair(rows.records("shift_images"), pair))
        for pair in pairs[:PAIRS]
    ]
    absent = None if shown else "No sets have been compared: the table shift_summary is absent or empty."
    values = {"pairs": shown, "more": len(pairs) - len(shown), "page": PAGE}
    return Section("shift_answer", "Did it shift?", values, absent)


def _answered(summaries: Sequence[Row], hypotheses: Sequence[Row], images: Sequence[Row]) -> Row:
    main = main_summary(summaries, hypotheses)
    judged = [row for row in hypotheses if row["verdict"] != CANNOT and row["hypothesis"] != "chance"]
    return {
        "title": f"{set_name(main['before'])} to {set_name(main['after'])}",
        "answer": clean_name(main["answer"]),
        "alarm": main["alarm"] and clean_name(main["alarm"]),
        "drop": main["drop"],
        "drop_low": main["drop_low"],
        "drop_high": main["drop_high"],
        "level": main["level"],
        "hypotheses": [hypothesis_shown(row) for row in sorted(judged, key=_by_explained)],
        "not_judged": ", ".join(words(row["hypothesis"]) for row in hypotheses if row["verdict"] == CANNOT),
        "images": [
            {"name": set_name(name), "rows": [image_shown(row) for row in images if row["set_name"] == name]}
            for name in (main["before"], main["after"])
        ],
    }


def _by_explained(row: Row) -> tuple[bool, float]:
    """Supported ones first, of these the ones that explain most."""
    return row["verdict"] != "supported", -(row["explained_share"] or 0.0)
