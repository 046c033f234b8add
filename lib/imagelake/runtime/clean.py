"""The command line of scripts/clean: what dead runs left in a lake, shown and removed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.files import LocalFiles, WritableFiles
from imagelake.lake.lake import Lake
from imagelake.lake.publication import left_overs, remove_left_overs
from imagelake.runtime.session import start_session

_DESCRIPTION = """\
Show what dead runs left in a lake: tables that nobody will publish, old ones set aside, locks. --delete removes them.

Runs that are alive, and published tables, are left alone. The next run of a job does the same for that job.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Show or remove; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        files = _files(options.root)
        found = remove_left_overs(files, "clean") if options.delete else list(left_overs(files))
    except ImageLakeError as error:
        sys.stderr.write(f"clean: {error}\n")
        return 1
    for path in found:
        sys.stdout.write(f"{'removed' if options.delete else 'left over'}  {options.root.rstrip('/')}/{path}\n")
    if not found:
        sys.stdout.write(f"nothing is left over in {options.root}\n")
    elif not options.delete:
        sys.stdout.write("--delete removes it\n")
    return 0


def _files(root: str) -> WritableFiles:
    if "://" in root and not root.startswith("file://"):
        return Lake(start_session("clean", load_config().spark), root).files
    folder = Path(root.removeprefix("file://")).expanduser()
    if not folder.is_dir():
        raise ImageLakeError(f"there is no folder {root}: --root names the lake")
    return LocalFiles(folder)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="scripts/clean",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "--root", metavar="DIR", default="var/lake", help="a local folder or hdfs:// (default: %(default)s)"
    )
    made.add_argument("--delete", action="store_true", help="remove what is left over")
    return made


if __name__ == "__main__":
    sys.exit(main())
