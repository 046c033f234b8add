"""The answers of the four jobs by DuckDB: the documented definitions as plain SQL on the same files.

plain_sql.py SOURCE ANSWERS THREADS prints the seconds of each part and those of the processor as a line of JSON.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
INGESTED = ("images", "images_rejected", "classes", "hierarchy", "labels", "boxes", "annotations_rejected")
EXPLORED = (
    "null_counts",
    "split_summary",
    "label_counts",
    "boxes_per_image",
    "facets",
    "image_shapes",
    "images_without_label",
    "labels_without_image",
)
CLEANED = ("labels_clean", "labels_rejected")
COUNTED = ("images", "labels", "boxes", "classes", "hierarchy")
ACCOUNTS = "accounts"
LABEL_CELLS = ("ImageID", "Source", "LabelName", "Confidence")
FLAGS = ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside")
PAGES = ("OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL", "Author", "Title")
# Table of cells -> the kind that its rejected lines are of, and the columns wanted.
CELLS = {
    "image_cells": ("images", ("ImageID", "Subset", *PAGES, "Rotation")),
    "class_cells": ("classes", ("LabelName", "DisplayName")),
    "label_cells": ("labels", LABEL_CELLS),
    "box_cells": ("boxes", (*LABEL_CELLS, "XMin", "XMax", "YMin", "YMax", *FLAGS)),
}


def main() -> None:
    """Answer, and say what that took."""
    source, answers, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    seconds = {}
    began = time.perf_counter()
    for part in answer(source, answers, threads):
        seconds[part] = round(time.perf_counter() - began, 1)
        began = time.perf_counter()
    print(json.dumps({"parts": seconds, "cpu_s": round(time.process_time(), 1)}))


def answer(source: Path, answers: Path, threads: int) -> Iterator[str]:
    """Write all tables and the accounts; yields the name of each part once it is done.

    Args:
        source: the folder of the files.
        answers: the new folder of the tables, one Parquet file each.
        threads: of DuckDB.
    """
    answers.mkdir(parents=True)
    base = duckdb.connect(str(answers / "lines.duckdb"), config={"threads": threads, "preserve_insertion_order": False})
    read_files(base, source)
    base.execute((HERE / "ingest.sql").read_text())
    write(base, answers, INGESTED)
    yield "ingest"
    for name in COUNTED:  # from here on from the published tables, as the jobs do
        kind = "VIEW" if name in ("labels", "boxes") else "TABLE"
        base.execute(f"ALTER {kind} {name} RENAME TO {name}_as_read")
        base.execute(f"CREATE VIEW {name} AS FROM '{answers / name}.parquet'")
    base.execute((HERE / "explore.sql").read_text())
    base.execute(f"CREATE TABLE null_counts AS {' UNION ALL '.join(map(nulls_of, COUNTED))}")
    write(base, answers, EXPLORED)
    yield "explore"
    base.execute((HERE / "clean.sql").read_text())
    write(base, answers, CLEANED)
    yield "clean"
    base.execute((HERE / "accounts.sql").read_text())
    write(base, answers, (ACCOUNTS,))
    base.close()
    (answers / "lines.duckdb").unlink()
    yield "accounts"


def read_files(base: duckdb.DuckDBPyConnection, source: Path) -> None:
    """Read the files as text cells, and keep the lines that have too few or too many of them."""
    files = sorted(source.glob("*.csv"))
    for table in CELLS:
        of_table = [file for file in files if table_of(file) == table]
        base.execute(f"CREATE TABLE {table} AS {' UNION ALL BY NAME '.join(scans(table, of_table))}")
    base.execute(f"CREATE TABLE hierarchy_json AS SELECT content FROM read_text('{source}/*hierarchy.json')")
    base.execute("CREATE TABLE files (filename VARCHAR, name VARCHAR, split VARCHAR, origin VARCHAR, kind VARCHAR)")
    rows = [
        (str(file), file.name, split_of(file.name), origin_of(file.name), CELLS[table_of(file)][0]) for file in files
    ]
    base.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?)", rows)
    # A line with several cells too many is an error for each of them.
    base.execute(
        "CREATE TABLE malformed AS SELECT kind, name AS source_file, csv_line AS row FROM (SELECT DISTINCT scan_id, "
        "file_id, line, csv_line FROM reject_errors) JOIN reject_scans USING (scan_id, file_id) "
        "JOIN files ON file_path = filename"
    )


def scans(table: str, files: Sequence[Path]) -> Iterator[str]:
    """A query for all files of each header: the wanted cells without blanks around them, empty ones null."""
    by_header: dict[tuple[bool, tuple[str, ...]], list[str]] = defaultdict(list)
    for file in files:
        by_header[header_of(file)].append(str(file))
    wanted = CELLS[table][1]
    for (has_header, names), uris in by_header.items():
        columns = dict.fromkeys(names, "VARCHAR")
        cells = ", ".join(f"nullif(trim({name}), '') AS {name}" for name in wanted)
        yield (
            f"SELECT {cells}, filename FROM read_csv({uris}, header = {has_header}, columns = {columns}, "
            "auto_detect = false, delim = ',', quote = '\"', escape = '\"', filename = true, store_rejects = true, "
            "rejects_limit = 0)"
        )


def header_of(file: Path) -> tuple[bool, tuple[str, ...]]:
    """Whether the first line holds names, and the names of the columns."""
    with file.open(encoding="utf-8", newline="") as stream:
        names = next(csv.reader(stream))
    return (False, ("LabelName", "DisplayName")) if names[0].startswith("/") else (True, tuple(names))


def table_of(file: Path) -> str:
    """The table that the cells of a file go to."""
    _, names = header_of(file)
    if "XMin" in names:
        return "box_cells"
    if "Confidence" in names:
        return "label_cells"
    return "image_cells" if "Subset" in names else "class_cells"


def split_of(name: str) -> str | None:
    """The split that is a word of a file's name."""
    words = set(name.replace(".", "-").replace("_", "-").split("-"))
    return next((split for split in ("train", "validation", "test") if split in words), None)


def origin_of(name: str) -> str | None:
    """Who labelled, where a file's name says it."""
    return next((origin for origin in ("machine", "human") if origin in name), None)


def nulls_of(table: str) -> str:
    """A query for the rows of null_counts of a table."""
    return (
        f"SELECT '{table}' AS table_name, column_name, (SELECT count(*) FROM {table}) AS rows, nulls FROM (UNPIVOT "
        f"(SELECT count(*) - count(COLUMNS(*)) FROM {table}) ON COLUMNS(*) INTO NAME column_name VALUE nulls)"
    )


def write(base: duckdb.DuckDBPyConnection, answers: Path, tables: Sequence[str]) -> None:
    """Write tables, one Parquet file each."""
    for name in tables:
        base.execute(f"COPY (FROM {name}) TO '{answers / name}.parquet'")


if __name__ == "__main__":
    main()
