"""The summary of the report: a few figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imagelake.reports import numbers
from imagelake.reports.how import How, how
from imagelake.reports.names import words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section


@dataclass(frozen=True)
class Figure:
    """One figure: what it is, its value, a line below that qualifies it, and how it came about."""

    name: str
    value: str
    note: str
    how: How | None = None


def summary(rows: ReportRows) -> Section:
    """Images, labels, accuracy and pace."""
    figures = [*_images(rows), *_labels(rows), *_accuracy(rows), *_pace(rows)]
    absent = None if figures else "Nothing has been published below this root yet."
    values = {"figures": figures, "images": _image_account(rows), "account": _label_account(rows)}
    return Section("summary", "At a glance", values, absent)


def _images(rows: ReportRows) -> list[Figure]:
    splits = rows.records("split_summary")
    if not splits:
        return []
    images, account = sum(split["images"] for split in splits), _image_account(rows)
    note = f"{numbers.whole(account['kept'])} of them usable{_as_far_as(account)}" if account else ""
    read = how(
        rows,
        "The sum of images over the splits; usable are those that image_quality kept.",
        ("split_summary", "image_quality"),
    )
    return [Figure("Images", numbers.whole(images), note, read)]


def _image_account(rows: ReportRows) -> dict[str, Any] | None:
    """Every image of the lake once: usable ones, and the others by the reason why they are not."""
    account = _account(rows, "image_quality")
    if account is None:
        return None
    reasons = sorted(account["rejected"].items(), key=lambda pair: (-pair[1], pair[0]))
    named = {"no_bytes": "listed without a file", "no_size": "without a size"}
    listed = [(named.get(reason, words(reason)), count) for reason, count in reasons if count]
    return {**account, "reasons": listed, "decoded": "predictions" in rows.manifests}


def _as_far_as(account: dict[str, Any]) -> str:
    return "" if account["decoded"] else ", by their headers"


def _labels(rows: ReportRows) -> list[Figure]:
    account = _label_account(rows)
    if account is None:
        return []
    kept, rows_in = account["kept"], account["rows_in"]
    note = f"{numbers.percent(numbers.share_of(kept, rows_in))} of {numbers.plural(rows_in, 'label row')}"
    read = how(rows, "The rows that cleaning kept, as its account says.", ("labels_clean",))
    return [Figure("Clean labels", numbers.whole(kept), note, read)]


def _label_account(rows: ReportRows) -> dict[str, Any] | None:
    """The row counts of cleaning: kept and rejected labels."""
    return _account(rows, "labels_clean")


def _account(rows: ReportRows, table: str) -> dict[str, Any] | None:
    """The first account of a table with its shares; None for one without rows in."""
    accounts = rows.manifests.get(table, {}).get("accounts", [])
    if not accounts or not accounts[0]["rows_in"]:
        return None
    dropped = sum(accounts[0]["rejected"].values())
    return {**accounts[0], "dropped": dropped, "kept_share": accounts[0]["kept"] / accounts[0]["rows_in"]}


def _accuracy(rows: ReportRows) -> list[Figure]:
    overall = next(iter(rows.records("overall_accuracy")), None)
    if overall is None:
        return []
    table = ("label_accuracy",)
    covered = Figure(
        "Labels covered", f"{numbers.whole(overall['covered_labels'])} of {numbers.whole(overall['labels'])}",
        "by the classes of the model", how(rows, "The rows whose column covered is true, of all rows.", table),
    )  # fmt: skip
    if overall["top1"] is None:
        return [covered]
    return [
        covered,
        Figure(
            "Top-1, all images", numbers.percent(overall["top1"]), _between(overall, "top1"),
            how(rows, "The sum of top1_images over the sum of images, of the covered rows.", table),
        ),
        Figure(
            "Top-1, mean of labels", numbers.percent(overall["mean_top1"]), _between(overall, "mean_top1"),
            how(rows, "The mean of top1 over the covered rows with images.", table),
        ),
    ]  # fmt: skip


def _between(overall: dict[str, Any], name: str) -> str:
    return numbers.interval(overall[f"{name}_low"], overall[f"{name}_high"])


def _pace(rows: ReportRows) -> list[Figure]:
    runs = {manifest["run_id"]: manifest["seconds"] for manifest in rows.manifests.values()}
    figures = []
    pace = rows.manifests.get("predictions", {}).get("images_per_second")
    if pace is not None:
        read = how(rows, "The images of the run over its seconds, as its manifest says.", ("predictions",))
        figures.append(Figure("Images a second", numbers.decimal(pace), "predicted, decoding included", read))
    if runs:
        note = f"in {numbers.plural(len(runs), 'job')}"
        figures.append(Figure("Time", numbers.duration(sum(runs.values())), note))
    return figures
