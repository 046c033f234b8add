"""One process publishes without a break while others read: how many looks found no table, tables of two runs, an error.

scripts/publishing_trial --plain
scripts/publishing_trial --hdfs --seconds 60
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from crc32c import crc32c

from imagelake.config import load_config
from imagelake.lake.files import LocalFiles, WritableFiles
from imagelake.lake.hadoop_files import HadoopFiles
from imagelake.lake.manifest import Manifest, Part
from imagelake.lake.publication import Publication, publish
from imagelake.lake.published import PublishedLake, open_lake
from imagelake.lake.record import Run, read_record
from imagelake.runtime.session import start_session

TABLES, ROWS, PARTS = ("t", "u"), 100, 3
MISSING = "there is no table"


def stage(files: WritableFiles, run: Run, number: int) -> None:
    """Tables of a run whose every row holds the run's number."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"run": pa.array([number] * ROWS)}), buffer)
    content = buffer.getvalue()
    for table in TABLES:
        names = [f"part-{part:05}-{run.run_id}.parquet" for part in range(PARTS)]
        for name in names:
            files.create(f"{run.staging}/{table}/{name}", content)
        parts = [Part(name, len(content), f"{crc32c(content):08x}") for name in names]
        manifest = Manifest(table, run.job, run.run_id, "", "", "", {}, ROWS * PARTS, [], "", 0.0, None, {}, parts)
        files.create(f"{run.staging}/{table}/_manifest.json", manifest.to_json().encode())


def publish_until(files: WritableFiles, ends: float, number: int = 1) -> Counter[str]:
    """Publish over and over, at least once, runs numbered from a number on; how many were made, how many were lost."""
    found: Counter[str] = Counter()
    while time.time() < ends or not found:
        number += 1
        run = Run("trial", f"{number:012x}")
        before = read_record(files).of(TABLES)
        stage(files, run, number)
        try:
            published = publish(files, Publication(run, TABLES, before))
        except Exception:
            traceback.print_exc()
            published = False
        files.delete(run.staging)
        found["publications" if published and read_record(files).runs["t"] == run else "lost publications"] += 1
    return found


def look(lake: PublishedLake) -> tuple[set[int], ...]:
    """The runs whose rows each table holds."""
    return tuple(set(lake.read(table)["run"].to_pylist()) for table in TABLES)


def look_until(open_: Callable[[], PublishedLake], ends: float) -> Counter[str]:
    """Read over and over, as the server does; how many looks were right, and what was wrong with others."""
    found: Counter[str] = Counter()
    lake, newest = open_(), 0
    while time.time() < ends:
        found["looks"] += 1
        try:
            first, second = lake.consistent(look)
        except Exception as error:
            found["missing" if MISSING in str(error) else "errors"] += 1
            traceback.print_exc()
            continue
        if first != second or len(first) != 1:
            found["mixed"] += 1
        elif min(first) < newest:
            found["older than before"] += 1
        newest = max(first)
    return found


def look_plainly_until(root: Path, ends: float) -> Counter[str]:
    """Read over and over, as somebody does who knows Parquet alone."""
    found: Counter[str] = Counter()
    while time.time() < ends:
        found["plain looks"] += 1
        try:
            runs = set(pd.read_parquet(root / "t")["run"])
        except (OSError, KeyError):  # an empty listing is a frame without columns
            found["plain looks between two renames"] += 1
            continue
        found["plain looks at two runs at once"] += len(runs) > 1
    return found


@dataclass(frozen=True)
class Watch:
    """What a process that looks needs to know; all begin together, for starting one takes seconds."""

    root: str
    namenode: str | None
    seconds: float
    began: Barrier
    results: SimpleQueue[Counter[str]]

    def __call__(self, plain: bool) -> None:
        """Look until the time is over."""
        self.began.wait()
        ends = time.time() + self.seconds
        if plain:
            self.results.put(look_plainly_until(Path(self.root), ends))
        else:
            self.results.put(look_until(lambda: open_lake(self.root, self.namenode), ends))


def trial(
    files: WritableFiles, root: str, seconds: float, namenode: str | None = None, plain: bool = False
) -> Counter[str]:
    """Publish from this process while two others look, and with plain a third one; everything that was counted."""
    publish_until(files, 0.0, 0)  # there is something to look at
    context = multiprocessing.get_context("spawn")
    kinds = (False, False, True) if plain else (False, False)
    watch = Watch(root, namenode, seconds, context.Barrier(len(kinds) + 1), context.SimpleQueue())
    watchers = [context.Process(target=watch, args=(kind,)) for kind in kinds]
    for watcher in watchers:
        watcher.start()
    watch.began.wait()
    found = publish_until(files, time.time() + seconds)
    for _ in watchers:
        found += watch.results.get()
    for watcher in watchers:
        watcher.join()
    return found


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seconds", type=float, default=600)
    made.add_argument("--root", help="an hdfs:// address; without it a folder of this machine that is removed again")
    made.add_argument("--namenode", help="http://host:port of its NameNode")
    made.add_argument("--plain", action="store_true", help="look with pandas alone, too; local only")
    return made


def main() -> int:
    """Try for some time; returns 1 where anything went wrong."""
    options = parser().parse_args()
    if options.root:
        files = HadoopFiles(start_session("trial", load_config().spark), options.root)
        found = trial(files, options.root, options.seconds, options.namenode)
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = trial(LocalFiles(Path(folder)), folder, options.seconds, plain=options.plain)
    sys.stdout.write("".join(f"{count:9,} {what}\n" for what, count in found.items()))
    return int(any(found[what] for what in ("lost publications", "missing", "errors", "mixed", "older than before")))


if __name__ == "__main__":
    sys.exit(main())
