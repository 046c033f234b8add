"""A job: its tables and settings, and a run of it, which publishes all of its tables or none."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import Inputs
from imagelake.lake.lake import Lake
from imagelake.lake.lock import publication_lock
from imagelake.lake.manifest import MANIFEST, Account, Manifest
from imagelake.lake.remedies import refusal
from imagelake.lake.storage import JAVA_ERRORS, STAGING, to_pattern
from imagelake.runtime.code_version import code_version
from imagelake.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STALE_STAGING_S = 86_400  # no run takes a day between two writes, so older folders are of killed ones


def _no_files(_: Config) -> tuple[str, ...]:
    return ()


def _no_check(_: Config, __: Inputs) -> None:
    pass


@dataclass(frozen=True)
class Shortcut:
    """A repeatable option of a job's command line whose values are the list that a setting holds."""

    flag: str
    metavar: str
    setting: str
    help: str


@dataclass(frozen=True)
class Job:
    """A job: its name, the tables it reads and writes, and the sections of the configuration it depends on.

    ``files`` names what it reads from outside the lake: raw folders, weights; ``optional_files`` may be missing.
    ``check`` reads the small ones of them before any job of a run begins, and raises what is wrong with them.
    ``reads`` and ``writes`` name tables, and folders of files such as the report. ``needs`` gives those of ``reads``
    that a configuration needs; None: all.
    """

    name: str
    doc: str
    run: Callable[[Work, Config], None]
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    files: Callable[[Config], tuple[str, ...]] = _no_files
    optional_files: Callable[[Config], tuple[str, ...]] = _no_files
    check: Callable[[Config, Inputs], None] = _no_check
    needs: Callable[[Config], tuple[str, ...]] | None = None
    shortcuts: tuple[Shortcut, ...] = ()


@dataclass
class Work:
    """One run of a job: reads published tables, stages new ones, collects counts and notes for the summary."""

    job: Job
    lake: Lake
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    accounts: list[Account] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    images: int | None = None

    @property
    def staging(self) -> str:
        """The folder that holds everything this run has written so far."""
        return f"{self.lake.root}/{STAGING}/{self.job.name}-{self.run_id}"

    def read(self, name: str) -> DataFrame:
        """A published table; the job must declare that it reads it."""
        assert name in self.job.reads, f"{self.job.name} does not declare that it reads {name}"
        return self.lake.read(name)

    def folder(self, name: str) -> str:
        """The address of a published folder of files; the job must declare that it reads it."""
        assert name in self.job.reads, f"{self.job.name} does not declare that it reads {name}"
        self.lake.require(name)
        return self.lake.address(name)

    def previous(self, name: str) -> str | None:
        """The address of a table or folder of this job from an earlier run; None if there is none."""
        assert name in self.job.writes, f"{self.job.name} does not declare that it writes {name}"
        return self.lake.address(name) if self.lake.manifest(name) else None

    def write(self, name: str, frame: DataFrame, options: Mapping[str, str] | None = None) -> DataFrame:
        """Stage a table and return it read from the staged files, so that it is not computed twice."""
        assert name in self.job.writes, f"{self.job.name} does not declare that it writes {name}"
        address = f"{self.staging}/{name}"
        TABLES[name].conform(frame).write.options(**(options or {})).parquet(address)
        staged = frame.sparkSession.read.schema(TABLES[name].ddl).parquet(to_pattern(address))
        self.rows[name] = staged.count()
        return staged

    def write_folder(self, name: str, local: Path, files: int) -> None:
        """Stage a folder of files that are no table, e.g. a report; ``files`` is what its manifest counts as rows."""
        assert name in self.job.writes, f"{self.job.name} does not declare that it writes {name}"
        self.lake.storage.make_folder(self.staging)
        self.lake.storage.upload(local, f"{self.staging}/{name}")
        self.rows[name] = files

    def account(self, what: str, rows_in: int, kept: int, rejected: Mapping[str, int] | None = None) -> None:
        """Record the row counts of a step; an error if they do not add up."""
        account = Account(what, rows_in, kept, dict(rejected or {}))
        account.check()
        self.accounts.append(account)

    def note(self, name: str, value: str) -> None:
        """Add a line to the summary: what it is about, and its value."""
        self.notes[name] = value


@dataclass(frozen=True)
class Outcome:
    """The result of a run; ``work`` is None for a skipped one."""

    job: Job
    seconds: float
    work: Work | None
    published: bool = True


def execute(job: Job, lake: Lake, config: Config, force: bool = False) -> Outcome:
    """Run a job and publish all of its tables, or none.

    A job whose tables were made by the same code from the same inputs and settings is skipped, unless forced.
    """
    began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    inputs = _inputs(job, lake, config)
    fingerprint = _fingerprint(job, inputs, config)
    if not force and _is_current(job, lake, fingerprint):
        return Outcome(job, time.monotonic() - began, None)
    work = Work(job, lake)
    before = _run_ids(job, lake)
    lake.spark.sparkContext.setJobDescription(job.name)
    _remove_stale_staging(lake)
    try:
        _run(work, config)
        seconds = time.monotonic() - began
        for name in job.writes:
            manifest = Manifest(
                name=name,
                job=job.name,
                run_id=work.run_id,
                fingerprint=fingerprint,
                code_version=code_version(),
                config_digest=config.digest(job.settings),
                inputs=inputs,
                rows=work.rows[name],
                accounts=work.accounts,
                started=started,
                seconds=round(seconds, 3),
                images_per_second=round(work.images / seconds, 2) if work.images is not None else None,
                columns={column.name: column.type for column in TABLES[name].columns} if name in TABLES else {},
            )
            lake.storage.write_bytes(f"{work.staging}/{name}/{MANIFEST}", manifest.to_json().encode())
        published = _publish(work, before)
    finally:
        _clean_up(work)
    return Outcome(job, seconds, work, published)


def _run(work: Work, config: Config) -> None:
    """Run the job; an error of the file system inside a Spark action becomes an ImageLakeError.

    Raises:
        ImageLakeError: the refusal, with its remedy.
    """
    try:
        work.job.run(work, config)
    except JAVA_ERRORS as error:
        if (refused := refusal(str(error))) is None:
            raise
        raise ImageLakeError(f"{work.lake.root}: {refused}") from None


def _clean_up(work: Work) -> None:
    work.lake.spark.catalog.clearCache()
    # The cause of the job's failure may also prevent this; later runs remove old staging folders.
    with suppress(ImageLakeError):
        work.lake.storage.delete(work.staging)


def _publish(work: Work, before: Mapping[str, str]) -> bool:
    """Publish all tables, unless another run of this job has published since this one began."""
    lake = work.lake
    with publication_lock(lake.storage, f"{lake.root}/{STAGING}/{work.job.name}.lock"):
        if _run_ids(work.job, lake) != before:
            return False
        for name in work.job.writes:
            lake.storage.publish(lake.root, name, f"{work.staging}/{name}")
    return True


def _inputs(job: Job, lake: Lake, config: Config) -> dict[str, str]:
    needed = job.needs(config) if job.needs else job.reads
    tables = {name: lake.require(name).run_id for name in needed}
    present = (file for file in job.optional_files(config) if lake.storage.exists(file))
    return tables | {file: lake.storage.digest(file) for file in (*job.files(config), *present)}


def _fingerprint(job: Job, inputs: Mapping[str, str], config: Config) -> str:
    parts = [
        job.name,
        code_version(),
        config.digest(job.settings),
        *(f"{name}={inputs[name]}" for name in sorted(inputs)),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _run_ids(job: Job, lake: Lake) -> dict[str, str]:
    manifests = {name: lake.manifest(name) for name in job.writes}
    return {name: manifest.run_id for name, manifest in manifests.items() if manifest is not None}


def _is_current(job: Job, lake: Lake, fingerprint: str) -> bool:
    manifests = [lake.manifest(name) for name in job.writes]
    return all(manifest is not None and manifest.fingerprint == fingerprint for manifest in manifests)


def _remove_stale_staging(lake: Lake) -> None:
    folder = f"{lake.root}/{STAGING}"
    if not lake.storage.exists(folder):
        return
    oldest_ms = (time.time() - STALE_STAGING_S) * 1000
    for name in lake.storage.names(folder):
        files = list(lake.storage.files(f"{folder}/{name}"))
        if files and max(file.modified_ms for file in files) < oldest_ms:
            lake.storage.delete(f"{folder}/{name}")
