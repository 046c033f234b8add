"""Which run's tables count: one small file names the run of every published table, and changes in one step.

A publication is the replacement of this record. Before it every reader finds the old tables of a job, behind it the new
ones, all of them. Where the files of the new ones stand is another question: a moment long still in the staging folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from imagelake.errors import ImageLakeError
from imagelake.lake.files import Files
from imagelake.lake.manifest import MANIFEST, Manifest

RECORD, STAGING, ASIDE, LOCKS = "_published.json", "_staging", "_aside", "_locks"


@dataclass(frozen=True)
class Run:
    """A run of a job."""

    job: str
    run_id: str

    @property
    def staging(self) -> str:
        """The folder that holds what this run has written, until it is published."""
        return f"{STAGING}/{self.job}-{self.run_id}"


@dataclass(frozen=True)
class Record:
    """Table -> the run that published it."""

    runs: Mapping[str, Run] = field(default_factory=dict)

    def with_run(self, run: Run, tables: Iterable[str]) -> Record:
        """The record after a run has published its tables."""
        return Record({**self.runs, **dict.fromkeys(tables, run)})

    def of(self, names: Iterable[str]) -> dict[str, Run]:
        """The runs of some tables, of those that are published."""
        return {name: self.runs[name] for name in names if name in self.runs}

    def to_json(self) -> str:
        """The record as a person reads it."""
        return json.dumps({name: asdict(run) for name, run in sorted(self.runs.items())}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read a record.

        Raises:
            ValueError, TypeError, AttributeError: the text is none.
        """
        return cls({name: Run(**run) for name, run in json.loads(text).items()})


def read_record(files: Files) -> Record:
    """The record of a lake; an empty one where nothing was published with one.

    Raises:
        ImageLakeError: it is damaged.
    """
    content = files.read(RECORD)
    if content is None:
        return Record()
    try:
        return Record.from_json(content.decode())
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ImageLakeError(
            f"{RECORD} of the lake is damaged ({error}): delete it, and the folders of the tables count as they stand; "
            "or run a job again with --force"
        ) from None


def read_manifest(files: Files, folder: str) -> Manifest | None:
    """The manifest in a folder; None where there is none.

    Raises:
        ImageLakeError: it is damaged, or of another version; names the file.
    """
    content = files.read(f"{folder}/{MANIFEST}")
    return None if content is None else Manifest.from_bytes(content, f"{folder}/{MANIFEST}")


@dataclass(frozen=True)
class Location:
    """Where the files of a published table or folder stand at the moment, from the root of the lake."""

    folder: str
    manifest: Manifest


def find(files: Files, record: Record, name: str) -> Location | None:
    """Where a table stands that the record names; None where that run's is neither there nor staged.

    A table that the record does not name was published before there was a record: its folder counts as it stands.
    A staged table moves into location once, and never back, so whoever looks there, here, and there again finds it.
    """
    run = record.runs.get(name)
    for folder in (name, f"{run.staging}/{name}", name) if run else (name,):
        manifest = read_manifest(files, folder)
        if manifest is not None and (run is None or manifest.run_id == run.run_id):
            return Location(folder, manifest)
    return None
