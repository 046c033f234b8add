"""The report job on a whole lake: known numbers and thumbnails stand in the page, and an empty lake has one too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.runtime.job import execute
from planted_report import picture
from write_report import JOB, NETWORK

TABLES_READ = tuple(name for name in JOB.reads if name != NETWORK)
ROWS: dict[str, list[dict[str, Any]]] = {
    "split_summary": [
        {"split": "train", "images": 1234, "images_with_bytes": 1200, "labelled_images": 1100, "confident_images": 617,
         "confident_ratio": 0.5, "label_rows": 5, "labels": 2, "boxes": 3, "boxed_images": 1, "depictions": 0},
    ],
    "label_counts": [
        {"label_id": "/m/lion", "label": "Lion", "split": split, "rows": 3001, "images": 9, "confident_images": 8,
         "boxes": 1}
        for split in ("train", "test")
    ],
    "label_accuracy": [
        {"label": "Lion", "images": 40, "undecodable": 0, "covered": True, "classes": ["lion"], "top1_images": 30,
         "top1": 0.75, "top1_low": 0.5981, "top1_high": 0.8581, "top5_images": 40, "top5": 1.0, "top5_low": 0.9124,
         "top5_high": 1.0, "level": 0.95},
        {"label": "Rhinoceros", "images": 7, "undecodable": 0, "covered": False, "classes": [], "level": 0.95},
    ],
    "confusion": [
        {"label": "Lion", "predicted": "<b>tiger</b>", "correct": False, "covered": True, "images": 10, "share": 0.25,
         "examples": ["i1", "bad"]},
    ],
    "image_rank": [{"image_id": "i2", "label": "Lion", "measure": "ppi", "value": 31.5, "ppi": 31.5, "rank": 1}],
    "image_bytes": [{"image_id": f"i{n}", "content": picture(n)} for n in range(3)] + [{"image_id": "bad"}],
    "search_queries": [{"query": "i0", "query_image_id": "i0", "top_names": ["lion"], "top_scores": [0.9],
                        "thumbnail": picture(0)}],
    "search_results": [{"query": "i0", "mode": "similar", "rank": 1, "image_id": "i1", "similarity": 0.87654,
                        "ppi": 12.0, "labels": ["Lion"]}],
    "images": [
        {"image_id": name, "path": f"/lake/{name}.jpg", "sha256": sha256, "split": split}
        for name, sha256, split in (("i0", "a", "train"), ("i1", "b", "train"), ("i2", "b", "test"))
    ],
    "duplicate_groups": [
        {"image_id": name, "representative_id": "i2", "split": split, "evidence": evidence, "score": 1.0, "images": 2}
        for name, split, evidence in (("i1", "train", "bytes"), ("i2", "test", "representative"))
    ],
    "mistakes": [{"image_id": "i1", "label": "Lion", "predicted": "<b>tiger</b>", "score": 0.9}],
    "labels_rejected": [{"image_id": "i1", "reason": "low_confidence"}] * 3,
    "predictions": [{"image_id": "bad", "error": "truncated"}],
    "shift_summary": [
        {"before": "train", "after": "test", "model": model, "images_before": 9, "images_after": 9, "drop": drop,
         "drop_low": 0.05, "drop_high": 0.2, "level": 0.95, "answer": f"{model} fell from train to test."}
        for model, drop in (("judging", 0.125), ("other", 0.5))
    ],
    "shift_hypotheses": [
        {"before": "train", "after": "test", "model": "judging", "hypothesis": "property_sharpness",
         "verdict": "supported", "answer": "it is blurred", "explained": 0.1, "explained_share": 0.8},
    ],
    "shift_images": [
        {"before": "train", "after": "test", "set_name": "test", "rank": rank, "image_id": f"s{rank}",
         "probability": 0.9, "correct": False, "thumbnail": picture(9)}
        for rank in (1, 2, 9)
    ],
}  # fmt: skip


def test_planted_rows_stand_in_the_report(spark: SparkSession, tmp_path: Path) -> None:
    """Sums over splits, shares with intervals, reasons, thumbnails and manifests are in one file; a rerun skips."""
    lake = plant_tables(spark, tmp_path, TABLES_READ, ROWS)
    config = load_config(settings=["report.title=Planted"])
    execute(JOB, lake, config)
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    for expected in (
        *(
            "<h1>Planted</h1>",
            "1,234",
            "6,002",
            "1 of 2",
            "75.0%",
            "59.8\u201385.8%",
            "PPI 31.5",
            "0.877",
            "low confidence",
        ),
        *("truncated", "&lt;b&gt;tiger", "not covered", "<code>plant</code>", "judging fell from train to test."),
        *("5.0 to 20.0", "80%", "it is blurred", 'href="../shift/index.html"'),
    ):
        assert expected in html, expected
    assert "other fell" not in html
    # Example i1 and the answer i1, the gallery's i2, the query; two in two splits, of them one spare; an uncovered one;
    # the first images that give a set away.
    assert html.count("data:image/jpeg;base64,") == 9
    assert "without a thumbnail" in html
    assert "i1,/lake/i1.jpg,train" in (tmp_path / "report" / "findings" / "split-leaks.csv").read_text(encoding="utf-8")
    wrong = (tmp_path / "report" / "confusions.csv").read_text(encoding="utf-8").splitlines()
    assert wrong[1:] == ["Lion,<b>tiger</b>,0.9,i1,/lake/i1.jpg"]
    assert "none: nothing has been predicted" in html
    manifest = lake.require("report")
    assert (manifest.rows, manifest.inputs["image_rank"]) == (1, lake.require("image_rank").run_id)
    assert execute(JOB, lake, config).work is None


def test_an_empty_lake_has_a_report(spark: SparkSession, tmp_path: Path) -> None:
    """All tables published and none with a row: a page that says so, and no error."""
    lake = plant_tables(spark, tmp_path, TABLES_READ, {})
    outcome = execute(JOB, lake, load_config())
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert html.count('class="absent"') >= 8
    assert "Looked for and not found: Suspected wrong labels" in html
    assert not (tmp_path / "report" / "findings").exists()
    assert outcome.work is not None
    assert outcome.work.notes["report"] == f"{lake.root}/report/index.html"
