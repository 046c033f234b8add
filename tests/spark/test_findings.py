"""What the report finds to be done: planted problems are found, each once, and sound images are left alone."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from table_rows import table_of

from imagelake.config import ReportSection, load_config
from imagelake.reports.finding import Finding
from imagelake.transforms.report.findings import (
    copies,
    damaged_files,
    near_duplicates,
    uncovered_labels,
    unusable_images,
    wrong_labels,
)
from imagelake.transforms.report.findings.every_finding import CONTRIBUTIONS, TABLES_READ
from imagelake.transforms.report.findings.problem import Contribution, find_all

RULES: ReportSection = load_config().report
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def found(
    spark: SparkSession, folder: Path, contribution: Contribution, rows: Rows, rules: ReportSection = RULES
) -> dict[str, Finding]:
    """The findings of one capability by name; tables that are not given are empty."""
    given = (*contribution.reads, *(name for name in contribution.optional if name in rows))
    tables = {name: table_of(spark, name, rows.get(name, [])) for name in given}
    return {finding.name: finding for finding in find_all([contribution], tables, rules, folder)}


def listed(folder: Path, finding: Finding) -> list[dict[str, str]]:
    """The rows of a finding's CSV."""
    with (folder / finding.csv).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def image(image_id: str, **cells: Any) -> dict[str, Any]:
    return {"image_id": image_id, "path": f"/lake/{image_id}.jpg", "split": "train", "sha256": image_id} | cells


def mistake(image_id: str, label: str, predicted: str, score: float = 0.9, **cells: Any) -> dict[str, Any]:
    row = {"image_id": image_id, "label": label, "predicted": predicted, "score": score}
    return row | {"top5": False, "same_branch": False} | cells


def test_a_sure_contradiction_is_a_suspected_wrong_label(spark: SparkSession, tmp_path: Path) -> None:
    """Only where the network is sure, knows the label, and confirms no label of the image, nor one of its branch."""
    label_rows = [("wrong", "Lion"), ("surer", "Lion"), ("unsure", "Lion"), ("near", "Lion"), ("shirt", "Shirt"),
                  ("two", "Lion"), ("two", "Tree"), ("other", "Lion"), ("other", "Zebra"), ("owl", "Owl")]  # fmt: skip
    rows: Rows = {
        "labels_clean": [{"image_id": image_id, "label": label} for image_id, label in label_rows],
        "mistakes": [
            mistake("wrong", "Lion", "Zebra"),
            mistake("surer", "Lion", "Zebra", 0.99),
            mistake("unsure", "Lion", "Zebra", 0.5),
            mistake("near", "Lion", "Zebra", top5=True),
            mistake("shirt", "Shirt", "Clothing", same_branch=True),
            mistake("two", "Lion", "Zebra"),  # its other label is not covered, so that it confirms nothing
            mistake("other", "Lion", "Zebra"),  # its other label, Zebra, is no mistake
            mistake("owl", "Owl", "Zebra"),  # of a label that the network does not know
        ],
        "label_accuracy": [
            *({"label": label, "covered": True, "top1": 0.9} for label in ("Lion", "Shirt", "Zebra")),
            {"label": "Owl", "covered": True, "top1": 0.1},
            {"label": "Tree", "covered": False},
        ],
        "images": [image(image_id) for image_id in dict(label_rows)],
    }
    (finding,) = found(spark, tmp_path, wrong_labels.CONTRIBUTION, rows).values()
    assert [example.image_id for example in finding.examples] == ["surer", "two", "wrong"]
    assert finding.examples[0].note == "Lion \u2192 Zebra"
    assert (finding.count, finding.severity) == (3, "high")
    first = listed(tmp_path, finding)[0]
    assert first == {"image_id": "surer", "path": "/lake/surer.jpg", "split": "train", "labels": "Lion",
                     "predicted": "Zebra", "score": "0.99"}  # fmt: skip


def test_equal_files_leak_contradict_and_repeat(spark: SparkSession, tmp_path: Path) -> None:
    """Two splits, two labellings, spare copies; the representative stays; files that cannot be read are no copies."""
    groups = {
        "a2": [("a1", "bytes", "train"), ("a2", "representative", "test"), ("a3", "bytes", "train")],
        "b1": [("b1", "representative", "train"), ("b2", "bytes", "train")],
        "c1": [("c1", "representative", "train"), ("c2", "bytes", "test")],
        # Two equal files that are near duplicates of a better image: near findings say that they can go.
        "d1": [("d1", "representative", "test"), ("e1", "near", "train"), ("e2", "near", "train")],
    }
    rows: Rows = {
        "duplicate_groups": [
            {"image_id": one, "representative_id": best, "evidence": evidence, "split": split}
            for best, members in groups.items()
            for one, evidence, split in members
        ],
        "images": [
            *(image(one, sha256=one[0]) for one in ("a1", "a2", "a3", "b1", "b2", "d1", "e1", "e2")),
            *(image(one, sha256="c", error="truncated") for one in ("c1", "c2")),
            image("single"),
        ],
        "labels_clean": [{"image_id": one, "label": label} for one, label in
                         (("a1", "Lion"), ("b1", "Owl"), ("b2", "Lion"), ("e1", "Owl"), ("e2", "Bat"))],
    }  # fmt: skip
    findings = found(spark, tmp_path, copies.CONTRIBUTION, rows)
    assert {name: finding.count for name, finding in findings.items()} == {
        "split-leaks": 3, "contradictory-copies": 4, "duplicates": 3
    }  # fmt: skip
    spare = {row["image_id"]: (row["keep"], row["kept_path"]) for row in listed(tmp_path, findings["duplicates"])}
    assert spare == {"a1": ("a2", "/lake/a2.jpg"), "a3": ("a2", "/lake/a2.jpg"), "b2": ("b1", "/lake/b1.jpg")}
    contradictory = {row["image_id"]: row["keep"] for row in listed(tmp_path, findings["contradictory-copies"])}
    assert contradictory == {"b1": "b1", "b2": "b1", "e1": "d1", "e2": "d1"}
    assert {example.note for example in findings["split-leaks"].examples} == {"train", "test"}


def test_near_duplicates_leave_out_equal_files(spark: SparkSession, tmp_path: Path) -> None:
    """A resized copy counts, and leaks in another split; an equal file and the best of a group are not listed."""
    members = (("a", "a", "representative", "train"), ("a2", "a", "bytes", "test"), ("a3", "a", "near", "test"),
               ("b", "b", "representative", "train"), ("b2", "b", "pixels", "train"))  # fmt: skip
    rows: Rows = {
        "duplicate_groups": [
            {"image_id": one, "representative_id": best, "evidence": evidence, "split": split, "score": 0.5 + n / 10}
            for n, (one, best, evidence, split) in enumerate(members)
        ],
        "images": [image(one) for one, *_ in members],
    }
    findings = found(spark, tmp_path, near_duplicates.CONTRIBUTION, rows)
    assert [row["image_id"] for row in listed(tmp_path, findings["near-duplicates"])] == ["b2", "a3"]
    (leak,) = listed(tmp_path, findings["near-split-leaks"])
    assert (leak["image_id"], leak["keep"], leak["kept_path"]) == ("a3", "a", "/lake/a.jpg")
    assert findings["near-split-leaks"].examples[0].note == "test, best in train"


def test_damaged_files_have_the_first_error(spark: SparkSession, tmp_path: Path) -> None:
    """The header's error before the decoder's, each with its detail; sound images and strangers are no rows."""
    rows: Rows = {
        "images": [image("a", error="bomb", error_detail="too large"), image("b"), image("c")],
        "predictions": [
            {"image_id": "a", "error": "timeout"},
            {"image_id": "b", "error": "truncated", "error_detail": "after 3 rows"},
            {"image_id": "c"},
            {"image_id": "elsewhere", "error": "truncated"},
        ],
    }
    (finding,) = found(spark, tmp_path, damaged_files.CONTRIBUTION, rows).values()
    rows_listed = [(row["image_id"], row["reason"], row["detail"]) for row in listed(tmp_path, finding)]
    assert rows_listed == [("a", "bomb", "too large"), ("b", "truncated", "after 3 rows")]


def test_an_unusable_image_counts_once(spark: SparkSession, tmp_path: Path) -> None:
    """Tiny before blank before dark before blurred, the worst first; one without texture is only judged by size."""
    sound = {"width": 500, "height": 400, "contrast": 50.0, "brightness": 120.0, "sharpness": 900.0}
    changes: dict[str, dict[str, Any]] = {
        "sound": {},
        "tiny": {"height": 20, "contrast": 1.0},
        "blank": {"contrast": 1.0, "brightness": 10.0, "sharpness": 0.0},
        "dark": {"brightness": 10.0, "sharpness": 0.0},
        "darker": {"brightness": 2.0},
        "blurred": {"sharpness": 3.0},
        "unknown": dict.fromkeys(("contrast", "brightness", "sharpness")),
    }
    rows: Rows = {
        "image_quality": [{"image_id": name, "split": "train"} | sound | change for name, change in changes.items()],
        "images": [image(name) for name in changes],
        "predictions": [],
    }
    findings = found(spark, tmp_path, unusable_images.CONTRIBUTION, rows)
    assert {name: [example.image_id for example in finding.examples] for name, finding in findings.items()} == {
        "tiny-images": ["tiny"], "blank-images": ["blank"], "dark-images": ["darker", "dark"],
        "blurred-images": ["blurred"],
    }  # fmt: skip
    strict = RULES.model_copy(update={"tiny_side": 401})
    assert found(spark, tmp_path, unusable_images.CONTRIBUTION, rows, strict)["tiny-images"].count == len(changes)
    unseen = {name: table for name, table in rows.items() if name != "predictions"}
    assert list(found(spark, tmp_path, unusable_images.CONTRIBUTION, unseen)) == ["tiny-images"]


def test_uncovered_labels_have_an_image_and_what_they_could_mean(spark: SparkSession, tmp_path: Path) -> None:
    """One row a label, the one with most images first, and an image that can be read; a covered label is none."""
    rows: Rows = {
        "label_accuracy": [
            {"label": "Crane", "covered": False, "images": 3}, {"label": "Rhino", "covered": False, "images": 9},
            {"label": "Lion", "covered": True, "images": 20},
        ],
        "class_folders": [
            {"folder": "crane", "label": "Crane", "outcome": "ambiguous", "choices": ["bird", "machine"]}
        ],
        "labels_clean": [{"image_id": name, "label": label} for name, label in (("r2", "Rhino"), ("r1", "Rhino"),
                                                                                ("c1", "Crane"), ("l1", "Lion"),
                                                                                ("r0", "Rhino"))],
        "images": [image("r0", error="empty"), *(image(name) for name in ("r1", "r2", "c1", "l1"))],
    }  # fmt: skip
    (finding,) = found(spark, tmp_path, uncovered_labels.CONTRIBUTION, rows).values()
    assert (finding.count, finding.counted) == (2, "label")
    assert [(example.image_id, example.note) for example in finding.examples] == [
        ("r1", "Rhino"), ("c1", "Crane: an ambiguous name")
    ]  # fmt: skip
    assert listed(tmp_path, finding)[1]["could_mean"] == "bird; machine"


@pytest.mark.parametrize("most", [3, 5, 50])
def test_few_rows_come_to_the_driver(spark: SparkSession, tmp_path: Path, most: int) -> None:
    """The CSV ends after so many rows, the count does not."""
    rules = RULES.model_copy(update={"finding_rows": most, "finding_images": 2})
    rows: Rows = {"images": [image(f"i{n:02}", error="bomb") for n in range(5)]}
    (finding,) = found(spark, tmp_path, damaged_files.CONTRIBUTION, rows, rules).values()
    assert (finding.count, finding.listed, len(finding.examples)) == (5, min(5, most), 2)
    assert len(listed(tmp_path, finding)) == min(5, most)


def test_nothing_to_do_has_no_csv(spark: SparkSession, tmp_path: Path) -> None:
    """Empty tables give findings that count nothing and write nothing; a missing table leaves its findings out."""
    tables = {name: table_of(spark, name, []) for name in TABLES_READ}
    findings = find_all(CONTRIBUTIONS, tables, RULES, tmp_path)
    assert {finding.count for finding in findings} == {0}
    assert len({finding.name for finding in findings}) == len(findings) == 13
    assert not list(tmp_path.iterdir())
    del tables["mistakes"]
    assert len(find_all(CONTRIBUTIONS, tables, RULES, tmp_path)) == 12
