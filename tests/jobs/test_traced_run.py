"""What a run notes in its manifests is what it was given, and leads from any table to the files of the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from finished_lake import FinishedLake
from imagelake.lake.parts import local_crc32c
from imagelake.lake.trace import main
from imagelake.samples import PlantedFacts


def test_a_manifest_has_every_declared_setting_with_its_value(sample: FinishedLake) -> None:
    """Of whole sections and of single settings; none that the job does not declare."""
    settings = sample.lake.require("labels").settings or {}
    assert settings["source.type"] == sample.config.source.type
    assert settings["model.classes"] == sample.config.model.classes
    assert {name.partition(".")[0] for name in settings} == {"source", "model"}
    assert len([name for name in settings if name.startswith("model.")]) == 1


def test_a_manifest_has_every_list_with_its_checksum(sample: FinishedLake, facts: PlantedFacts) -> None:
    """All CSV and JSON files of the source, and no photo; the checksums are those of the files."""
    folder: Path = sample.folder / "sample_files"
    texts = [file for file in folder.rglob("*") if file.suffix in {".csv", ".json"} and file.name != "_manifest.json"]
    parts = {part.name: part for part in sample.lake.require("labels").sources or ()}
    assert set(parts) >= {f"file://{file}" for file in texts}
    assert not any(name.endswith((".jpg", ".png")) for name in parts)
    for file in texts:
        assert parts[f"file://{file}"].crc32c == local_crc32c(file)
    assert len(texts) >= len(facts.files)


@pytest.mark.parametrize("table", ["report", "image_rank", "search_results"])
def test_tables_of_a_finished_lake_lead_to_the_drawn_files(
    sample: FinishedLake, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is traced ends at the run that drew the sample, with its seed, and no run is lost on the way."""
    assert main([table, "--root", str(sample.folder)]) == 0
    out = capsys.readouterr().out
    assert "draw_sample_lake" in out
    assert f"sample.seed = {sample.config.sample.seed}" in out
    assert "published anew since" not in out


def test_a_number_of_a_finished_lake_is_verified(sample: FinishedLake, capsys: pytest.CaptureFixture[str]) -> None:
    """The accuracy of a label, with the lists that it rests on compared with what was read."""
    assert main(["label_accuracy", "label=Lion", "column=top1", "--verify", "--root", str(sample.folder)]) == 0
    out = capsys.readouterr().out
    frame = sample.frame("label_accuracy").set_index("label")
    assert out.startswith(f"label_accuracy label=Lion: top1 = {frame.loc['Lion', 'top1']}\n")
    assert "class-descriptions.csv" in out
    assert ", unchanged" in out
    assert "CHANGED" not in out
