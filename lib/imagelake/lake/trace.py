"""The command line of scripts/trace: where a number of a table comes from, down to the files of the source."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.installation import SAMPLE_WEIGHTS, command_name
from imagelake.lake.check import FOLDERS, crc_of_file
from imagelake.lake.files import Files
from imagelake.lake.manifest import Part
from imagelake.lake.parts import READ_BYTES
from imagelake.lake.published import PublishedLake, open_file_system, open_lake
from imagelake.lake.record import read_record
from imagelake.lake.row_lookup import Condition, FoundRows, column_of, find_rows, parse_condition
from imagelake.lake.trace_text import trace_lines
from imagelake.lake.traced import FileHash, ImageFile, Trace
from imagelake.lake.traced_runs import TracedRun, traced_run
from imagelake.tables import TABLES, Column, Table
from imagelake.terminal import columns_of, printable

UNUSABLE = 2
MODEL, IMAGES, COLUMN = "model", "images", "column"
FileSystem = Callable[[str], tuple[Files, str]]
_DESCRIPTION = """\
Where does a number come from? Shows the row, the run that wrote it, what that run read, and so on: job, run, code,
settings and row counts of each, hashes of the network, checksums of the files of the source.

Names one row by the values of some of its columns, and with column=NAME the number in it; without them the whole table.
Needs no Java. Reads a local root, or hdfs:// through WebHDFS.
"""
_EPILOG = """\
examples:
  {trace} label_accuracy label=Leopard column=top1
  {trace} images image_id=0011aa22bb33cc44 --verify
  {trace} model --root hdfs://namenode:8020/lake --namenode http://namenode:9870

Exit code: 0, or with --verify 1 where a file of the source is not what was read; 2 where there is no such row.
"""


@dataclass(frozen=True)
class Request:
    """What is to be traced.

    Attributes:
        table: a table or folder of the lake.
        conditions: that name a row; none for the whole table.
        column: of the number; None for the whole row.
    """

    table: str
    conditions: tuple[Condition, ...]
    column: Column | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Trace once; returns the exit code."""
    options = parser().parse_args(arguments)

    def file_system(address: str) -> tuple[Files, str]:
        return open_file_system(address, options.namenode, options.user, options.kerberos)

    try:
        lake = open_lake(options.root, options.namenode, options.user, options.kerberos)
        request = read_request(options.table, options.conditions, _names(lake))
        traced = lake.consistent(lambda now: trace(now, request, file_system, options.verify))
    except ImageLakeError as error:
        sys.stderr.write(printable(f"trace: {error}") + "\n")
        return UNUSABLE
    for line in trace_lines(traced, columns_of(sys.stdout) or 120):
        sys.stdout.write(f"{printable(line)}\n")
    return 1 if traced.changed else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog=command_name("trace"),
        description=_DESCRIPTION,
        epilog=_EPILOG.format(trace=command_name("trace")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("table", metavar="TABLE", help="a table, or a folder such as model or report")
    add("conditions", metavar="COLUMN=VALUE", nargs="*", help="names the row; column=NAME names the number in it")
    add("--root", metavar="DIR", default="var/lake", help="a local folder or hdfs:// (default: %(default)s)")
    add(
        "--verify", action="store_true", help="read the files of the source that are named, and compare their checksums"
    )
    add("--namenode", metavar="URL", help="http://host:9870 of the NameNode, for hdfs://")
    add("--user", help="who asks HDFS (default: the user of this process)")
    add("--kerberos", action="store_true", help="ask HDFS by the ticket of kinit")
    return made


def _names(lake: PublishedLake) -> set[str]:
    """The published tables and folders, also those that no record names."""
    return {*read_record(lake.files).runs, *(name for name in (*TABLES, *FOLDERS) if lake.manifest(name) is not None)}


def read_request(table: str, words: Sequence[str], published: set[str]) -> Request:
    """Read what is to be traced.

    Args:
        table: its name.
        words: column=value, and column=NAME for the number.
        published: the tables and folders of the lake.

    Raises:
        ImageLakeError: a name or value is none; the message lists the valid ones.
    """
    if table not in published:
        if table in TABLES:
            raise ImageLakeError(
                f"{table} is not published here; published: {', '.join(sorted(published)) or 'nothing'}"
            )
        raise unknown_choice("table", table, published or set(TABLES))
    if not words:
        return Request(table, (), None)
    if table not in TABLES:
        raise ImageLakeError(f"{table} is a folder of files and has no rows: {command_name('trace')} {table}")
    chosen = [word.partition("=")[2] for word in words if word.startswith(f"{COLUMN}=")]
    conditions = [parse_condition(TABLES[table], word) for word in words if not word.startswith(f"{COLUMN}=")]
    if len(chosen) > 1 or (chosen and not conditions):
        raise ImageLakeError(
            f"{COLUMN}=NAME names one number of a row, and other words name the row, such as "
            f"{_key_of(TABLES[table])}=..."
        )
    return Request(table, tuple(conditions), column_of(TABLES[table], chosen[0]) if chosen else None)


def _key_of(table: Table) -> str:
    return (table.key or (table.columns[0].name,))[0]


def trace(lake: PublishedLake, request: Request, file_system: FileSystem, verify: bool = False) -> Trace:
    """Trace a row, a number of it, or a whole table.

    Args:
        lake: of one moment.
        request: what of it.
        file_system: opens the file system of an address, and gives the path in it.
        verify: whether files of the source are read.

    Raises:
        ImageLakeError: there is no such row, or a manifest is damaged.
    """
    made_by = traced_run(lake, request.table)
    rows = find_rows(lake, TABLES[request.table], request.conditions) if request.conditions else None
    return Trace(
        request.table,
        request.conditions,
        request.column,
        rows,
        made_by,
        _image(lake, rows, made_by, file_system, verify),
        tuple(_network_hashes(lake, made_by, file_system)),
        _verdicts(made_by, file_system) if verify else {},
    )


def _image(
    lake: PublishedLake, rows: FoundRows | None, made_by: TracedRun, file_system: FileSystem, verify: bool
) -> ImageFile | None:
    """The file of the image that a row names."""
    image_id = rows.first[0].get("image_id") if rows is not None and rows.count == 1 else None
    if image_id is None or lake.manifest(IMAGES) is None:
        return None
    condition = Condition(column_of(TABLES[IMAGES], "image_id"), image_id)
    try:
        row = find_rows(lake, TABLES[IMAGES], [condition]).first[0]
    except ImageLakeError:  # a label may name an image that no list has
        return None
    current = any(IMAGES in run.tables and not run.replaced for run in made_by.runs())
    return ImageFile(
        image_id,
        row["path"],
        row["byte_size"],
        row["sha256"],
        current,
        _image_verdict(row, file_system) if verify and row["path"] and row["sha256"] else None,
    )


def _image_verdict(row: dict[str, Any], file_system: FileSystem) -> str:
    if row["path"].lower().endswith(".parquet"):
        return "one of the images of a Parquet file, which is not read"
    try:
        same = _sha256(*file_system(row["path"])) == row["sha256"]
    except ImageLakeError as error:
        return f"cannot be read: {error}"
    return "unchanged" if same else "CHANGED since"


def _sha256(files: Files, path: str) -> str:
    value = hashlib.sha256()
    with files.open(path) as file:
        while piece := file.read(READ_BYTES):
            value.update(piece)
    return value.hexdigest()


def _network_hashes(lake: PublishedLake, made_by: TracedRun, file_system: FileSystem) -> list[FileHash]:
    """The converted network that was used, and the weights that it was made of, where they can be reached."""
    run = next((run for run in made_by.runs() if MODEL in run.tables and run.manifest is not None), None)
    if run is None or run.manifest is None:
        return []
    folder = lake.location(MODEL)
    hashes = (
        [
            FileHash(f"{MODEL}/{part.name}", part.bytes, _sha256(lake.files, f"{folder.folder}/{part.name}"))
            for part in (folder.manifest.parts or ())
        ]
        if folder
        else []
    )
    weights = (run.manifest.settings or {}).get("model.weights")
    if weights == "sample":
        content = (resources.files("imagelake") / SAMPLE_WEIGHTS).read_bytes()
        name = f"weights: imagelake/{SAMPLE_WEIGHTS} of this installation"
        hashes.append(FileHash(name, len(content), hashlib.sha256(content).hexdigest()))
    for part in run.manifest.sources or ():
        try:
            files, path = file_system(part.name)
            same = not part.crc32c or crc_of_file(files, path) == part.crc32c
            hashes.append(FileHash(f"read: {part.name}", part.bytes, _sha256(files, path) if same else "CHANGED since"))
        except ImageLakeError:
            hashes.append(FileHash(f"read: {part.name}", part.bytes, "cannot be reached from here"))
    return hashes


def _verdicts(made_by: TracedRun, file_system: FileSystem) -> dict[Part, str]:
    """Each named file of the sources -> whether it is what was read; a file that several runs read is read once."""
    parts = {part for source in made_by.sources() for part in source.parts or ()}
    now: dict[str, str] = {}
    verdicts = {}
    for part in sorted(parts, key=lambda one: (one.name, one.crc32c)):
        try:
            if part.name not in now:
                now[part.name] = crc_of_file(*file_system(part.name))
        except ImageLakeError as error:
            verdicts[part] = f"cannot be read: {error}"
            continue
        if not part.crc32c:
            verdicts[part] = f"has {now[part.name]} now; none was noted"
        else:
            verdicts[part] = "unchanged" if now[part.name] == part.crc32c else f"CHANGED since: {now[part.name]}"
    return verdicts


if __name__ == "__main__":
    sys.exit(main())
