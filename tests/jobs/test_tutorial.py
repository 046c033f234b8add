"""The tutorial is a real run: its photos are laid out again, and what needs no network is run and printed again."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from documents import text_of
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute, impossible_without
from imagelake.runtime.options import config_of
from imagelake.runtime.pipeline_options import pipeline_parser, pipeline_settings
from imagelake.runtime.summary import print_outcome
from pipeline_steps import STEPS, job, what_is_left_out
from project import PROJECT

PAGE = PROJECT / "docs" / "tutorial.md"
ANIMALS = ("Leopards", "dalmatian", "elephant", "flamingo", "kangaroo", "rhino")
WIDTH = 100


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the tutorial begins in, with its photos."""
    photos, originals = tmp_path / "photos", shared_data / "photos" / "caltech101_animals"
    for animal in ANIMALS:
        (photos / animal).mkdir(parents=True)
        for number in range(1, 11):
            (photos / animal / f"image_{number:04}.jpg").symlink_to(originals / animal / f"image_{number:04}.jpg")
    (photos / "flamingo" / "copy.jpg").write_bytes((photos / "flamingo" / "image_0003.jpg").read_bytes())
    (photos / "elephant" / "cut.jpg").write_bytes((photos / "elephant" / "image_0004.jpg").read_bytes()[:5000])
    (photos / "notes.txt").write_text("from the zoo\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(spark: SparkSession, words: list[str]) -> str:
    """What `scripts/run` prints for some options, without the last lines."""
    options = pipeline_parser("run", "").parse_args(words)
    config = config_of(options, pipeline_settings(options), local=True)
    lake, printed = Lake(spark, config.lake.root), io.StringIO()
    console = Console(file=printed, soft_wrap=True, highlight=False, width=WIDTH)
    jobs = [job(step) for step in STEPS[1:]]
    left_out = [] if config.model.has_network else impossible_without("model", jobs)
    for step in jobs:
        if step not in left_out:
            print_outcome(execute(step, lake, config), console)
    return printed.getvalue() + (what_is_left_out(left_out) if left_out else "")


def printed_by(code: str) -> str:
    """What a block of Python prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), {})
    return printed.getvalue()


def parts(spark: SparkSession) -> Iterator[tuple[str, str]]:
    """What the page shows as output, each with what is printed now."""
    output = ""
    for language, block in re.findall(
        r"^```(sh|python|text)\n(.*?)^```", text_of(PAGE), flags=re.DOTALL | re.MULTILINE
    ):
        if language == "python":
            output = printed_by(block)
        elif language == "sh" and block.startswith("scripts/run"):
            output = run(spark, shlex.split(block, comments=True)[1:])
        elif language == "text":
            yield block, output


def timeless(line: str) -> str:
    """A line without its seconds, and without the blanks that depend on the longest line of its table."""
    return re.sub(r"\d[\d,.]* (s|images/s)\b", r"N \1", " ".join(line.split()))


def is_printed(shown: str, printed: list[str]) -> bool:
    """Whether a line is among those that were printed; three dots stand for anything."""
    matches = re.compile(re.escape(timeless(shown)).replace(re.escape("..."), ".*")).fullmatch
    return any(matches(line) for line in printed)


def test_the_tutorial_prints_what_it_shows(spark: SparkSession, folder: Path) -> None:
    """Every line that it shows of the run without weights; and its Python leaves out the copy alone."""
    missing = []
    for shown, output in parts(spark):
        printed = [timeless(line) for line in output.splitlines()]
        missing += [line for line in shown.splitlines() if line and not is_printed(line, printed)]
    assert missing == []
    usable = set(pd.read_csv(folder / "usable.csv")["image_id"])
    assert len(usable) == 61
    assert "flamingo/image_0003.jpg" not in usable
