"""What a published table was made of: the run that wrote it, what that run read, and so on down to files of a source.

All of it stands in the manifests. A manifest names its inputs by the ids of their runs; where a table has been
published anew since, what stands there now was not read, and the trace says so and ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imagelake.lake.listing import without_host
from imagelake.lake.manifest import Manifest, Part
from imagelake.lake.published import PublishedLake


@dataclass(frozen=True)
class TracedSource:
    """A file or folder outside the lake that a run read.

    Attributes:
        address: of it.
        digest: of names, sizes and times of all its files.
        parts: its files that the manifest names; None where an earlier version wrote that.
        made_by: the run of this lake that wrote the folder, such as the drawn sample; None for one from outside.
        shown_before: whether the same files stand further up in the tree.
    """

    address: str
    digest: str
    parts: tuple[Part, ...] | None
    made_by: TracedRun | None = None
    shown_before: bool = False


@dataclass(frozen=True)
class TracedRun:
    """A run of a job.

    Attributes:
        tables: its tables or folders that matter here -> their manifests.
        run_id: of the run.
        inputs: what it read; empty where that has been shown before.
        shown_before: whether the run stands further up in the tree.
        replaced: the tables have been published anew since; the run's manifest is gone.
    """

    tables: Mapping[str, Manifest | None]
    run_id: str
    inputs: tuple[TracedRun | TracedSource, ...] = ()
    shown_before: bool = False
    replaced: bool = False

    @property
    def manifest(self) -> Manifest | None:
        """Of the run; None where its tables have been replaced."""
        return next(iter(self.tables.values()), None)

    def runs(self) -> Iterator[TracedRun]:
        """This run and all below it, each once."""
        if not self.shown_before:
            yield self
        for read in self.inputs:
            below = read.made_by if isinstance(read, TracedSource) else read
            if below is not None:
                yield from below.runs()

    def sources(self) -> Iterator[TracedSource]:
        """What this run and all below it read from outside the lake."""
        for run in self.runs():
            yield from (read for read in run.inputs if isinstance(read, TracedSource))


def traced_run(lake: PublishedLake, table: str) -> TracedRun:
    """The tree of runs below a published table or folder.

    Raises:
        ImageLakeError: the table is not published, or a manifest is damaged.
    """
    manifest = lake.require(table)
    return _traced_run(lake, {table: manifest}, manifest.run_id, set())


def _traced_run(lake: PublishedLake, tables: Mapping[str, Manifest | None], run_id: str, shown: set[str]) -> TracedRun:
    manifest = next(iter(tables.values()))
    if manifest is None:
        return TracedRun(tables, run_id, replaced=True)
    if run_id in shown:
        return TracedRun(tables, run_id, shown_before=True)
    shown.add(run_id)
    by_run: dict[str, dict[str, Manifest | None]] = {}
    for name, version in manifest.inputs.items():
        if "://" not in name:
            found = lake.manifest(name)
            by_run.setdefault(version, {})[name] = found if found and found.run_id == version else None
    inputs: list[TracedRun | TracedSource] = [_traced_run(lake, names, run, shown) for run, names in by_run.items()]
    inputs += [_source(lake, manifest, name, shown) for name in manifest.inputs if "://" in name]
    return TracedRun(tables, run_id, tuple(inputs))


def _source(lake: PublishedLake, manifest: Manifest, address: str, shown: set[str]) -> TracedSource:
    parts = _parts_at(manifest, address)
    root = lake.root if "://" in lake.root else str(Path(lake.root).expanduser().resolve())
    folder, _, name = without_host(address).rpartition("/")
    made_by = None
    if folder == without_host(root).rstrip("/") and (found := lake.manifest(name)) is not None:
        made_by = _traced_run(lake, {name: found if _holds(found, address, parts) else None}, found.run_id, shown)
    digest = manifest.inputs[address]
    before = (mark := f"{address} {digest}") in shown
    shown.add(mark)
    return TracedSource(address, digest, parts, made_by, before)


def _holds(folder: Manifest, address: str, parts: tuple[Part, ...] | None) -> bool:
    """Whether a folder of the lake still is what was read: its files have the checksums that were noted."""
    published = {part.name: part.crc32c for part in folder.parts or ()}
    above = len(without_host(address).rstrip("/")) + 1
    return all(published.get(without_host(part.name)[above:]) == part.crc32c for part in parts or ())


def _parts_at(manifest: Manifest, address: str) -> tuple[Part, ...] | None:
    if manifest.sources is None:
        return None
    path = without_host(address)
    return tuple(
        part
        for part in manifest.sources
        if without_host(part.name) == path or without_host(part.name).startswith(f"{path.rstrip('/')}/")
    )
