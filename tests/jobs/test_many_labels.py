"""Wrong labels of a planted lake of images with many labels: found, shown to people, and told apart in every table."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from planted_features import lake_with
from pyspark.sql import SparkSession

import find_label_issues
import record_verdicts
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.judging.forms import LABELS as LABELS_FORM
from imagelake.lake.lake import Lake
from imagelake.lake.published import open_lake
from imagelake.runtime.job import execute
from imagelake.serving.questions import Questions
from planted_labels import LABELS, label_rows, planted

NAMES = (
    *("labels", "labels_clean", "labels_rejected", "predictions", "images", "image_bytes", "hierarchy"),
    "duplicate_groups",
)
SETTINGS = ["issues.labels=many", "train.folds=3", "train.l2=[1e-2, 1e-1]"]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Images of one grey, whose features were planted, and what is said of them."""
    features, _, said, _ = planted()
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "grey").save(written, "PNG")
    labels = label_rows(said)
    names = [f"i{row:03}" for row in range(len(features))]
    rows = {
        "labels": labels,
        "labels_clean": [row for row in labels if row["confidence"]],
        "labels_rejected": [{**row, "reason": "low_confidence"} for row in labels if not row["confidence"]],
        "predictions": [
            {"image_id": name, "features": one.tolist()} for name, one in zip(names, features, strict=True)
        ],
        "images": [{"image_id": name, "sha256": name} for name in names],
        "image_bytes": [{"image_id": name, "content": written.getvalue()} for name in names],
    }
    return lake_with(spark, tmp_path_factory.mktemp("many") / "lake", rows, NAMES)


def test_labels_that_are_missing_or_too_many_are_found(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most suspicious are the planted ones; the page asks for both kinds, and takes the answers."""
    monkeypatch.setattr(find_label_issues, "require_features", lambda *_: None)
    outcome = execute(find_label_issues.JOB, lake, load_config(settings=SETTINGS))
    assert outcome.work is not None
    wrong = {(f"i{row:03}", LABELS[label]) for row, label in planted()[3]}
    issues = lake.read("label_issues").orderBy("rank").toPandas()
    found = [pair for pair in zip(issues["image_id"], issues["label"], strict=True) if pair in wrong]
    assert len(found) >= 0.8 * len(issues)
    assert set(issues["reason"]) >= {"likely_missing", "unlikely"}
    assert (outcome.work.rows["label_scores"], outcome.work.accounts[0].rejected) == (len(label_rows(planted()[2])), {})
    counts = lake.read("label_issue_counts").toPandas()
    assert counts.groupby("present")["issues"].sum().to_dict() == {
        side: int((issues["present"] == side).sum()) for side in (False, True)
    }
    page = (Path(lake.root.removeprefix("file://")) / "label_judging" / "index.html").read_text()
    missing = issues[~issues["present"].astype(bool)].iloc[0]
    assert f"not {missing['label']}" in page
    served = Questions(open_lake(lake.root.removeprefix("file://")), LABELS_FORM).by_key
    assert served[(missing["image_id"], missing["label"])].evidence.startswith(f"not {missing['label']} (")
    file = tmp_path / "said.csv"
    file.write_text(f"image_id,label,verdict\n{missing['image_id']},{missing['label']},confirmed\n")
    execute(record_verdicts.JOB, lake, load_config(settings=[f"verdicts.file={file}"]))
    execute(find_label_issues.JOB, lake, load_config(settings=SETTINGS))
    judged = lake.read("label_issues").where("verdict = 'confirmed'").collect()
    assert [(row["image_id"], row["label"], row["present"]) for row in judged] == [
        (missing["image_id"], missing["label"], False)
    ]


def test_without_folds_nobody_is_judged(lake: Lake) -> None:
    """The error names both settings."""
    with pytest.raises(ImageLakeError, match=r"train\.folds = 0: issues\.labels = many needs two folds"):
        find_label_issues.check(load_config(settings=[*SETTINGS, "train.folds=0"]), lake.storage)
