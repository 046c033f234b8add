"""What people said of labels: from a CSV to the table, over what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.spreadsheet import text_of_cell
from imagelake.taxonomy.csv_rows import read_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERDICTS = ("confirmed", "refuted")
COLUMNS = ("image_id", "label", "verdict")
TABLE = ("image_id", "label_id", "label", "verdict", "file")


class Verdict(NamedTuple):
    """One line: the label of an image, by its display name, and what a person said."""

    image_id: str
    label: str
    verdict: str


def read_verdicts(content: bytes, source: str) -> list[Verdict]:
    """The lines of a CSV with the columns image_id, label, verdict; of several for one label the last one counts.

    Lines without a verdict are labels that nobody has judged yet.

    Raises:
        ImageLakeError: it is no such CSV, or a verdict is none; the message names the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImageLakeError(f"verdicts.file = {source!r} is not UTF-8: {error}") from None
    found: dict[tuple[str, str], Verdict] = {}
    for row in read_rows(text, source, COLUMNS):
        verdict = row["verdict"].lower()
        if not verdict:
            continue  # nobody has judged it yet
        if verdict not in VERDICTS:
            raise unknown_choice(f"verdict in {source}, line {row.line}:", row["verdict"], VERDICTS)
        image_id, label = text_of_cell(row["image_id"]), text_of_cell(row["label"])
        found[image_id, label] = Verdict(image_id, label, verdict)
    return list(found.values())


def given_verdicts(rows: Sequence[Verdict], labels: DataFrame, file: str) -> DataFrame:
    """The table's rows of what a file says; label_id is null where the image has no such label.

    Args:
        rows: of the file.
        labels: the table labels.
        file: the file's name.
    """
    said = labels.sparkSession.createDataFrame(list(rows), "image_id string, label string, verdict string")
    known = labels.select("image_id", "label", "label_id").distinct()
    return (
        known.join(F.broadcast(said), ["image_id", "label"], how="right")
        .groupBy("image_id", "label", "verdict")
        .agg(F.min("label_id").alias("label_id"))
        .withColumn("file", F.lit(file))
        .select(*TABLE)
    )


def merged_verdicts(given: DataFrame, earlier: DataFrame | None) -> DataFrame:
    """The label_verdicts table: what is said now, and what was said before of other labels."""
    if earlier is None:
        return given
    return given.unionByName(earlier.join(given, ["image_id", "label_id"], how="left_anti"))
