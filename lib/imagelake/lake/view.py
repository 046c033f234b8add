"""Which tables of a lake are published and where they stand: at every moment anew, or as of one moment."""

from __future__ import annotations

from collections.abc import Iterable

from imagelake.errors import ImageLakeError
from imagelake.lake.files import Files
from imagelake.lake.manifest import Manifest
from imagelake.lake.record import Location, Record, Run, find, read_record


class SupersededError(ImageLakeError):
    """A table was published anew while it was read: what is read of it now would be of another run."""


class View:
    """The published tables of a lake. Threads may share it."""

    def __init__(self, root: str, files: Files, record: Record | None = None) -> None:
        """Look at a lake.

        Args:
            root: what errors call it.
            files: below it.
            record: which runs' tables count; None for those that are published whenever something is looked up.
        """
        self._root, self._files, self._pinned = root, files, record
        self._found: dict[str, str] = {}

    def record(self, forgiving: bool = False) -> Record:
        """Which runs' tables count.

        Args:
            forgiving: whether a damaged record counts as none.
        """
        if self._pinned is not None:
            return self._pinned
        try:
            return read_record(self._files)
        except ImageLakeError:
            if forgiving:
                return Record()
            raise

    def record_with(self, names: Iterable[str], forgiving: bool = False) -> Record:
        """The record, and in it those of some tables that were published before there was a record."""
        record = self.record(forgiving)
        for name in set(names) - set(record.runs):
            if manifest := self.manifest(name):
                record = record.with_run(Run(manifest.job, manifest.run_id), [name])
        return record

    def location(self, name: str) -> Location | None:
        """Where a table or folder stands at the moment; None where it is not published.

        Raises:
            SupersededError: it was published anew since the moment of this view.
            ImageLakeError: its manifest is damaged.
        """
        self._found.setdefault(name, "")
        while True:  # as long as publications pass between one look and the next
            record = self.record()
            location = find(self._files, record, name)
            if location is not None or name not in record.runs:
                break
            current = read_record(self._files).runs.get(name)
            if current in {None, record.runs[name]}:
                break  # somebody has removed it
            if self._pinned is not None:
                raise SupersededError(f"{name} under {self._root} was published anew while it was read: run again")
        if location is not None:
            self._found[name] = location.folder
        return location

    def manifest(self, name: str, forgiving: bool = False) -> Manifest | None:
        """The manifest of a published table or folder; None where there is none.

        Args:
            name: of the table.
            forgiving: whether a damaged one counts as none.
        """
        try:
            location = self.location(name)
        except SupersededError:
            raise
        except ImageLakeError:
            if forgiving:
                return None
            raise
        return location.manifest if location else None

    def is_outdated(self) -> bool:
        """Whether a table that was looked up has been published anew since, or its files have moved."""
        current, pinned = read_record(self._files).runs, self.record().runs
        for name, folder in tuple(self._found.items()):
            if name in current and name in pinned and current[name] != pinned[name]:
                return True
            try:
                location = self.location(name)
            except SupersededError:
                return True
            if location is not None and location.folder != folder:
                return True
        return False
