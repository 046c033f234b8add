"""Export a data set: the chosen images and their splits as files that other libraries open.

Reads images, image_bytes, predictions, labels_clean, duplicate_groups; with export.images=sample also sample_images,
with export.splits=chosen also image_splits. Writes the folder export: Parquet for the `datasets` library, shards of
WebDataset, batches of CIFAR, NumPy arrays or a folder a split and class, with a data card, croissant.json, labels.csv
and checksums.txt, the SHA-256 of each file. Executors write the files; the folder is published whole.
Cost: at most 18 s for 60,000 images of 32 x 32 as Parquet, on two cores.

    spark-submit jobs/export_dataset.py --root var/lake --set export.format=huggingface
"""

from __future__ import annotations

import csv
import io
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.exports.cifar_pickle import cifar_meta
from imagelake.exports.croissant import Described, ExportedFile, croissant
from imagelake.exports.data_card import Provenance, data_card
from imagelake.runtime.code_version import code_of
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.written_files import checksums, write_files, write_parquet, write_rows
from imagelake.spreadsheet import cell
from imagelake.transforms.export.byte_files import SEPARATORS
from imagelake.transforms.export.choice import choose_images
from imagelake.transforms.export.class_folders import list_files, metadata_files, with_paths
from imagelake.transforms.export.dataset import (
    CIFAR_ROWS,
    PARQUET_COLUMNS,
    ExportPlan,
    byte_rows,
    parquet_rows,
    plan_export,
    resizing_of,
)
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FOLDER = "export"
AUTHORS = 20


def run(work: Work, config: Config) -> None:
    """Choose and number the images, let executors write the files, then describe them."""
    rules, limits = config.export, image_limits(config.images)
    if rules.format in ("npz", "cifar"):
        resizing_of(rules, limits)
    judged = choose_images({name: work.read(name) for name in needs(config)}, rules).persist(StorageLevel.DISK_ONLY)
    chosen, dropped = kept(judged), count_by_reason(rejected(judged))
    plan = plan_export(chosen, rules)
    paths = [file.path for file in plan.files]
    image_bytes = work.read("image_bytes")
    if rules.format == "huggingface":
        write_parquet(work, FOLDER, parquet_rows(plan, image_bytes), paths)
    elif rules.format == "folders":
        _write_folders(work, plan, image_bytes)
    else:
        write_rows(work, FOLDER, byte_rows(plan, image_bytes, rules, limits), paths, SEPARATORS[rules.format])
    _write(work, "labels.csv", _labels_csv(plan))
    if rules.format == "cifar":
        _write(work, "batches.meta", cifar_meta(plan.labels, CIFAR_ROWS))
    files = [ExportedFile(*found) for found in checksums(work, FOLDER)]
    described = _described(chosen, plan, config)
    provenance = _provenance(chosen, dropped, config)
    columns = PARQUET_COLUMNS if rules.format == "huggingface" else {}
    _write(work, "README.md", data_card(described, plan.counts, provenance, bool(columns)).encode())
    # No description lists every image where each is a file.
    shown = [file for file in files if rules.format != "folders" or file.path.count("/") < 2]
    _write(work, "croissant.json", croissant(described, shown, columns).encode())
    _write(work, "checksums.txt", "".join(f"{file.sha256}  {file.path}\n" for file in files).encode())
    work.rows[FOLDER] = len(files)
    images, exported = sum(dropped.values()) + sum(plan.splits.values()), sum(plan.splits.values())
    work.account("images", images, exported, dropped)
    work.note("splits", ", ".join(f"{split} {count:,}" for split, count in plan.splits.items()))
    work.note("files", f"{len(files):,}, {sum(file.size for file in files) / 2**20:,.1f} MiB")
    work.note("folder", work.lake.address(FOLDER))


def _write_folders(work: Work, plan: ExportPlan, image_bytes: DataFrame) -> None:
    """A file an image, and lists of them."""
    rows = with_paths(plan)
    listed = list_files(rows)
    contents = rows.join(image_bytes, "image_id", how="inner").select(F.col("file_name").alias("path"), "content")
    write_files(work, FOLDER, contents, [row["file_name"] for row in listed])
    for path, content in metadata_files(listed).items():
        _write(work, path, content)


def _write(work: Work, name: str, content: bytes) -> None:
    work.lake.storage.write_bytes(f"{work.staging}/{FOLDER}/{name}", content)


def _labels_csv(plan: ExportPlan) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(
        [("class", "label"), *((number, cell(label)) for number, label in enumerate(plan.labels))]
    )
    return file.getvalue().encode()


def _described(chosen: DataFrame, plan: ExportPlan, config: Config) -> Described:
    licenses = [row["license"] for row in chosen.where("license IS NOT NULL").select("license").distinct().collect()]
    return Described(
        name=config.export.name,
        description=f"{sum(plan.splits.values()):,} images of {len(plan.labels):,} labels.",
        license=sorted(licenses) or ["unknown: ask whoever published the images"],
        published=datetime.now(UTC).date().isoformat(),
        splits=plan.splits,
        labels=plan.labels,
    )


def _provenance(chosen: DataFrame, dropped: dict[str, int], config: Config) -> Provenance:
    rules = config.export
    images = {
        "all": "every image that can be decoded",
        "representatives": "the best image of each group of duplicates",
        "sample": "the balanced sample of select_sample",
    }
    splits = {"source": "the source's own", "chosen": "those of split_images"}
    resized = f"{rules.side or 32} x {rules.side or 32} pixels, {rules.framing}, bilinear"
    whole = "the images' own files, unchanged"
    return Provenance(
        source=config.source.path or ", ".join(config.source.arrays) or config.source.type,
        choice=f"{images[rules.images]}; splits: {splits[rules.splits]}",
        format=f"{rules.format}, {resized if rules.format in ('npz', 'cifar') else whole}",
        dropped=dropped,
        licenses=_counts(chosen, "license"),
        authors=_counts(chosen, "author"),
        seeds={"order": rules.seed},
        code=code_of(run).version,
    )


def _counts(chosen: DataFrame, column: str) -> dict[str, int]:
    most = chosen.where(F.col(column).isNotNull()).groupBy(column).count().orderBy(F.desc("count"), column)
    return {row[column]: row["count"] for row in most.limit(AUTHORS).collect()}


def needs(config: Config) -> tuple[str, ...]:
    """The sample and the chosen splits only where they are exported."""
    return (
        *("images", "image_bytes", "predictions", "labels_clean", "duplicate_groups"),
        *(["sample_images"] if config.export.images == "sample" else []),
        *(["image_splits"] if config.export.splits == "chosen" else []),
    )


JOB = Job(
    name="export_dataset",
    doc=__doc__,
    run=run,
    reads=(
        "images",
        "image_bytes",
        "predictions",
        "labels_clean",
        "duplicate_groups",
        "sample_images",
        "image_splits",
    ),
    writes=("export",),
    settings=("export", "images", "source"),
    needs=needs,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
