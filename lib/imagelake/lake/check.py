"""The command line of scripts/check_lake: is everything that was published still there, byte by byte?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crc32c import crc32c

from imagelake.errors import ImageLakeError
from imagelake.lake.files import Files
from imagelake.lake.parts import READ_BYTES, damage
from imagelake.lake.published import PublishedLake, open_lake
from imagelake.lake.record import read_record
from imagelake.tables import TABLES

SOUND, DAMAGED, UNUSABLE = 0, 1, 2
FOLDERS = (
    *("sample_files", "model", "index_quantizer", "duplicate_spaces", "map_landmarks"),
    *("report", "search_page", "comparison", "heads", "unseen"),
)
_DESCRIPTION = """\
Check the published tables of a lake: every file is there, with the size and the checksum that it was published with.

Reads everything once; --quick compares names and sizes alone. Says which jobs make anew what is damaged. Exit code: 0
where all is well, 1 where something is damaged, 2 where the lake cannot be read.
"""


@dataclass(frozen=True)
class Checked:
    """A published table or folder, and what is wrong with it.

    Attributes:
        name: of the table.
        job: the job that makes it; empty where even that cannot be read.
        files: how many were compared; None where an earlier version published it, which named none.
        problems: a line each.
    """

    name: str
    job: str
    files: int | None
    problems: tuple[str, ...]


def check_lake(lake: PublishedLake, quick: bool = False) -> Iterator[Checked]:
    """Check table by table, by name."""
    runs = read_record(lake.files).runs
    for name in sorted({*runs, *TABLES, *FOLDERS}):
        job = runs[name].job if name in runs else ""
        try:
            location = lake.location(name)
            if location is None:
                if job:
                    yield Checked(name, job, 0, (f"{name} is gone",))
                continue
            crc_of = None if quick else lambda path: crc_of_file(lake.files, path)
            problems = tuple(damage(lake.files, location.folder, location.manifest, crc_of))
            parts = location.manifest.parts
            yield Checked(name, location.manifest.job, None if parts is None else len(parts), problems)
        except ImageLakeError as error:
            yield Checked(name, job, 0, (str(error),))


def crc_of_file(files: Files, path: str) -> str:
    """The CRC-32C of a file; its bytes stream by."""
    value = 0
    with files.open(path) as file:
        while piece := file.read(READ_BYTES):
            value = crc32c(piece, value)
    return f"{value:08x}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a lake; returns the exit code."""
    options = parser().parse_args(arguments)
    redo: dict[str, None] = {}
    try:
        lake = open_lake(options.root, options.namenode, options.user, options.kerberos)
        for checked in lake.consistent(lambda now: list(check_lake(now, options.quick))):
            sys.stdout.write(_line(checked))
            if checked.problems:
                redo[checked.job or f"the job that writes {checked.name}"] = None
    except ImageLakeError as error:
        sys.stderr.write(f"check_lake: {error}\n")
        return UNUSABLE
    for job in redo:
        sys.stdout.write(f"run again: {f'jobs/{job}.py --force' if ' ' not in job else job}\n")
    return DAMAGED if redo else SOUND


def _line(checked: Checked) -> str:
    if checked.problems:
        return "".join(f"DAMAGED  {checked.name}: {problem}\n" for problem in checked.problems)
    files = (
        "published by an earlier version, without checksums" if checked.files is None else f"{checked.files:,} files"
    )
    return f"sound    {checked.name}: {files}\n"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="scripts/check_lake",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--root", metavar="DIR", default="var/lake", help="a local folder or hdfs:// (default: %(default)s)")
    add("--quick", action="store_true", help="compare names and sizes, read no data")
    add("--namenode", metavar="URL", help="http://host:9870 of the NameNode, for hdfs://")
    add("--user", help="who asks HDFS (default: the user of this process)")
    add("--kerberos", action="store_true", help="ask HDFS by the ticket of kinit")
    return made


if __name__ == "__main__":
    sys.exit(main())
