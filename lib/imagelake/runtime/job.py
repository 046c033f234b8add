"""A job: its tables and settings, and a run of it, which publishes all of its tables or none."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import Observation
from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import Inputs
from imagelake.lake.lake import Lake
from imagelake.lake.listing import FoundFile
from imagelake.lake.lock import this_process
from imagelake.lake.manifest import MANIFEST, Account, Manifest
from imagelake.lake.publication import OWNER, Publication, publish, remove_left_overs, unsettled
from imagelake.lake.record import Run, read_record
from imagelake.lake.remedies import refusal
from imagelake.lake.staged_parts import parts_of
from imagelake.lake.storage import JAVA_ERRORS, to_pattern, to_uri
from imagelake.lake.view import SupersededError
from imagelake.net.credentials import without_credentials
from imagelake.runtime.code_version import Code, code_of
from imagelake.runtime.lineage import Lineage, sender
from imagelake.runtime.lineage_events import JobRun
from imagelake.runtime.linked_files import link_files, name_of_file, rows_in
from imagelake.runtime.options import Shortcut
from imagelake.runtime.persisted_frames import PERSISTED
from imagelake.runtime.progress import announce
from imagelake.runtime.query_compilation import compiled_for
from imagelake.runtime.sources import NamedSources, parts_of_sources
from imagelake.tables import TABLES

if TYPE_CHECKING:
    from pyspark import Accumulator
    from pyspark.sql import DataFrame

    from imagelake.transforms.rows.earlier_rows import Keys

ATTEMPTS = 3  # at a job whose inputs are published anew while it reads them


def _no_files(_: Config) -> tuple[str, ...]:
    return ()


def _no_check(_: Config, __: Inputs) -> None:
    pass


def _no_alarm(_: Lake) -> str | None:
    return None


@dataclass(frozen=True)
class Job:
    """A job: its name, the tables it reads and writes, and the sections of the configuration it depends on.

    ``settings`` names sections, or single settings as section.key; a job that reads another one fails.
    ``files`` names what it reads from outside the lake: raw folders, weights; ``optional_files`` may be missing.
    ``check`` reads the small ones of them before any job of a run begins, and raises what is wrong with them.
    ``reads`` and ``writes`` name tables, and folders of files such as the report. ``needs`` gives those of ``reads``
    that a configuration needs; None: all. ``optional`` names those of ``reads`` that may be missing, and then have no
    rows. ``alarm`` reads in the published tables that a limit is passed, and says so:
    the run then fails although it has published, and so does one that is skipped.
    ``settings`` and ``shortcuts`` are literals in a job's file: its help is made from them without running it.
    """

    name: str
    doc: str
    run: Callable[[Work, Config], None]
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    files: Callable[[Config], tuple[str, ...]] = _no_files
    optional_files: Callable[[Config], tuple[str, ...]] = _no_files
    check: Callable[[Config, Inputs], None] = _no_check
    needs: Callable[[Config], tuple[str, ...]] | None = None
    alarm: Callable[[Lake], str | None] = _no_alarm
    shortcuts: tuple[Shortcut, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """The tables and folders without which the job cannot run, whatever the configuration."""
        return tuple(name for name in self.reads if name not in self.optional)


def impossible_without(folder: str, jobs: Iterable[Job]) -> list[Job]:
    """The jobs of a run, in its order, that cannot run where a folder is not made: its own, and all that need it."""
    missing, found = {folder}, []
    for job in jobs:
        if missing.intersection(job.writes) or missing.intersection(job.required):
            missing.update(job.writes)
            found.append(job)
    return found


@dataclass
class Work:
    """One run of a job: reads published tables, stages new ones, collects counts and notes for the summary."""

    job: Job
    lake: Lake
    force: bool = False
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    accounts: list[Account] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    images: int | None = None
    folders: dict[str, str] = field(default_factory=dict)
    kept: int = 0
    recipes: dict[str, str] = field(default_factory=dict)
    taken_over: dict[str, int] = field(default_factory=dict)
    counters: dict[str, Accumulator[int]] = field(default_factory=dict)

    @property
    def staging(self) -> str:
        """The folder that holds everything this run has written so far."""
        return f"{self.lake.root}/{self.published.staging}"

    @property
    def published(self) -> Run:
        """What the lake will call this run."""
        return Run(self.job.name, self.run_id)

    def read(self, name: str) -> DataFrame:
        """A published table; the job must declare that it reads it."""
        assert name in self.job.reads, f"{self.job.name} does not declare that it reads {name}"
        if name in self.job.optional and not self.has(name):
            return self.lake.spark.createDataFrame([], TABLES[name].ddl)
        return self.lake.read(name)

    def has(self, name: str) -> bool:
        """Whether a table that the job may do without is published."""
        assert name in self.job.optional, f"{self.job.name} does not declare that it can do without {name}"
        return self.lake.manifest(name) is not None

    def folder(self, name: str) -> str:
        """The address of a published folder of files; the job must declare that it reads it."""
        assert name in self.job.reads, f"{self.job.name} does not declare that it reads {name}"
        self.folders[name] = self.lake.folder(name)
        return self.folders[name]

    def check_folders(self) -> None:
        """Raise SupersededError where a folder was published anew since: its files are called as those of before."""
        for name, address in self.folders.items():
            if self.lake.folder(name) != address:
                raise SupersededError(f"{address} has moved while it was read: run again")

    def previous(self, name: str) -> str | None:
        """The address of a table or folder of this job from an earlier run; None if there is none."""
        assert name in self.job.writes, f"{self.job.name} does not declare that it writes {name}"
        return self.lake.folder(name) if self.lake.manifest(name, forgiving=True) else None

    def earlier(self, recipe: str, *names: str) -> Lake | None:
        """The lake, where its tables of this job's last run were made by a recipe: rows of them may be taken over.

        None where the job is forced, where another recipe made them, and where a byte of them is not as it was.

        Args:
            recipe: what their rows depend on besides the bytes of their images, as `recipe_of` gives it.
            names: of the tables or folders; their manifests will have the recipe.
        """
        for name in names:
            assert name in self.job.writes, f"{self.job.name} does not declare that it writes {name}"
            self.recipes[name] = recipe
        if self.force:
            return None
        manifests = [self.lake.manifest(name, forgiving=True) for name in names]
        if {manifest and manifest.recipe for manifest in manifests} != {recipe}:
            return None
        try:
            for name in names:
                self.lake.intact(name)
        except SupersededError:
            raise
        except ImageLakeError as error:
            announce(f"{self.job.name}: {error}: nothing is taken over from it")
            return None
        return self.lake

    def write(self, name: str, frame: DataFrame, options: Mapping[str, str] | None = None) -> DataFrame:
        """Stage a table and return it read from the staged files, so that it is not computed twice."""
        assert name in self.job.writes, f"{self.job.name} does not declare that it writes {name}"
        staged, self.rows[name] = self._stage(name, frame, options)
        return staged

    def _stage(
        self, name: str, frame: DataFrame, options: Mapping[str, str] | None, mode: str = "error"
    ) -> tuple[DataFrame, int]:
        """The whole staged table, and how many rows this added to it, counted as they were written."""
        address, written = f"{self.staging}/{name}", Observation()
        counted = TABLES[name].conform(frame).observe(written, F.count(F.lit(1)).alias("rows"))
        counted.write.mode(mode).options(**(options or {})).parquet(address)
        staged = frame.sparkSession.read.schema(TABLES[name].ddl).parquet(to_pattern(address))
        return staged, written.get["rows"]

    def keep(self, name: str, frame: DataFrame) -> DataFrame:
        """A frame that several steps read, stored until the end of the run.

        Unlike a persisted frame it has no plan behind it, which Spark would analyse again wherever the frame is used,
        and it outlives the executor that computed it.
        """
        self.kept += 1
        address = f"{self.staging}/kept/{self.kept}-{name}"
        frame.write.parquet(address)
        return frame.sparkSession.read.schema(frame.schema).parquet(to_pattern(address))

    def take_over(self, name: str, frame: DataFrame, options: Mapping[str, str] | None = None) -> DataFrame:
        """Add rows of an earlier run to a table that is staged, in files of their own; the whole staged table."""
        staged, self.taken_over[name] = self._stage(name, frame, options, "append")
        self.rows[name] += self.taken_over[name]
        return staged

    def take_over_besides(self, name: str, gone: Keys, options: Mapping[str, str] | None = None) -> DataFrame:
        """Add the last run's rows to a table that is staged, except for those of some keys; the whole staged table.

        Files that keep all their rows are linked where the disk has links; the rows of others are written anew.
        """
        before, staged = self.lake.read(name), f"{self.staging}/{name}"
        parts = self.lake.require(name).parts or []
        linked = link_files(before, parts, gone, (self.lake.folder(name), to_uri(staged)))
        written = 0
        if len(linked) < len(parts):
            others = before.where(~name_of_file().isin(linked)) if linked else before
            _, written = self._stage(name, gone.rows_besides(others.select(*before.columns)), options, "append")
        self.taken_over[name] = written + rows_in(staged, linked)
        self.rows[name] += self.taken_over[name]
        return self.lake.spark.read.schema(TABLES[name].ddl).parquet(to_pattern(staged))

    def counter(self, what: str) -> Accumulator[int]:
        """Counts for the summary what executors do, repeated attempts included."""
        return self.counters.setdefault(what, self.lake.spark.sparkContext.accumulator(0))

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

    def images_per_second(self, seconds: float) -> float | None:
        """The pace of a job that looks at images; none where an earlier run did a part of the work."""
        return None if self.images is None or self.taken_over else round(self.images / seconds, 2)

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

    A job whose tables were made by the same code from the same inputs and settings is skipped, unless forced. One whose
    inputs are published anew while it reads them starts again with the new ones.
    """
    with suppress(ImageLakeError):  # a user without write access may still skip what is current
        remove_left_overs(lake.files, job.name, job.name)
    for _ in range(ATTEMPTS - 1):
        pinned = lake.pinned(job.reads, force)
        try:
            return _execute(job, pinned, config, force)
        except (ImageLakeError, *JAVA_ERRORS):
            if not pinned.view.is_outdated():
                raise
            announce(f"{job.name}: its inputs were published anew while it read them; it starts again")
    return _execute(job, lake.pinned(job.reads, force), config, force)


def _execute(job: Job, lake: Lake, config: Config, force: bool) -> Outcome:
    """Run a job on a pinned lake."""
    began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    declared = config.declared(job.settings, job.name)
    inputs, sources, rows = _inputs(job, lake, declared)
    code = code_of(job.run)
    fingerprint = _fingerprint(job, inputs, config, code)
    if not force and _is_current(job, lake, fingerprint):
        return Outcome(job, time.monotonic() - began, None)
    work, settings = Work(job, lake, force), without_credentials(config.values(job.settings))
    described = JobRun(
        config.lineage.namespace,
        job.name,
        job.doc,
        lake.root,
        work.run_id,
        inputs,
        job.writes,
        settings,
        code.version,
        lake.spark.version,
    )
    lineage, manifests = Lineage(described, sender(config.lineage)), []
    lake.spark.sparkContext.setJobDescription(job.name)
    try:
        lake.files.create(f"{work.published.staging}/{OWNER}", this_process(job.name).to_json())
        noted = parts_of_sources(lake.storage, sources)
        with PERSISTED.used(lake.spark), compiled_for(lake.spark, rows):
            _run(work, declared)
        work.check_folders()
        seconds = time.monotonic() - began
        for name in job.writes:
            manifest = Manifest(
                name=name,
                job=job.name,
                run_id=work.run_id,
                fingerprint=fingerprint,
                code_version=code.version,
                config_digest=config.digest(job.settings),
                inputs=inputs,
                rows=work.rows[name],
                accounts=work.accounts,
                started=started,
                seconds=round(seconds, 3),
                images_per_second=work.images_per_second(seconds),
                columns={column.name: column.type for column in TABLES[name].columns} if name in TABLES else {},
                parts=parts_of(lake.storage, f"{work.staging}/{name}"),
                settings=settings,
                sources=noted,
                recipe=work.recipes.get(name),
                taken_over=work.taken_over.get(name, 0),
            )
            lake.files.replace(f"{work.published.staging}/{name}/{MANIFEST}", manifest.to_json().encode())
            manifests.append(manifest)
        published = publish(
            lake.files, Publication(work.published, job.writes, lake.view.record().of(job.writes)), force
        )
        lineage.ended(manifests, published)
    except BaseException as error:
        lineage.failed(error)
        raise
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
    """Remove what the run has staged, unless it is published from there: an error may have come between the two.

    The cause of the job's failure may also prevent this; later runs remove old staging folders.
    """
    with suppress(ImageLakeError):
        if not unsettled(work.lake.files, read_record(work.lake.files), work.published.staging):
            work.lake.storage.delete(work.staging)


def _inputs(job: Job, lake: Lake, config: Config) -> tuple[dict[str, str], list[FoundFile], int]:
    """What the job reads, by name or address, with a run's id or a digest; the files that the manifest names; rows."""
    manifests = {name: lake.require(name) for name in (job.needs(config) if job.needs else job.required)}
    manifests |= {name: manifest for name in job.optional if (manifest := lake.manifest(name))}
    inputs = {name: manifest.run_id for name, manifest in manifests.items()}
    present = (file for file in job.optional_files(config) if lake.storage.exists(file))
    sources = NamedSources()
    for address in (*job.files(config), *present):
        inputs[address] = lake.storage.digest(address, sources.of(address))
    return inputs, sources.found, max(sources.rows, *(manifest.rows for manifest in manifests.values()), 0)


def _fingerprint(job: Job, inputs: Mapping[str, str], config: Config, code: Code) -> str:
    parts = [
        job.name,
        code.digest,
        config.digest(job.settings),
        *(f"{name}={inputs[name]}" for name in sorted(inputs)),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _is_current(job: Job, lake: Lake, fingerprint: str) -> bool:
    """Whether all tables are there, whole, and made of the same; what is damaged is made again."""
    manifests = [lake.manifest(name) for name in job.writes]
    if not all(manifest is not None and manifest.fingerprint == fingerprint for manifest in manifests):
        return False
    try:
        for name in job.writes:
            lake.sound(name)
    except ImageLakeError as error:
        announce(f"{job.name}: {error}: it runs again")
        return False
    return True
