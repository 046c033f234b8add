"""Images that show too little to learn from: tiny, blank, dark or blurred, by thresholds of their measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables
from imagelake.transforms.rows.verdicts import first_reason

if TYPE_CHECKING:
    from imagelake.config import ReportSection


def problems(tables: Tables, rules: ReportSection) -> list[Problem]:
    """A problem for each reason; an image counts for the first that holds, since a blank one is dark or blurred too.

    Without predictions no pixel was decoded, so that only the size is judged.
    """
    measures = {"tiny": F.least("width", "height"), "blank": F.col("contrast"), "dark": F.col("brightness"),
                "blurred": F.col("sharpness")}  # fmt: skip
    least = {"tiny": rules.tiny_side, "blank": rules.blank_contrast, "dark": rules.dark_brightness,
             "blurred": rules.blurred_sharpness}  # fmt: skip
    judged = (
        tables["image_quality"]
        .withColumn("reason", first_reason({reason: measures[reason] < least[reason] for reason in measures}))
        .where("reason IS NOT NULL")
        .join(tables["images"].select("image_id", "path"), "image_id", how="left")
    )
    texts = {
        "tiny": ("Tiny images", F.concat_ws(" x ", "width", "height"),
                 f"The shorter side is under {rules.tiny_side} pixels (report.tiny_side). Find larger originals."),
        "blank": ("Blank images", F.concat(F.lit("contrast "), F.round("contrast", 1)),
                  f"Nearly one grey: contrast under {rules.blank_contrast:g} levels (report.blank_contrast). Remove."),
        "dark": ("Dark images", F.concat(F.lit("brightness "), F.round("brightness", 0).cast("int")),
                 f"Mean grey level under {rules.dark_brightness:g} of 255 (report.dark_brightness). Brighten or drop."),
        "blurred": ("Blurred images", F.concat(F.lit("sharpness "), F.round("sharpness", 0).cast("int")),
                    "The Laplacian's variance at the network's input size is under "
                    f"{rules.blurred_sharpness:g} (report.blurred_sharpness). Look before you remove them: large even "
                    "areas count as blur."),
    }  # fmt: skip
    columns = ("image_id", "path", "split", "width", "height", "contrast", "brightness", "sharpness")
    return [
        Problem(
            f"{reason}-images",
            title,
            advice,
            "medium",
            judged.where(F.col("reason") == reason).select(*columns, note.alias(NOTE)),
            [measures[reason], F.col("image_id")],
        )
        for reason, (title, note, advice) in texts.items()
        if reason == "tiny" or "predictions" in tables
    ]


CONTRIBUTION = Contribution(("image_quality", "images"), problems, optional=("predictions",))
