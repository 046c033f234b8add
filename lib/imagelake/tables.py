"""The tables of the lake: their keys, columns and types, which jobs must write exactly.

A table is Parquet under ``<root>/<name>/`` with its manifest beside the data. The meaning of a row, the key and the
columns are defined here only; a job that writes other columns fails before it publishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class ContractError(Exception):
    """A frame does not have the columns of its table."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its Spark SQL type and its meaning with units."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table of the lake. ``key`` names the columns that identify a row; empty where rows may repeat."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def ddl(self) -> str:
        """The schema as Spark SQL writes it, e.g. ``image_id string, width int``."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    def conform(self, frame: DataFrame) -> DataFrame:
        """The frame with the table's columns, in order and cast to their types.

        Raises:
            ContractError: a column is missing, or there is one that the table does not have.
        """
        promised, found = [column.name for column in self.columns], frame.columns
        if set(promised) != set(found) or len(found) != len(promised):
            missing, extra = sorted(set(promised) - set(found)), sorted(set(found) - set(promised))
            raise ContractError(f"table {self.name}: missing columns {missing}, unexpected columns {extra}")
        return frame.select(*(frame[column.name].cast(column.type) for column in self.columns))


def _columns(*triples: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*triple) for triple in triples)


IMAGE_ID = (
    "image_id",
    "string",
    "the image's identifier: 16 hex digits in Open Images, the path in a folder of photos",
)
SPLIT = ("split", "string", "train, validation, test, or all where the source has no splits")
LABEL_ID = ("label_id", "string", "the label's machine identifier (MID), e.g. /m/096mb")
LABEL = ("label", "string", "the label's display name; null where no class description names it")
ERROR = ("error", "string", "why the bytes could not be used, one word; null when they could")
ERROR_DETAIL = ("error_detail", "string", "the decoder's own words for it")
REASON = ("reason", "string", "why the row was dropped, one word")
LABEL_COLUMNS = (
    IMAGE_ID,
    LABEL_ID,
    LABEL,
    SPLIT,
    ("origin", "string", "human or machine: which annotation file the row came from"),
    ("source", "string", "the annotation tool or annotator, as published"),
    ("confidence", "double", "0 to 1; a double, because 0.99 as a 32-bit float is above 0.99"),
)

_ALL = (
    Table(
        "images",
        "one row an image that is listed or has bytes; scanned without ever reading pixels",
        ("image_id",),
        _columns(
            IMAGE_ID,
            SPLIT,
            ("path", "string", "where the bytes came from; null for an image that is listed without bytes"),
            ("width", "int", "pixels, as displayed: after the EXIF orientation"),
            ("height", "int", "pixels, as displayed: after the EXIF orientation"),
            ("format", "string", "the file format found in the bytes, whatever the name says: JPEG, PNG, ..."),
            ("mode", "string", "the pixel mode: RGB, L, CMYK, P, ..."),
            ("exif_orientation", "int", "1 to 8; 1 where the file says nothing valid"),
            ("byte_size", "bigint", "bytes of the file"),
            ("sha256", "string", "of the bytes, in hex: equal files have equal hashes"),
            ("has_bytes", "boolean", "false for an image that is listed without bytes"),
            ("listed", "boolean", "false for bytes that no image list names; true where the source has no list"),
            ERROR,
            ERROR_DETAIL,
            ("original_url", "string", "where the photo was published"),
            ("landing_url", "string", "the page of the photo"),
            ("license", "string", "the licence's address"),
            ("author", "string", "who made the photo"),
            ("author_profile", "string", "the author's page"),
            ("title", "string", "the photo's title"),
            ("rotation", "double", "degrees counter-clockwise, as published; null where unknown"),
        ),
    ),
    Table(
        "image_bytes",
        "one row an image with bytes, in small row groups",
        ("image_id",),
        _columns(IMAGE_ID, ("content", "binary", "the file's bytes, unchanged")),
    ),
    Table(
        "images_rejected",
        "one row a line of an image list, or a file, that did not become an image",
        (),
        _columns(
            ("source_file", "string", "the file of the lake it came from"),
            REASON,
            ("row", "string", "the line's cells as JSON, or the file's path"),
        ),
    ),
    Table(
        "classes",
        "one row a class description",
        ("label_id",),
        _columns(LABEL_ID, LABEL, ("boxable", "boolean", "whether boxes are drawn for this class")),
    ),
    Table(
        "hierarchy",
        "one row an edge of the label hierarchy; a label may stand under several parents",
        ("label_id", "parent_id", "relation"),
        _columns(
            LABEL_ID,
            LABEL,
            ("parent_id", "string", "the parent's label_id; null for the root"),
            ("parent", "string", "the parent's display name"),
            ("relation", "string", "subcategory or part"),
            ("depth", "int", "steps from the root, the shortest way; 0 for the root"),
        ),
    ),
    Table("labels", "one row an image-level label as annotated, typed, nothing judged", (), _columns(*LABEL_COLUMNS)),
    Table(
        "boxes",
        "one row a bounding box",
        (),
        _columns(
            IMAGE_ID,
            LABEL_ID,
            LABEL,
            SPLIT,
            ("source", "string", "how the box was made: xclick, activemil, ..."),
            ("confidence", "double", "0 to 1"),
            ("x_min", "double", "left edge, share of the width"),
            ("x_max", "double", "right edge, share of the width"),
            ("y_min", "double", "top edge, share of the height"),
            ("y_max", "double", "bottom edge, share of the height"),
            ("is_occluded", "int", "1 yes, 0 no, -1 unknown"),
            ("is_truncated", "int", "1 yes, 0 no, -1 unknown"),
            ("is_group_of", "int", "1 yes, 0 no, -1 unknown: one box around five or more"),
            ("is_depiction", "int", "1 a drawing, 0 a photo, -1 unknown"),
            ("is_inside", "int", "1 seen from the inside, 0 no, -1 unknown"),
        ),
    ),
    Table(
        "class_folders",
        "one row a class folder of a folder of photos, by name; empty for other sources",
        ("folder",),
        _columns(
            ("folder", "string", "the name of the folder that photos lie in"),
            ("label", "string", "the label of these photos: the label map's, or the readable name of the folder's"),
            ("images", "bigint", "images in folders of this name"),
            ("outcome", "string", "covered; not_covered: no class of the model means it; ambiguous: see choices"),
            ("classes", "array<string>", "the classes that count as the label; empty where not covered"),
            ("choices", "array<string>", "what an ambiguous name could mean; else empty"),
        ),
    ),
    Table(
        "annotations_rejected",
        "one row a line of an annotation file that could not be typed",
        (),
        _columns(
            ("table_name", "string", "labels, boxes or classes: where it would have gone"),
            ("source_file", "string", "the file of the lake it came from"),
            REASON,
            ("row", "string", "the line's cells as JSON, as read"),
        ),
    ),
    Table(
        "null_counts",
        "one row a column of an ingested table",
        ("table_name", "column_name"),
        _columns(
            ("table_name", "string", "the table"),
            ("column_name", "string", "the column"),
            ("rows", "bigint", "rows of the table"),
            ("nulls", "bigint", "of them null"),
        ),
    ),
    Table(
        "split_summary",
        "one row a split",
        ("split",),
        _columns(
            SPLIT,
            ("images", "bigint", "images of the split"),
            ("images_with_bytes", "bigint", "of them with bytes"),
            ("labelled_images", "bigint", "of them with at least one label row"),
            ("confident_images", "bigint", "of them with a label above the confidence threshold"),
            ("confident_ratio", "double", "confident_images / images"),
            ("label_rows", "bigint", "label rows of the split"),
            ("labels", "bigint", "different labels of the split"),
            ("min_confidence", "double", "the lowest confidence"),
            ("mean_confidence", "double", "the mean confidence"),
            ("max_confidence", "double", "the highest confidence"),
            ("boxes", "bigint", "boxes of the split"),
            ("boxed_images", "bigint", "images of the split with at least one box"),
            ("depictions", "bigint", "boxes around a drawing rather than a photo"),
        ),
    ),
    Table(
        "label_counts",
        "one row a label and split that occur",
        ("label_id", "split"),
        _columns(
            LABEL_ID,
            LABEL,
            SPLIT,
            ("rows", "bigint", "label rows: occurrences"),
            ("images", "bigint", "different images"),
            ("confident_images", "bigint", "different images above the confidence threshold"),
            ("boxes", "bigint", "boxes of the label"),
        ),
    ),
    Table(
        "boxes_per_image",
        "one row a split and number of boxes: the distribution",
        ("split", "boxes"),
        _columns(SPLIT, ("boxes", "bigint", "boxes on one image"), ("images", "bigint", "images with that many boxes")),
    ),
    Table(
        "facets",
        "one row a node of the hierarchy, counts rolled up",
        ("label_id",),
        _columns(
            LABEL_ID,
            LABEL,
            ("category", "string", "the ancestor just below the root, the first by name; null for the root"),
            ("depth", "int", "steps from the root"),
            ("own_images", "bigint", "different images with this very label above the confidence threshold"),
            ("images", "bigint", "different images with it or a descendant above the threshold, each counted once"),
            ("boxes", "bigint", "boxes of it or a descendant"),
        ),
    ),
    Table(
        "image_shapes",
        "one row a split, format and size class",
        ("split", "format", "size_class"),
        _columns(
            SPLIT,
            ("format", "string", "the file format"),
            ("size_class", "string", "the longer side in pixels: up to 128, 129-256, 257-512, ..."),
            ("images", "bigint", "images"),
            ("mean_width", "double", "pixels"),
            ("mean_height", "double", "pixels"),
            ("bytes", "bigint", "bytes in all"),
        ),
    ),
    Table(
        "images_without_label",
        "one row an image that no label row names",
        ("image_id",),
        _columns(IMAGE_ID, SPLIT),
    ),
    Table(
        "labels_without_image",
        "one row an image that label rows name and the image list does not",
        ("image_id", "split"),
        _columns(IMAGE_ID, SPLIT, ("rows", "bigint", "label rows that name it")),
    ),
    Table(
        "labels_clean",
        "one row an image and label that can be trusted",
        ("image_id", "label_id"),
        _columns(*LABEL_COLUMNS),
    ),
    Table("labels_rejected", "one row a label that cleaning dropped", (), _columns(*LABEL_COLUMNS, REASON)),
    Table(
        "predictions",
        "one row an image with bytes: what the model sees, from one decode and one forward pass",
        ("image_id",),
        _columns(
            IMAGE_ID,
            ("top_classes", "array<int>", "class indices of the model, best first"),
            ("top_names", "array<string>", "their names"),
            ("top_scores", "array<float>", "their softmax scores, 0 to 1"),
            ("features", "array<float>", "pooled features of unit length; of half precision where so configured"),
            ("entropy", "double", "bits of the grey histogram, 0 to 8"),
            ("gradient", "double", "mean grey gradient magnitude, levels a pixel at the model's input size"),
            ("brightness", "double", "mean grey level, 0 black to 255 white"),
            ("contrast", "double", "standard deviation of the grey levels (RMS contrast), 0 to 127.5"),
            ("sharpness", "double", "variance of the grey Laplacian at the model's input size: low where blurred"),
            (
                "pixel_hash",
                "string",
                "SHA-256 of the upright RGB pixels and their size, in hex; null where a JPEG was decoded at a scale",
            ),
            (
                "perceptual_hash",
                "bigint",
                "pHash: 64 bits that stay nearly the same when a picture is resized or edited",
            ),
            ("thumbnail", "binary", "the upright image squeezed to 32 x 32 RGB pixels, by rows: 3,072 bytes"),
            ERROR,
            ERROR_DETAIL,
        ),
    ),
    Table(
        "unseen_predictions",
        "one row an image from outside the lake",
        ("folder", "path"),
        _columns(
            ("path", "string", "the file, below the folder that was given"),
            ("folder", "string", "the folder that was given"),
            ("predicted", "string", "the best class, or label of a head; null where the image cannot be decoded"),
            ("score", "double", "its score, 0 to 1"),
            ("top_names", "array<string>", "the best ones, best first"),
            ("top_scores", "array<float>", "their scores"),
            ERROR,
            ERROR_DETAIL,
        ),
    ),
    Table(
        "label_accuracy",
        "one row a label with clean images",
        ("label",),
        _columns(
            LABEL,
            ("images", "bigint", "clean images of the label that the model saw: n of the intervals"),
            ("undecodable", "bigint", "clean images of the label left out because their bytes cannot be decoded"),
            ("covered", "boolean", "whether any class of the model means this label"),
            ("classes", "array<string>", "the classes that do"),
            ("top1_images", "bigint", "images whose best class means the label; null where not covered"),
            ("top1", "double", "their share; null where not covered"),
            ("top1_low", "double", "Wilson interval"),
            ("top1_high", "double", "Wilson interval"),
            ("top5_images", "bigint", "images with such a class among the best five"),
            ("top5", "double", "their share"),
            ("top5_low", "double", "Wilson interval"),
            ("top5_high", "double", "Wilson interval"),
            ("level", "double", "the confidence level of the intervals, 0 to 1"),
        ),
    ),
    Table(
        "label_verification",
        "one row a covered label that people verified on predicted images, as there or as not there",
        ("label",),
        _columns(
            LABEL,
            ("positives", "bigint", "images that show it or a narrower label, as people verified: n of recall"),
            ("negatives", "bigint", "images without it or a broader label, as people verified"),
            ("top1_predicted", "bigint", "verified images whose best class means the label: n of its precision"),
            ("top1_hits", "bigint", "of these the ones that show it"),
            ("top5_predicted", "bigint", "verified images with such a class among the best five: n of its precision"),
            ("top5_hits", "bigint", "of these the ones that show it"),
            (
                "top1_precision",
                "double",
                "top1_hits / top1_predicted: a verified negative counts against it, an unverified image does not",
            ),
            ("top1_precision_low", "double", "Wilson interval"),
            ("top1_precision_high", "double", "Wilson interval"),
            ("top1_recall", "double", "top1_hits / positives"),
            ("top1_recall_low", "double", "Wilson interval"),
            ("top1_recall_high", "double", "Wilson interval"),
            (
                "top5_precision",
                "double",
                "top5_hits / top5_predicted: a verified negative counts against it, an unverified image does not",
            ),
            ("top5_precision_low", "double", "Wilson interval"),
            ("top5_precision_high", "double", "Wilson interval"),
            ("top5_recall", "double", "top5_hits / positives"),
            ("top5_recall_low", "double", "Wilson interval"),
            ("top5_recall_high", "double", "Wilson interval"),
            (
                "average_precision",
                "double",
                "area under precision over recall, by the summed score of its classes; null without positives",
            ),
            ("level", "double", "the confidence level of the intervals, 0 to 1"),
        ),
    ),
    Table(
        "confusion",
        "one row a true label and what the model said",
        ("label", "predicted"),
        _columns(
            LABEL,
            ("predicted", "string", "the label that the best class means, or the class's name where it means none"),
            ("correct", "boolean", "whether that counts as the label; false where not covered"),
            ("same_branch", "boolean", "whether one of the two labels is above the other in the hierarchy: no mistake"),
            ("covered", "boolean", "whether any class of the model means the true label"),
            ("images", "bigint", "images"),
            ("share", "double", "of the label's images"),
            ("examples", "array<string>", "up to five images, the surest mistakes first"),
        ),
    ),
    Table(
        "mistakes",
        "one row an image and clean label whose best class does not count as the label",
        ("image_id", "label"),
        _columns(
            IMAGE_ID,
            LABEL,
            ("predicted", "string", "the label that the best class means, or the class's name where it means none"),
            ("score", "double", "of the best class, 0 to 1"),
            ("top5", "boolean", "whether a class of the label is among the best five"),
            ("same_branch", "boolean", "whether one of the two labels is above the other in the hierarchy"),
        ),
    ),
    Table(
        "training_runs",
        "one row a setting of a head's grid, measured on images that its heads did not learn from",
        ("run",),
        _columns(
            ("run", "string", "the setting, such as l2=0.01"),
            ("head", "string", "the name of the head that the best run became"),
            ("l2", "double", "the penalty; scikit-learn's C is 1 / (l2 x images)"),
            ("imbalance", "string", "how often images counted: none, over, under, both, ..."),
            ("choose_by", "string", "what the best run was chosen by: loss, accuracy or balanced_accuracy"),
            ("folds", "int", "of the cross-validation; 0 where the split validation chose"),
            ("seed", "bigint", "of folds and resampling"),
            ("labels", "bigint", "labels that the head tells apart"),
            ("images", "bigint", "training images"),
            ("evaluated_on", "string", "cross_validation or validation"),
            ("evaluated", "bigint", "images that it was measured on: n of the intervals"),
            ("loss", "double", "mean cross-entropy in nats"),
            ("accuracy", "double", "share of images whose best label is right"),
            ("accuracy_low", "double", "Wilson interval"),
            ("accuracy_high", "double", "Wilson interval"),
            ("balanced_accuracy", "double", "mean of the labels' shares"),
            ("balanced_accuracy_low", "double", "interval from those of the labels"),
            ("balanced_accuracy_high", "double", "interval from those of the labels"),
            ("level", "double", "the confidence level of the intervals, 0 to 1"),
            ("iterations", "int", "of the head that took most"),
            ("converged", "boolean", "whether every head reached train.tolerance"),
            ("chosen", "boolean", "whether this run became the head"),
            ("seconds", "double", "of the whole grid, whose runs share every pass"),
            ("inputs", "string", "the tables that were learnt from, with the run that published each"),
            ("code", "string", "the version of the code"),
        ),
    ),
    Table(
        "training_curves",
        "one row a run, fold and iteration",
        ("run", "fold", "iteration"),
        _columns(
            ("run", "string", "the setting, as in training_runs"),
            ("fold", "int", "the fold that the head left out"),
            ("iteration", "int", "0 before the first step"),
            ("loss", "double", "of its training images, with the penalty, in nats"),
        ),
    ),
    Table(
        "training_measures",
        "one row a measure of the trained head",
        ("evaluated_on", "measure"),
        _columns(
            ("evaluated_on", "string", "cross_validation, or a split whose images were not learnt from"),
            (
                "measure",
                "string",
                "accuracy, top5, balanced_accuracy, macro_precision (over the labels that are predicted), macro_f1, "
                "weighted_f1, calibration_error (15 bins) or loss (nats)",
            ),
            ("value", "double", "its value"),
            ("low", "double", "interval; null where none is known"),
            ("high", "double", "interval; null where none is known"),
            ("images", "bigint", "n: what it rests on"),
            ("level", "double", "the confidence level of the interval, 0 to 1"),
        ),
    ),
    Table(
        "training_labels",
        "one row a label, and what the trained head was measured on",
        ("evaluated_on", "label"),
        _columns(
            ("evaluated_on", "string", "cross_validation, or a split whose images were not learnt from"),
            LABEL,
            ("images", "bigint", "images of the label: n of recall"),
            ("predicted", "bigint", "images that it was predicted for: n of precision"),
            ("hits", "bigint", "both"),
            ("precision", "double", "hits / predicted; null where never predicted"),
            ("precision_low", "double", "Wilson interval"),
            ("precision_high", "double", "Wilson interval"),
            ("recall", "double", "hits / images"),
            ("recall_low", "double", "Wilson interval"),
            ("recall_high", "double", "Wilson interval"),
            ("f1", "double", "harmonic mean of precision and recall"),
            ("f1_low", "double", "interval from Wilson's of hits / (images + predicted - hits)"),
            ("f1_high", "double", "interval from Wilson's of hits / (images + predicted - hits)"),
            ("never_predicted", "boolean", "whether no image at all was predicted to have it"),
            ("level", "double", "the confidence level of the intervals, 0 to 1"),
        ),
    ),
    Table(
        "training_confusion",
        "one row a label and what the trained head said of its images",
        ("evaluated_on", "label", "predicted"),
        _columns(
            ("evaluated_on", "string", "cross_validation, or a split whose images were not learnt from"),
            LABEL,
            ("predicted", "string", "the label of highest score"),
            ("images", "bigint", "images"),
            ("share", "double", "of the label's images"),
        ),
    ),
    Table(
        "training_predictions",
        "one row an image that the trained head was measured on, scored by a head that did not learn from it",
        ("image_id",),
        _columns(
            IMAGE_ID,
            ("evaluated_on", "string", "cross_validation, or the image's split"),
            LABEL,
            ("fold", "int", "the fold of the cross-validation; null for other splits"),
            ("predicted", "string", "the label of highest score"),
            ("score", "double", "its score, 0 to 1"),
            ("label_score", "double", "the score of the label that the image has"),
            ("label_rank", "int", "1 where that is the highest"),
            ("other", "string", "the best label besides the one that the image has"),
            ("other_score", "double", "its score"),
        ),
    ),
    Table(
        "run_comparison",
        "one row a way to treat imbalance and a penalty, all of them measured on the same images",
        ("imbalance", "l2"),
        _columns(
            ("imbalance", "string", "how often images counted: none, over, under, both, ..."),
            ("l2", "double", "the penalty; 0 for a row with an error"),
            ("evaluated_on", "string", "cross_validation or validation"),
            ("images", "bigint", "images that it was measured on: n of the intervals"),
            ("loss", "double", "mean cross-entropy in nats"),
            ("accuracy", "double", "share of images whose best label is right"),
            ("accuracy_low", "double", "Wilson interval"),
            ("accuracy_high", "double", "Wilson interval"),
            ("balanced_accuracy", "double", "mean of the labels' shares"),
            ("balanced_accuracy_low", "double", "interval from those of the labels"),
            ("balanced_accuracy_high", "double", "interval from those of the labels"),
            ("iterations", "int", "of the head that took most"),
            ("converged", "boolean", "whether every head reached train.tolerance"),
            ("chosen", "boolean", "whether it is the best penalty of its way to treat imbalance, by train.choose_by"),
            ("best", "boolean", "whether it is the best of the chosen ones, by runs.judge_by"),
            ("difference", "double", "of runs.judge_by to the best, below 0 where worse; null where not chosen"),
            ("difference_low", "double", "bootstrap interval, of paired images"),
            ("difference_high", "double", "bootstrap interval, of paired images"),
            ("p_value", "double", "McNemar's, that it and the best have equally many images right"),
            ("p_corrected", "double", "the same, corrected for the number of comparisons (Holm)"),
            ("level", "double", "the confidence level of the intervals, 0 to 1"),
            ("seconds", "double", "of all penalties of its way to treat imbalance"),
            ("error", "string", "why it could not be trained; then its figures are null"),
        ),
    ),
    Table(
        "label_scores",
        "one row a clean label that the head knows, scored by a head that did not learn from its image",
        ("image_id", "label"),
        _columns(
            IMAGE_ID,
            LABEL,
            ("score", "double", "self-confidence: the score of the label, 0 to 1"),
            ("margin", "double", "its lead over the best other label, -1 to 1, brought to 0 to 1"),
            ("suggested", "string", "the label of highest score"),
            ("suggested_score", "double", "its score"),
            (
                "by_noise_rate",
                "boolean",
                "whether it is one of the wrong ones by the count of its pair of labels",
            ),
            ("by_class", "boolean", "whether it is one of the wrong ones by the count of its label"),
            ("by_confident_learning", "boolean", "whether another label's threshold is reached, and not its own"),
            ("differs", "boolean", "whether the label of highest score is another one"),
        ),
    ),
    Table(
        "label_issues",
        "one row a clean label that is probably wrong, or that was dropped as such",
        ("image_id", "label_id"),
        _columns(
            IMAGE_ID,
            LABEL_ID,
            LABEL,
            SPLIT,
            ("origin", "string", "human or machine: which annotation file the label came from"),
            ("source", "string", "the annotation tool or annotator, as published"),
            ("rank", "bigint", "1 for the most suspicious; ties by image_id"),
            ("score", "double", "self-confidence: the score of the label, 0 to 1"),
            ("margin", "double", "its lead over the best other label, -1 to 1, brought to 0 to 1"),
            ("suggested", "string", "what it would be: the label of highest score"),
            ("suggested_score", "double", "its score"),
            (
                "reason",
                "string",
                "contradicts_duplicates: an image of equal bytes has another label; contradicts_hierarchy: the "
                "suggested label is narrower or broader; outlier: no label has a high score; ambiguous: the label has "
                "at least half of the score of the suggested one; unlikely: none of these",
            ),
            ("verdict", "string", "what a person said: confirmed (the label is wrong), refuted; null where nobody did"),
            ("reviewed", "bigint", "labels of about this score that people reviewed: n of the interval"),
            (
                "wrong",
                "double",
                "share of these that is confirmed, which estimates how likely the label is wrong",
            ),
            ("wrong_low", "double", "Wilson interval"),
            ("wrong_high", "double", "Wilson interval"),
            ("level", "double", "the confidence level of the interval, 0 to 1"),
        ),
    ),
    Table(
        "label_issue_counts",
        "one row a label, origin and source",
        ("label", "origin", "source"),
        _columns(
            LABEL,
            ("origin", "string", "human or machine: which annotation file the labels came from"),
            ("source", "string", "the annotation tool or annotator, as published"),
            ("labels", "bigint", "labels that were judged: n of the interval"),
            ("issues", "bigint", "of them probably wrong"),
            ("share", "double", "issues / labels"),
            ("share_low", "double", "Wilson interval"),
            ("share_high", "double", "Wilson interval"),
            ("level", "double", "the confidence level of the interval, 0 to 1"),
        ),
    ),
    Table(
        "label_verdicts",
        "one row a label that a person reviewed",
        ("image_id", "label_id"),
        _columns(
            IMAGE_ID,
            LABEL_ID,
            LABEL,
            ("verdict", "string", "confirmed: the label is wrong; refuted: it is right"),
            ("file", "string", "the file that said so"),
        ),
    ),
    Table(
        "model_comparison",
        "one row a variant of the network, all of them measured on the same images",
        ("weights", "resolution", "precision", "framing"),
        _columns(
            ("weights", "string", "the weights, as in model.weights"),
            ("architecture", "string", "mobilenet_v1 or mobilenet_v2; null where the weights cannot be read"),
            ("alpha", "double", "the width multiplier; null where the weights cannot be read"),
            ("resolution", "int", "the input side in pixels"),
            ("precision", "string", "float32 or int8"),
            ("framing", "string", "crop or squeeze"),
            ("labels", "bigint", "labels of the images, of those that a class of the model means"),
            ("images", "bigint", "images seen, each counted for each such label of it: n of the intervals"),
            ("undecodable", "bigint", "images left out because their bytes cannot be decoded"),
            ("top1", "double", "share of the images whose best class means the label"),
            ("top1_low", "double", "Wilson interval"),
            ("top1_high", "double", "Wilson interval"),
            ("top5", "double", "share of the images with such a class among the best five"),
            ("top5_low", "double", "Wilson interval"),
            ("top5_high", "double", "Wilson interval"),
            (
                "images_per_second",
                "double",
                "images a second of one core: images, over the CPU seconds that Python workers took from encoded bytes "
                "to scores, summed over tasks; neither Spark's start nor the number of executors is in it",
            ),
            ("model_bytes", "bigint", "bytes of the converted network"),
            ("on_front", "boolean", "whether no other variant is at least as accurate and as fast, and better in one"),
            ("error", "string", "why the variant could not be measured; then its figures are null"),
        ),
    ),
    Table(
        "image_quality",
        "one row an image with readable bytes",
        ("image_id",),
        _columns(
            IMAGE_ID,
            SPLIT,
            ("width", "int", "pixels"),
            ("height", "int", "pixels"),
            ("pixels", "bigint", "width x height"),
            ("ppi", "double", "square root of the diagonal in pixels: 224 x 224 gives 17.8"),
            ("aspect_ratio", "double", "width / height"),
            ("byte_size", "bigint", "bytes of the file"),
            ("bytes_per_pixel", "double", "byte_size / pixels"),
            ("entropy", "double", "bits, from predictions; null where not predicted"),
            ("gradient", "double", "levels a pixel, from predictions; null where not predicted"),
            ("brightness", "double", "0 to 255, from predictions; null where not predicted"),
            ("contrast", "double", "levels, from predictions; null where not predicted"),
            ("sharpness", "double", "squared levels, from predictions; null where not predicted"),
            ("quality", "double", "0 to 1, the mean of the percentile ranks of ppi, entropy and gradient"),
            ("kind", "string", "photo or depiction, as boxes say, else as features tell; null where neither does"),
            ("depiction_score", "double", "probability by the features; null where they do not tell kinds apart"),
        ),
    ),
    Table(
        "image_rank",
        "one row an image and clean label, and one with label null for an image that has none",
        ("image_id", "label"),
        _columns(
            IMAGE_ID,
            LABEL,
            SPLIT,
            ("measure", "string", "the quality that ranks"),
            ("value", "double", "its value"),
            ("ppi", "double", "square root of the diagonal in pixels"),
            ("rank", "bigint", "1 is best, over all images; ties by image_id"),
            ("rank_in_label", "bigint", "1 is best, within the label; ties by image_id"),
            ("selected", "boolean", "whether the configured rank range and PPI window take it"),
        ),
    ),
    Table(
        "image_index",
        "one row an image with features, in files by cell: what the search looks into",
        ("image_id",),
        _columns(
            ("cell", "int", "the region of the feature space that the image lies in, as index_quantizer numbers them"),
            IMAGE_ID,
            ("code", "binary", "what stands for the features in memory; empty in a lake so small that it needs none"),
            ("features", "binary", "pooled features of unit length, half precision, little-endian"),
            (
                "features_hash",
                "bigint",
                "of the first features in predictions: an image with another one is indexed anew",
            ),
        ),
    ),
    Table(
        "duplicate_pairs",
        "one row two images that are, or may be, the same picture; never all pairs of a lake",
        ("image_id", "other_id"),
        _columns(
            ("image_id", "string", "the better of the two images: by PPI, then sharpness, then image_id"),
            ("other_id", "string", "the other one"),
            SPLIT,
            ("other_split", "string", "the split of the other one"),
            (
                "evidence",
                "string",
                "bytes: equal files; pixels: equal pixels; thumbnail: equal thumbnails; near: the columns that follow",
            ),
            ("ssim", "double", "structural similarity of the thumbnails in grey over the best shift, -1 to 1"),
            ("distance", "double", "root mean square difference of the thumbnails, levels, 0 to 255"),
            ("features_cosine", "double", "cosine of the features, projected; null where there are none"),
            ("thumbnail_cosine", "double", "cosine of the thumbnails at 8 x 8 without their mean, -1 to 1"),
            ("hash_distance", "int", "bits in which the perceptual hashes differ, 0 to 64"),
            ("score", "double", "probability that people call them duplicates, 0 to 1"),
            (
                "priority",
                "double",
                "the order in which pairs are worth a look, the highest first; null for exact ones, which need none",
            ),
            ("verdict", "string", "what a person said: duplicate or different; null where nobody did"),
            ("verified", "boolean", "whether it is one picture: the verdict, else whether all thresholds are passed"),
        ),
    ),
    Table(
        "duplicate_groups",
        "one row an image that has duplicates; each was compared with its representative",
        ("image_id",),
        _columns(
            IMAGE_ID,
            ("representative_id", "string", "the best image of the group: by PPI, then sharpness, then image_id"),
            SPLIT,
            ("evidence", "string", "representative, or what makes it a duplicate: bytes, pixels, thumbnail, near"),
            ("score", "double", "of the pair with the representative; 1 for exact duplicates"),
            ("images", "bigint", "images of the group, the representative among them"),
        ),
    ),
    Table(
        "duplicate_conflicts",
        "one row a group of duplicates and what its images disagree in",
        ("representative_id", "conflict"),
        _columns(
            ("representative_id", "string", "the group, as in duplicate_groups"),
            ("conflict", "string", "labels: its labelled images have none in common; splits: it lies in several"),
            ("values", "array<string>", "the labels, or the splits"),
            ("images", "bigint", "images of the group that have them"),
            ("examples", "array<string>", "up to ten of these images, by image_id"),
        ),
    ),
    Table(
        "duplicate_counts",
        "one row a split and clean label, and one with label null for the split as a whole",
        ("split", "label"),
        _columns(
            SPLIT,
            LABEL,
            ("images", "bigint", "images with bytes"),
            ("in_groups", "bigint", "of them with a duplicate"),
            ("redundant", "bigint", "of them not the representative of their group"),
            ("leaked", "bigint", "of them with a duplicate in another split"),
            ("conflicting", "bigint", "of them in a group whose labels conflict"),
        ),
    ),
    Table(
        "duplicate_verdicts",
        "one row a pair that a person has judged; it wins over the score",
        ("image_id", "other_id"),
        _columns(
            ("image_id", "string", "the first of the two by name"),
            ("other_id", "string", "the other one"),
            ("verdict", "string", "duplicate or different"),
        ),
    ),
    Table(
        "image_overlap",
        "one row an image of this lake and what it is in another one",
        ("image_id", "reference", "reference_id"),
        _columns(
            IMAGE_ID,
            SPLIT,
            ("reference", "string", "the root of the other lake"),
            ("reference_id", "string", "the image of the other lake; of several equal ones the first by image_id"),
            (
                "evidence",
                "string",
                "image_id: equal identifiers, where so configured; else bytes, pixels, thumbnail, near",
            ),
            ("score", "double", "probability that people call them duplicates; 1 for exact ones"),
            ("verified", "boolean", "whether score, ssim and distance pass the thresholds of [duplicates]"),
        ),
    ),
    Table(
        "overlap_counts",
        "one row a reference, split and clean label, and one with label null for the split as a whole",
        ("reference", "split", "label"),
        _columns(
            ("reference", "string", "the root of the other lake"),
            SPLIT,
            LABEL,
            ("images", "bigint", "images of this lake"),
            ("exact", "bigint", "of them in the reference by identifier, bytes or pixels"),
            ("near", "bigint", "of the others in it by thumbnail or as verified near duplicate"),
        ),
    ),
    Table(
        "image_splits",
        "one row an image that is split",
        ("image_id",),
        _columns(
            IMAGE_ID,
            ("split", "string", "the chosen split"),
            ("label", "string", "the label whose images get their shares: that of most images of the group; or null"),
            ("group_id", "string", "what never crosses splits: the representative of its duplicates, or itself"),
            ("previous_split", "string", "the split of the source"),
        ),
    ),
    Table(
        "images_unsplit",
        "one row an image that is in no split",
        ("image_id",),
        _columns(IMAGE_ID, SPLIT, REASON),
    ),
    Table(
        "split_counts",
        "one row a label and split",
        ("label", "split"),
        _columns(
            LABEL,
            ("split", "string", "the chosen split"),
            ("images", "bigint", "images"),
            ("wanted", "double", "the share of the label's images; null where splits were kept"),
            ("deviation", "double", "images - wanted"),
        ),
    ),
    Table(
        "sample_images",
        "one row an image of the balanced sample",
        ("image_id",),
        _columns(
            IMAGE_ID,
            SPLIT,
            LABEL,
            ("keyword", "string", "the image's keyword; empty where there are none"),
            ("group_id", "string", "the representative of its duplicates, or itself; no two images share one"),
            ("overlaps", "bigint", "references that hold the image as well; 0 where that was not looked at"),
        ),
    ),
    Table(
        "sample_counts",
        "one row a label and keyword",
        ("label", "keyword"),
        _columns(
            LABEL,
            ("keyword", "string", "empty where there are none"),
            ("candidates", "bigint", "images that could be taken, one of each group of duplicates"),
            ("wanted", "bigint", "images wanted: in proportion to the candidates, by the largest remainder"),
            ("taken", "bigint", "images in the sample"),
        ),
    ),
    Table(
        "image_map",
        "one row an image with features: where it lies on a plane on which similar images are near",
        ("image_id",),
        _columns(
            IMAGE_ID,
            ("x", "double", "across; only distances mean something, and small ones most; 0 in the middle"),
            ("y", "double", "up; one of the two has a standard deviation near 1"),
        ),
    ),
    Table(
        "search_queries",
        "one row a query image",
        ("query",),
        _columns(
            ("query", "string", "the file, address or image_id that was given"),
            ("query_image_id", "string", "the image of the lake that it is; null for one from outside"),
            ("top_names", "array<string>", "the predicted classes, best first"),
            ("top_scores", "array<float>", "its scores"),
            ("thumbnail", "binary", "a small JPEG of the query"),
            ERROR,
            ERROR_DETAIL,
        ),
    ),
    Table(
        "search_results",
        "one row a query, mode and rank",
        ("query", "mode", "rank"),
        _columns(
            ("query", "string", "the file, address or image_id that was given"),
            ("mode", "string", "similar: nearest by features; label: images with the predicted label, by PPI"),
            ("rank", "int", "1 is best"),
            IMAGE_ID,
            SPLIT,
            ("similarity", "double", "cosine of the pooled features, -1 to 1; null in mode label"),
            ("ppi", "double", "square root of the diagonal in pixels"),
            ("labels", "array<string>", "clean labels of the image"),
        ),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _ALL}
