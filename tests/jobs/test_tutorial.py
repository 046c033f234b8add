"""The tutorial is a real run: its photos are laid out again, and its commands run and print again what it shows."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from documents import text_of
from imagelake.cli.job_arguments import configuration_of, parser_of
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute, impossible_without
from imagelake.runtime.summary import print_outcome
from pipeline_steps import STEPS, job, what_is_left_out
from project import PROJECT

PAGE = PROJECT / "docs" / "tutorial.md"
ANIMALS = ("Leopards", "dalmatian", "elephant", "flamingo", "kangaroo", "rhino")
PREDICTING = ("convert_model", "predict_images")
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
    monkeypatch.setenv("IMAGELAKE_WEIGHTS", str(shared_data / "weights"))
    return tmp_path


class Terminal:
    """Runs the page's commands in the folder that they were written for, and keeps what the last ones printed."""

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark
        self.output = ""

    def run(self, words: list[str], shown: str) -> None:
        """One command: `scripts/run`, or `scripts/submit` with a job; others wait for somebody, such as a server.

        Of a run only those jobs are run whose output is shown, and what predicts; where none is, the options are read.
        """
        arguments = {"scripts/run": ["run_pipeline", *words[1:]], "scripts/submit": words[1:]}.get(words[0])
        if arguments is None:
            return
        name = arguments[0]
        config = configuration_of(name, parser_of(name, words[0]).parse_args(arguments[1:]), local=True)
        if not shown:
            return
        steps = [step for step in STEPS[1:] if f"{step}:" in shown or step in PREDICTING]
        jobs = [job(step) for step in (steps if name == "run_pipeline" else [name])]
        left_out = [] if config.model.has_network else impossible_without("model", list(map(job, STEPS[1:])))
        lake, printed = Lake(self.spark, config.lake.root), io.StringIO()
        console = Console(file=printed, soft_wrap=True, highlight=False, width=WIDTH)
        for one in jobs:
            if one.name not in [lacking.name for lacking in left_out]:
                print_outcome(execute(one, lake, config), console)
        self.output += printed.getvalue() + (what_is_left_out(left_out) if left_out else "")


def printed_by(code: str) -> str:
    """What a block of Python prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), {})
    return printed.getvalue()


def parts(terminal: Terminal) -> Iterator[tuple[str, str]]:
    """What the page shows as output, each with what is printed now, by the commands above it and by its Python."""
    blocks = re.findall(r"^```(sh|python|csv|text)\n(.*?)^```", text_of(PAGE), flags=re.DOTALL | re.MULTILINE)
    code = ""
    for (language, block), (follows, shown) in pairwise([*blocks, ("", "")]):
        if language == "sh":
            terminal.output = ""
            for line in block.splitlines():
                terminal.run(shlex.split(line, comments=True), shown if follows == "text" else "")
        elif language == "csv":
            Path("labels.csv").write_text(block, encoding="utf-8")
        elif language == "python":
            code = block
        else:
            yield block, terminal.output + (printed_by(code) if code else "")


def timeless(line: str) -> str:
    """A line without its seconds, and without the blanks that depend on the longest line of its table."""
    return re.sub(r"\d[\d,.]* (s|images/s)\b", r"N \1", " ".join(line.split()))


def is_printed(shown: str, printed: list[str]) -> bool:
    """Whether a line is among those that were printed; three dots stand for anything."""
    matches = re.compile(re.escape(timeless(shown)).replace(re.escape("..."), ".*")).fullmatch
    return any(matches(line) for line in printed)


def test_the_tutorial_prints_what_it_shows(spark: SparkSession, folder: Path) -> None:
    """Every line that it shows, with weights or none; its Python leaves out the copy and the torn photo alone."""
    missing = []
    for shown, output in parts(Terminal(spark)):
        printed = [timeless(line) for line in output.splitlines()]
        missing += [line for line in shown.splitlines() if line and not is_printed(line, printed)]
    assert missing == []
    usable = set(pd.read_csv(folder / "usable.csv")["image_id"])
    assert len(usable) == 60
    assert not usable & {"flamingo/image_0003.jpg", "elephant/cut.jpg"}
