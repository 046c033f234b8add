"""A trace as text: the row, then the runs as a tree, then files with their hashes."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from imagelake.lake.manifest import Account, Manifest, Part
from imagelake.lake.traced import Trace
from imagelake.lake.traced_runs import TracedRun, TracedSource
from imagelake.tables import TABLES

_SHOWN_ITEMS = 8
_LABEL_WIDTH = 9
_TOGETHER = "\u00a0=\u00a0"  # a line does not end beside it


def trace_lines(trace: Trace, width: int) -> Iterator[str]:
    """The lines, wrapped to a number of columns; addresses and hashes are never broken."""
    yield from _row_lines(trace, width)
    yield "made by"
    yield from _run_lines(trace.made_by, trace.verdicts, width, "", "")
    if trace.network:
        yield ""
        yield "the network"
        for file in trace.network:
            yield f"  {file.name}, {file.bytes:,} bytes, sha256 {file.sha256}"
    if trace.image:
        yield ""
        yield f"the image {trace.image.image_id}"
        yield from _image_lines(trace)


def _row_lines(trace: Trace, width: int) -> Iterator[str]:
    if trace.rows is None:
        meaning = f": {TABLES[trace.table].meaning}" if trace.table in TABLES else ""
        yield f"{trace.table}{meaning}"
        yield ""
        return
    first, said = trace.rows.first[0], " ".join(map(str, trace.conditions))
    number = f": {trace.column.name} = {_cell(first[trace.column.name])}" if trace.column else ""
    yield f"{trace.table} {said}{number}"
    if trace.column:
        yield f"  {trace.column.meaning}"
    if trace.rows.count > 1:
        key = ", ".join(TABLES[trace.table].key)
        more = f"; one is named by {key}" if key else ""
        yield f"  one of {trace.rows.count:,} rows, of which {len(trace.rows.first)} are shown{more}"
    for row in trace.rows.first:
        yield from _wrapped("row", [f"{name} = {_cell(value)}" for name, value in row.items()], width, "  ")
    yield ""


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes, sha256 {hashlib.sha256(value).hexdigest()})"
    if isinstance(value, list):
        more = f", ... ({len(value):,})" if len(value) > _SHOWN_ITEMS else ""
        return f"[{', '.join(map(_cell, value[:_SHOWN_ITEMS]))}{more}]"
    return str(value)


def _run_lines(made_by: TracedRun, verdicts: Mapping[Part, str], width: int, head: str, below: str) -> Iterator[str]:
    manifest, names = made_by.manifest, ", ".join(map(_counted, made_by.tables, made_by.tables.values()))
    if manifest is None:
        yield f"{head}{names} of run {made_by.run_id}: published anew since, so nothing is known of that run any more"
        return
    if made_by.shown_before:
        yield f"{head}{names}: {manifest.job}, run {made_by.run_id}, as above"
        return
    made = f"{manifest.job}, run {made_by.run_id}, {_moment(manifest.started)}, code {manifest.code_version}"
    yield f"{head}{names}: {made}"
    inner = f"{below}{'│' if made_by.inputs else ' '} "
    yield from _wrapped("settings", _settings(manifest), width, inner)
    yield from _wrapped("rows", [_account(account) for account in manifest.accounts], width, inner)
    for number, read in enumerate(made_by.inputs, 1):
        last = number == len(made_by.inputs)
        child = f"{below}{'└─ ' if last else '├─ '}", f"{below}{'   ' if last else '│  '}"
        if isinstance(read, TracedRun):
            yield from _run_lines(read, verdicts, width, *child)
        else:
            yield from _source_lines(read, verdicts, width, *child)


def _counted(name: str, manifest: Manifest | None) -> str:
    if manifest is None:
        return name
    return f"{name} ({manifest.rows:,} {'rows' if name in TABLES else 'files'})"


def _moment(started: str) -> str:
    try:
        return datetime.fromisoformat(started).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return started or "at an unknown time"


def _settings(manifest: Manifest) -> Sequence[str]:
    if manifest.settings is None:
        return [f"not kept by that version, only their digest {manifest.config_digest}"]
    return [f"{name} = {value!r}" for name, value in manifest.settings.items()]


def _account(account: Account) -> str:
    reasons = "".join(f" + {count:,} {reason}" for reason, count in sorted(account.rejected.items()) if count)
    return f"{account.what}: {account.rows_in:,} in = {account.kept:,} kept{reasons}"


def _source_lines(
    source: TracedSource, verdicts: Mapping[Part, str], width: int, head: str, below: str
) -> Iterator[str]:
    above = "; its files as above" if source.shown_before else ""
    yield f"{head}{source.address}, digest {source.digest} of names, sizes and times{above}"
    inner = f"{below}{'│' if source.made_by else ' '} "
    if source.parts is None:
        yield f"{inner}its files were not noted by that version"
    for part in () if source.shown_before else source.parts or ():
        folder = source.address.rpartition("/")[2]
        name = part.name if part.name == source.address else part.name.partition(f"/{folder}/")[2]
        verdict = f", {verdicts[part]}" if part in verdicts else ""
        yield f"{inner}{name}, {part.bytes:,} bytes, crc32c {part.crc32c or 'unknown'}{verdict}"
    if source.made_by:
        yield from _run_lines(source.made_by, verdicts, width, f"{below}└─ ", f"{below}   ")


def _image_lines(trace: Trace) -> Iterator[str]:
    image = trace.image
    assert image is not None
    if image.path is None:
        yield "  was listed without bytes"
    else:
        verdict = f", {image.verdict}" if image.verdict else ""
        size = f", {image.bytes:,} bytes" if image.bytes is not None else ""
        yield f"  {image.path}{size}, sha256 {image.sha256}{verdict}"
    if not image.current:
        yield "  as table images has it now; the row was made of an earlier one"


def _wrapped(label: str, items: Sequence[str], width: int, indent: str) -> Iterator[str]:
    """Items after a label, as many on a line as fit."""
    if not items:
        return
    text = textwrap.wrap(
        "; ".join(item.replace(" = ", _TOGETHER, 1) for item in items),
        max(width - len(indent) - _LABEL_WIDTH, 40),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for number, line in enumerate(text):
        yield f"{indent}{label if number == 0 else '':<{_LABEL_WIDTH}}{line.replace(_TOGETHER, ' = ')}"
