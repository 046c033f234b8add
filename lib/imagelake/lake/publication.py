"""Publishing: the new tables of a job replace the old ones, all of them in one step, whatever dies when.

1. Under the lock, what a dead publisher left undone is finished (``settle``).
2. The record is replaced: from here on the staged tables are the published ones.
3. Each staged folder is renamed to ``<root>/<table>/``, the old one moves aside (``settle`` again).
4. The lock is given back and the old folders go.

A process that dies before 2 has published nothing; one that dies after it has published everything, and whoever holds
the lock next does the rest. Readers need no lock and repair nothing: they find tables through the record. Only to
readers that do not know the record, such as pandas, a table is missing for the moment between two renames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from imagelake.errors import ImageLakeError
from imagelake.lake.files import WritableFiles
from imagelake.lake.lock import Lock, is_dead, publication_lock, read_holder
from imagelake.lake.manifest import MANIFEST
from imagelake.lake.record import ASIDE, LOCKS, RECORD, STAGING, Record, Run, read_record

OWNER = "_owner.json"  # in a staging folder: the process that fills it
ABANDONED_S = 86_400.0  # no run takes a day between two writes: what is older belongs to a dead one


@dataclass(frozen=True)
class Publication:
    """What a run wants to publish, and over what.

    Attributes:
        run: whose staging folder holds the tables.
        tables: all the tables of its job.
        before: the runs of these tables when this one began; where others count by now, nothing is published.
    """

    run: Run
    tables: tuple[str, ...]
    before: Mapping[str, Run]


def publish(files: WritableFiles, publication: Publication, force: bool = False) -> bool:
    """Publish; false where another run of the job has published since this one began.

    Args:
        files: of the lake.
        publication: what is staged.
        force: whether a damaged record counts as none.

    Raises:
        ImageLakeError: the lock could not be had, or the file system refused.
    """
    return publish_holding(files, publication, publication_lock(files, publication.run.job), force)


def publish_holding(
    files: WritableFiles, publication: Publication, lock: AbstractContextManager[Lock], force: bool = False
) -> bool:
    """Publish, with a lock that is yet to be taken."""
    with lock as held:
        aside = f"{ASIDE}/{held.token}"
        record = current_record(files, force)
        settle(files, record, aside, held.check)
        if record.of(publication.tables) != publication.before:
            return False
        held.check()
        record = record.with_run(publication.run, publication.tables)
        files.replace(RECORD, record.to_json().encode())
        settle(files, record, aside, held.check)
    with suppress(ImageLakeError):  # what stays is nobody's table, and goes with the next run
        files.delete(aside)
    return True


def current_record(files: WritableFiles, force: bool = False) -> Record:
    """The record; with force an empty one instead of a damaged one."""
    try:
        return read_record(files)
    except ImageLakeError:
        if not force:
            raise
        return Record()


def settle(files: WritableFiles, record: Record, aside: str, check: Callable[[], None]) -> None:
    """Rename published tables that are still staged. Only who holds the lock may."""
    for staging in files.names(STAGING):
        for name in unsettled(files, record, f"{STAGING}/{staging}"):
            check()
            if files.modified_s(name) is not None:
                files.rename(name, f"{aside}/{name}")
            files.rename(f"{STAGING}/{staging}/{name}", name)


def unsettled(files: WritableFiles, record: Record, staging: str) -> list[str]:
    """The tables of a staging folder that are published and not yet renamed."""
    return [name for name in files.names(staging) if name in record.runs and record.runs[name].staging == staging]


def displaced(files: WritableFiles, record: Record) -> list[str]:
    """Tables that stand aside and nowhere else: version 0.1.0 died before it had renamed the new one."""
    return [
        name
        for name in files.names(ASIDE)
        if name not in record.runs
        and files.modified_s(name) is None
        and files.modified_s(f"{ASIDE}/{name}/{MANIFEST}") is not None
    ]


def left_overs(files: WritableFiles, job: str | None = None) -> Iterator[str]:
    """What dead runs left, by path: staged tables that nobody publishes, old tables set aside, locks.

    Args:
        files: of the lake.
        job: whose runs' staging counts; None for all.
    """
    record = read_record(files)
    for name in files.names(STAGING):
        path = f"{STAGING}/{name}"
        # A run's id has no hyphen.
        if job in {None, name.rpartition("-")[0]} and is_abandoned(files, path) and not unsettled(files, record, path):
            yield path
    kept = displaced(files, record)
    yield from (f"{ASIDE}/{name}" for name in files.names(ASIDE) if name not in kept)
    for name in files.names(LOCKS):
        holder = read_holder(files.read(f"{LOCKS}/{name}"))
        if holder is not None and is_dead(holder):
            yield f"{LOCKS}/{name}"


def remove_left_overs(files: WritableFiles, asker: str, job: str | None = None) -> list[str]:
    """Finish or undo what dead publishers left undone, remove what dead runs left; the paths that were removed.

    Args:
        files: of the lake.
        asker: who waits for the lock.
        job: whose runs' staging goes; None for all.
    """
    record = read_record(files)
    staged = any(unsettled(files, record, f"{STAGING}/{name}") for name in files.names(STAGING))
    if not staged and not displaced(files, record) and next(left_overs(files, job), None) is None:
        return []
    with publication_lock(files, asker) as held:
        # Of a living publisher nothing is staged and published at once: it holds the lock from the one to the other.
        record = read_record(files)
        settle(files, record, f"{ASIDE}/{held.token}", held.check)
        for name in displaced(files, record):
            held.check()
            files.rename(f"{ASIDE}/{name}", name)
        found = list(left_overs(files, job))
        for path in found:
            files.delete(path)
    return found


def is_abandoned(files: WritableFiles, staging: str) -> bool:
    """Whether nobody fills a staging folder any more: its process is dead, or silent for a day on another machine."""
    owner = read_holder(files.read(f"{staging}/{OWNER}"))
    dead = is_dead(owner) if owner else None
    return time.time() - _newest_s(files, staging) > ABANDONED_S if dead is None else dead


def _newest_s(files: WritableFiles, path: str) -> float:
    """When anything in a folder was changed last."""
    return max([files.modified_s(path) or 0.0, *(_newest_s(files, f"{path}/{name}") for name in files.names(path))])
