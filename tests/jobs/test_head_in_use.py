"""A head on the sample lake is a model like any other: it predicts, is measured, finds wrong labels, is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from pipeline_steps import job, run_steps


@pytest.fixture(scope="module")
def trained(sample: FinishedLake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A copy of the sample lake with a head for all of its animals, and the issues that it finds."""
    lake = sample.copied(tmp_path_factory.mktemp("head") / "lake").lake
    run_steps(("train_classifier", "find_label_issues"), lake, load_config(settings=settings_of(lake)))
    return lake


def settings_of(lake: Lake) -> list[str]:
    named = ["train.name=animals", "issues.head=animals"]
    return [f"lake.root={lake.root}", *named, "train.l2=[1e-2, 1e-1]", "train.folds=3"]


def test_what_people_say_of_issues_is_respected(trained: Lake, tmp_path: Path) -> None:
    """A confirmed label is dropped for good, a refuted one stays even where issues are dropped, and is judged again."""
    clean = trained.read("labels_clean").orderBy("image_id", "label").collect()
    issues = [(row["image_id"], row["label"]) for row in trained.read("label_issues").collect()]
    scored = {(row["image_id"], row["label"]) for row in trained.read("label_scores").collect()}
    assert set(issues) <= scored
    first, second = (row["image_id"] + "," + row["label"] for row in clean[:2])
    file = tmp_path / "said.csv"
    file.write_text(f"image_id,label,verdict\n{first},confirmed\n{second},refuted\nnobody,Lion,refuted\n")
    config = load_config(settings=[*settings_of(trained), f"verdicts.file={file}", "clean.label_issues=drop"])
    outcomes = run_steps(("record_verdicts", "clean_labels"), trained, config)
    assert outcomes["record_verdicts"].work is not None
    assert outcomes["record_verdicts"].work.accounts[0].rejected == {"no_such_label": 1}
    rejected = trained.read("labels_rejected")
    found = {(row["image_id"] + "," + (row["label"] or ""), row["reason"]) for row in rejected.collect()}
    assert (first, "confirmed_wrong") in found
    kept = {row["image_id"] + "," + row["label"] for row in trained.read("labels_clean").collect()}
    assert second in kept
    dropped = {",".join(issue) for issue in issues} - {first, second}
    assert {pair for pair, reason in found if reason == "label_issue"} == dropped
    assert execute(job("clean_labels"), trained, config).work is None


def test_the_report_shows_head_and_issues(trained: Lake) -> None:
    """Without a head the report says how to train one; with it there are its measures."""
    execute(job("write_report"), trained, load_config(settings=settings_of(trained)))
    html = (Path(trained.root.removeprefix("file://")) / "report" / "index.html").read_text(encoding="utf-8")
    assert "The head animals, chosen in cross validation" in html
    known = trained.read("label_issues").count()
    assert ("Labels that are probably wrong" if known else "No label is probably wrong") in html
