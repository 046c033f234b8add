"""What each class folder matched: the classes of the model that count as its label, none, or several to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from imagelake.tables import TABLES
from imagelake.taxonomy.name_matching import Outcome, describe_choices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from imagelake.taxonomy.folder_names import FolderMeaning

NAMES_SHOWN = 20


def class_folder_table(
    spark: SparkSession, images: Mapping[str, int], meanings: Sequence[FolderMeaning], class_names: Sequence[str]
) -> DataFrame:
    """The class_folders table.

    Args:
        spark: the session.
        images: folder -> images in it.
        meanings: what each of these folders means.
        class_names: the model's classes by index.
    """
    rows = [
        (
            folder,
            label,
            images[folder],
            match.outcome,
            [class_names[index] for index in sorted(match.classes)],
            list(match.choices),
        )
        for folder, label, match in meanings
    ]
    return spark.createDataFrame(rows, TABLES["class_folders"].ddl)


def folder_notes(meanings: Sequence[FolderMeaning]) -> dict[str, str]:
    """How many class folders the model covers, which it does not, and what those of ambiguous names could mean."""
    by_outcome = {
        outcome: [meaning for meaning in meanings if meaning.match.outcome == outcome] for outcome in get_args(Outcome)
    }
    counts = ", ".join(f"{len(found):,} {outcome.replace('_', ' ')}" for outcome, found in by_outcome.items())
    notes = {"class folders": f"{len(meanings):,}: {counts}"}
    if missed := by_outcome["not_covered"]:
        notes["not covered by the model"] = shortened([meaning.folder for meaning in missed])
    if unsettled := by_outcome["ambiguous"]:
        notes["ambiguous"] = describe_choices({meaning.folder: meaning.match.choices for meaning in unsettled})
    return notes


def shortened(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
