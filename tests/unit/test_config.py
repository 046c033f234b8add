"""Configuration: later settings win, and every mistake names itself and the valid choices."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagelake.config import UndeclaredSettingError, load_config
from imagelake.errors import ImageLakeError


def test_later_settings_win(tmp_path: Path) -> None:
    """A file changes a default, the next file changes that, and --set changes both; the rest stays."""
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text("[clean]\nmin_confidence = 0.5\n[sample]\nseed = 1\n")
    second.write_text("[clean]\nmin_confidence = 0.6\n")
    config = load_config([first, second], ["sample.seed=3"], named=["local.toml"])
    assert (config.clean.min_confidence, config.sample.seed) == (0.6, 3)
    assert config.clean.unknown_images == load_config().clean.unknown_images
    assert config.spark["spark.sql.shuffle.partitions"] == "8"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lake.root=hdfs://host:9000/lake", "hdfs://host:9000/lake"),
        ("lake.root='quoted'", "quoted"),
        ("lake.root=with = signs", "with = signs"),
    ],
)
def test_text_needs_no_quotes(setting: str, value: str) -> None:
    """A value that is no TOML is taken as text."""
    assert load_config(settings=[setting]).lake.root == value


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "clean.min_confidnce=0.5",
            r"unknown setting of section \[clean\] 'min_confidnce'.*min_confidence.*Known: drop",
        ),
        ("cleen.x=1", "unknown section 'cleen'.*Did you mean 'clean'.*Known: accuracy"),
        ("clean=1", "not of the form section.key=value"),
        ("nonsense", "not of the form section.key=value"),
        ("clean.min_confidence=7", "clean.min_confidence = 7.*less than or equal to 1"),
        ("model.architecture=resnet", "model.architecture = 'resnet'.*'mobilenet_v1' or 'mobilenet_v2'"),
        ("rank.select_ranks=[10, 1]", "rank.select_ranks.*would select nothing"),
        ("model.top_k=1", "model.top_k = 1.*greater than or equal to 5"),
    ],
)
def test_a_mistake_names_itself_and_the_choices(setting: str, said: str) -> None:
    """Unknown names list the known ones, values out of bounds say the bounds."""
    with pytest.raises(ImageLakeError, match=said):
        load_config(settings=[setting])


def test_an_old_name_of_a_setting_is_an_error_with_the_new_name(tmp_path: Path) -> None:
    """A renamed setting is refused, in a file and on the command line, and the message names the new one."""
    (tmp_path / "old.toml").write_text('[source]\nkind = "folder"\n')
    with pytest.raises(ImageLakeError, match=r"old\.toml: source\.kind is now called source\.type"):
        load_config([tmp_path / "old.toml"])
    with pytest.raises(ImageLakeError, match=r"--set source\.kind=folder: source\.kind is now called source\.type"):
        load_config(settings=["source.kind=folder"])
    assert load_config(settings=["source.type=folder"]).source.type == "folder"


def test_bad_files_are_named(tmp_path: Path) -> None:
    """A file that is missing or no TOML is an error with its name."""
    (tmp_path / "bad.toml").write_text("[clean\n")
    with pytest.raises(ImageLakeError, match=r"bad\.toml is not TOML"):
        load_config([tmp_path / "bad.toml"])
    with pytest.raises(ImageLakeError, match=r"none\.toml does not exist"):
        load_config([tmp_path / "none.toml"])
    (tmp_path / "flat.toml").write_text("clean = 3\n")
    with pytest.raises(ImageLakeError, match="'clean' is a section"):
        load_config([tmp_path / "flat.toml"])


def test_the_digest_is_of_the_chosen_sections() -> None:
    """Changing a section changes the digest of a job that uses it, and of no other."""
    one, other = load_config(), load_config(settings=["clean.min_confidence=0.5"])
    assert one.digest(["clean"]) != other.digest(["clean"])
    assert one.digest(["model", "rank"]) == other.digest(["rank", "model"])


def test_a_job_reads_what_it_declares_and_nothing_else() -> None:
    """A declared section or setting is as it was; another one is an error that names it; where the lake is, is open."""
    config = load_config()
    asked = config.declared(["clean", "model.classes"], "some_job")
    assert asked.clean == config.clean
    assert asked.model.classes == config.model.classes
    assert asked.lake.root == config.lake.root
    for section, key in (("model", "precision"), ("rank", "measure"), ("model", "model_dump")):
        with pytest.raises(UndeclaredSettingError, match=rf"some_job: {section}\.{key}"):
            getattr(getattr(asked, section), key)


def test_a_digest_follows_what_it_is_of() -> None:
    """The digest of one setting changes with that setting, not with its section's others."""
    known = load_config().digest(["source", "model.classes"])
    assert load_config(settings=["model.precision=int8"]).digest(["source", "model.classes"]) == known
    assert load_config(settings=["model.classes=mine.csv"]).digest(["source", "model.classes"]) != known
    assert load_config(settings=["model.precision=int8"]).digest(["model"]) != load_config().digest(["model"])


@pytest.mark.parametrize(("value", "text"), [("3", "3"), ("true", "true"), ("2g", "2g"), ('"3"', "3")])
def test_properties_of_spark_need_no_quotes(value: str, text: str) -> None:
    """A number or a truth value is the text that Spark expects."""
    assert (
        load_config(settings=[f"spark.spark.sql.shuffle.partitions={value}"]).spark["spark.sql.shuffle.partitions"]
        == text
    )
