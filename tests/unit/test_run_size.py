"""A run of few images on one machine is told from others before Spark starts, and settings of one's own still win."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from imagelake.cli.submit import main
from imagelake.config import Config, load_config
from imagelake.lake.manifest import Manifest
from imagelake.runtime import run_size
from imagelake.runtime.options import config_of
from imagelake.runtime.pipeline_options import pipeline_parser

PARTITIONS = "spark.sql.shuffle.partitions"


def config(tmp_path: Path, *settings: str) -> Config:
    """A lake that is not there yet."""
    return load_config(settings=[f"lake.root={tmp_path / 'lake'}", *settings])


def photos(folder: Path, count: int) -> list[str]:
    """Settings for a folder with so many empty files, in two folders."""
    for number in range(count):
        file = folder / str(number % 2) / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return ["source.type=folder", f"source.path={folder}"]


def publish(root: Path, name: str, rows: int) -> None:
    """A table of so many rows, as far as its manifest goes."""
    (root / name).mkdir(parents=True)
    manifest = Manifest(name, "job", "run", "print", "code", "settings", {}, rows, [], "now", 1.0, None, {})
    (root / name / "_manifest.json").write_text(json.dumps(asdict(manifest)))


def test_small_sources_are_small(tmp_path: Path) -> None:
    """By the number of files, counted no further than needed."""
    assert run_size.is_small(config(tmp_path, *photos(tmp_path / "five", 5)), 5)
    assert not run_size.is_small(config(tmp_path, *photos(tmp_path / "six", 6)), 5)
    assert run_size.is_small(config(tmp_path, "sample.images=2000"))
    assert not run_size.is_small(config(tmp_path, "sample.images=2001"))


def test_java_is_quick_for_more_images_than_spark_has_one_partition_for(tmp_path: Path) -> None:
    """Whoever asks says how many images are few: of source and lake."""
    few, more = (config(tmp_path, f"sample.images={run_size.QUICK_IMAGES + beyond}") for beyond in (0, 1))
    assert not run_size.is_small(few)
    assert run_size.is_small(few, run_size.QUICK_IMAGES)
    assert not run_size.is_small(more, run_size.QUICK_IMAGES)
    publish(tmp_path / "lake", "images", run_size.QUICK_IMAGES + 1)
    assert not run_size.is_small(few, run_size.QUICK_IMAGES)


def test_what_cannot_be_judged_is_not_small(tmp_path: Path) -> None:
    """A folder that is missing, elsewhere, or behind a link within; long label files; a lake elsewhere."""
    few = photos(tmp_path / "few", 2)
    assert not run_size.is_small(config(tmp_path, "source.type=folder", f"source.path={tmp_path / 'none'}"))
    assert not run_size.is_small(config(tmp_path, "source.type=folder", "source.path=hdfs://namenode/photos"))
    assert not run_size.is_small(config(tmp_path, *few, "lake.root=hdfs://namenode/lake"))
    labels = tmp_path / "few" / "labels.csv"
    labels.write_bytes(b" " * (run_size.MOST_METADATA_BYTES + 1))
    assert not run_size.is_small(config(tmp_path, *few))
    labels.unlink()
    assert run_size.is_small(config(tmp_path, *few))
    (tmp_path / "few" / "more").symlink_to(tmp_path)
    assert not run_size.is_small(config(tmp_path, *few))


@pytest.mark.parametrize(
    ("table", "rows", "small"), [("images", 2_000, True), ("images", 2_001, False), ("labels", 50_001, False)]
)
def test_a_large_lake_is_not_small(tmp_path: Path, table: str, rows: int, small: bool) -> None:
    """A single job by hand names no source, but its lake says how much there is."""
    publish(tmp_path / "lake", table, rows)
    assert run_size.is_small(config(tmp_path)) == small


def test_settings_of_a_small_run_are_no_last_word(tmp_path: Path) -> None:
    """They are laid over those of any local run, and the user's own over them."""

    def partitions(*arguments: str, local: bool = True) -> str:
        root = ["--root", str(tmp_path / "lake")]
        return config_of(pipeline_parser("run", "").parse_args([*root, *arguments]), [], local).spark[PARTITIONS]

    assert partitions() == "1"
    assert partitions("--set", "sample.images=10000") == "8"
    assert partitions("--set", f"spark.{PARTITIONS}=3") == "3"


def test_java_starts_quickly_for_a_small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an option of the user's own comes later, where spark-submit lets it win."""
    commands: list[list[str]] = []

    def note(command: list[str], **_: Any) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr("imagelake.cluster.submission.run.subprocess.call", note)
    own = "spark.driver.extraJavaOptions=-Xss2m"
    job = ["explore_lake", "--root", str(tmp_path / "lake")]
    for words in (["--conf", own, *job], [*job, "--set", f"sample.images={run_size.QUICK_IMAGES + 1}"]):
        assert main(words) == 0
    quick, large = commands
    assert quick.index(own) > next(place for place, word in enumerate(quick) if "TieredStopAtLevel=1" in word)
    assert not any("TieredStopAtLevel" in word for word in large)
