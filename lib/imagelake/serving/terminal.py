"""The command line of scripts/search: one search, its answers as a list or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from imagelake.errors import ImageLakeError
from imagelake.net.safe_fetch import FetchError, SafeFetch
from imagelake.search.query import PredictedLabel, Query, is_address, unknown_query
from imagelake.serving.options import fetch_of, lake_of, search_parser
from imagelake.serving.parameters import SearchParameters
from imagelake.serving.search import Found, search
from imagelake.serving.served_lake import ServedLake
from imagelake.vision.errors import ImageError

_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Search once; returns the exit code."""
    options = search_parser().parse_args(arguments)
    began = time.monotonic()
    try:
        parameters = _parameters(options)
        lake, config = lake_of(options)
        served = lake.consistent(lambda now: ServedLake(now, config, options.cache))
        ready = time.monotonic()
        query = _query(served, options.photo, fetch_of(config, options.allow_network))
        found = search(served, query, parameters, options.count)
    except ImageError as error:
        return _unusable(f"{options.photo}: {error.reason}: {error.detail}")
    except ImageLakeError as error:
        return _unusable(str(error))
    if options.json:
        sys.stdout.write(f"{_json(found, query)}\n")
        return 0
    _show(found, query)
    sys.stdout.write(
        f"{len(found.answers):,} of the {found.total:,} best of {len(served.catalogue):,} images under {lake.root}; "
        f"lake opened in {ready - began:.1f} s, searched in {time.monotonic() - ready:.2f} s\n"
    )
    return 0


def _parameters(options: argparse.Namespace) -> SearchParameters:
    """The parameters that the options give.

    Raises:
        ImageLakeError: a value is none of an option's.
    """
    if options.count < 1:
        raise ImageLakeError(f"--count {options.count}: at least 1")
    said = {
        name: value for name in SearchParameters.model_fields if (value := getattr(options, name, None)) is not None
    }
    try:
        return SearchParameters(**said)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise ImageLakeError(f"--{option} {first['input']}: {first['msg']}") from None


def _query(served: ServedLake, photo: str, fetch: SafeFetch) -> Query:
    """The photo as a query: behind an address, a file, or an image of the lake.

    Raises:
        ImageLakeError: it is none of them.
    """
    if is_address(photo):
        try:
            return served.predictor.predict(fetch.fetch(photo)).query
        except FetchError as error:
            raise ImageLakeError(f"{photo}: {error.detail}") from None
    file = Path(photo)
    if file.is_file():
        return served.predictor.predict(file.read_bytes()).query
    query = served.query_of_image(photo)
    if query is None:
        raise unknown_query(photo, served.lake.root)
    return query


def _show(found: Found, query: Query) -> None:
    """The answers, for people: a line with the numbers and labels, then whole identifiers and paths to copy."""
    console = Console(highlight=False, soft_wrap=True)
    classes = ", ".join(f"{name} {score:.2f}" for name, score in query.classes[:3])
    console.print(f"looks like {escape(classes) or 'nothing that the network knows'}; as a label: {_said(found.label)}")
    for rank, answer in enumerate(found.answers, 1):
        details = answer.details
        similarity = "" if answer.similarity is None else f"{answer.similarity:.3f}  "
        ppi = "PPI unknown" if details.ppi is None else f"PPI {details.ppi:.1f}"
        labels = ", ".join(details.labels) or "no clean label"
        console.print(f"{rank:>3}  {similarity}{ppi:<9}  [bold]{escape(labels)}[/bold]")
        console.print(f"     {escape(details.image_id)}")
        for line in (details.path, ", ".join(filter(None, (details.author, details.license)))):
            if line and line != details.image_id:
                console.print(f"     {escape(line)}", style="dim")


def _json(found: Found, query: Query) -> str:
    """The answers, for programs; the names are those of the API."""
    answers = [
        {"similarity": answer.similarity, "image": {name: value for name, value in asdict(answer.details).items()
                                                    if name != "row"}}
        for answer in found.answers
    ]  # fmt: skip
    label = found.label.name if found.label else None
    classes = [{"name": name, "score": score} for name, score in query.classes]
    return json.dumps({"classes": classes, "label": label, "total": found.total, "results": answers}, indent=2)


def _said(label: PredictedLabel | None) -> str:
    if label is None:
        return "none"
    instead = "" if label.name == label.best else f" (no image has the label {label.best})"
    return escape(f"{label.name}{instead}")


def _unusable(said: str) -> int:
    sys.stderr.write(f"search: {said}\n")
    return _UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
