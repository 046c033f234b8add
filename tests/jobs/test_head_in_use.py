"""A head on the sample lake is a model like any other: it predicts, is measured, finds wrong labels, is reported."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.library.opened_lake import open_lake
from imagelake.runtime.job import execute
from imagelake.serving.terminal import main
from pipeline_steps import job, run_steps
from served import Served

ANIMALS = (
    "Eagle",
    "Elephant",
    "Giraffe",
    "Leopard",
    "Lion",
    "Owl",
    "Parrot",
    "Penguin",
    "Rhinoceros",
    "Tiger",
    "Zebra",
)


@pytest.fixture(scope="module")
def trained(sample: FinishedLake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A copy of the sample lake with a head for all of its animals, and the issues that it finds."""
    lake = sample.copied(tmp_path_factory.mktemp("head") / "lake").lake
    run_steps(("train_classifier", "find_label_issues"), lake, load_config(settings=settings_of(lake)))
    return lake


def settings_of(lake: Lake) -> list[str]:
    """The head of all animals: of the rhinoceros, which few photos show, there are fewer than a head asks for."""
    named = ["train.name=animals", "issues.head=animals", "train.min_images=2"]
    return [f"lake.root={lake.root}", *named, f"train.labels={list(ANIMALS)}", "train.l2=[1e-2, 1e-1]", "train.folds=3"]


def test_a_head_predicts_what_the_network_never_learnt(trained: Lake, sample: FinishedLake, tmp_path: Path) -> None:
    """The rhinoceros is covered and recognised, in photos from outside, too; an unknown head names the known ones."""
    before = sample.frame("label_accuracy").set_index("label")
    assert not before.loc["Rhinoceros"].to_dict()["covered"]
    lake = Lake(trained.spark, str(shutil.copytree(trained.root.removeprefix("file://"), tmp_path / "lake")))
    config = load_config(settings=[*settings_of(lake), "model.head=animals"])
    run_steps(("predict_images", "measure_accuracy"), lake, config)
    after = lake.read("label_accuracy").toPandas().set_index("label")
    rhinoceros = after.loc["Rhinoceros"].to_dict()
    assert rhinoceros["covered"]
    assert rhinoceros["top1"] > 0.5
    assert_compared_as_measured(lake)
    with pytest.raises(ImageLakeError, match=r"model\.head = 'animal'\. Did you mean 'animals'"):
        execute(job("predict_images"), lake, load_config(settings=[*settings_of(lake), "model.head=animal"]))
    folder = tmp_path / "new"
    folder.mkdir()
    rhinos = lake.read("labels_clean").where("label = 'Rhinoceros'")
    packed = lake.read("image_bytes").join(rhinos, "image_id", how="left_semi")  # some images are listed only
    rhino = packed.orderBy("image_id").limit(1).collect()[0]
    (folder / "horn.jpg").write_bytes(rhino["content"])
    (folder / "torn.jpg").write_bytes(rhino["content"][:200])
    (folder / "notes.txt").write_text("no photo")
    unseen = load_config(settings=[*settings_of(lake), "model.head=animals", f'unseen.images=["{folder}"]'])
    outcome = execute(job("predict_unseen"), lake, unseen)
    assert outcome.work is not None
    assert outcome.work.accounts[0].rejected == {"other_file": 1}
    with (Path(lake.root.removeprefix("file://")) / "unseen" / "predictions.csv").open(encoding="utf-8") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    of_lake = lake.read("predictions").where(f"image_id = '{rhino['image_id']}'").collect()[0]
    assert rows["horn.jpg"]["predicted"] == of_lake["top_names"][0]
    assert rows["torn.jpg"]["error"]


def assert_compared_as_measured(lake: Lake) -> None:
    """In the comparison of models the head, beside the network without it, is as accurate as measure_accuracy says."""
    sums = lake.read("label_accuracy").where("covered").toPandas()[["images", "top1_images", "top5_images"]].sum()
    variants = ['compare.heads=["animals"]', "compare.resolutions=[128]", "compare.precisions=['float32']"]
    execute(job("compare_models"), lake, load_config(settings=[*settings_of(lake), *variants, "compare.images=0"]))
    rows = lake.read("model_comparison").toPandas().set_index("head")
    assert list(rows.sort_index().index) == ["", "animals"]
    head, network = rows.loc["animals"], rows.loc[""]
    assert (head["images"], head["top1"]) == (sums["images"], pytest.approx(sums["top1_images"] / sums["images"]))
    assert head["top5"] == pytest.approx(sums["top5_images"] / sums["images"])
    assert head["labels"] > network["labels"]
    assert head["model_bytes"] > network["model_bytes"]
    page = (Path(lake.root.removeprefix("file://")) / "comparison" / "index.html").read_text(encoding="utf-8")
    assert "head animals" in page


@pytest.fixture(scope="module")
def predicted(trained: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A copy that the head predicted, whose accuracy was measured before: of classes that the head knows nothing of."""
    copy = shutil.copytree(trained.root.removeprefix("file://"), tmp_path_factory.mktemp("predicted") / "lake")
    lake = Lake(trained.spark, str(copy))
    execute(job("predict_images"), lake, load_config(settings=[*settings_of(lake), "model.head=animals"]))
    return lake


def test_a_photo_is_predicted_by_the_head_that_predicted_the_lake(
    predicted: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Server, terminal, job and library give an image's bytes its own labels and scores, and find others by them."""
    lake, folder = predicted, Path(predicted.root.removeprefix("file://"))
    rhinos = lake.read("labels_clean").where("label = 'Rhinoceros'").select("image_id")
    own = lake.read("predictions").join(rhinos, "image_id").where("top_names[0] = 'Rhinoceros'").collect()[0]
    content = bytes(lake.read("image_bytes").where(f"image_id = '{own['image_id']}'").collect()[0]["content"])
    photo = tmp_path / "horn.jpg"
    photo.write_bytes(content)
    expected = list(zip(own["top_names"], own["top_scores"], strict=True))
    with Served(folder, tmp_path / "cache") as site:
        assert "predicted by animals" in "".join(site.log)
        assert "animals, trained on their labels, predicts them" in site.get("/").text
        found = site.search(content, mode="label").json()
        stored = site.get("/api/search", image=own["image_id"]).json()
        other = site.search(shrunk(content), label="Rhinoceros", duplicates="hide").json()
        page = site.get(found["link"]).text
        words = site.get("/api/words", words="Rhinoceros", count=100).json()
    for answer in (found, stored):
        assert [one["name"] for one in answer["classes"]] == [name for name, _ in expected]
        assert [one["score"] for one in answer["classes"]] == pytest.approx([score for _, score in expected], abs=1e-4)
    assert (found["predicted_label"], found["label"]) == ("Rhinoceros", "Rhinoceros")
    assert found["results"]
    for answer in (found, other):
        assert all("Rhinoceros" in result["image"]["labels"] for result in answer["results"])
    assert other["classes"][0]["name"] == "Rhinoceros"
    assert "Rhinoceros" in page
    scores = lake.read("predictions").where("error IS NULL").select("image_id", "top_names", "top_scores").collect()
    likely = {row[0] for row in scores if dict(zip(row[1], row[2], strict=True)).get("Rhinoceros", 0) >= 0.1}
    labelled = {row["image_id"] for row in rhinos.collect()}
    assert {result["image"]["image_id"] for result in words["results"]} == likely | labelled
    capsys.readouterr()
    assert main([str(photo), "--mode=label", "--json", "--root", str(folder), "--cache", str(tmp_path / "cache")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["classes"], said["label"]) == (found["classes"], "Rhinoceros")
    assert [result["image"]["image_id"] for result in said["results"]] == [
        result["image"]["image_id"] for result in found["results"]
    ][: len(said["results"])]
    asked = [f"lake.root={lake.root}", f'search.queries=["{photo}"]']
    execute(job("search_similar_images"), lake, load_config(settings=asked))
    [query] = lake.read("search_queries").collect()
    assert query["top_names"] == [name for name, _ in expected]
    by_label = lake.read("search_results").where("mode = 'label'").orderBy("rank").collect()
    assert [row["image_id"] for row in by_label] == [result["image"]["image_id"] for result in found["results"]][
        : len(by_label)
    ]
    assert open_lake(str(folder)).network.classes == ANIMALS


def shrunk(content: bytes) -> bytes:
    """The same picture as another file."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").resize((image.width * 9 // 10, image.height * 9 // 10)).save(file, "JPEG", quality=90)
    return file.getvalue()


def test_a_head_of_other_labels_since_is_told(
    predicted: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a head was trained on other labels since it predicted the lake, no label is called by another's name."""
    folder = shutil.copytree(predicted.root.removeprefix("file://"), tmp_path / "lake")
    lake = Lake(predicted.spark, str(folder))
    others = [
        *settings_of(lake),
        "model.head=animals",
        'train.labels=["Lion", "Zebra"]',
        "train.folds=0",
        "train.l2=[1e-2]",
    ]
    execute(job("train_classifier"), lake, load_config(settings=others))
    assert main(["horn.jpg", "--root", str(folder), "--cache", str(tmp_path / "cache")]) == 2
    assert "has been replaced since: run predict_images again" in capsys.readouterr().err


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
