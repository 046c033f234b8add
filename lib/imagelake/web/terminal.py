"""The command line of scripts/search: one search, its answers as a table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.vision.errors import ImageError
from imagelake.web.options import lake_of, search_parser
from imagelake.web.problems import ProblemError
from imagelake.web.questions import Choice
from imagelake.web.safe_fetch import FetchError, SafeFetch
from imagelake.web.searching import Answer, Found, search
from imagelake.web.served_lake import Question, ServedLake

_UNUSABLE = 2
_COLUMNS = ("", "similarity", "PPI", "labels", "image_id", "author", "licence")


def main(arguments: Sequence[str] | None = None) -> int:
    """Search once; returns the exit code."""
    options = search_parser().parse_args(arguments)
    began = time.monotonic()
    try:
        choice = _choice(options)
        lake, config = lake_of(options)
        served = ServedLake(lake, config, options.cache)
        ready = time.monotonic()
        question = _question(served, options.photo, config)
        found = search(served, question, choice, options.count)
    except ImageError as error:
        return _unusable(f"{options.photo}: {error.reason}: {error.detail}")
    except (ImageLakeError, ProblemError, FetchError) as error:
        return _unusable(str(error))
    _show(found, question)
    sys.stdout.write(
        f"{len(found.answers):,} of the {found.total:,} best of {len(served.catalogue):,} images under {lake.root}; "
        f"lake opened in {ready - began:.1f} s, searched in {time.monotonic() - ready:.2f} s\n"
    )
    return 0


def _choice(options: argparse.Namespace) -> Choice:
    """What the options ask for.

    Raises:
        ImageLakeError: a value is none of an option's.
    """
    if options.count < 1:
        raise ImageLakeError(f"--count {options.count}: at least 1")
    said = {name: value for name in Choice.model_fields if (value := getattr(options, name, None)) is not None}
    try:
        return Choice(**said)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise ImageLakeError(f"--{option} {first['input']}: {first['msg']}") from None


def _question(served: ServedLake, photo: str, config: Config) -> Question:
    """The photo as a question: behind an address, a file, or an image of the lake.

    Raises:
        ImageLakeError: it is none of them.
    """
    if photo.startswith(("http://", "https://")):
        fetch = SafeFetch(config.search.url_timeout_s, config.search.url_max_bytes, [])
        return Question.of(served.eyes.see(fetch.fetch(photo)))
    file = Path(photo)
    if file.is_file():
        return Question.of(served.eyes.see(file.read_bytes()))
    question = served.question_of_image(photo)
    if question is None:
        raise ImageLakeError(f"{photo}: neither a file nor the image_id of an image of {served.lake.root}")
    return question


def _show(found: Found, question: Question) -> None:
    """The answers, for people."""
    console = Console(highlight=False)
    seen = ", ".join(f"{name} {score:.2f}" for name, score in question.classes[:3])
    console.print(f"looks like {escape(seen) or 'nothing that the network knows'}; as a label: {found.label or 'none'}")
    table = Table(*_COLUMNS)
    for place, answer in enumerate(found.answers, 1):
        table.add_row(str(place), *(escape(value) for value in _cells(answer)))
    console.print(table)


def _cells(answer: Answer) -> tuple[str, ...]:
    facts = answer.facts
    similarity = "" if answer.similarity is None else f"{answer.similarity:.3f}"
    ppi = "" if facts.ppi is None else f"{facts.ppi:.1f}"
    return (similarity, ppi, ", ".join(facts.labels), facts.image_id, facts.author or "", facts.license or "")


def _unusable(said: str) -> int:
    sys.stderr.write(f"search: {said}\n")
    return _UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
