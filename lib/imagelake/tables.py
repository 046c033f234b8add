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
BEFORE = ("before", "string", "the set to compare with, as given to --before")
AFTER = ("after", "string", "the other set, as given to --after")
MODEL = ("model", "string", "the model; model where the set has no names of models")
LEVEL = ("level", "double", "the confidence level of the intervals, 0 to 1")
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
            ("listed", "boolean", "false for bytes that no image list names"),
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
            ("boxed_images", "bigint", "images with at least one box"),
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
        "confusion",
        "one row a true label and what the model said",
        ("label", "predicted"),
        _columns(
            LABEL,
            ("predicted", "string", "the label that the best class means, or the class's name where it means none"),
            ("correct", "boolean", "whether that counts as the label; false where not covered"),
            ("covered", "boolean", "whether any class of the model means the true label"),
            ("images", "bigint", "images"),
            ("share", "double", "of the label's images"),
            ("examples", "array<string>", "up to five images, the surest mistakes first"),
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
        "shift_summary",
        "one row a pair of sets and a model: the drop of accuracy, what it was expected to be, and the answer in words",
        ("before", "after", "model"),
        _columns(
            BEFORE,
            AFTER,
            MODEL,
            ("images_before", "bigint", "pairs of image and label that were judged; n of the interval"),
            ("images_after", "bigint", "the same after; 0 without labels"),
            ("accuracy_before", "double", "share of them that the best class is right about"),
            ("accuracy_before_low", "double", "Wilson interval"),
            ("accuracy_before_high", "double", "Wilson interval"),
            ("accuracy_after", "double", "the same after; null without labels"),
            ("accuracy_after_low", "double", "Wilson interval"),
            ("accuracy_after_high", "double", "Wilson interval"),
            ("drop", "double", "accuracy_before - accuracy_after; of the pairs alone where images pair"),
            ("drop_low", "double", "Newcombe's interval, paired where images pair"),
            ("drop_high", "double", "Newcombe's interval"),
            ("pairs", "bigint", "images of both sets by one image_id, where these are nine tenths of both; else null"),
            ("p", "double", "of no drop: McNemar's exact test of pairs, else the score test of two shares"),
            ("confidence_before", "double", "mean score of the best class"),
            ("confidence_after", "double", "the same after"),
            (
                "threshold_estimate",
                "double",
                "accuracy after, estimated without its labels by a threshold of the score",
            ),
            ("threshold_low", "double", "interval of what labels will show"),
            ("threshold_high", "double", "interval of what labels will show"),
            ("calibrated_estimate", "double", "the same by the calibrated mean score"),
            ("calibrated_low", "double", "interval of what labels will show"),
            ("calibrated_high", "double", "interval of what labels will show"),
            LEVEL,
            ("answer", "string", "the drop and what explains it, in words"),
            ("undefined", "string", "what could not be measured and why; null where everything was"),
            ("alarm", "string", "which limit of [shift] is passed; null where none is"),
        ),
    ),
    Table(
        "shift_classes",
        "one row a pair of sets, model and class: accuracy and share in both",
        ("before", "after", "model", "label"),
        _columns(
            BEFORE,
            AFTER,
            MODEL,
            ("label", "string", "the class"),
            ("images_before", "bigint", "its images: n"),
            ("images_after", "bigint", "its images after: n"),
            ("accuracy_before", "double", "share of them that the model is right about; null without images"),
            ("accuracy_before_low", "double", "Wilson interval"),
            ("accuracy_before_high", "double", "Wilson interval"),
            ("accuracy_after", "double", "the same after"),
            ("accuracy_after_low", "double", "Wilson interval"),
            ("accuracy_after_high", "double", "Wilson interval"),
            ("drop", "double", "accuracy_before - accuracy_after"),
            ("drop_low", "double", "Newcombe's interval of independent sets"),
            ("drop_high", "double", "Newcombe's interval"),
            ("p", "double", "of no drop: Fisher's exact test"),
            ("p_holm", "double", "corrected for all classes of the model, Holm: no false one in 19 of 20 families"),
            ("q_bh", "double", "corrected, Benjamini-Hochberg: the share of false ones below it"),
            ("share_before", "double", "of the set's images"),
            ("share_after", "double", "of the set's images; null without labels"),
            ("share_p", "double", "of equal shares: the score test"),
            ("share_p_holm", "double", "corrected for all classes, Holm"),
            ("share_estimated", "double", "share after by the predictions alone, where there are no labels"),
            ("share_estimated_low", "double", "its interval"),
            ("share_estimated_high", "double", "its interval"),
            ("undefined", "string", "why there is no drop; null where there is one"),
        ),
    ),
    Table(
        "shift_ranges",
        "one row a set, model and range of accuracy: how many classes are in it",
        ("set_name", "model", "low"),
        _columns(
            ("set_name", "string", "the set, as given to --before or --after"),
            MODEL,
            ("low", "double", "the range's lower bound, 0 to 0.9; within it"),
            ("high", "double", "its upper bound; outside, except for 1"),
            ("classes", "bigint", "classes with images whose accuracy is in it"),
        ),
    ),
    Table(
        "shift_models",
        "one row a pair of sets and a model, of sets with several models: whether it is better than the line of all",
        ("before", "after", "model"),
        _columns(
            BEFORE,
            AFTER,
            MODEL,
            ("accuracy_before", "double", "as in shift_summary"),
            ("accuracy_after", "double", "as in shift_summary"),
            ("linear_expected", "double", "accuracy after that the line through all models expects"),
            ("linear_robustness", "double", "effective robustness: accuracy_after - linear_expected"),
            ("probit_expected", "double", "the same by the line on the probit scale"),
            ("probit_robustness", "double", "accuracy_after - probit_expected"),
        ),
    ),
    Table(
        "shift_lines",
        "one row a pair of sets and a scale: the line through the accuracies of all models",
        ("before", "after", "scale"),
        _columns(
            BEFORE,
            AFTER,
            ("scale", "string", "linear, or probit: of normal quantiles"),
            ("models", "bigint", "how many"),
            ("slope", "double", "of the accuracy after to that before"),
            ("slope_low", "double", "its interval"),
            ("slope_high", "double", "its interval"),
            ("intercept", "double", "at 0 of the scale"),
            ("r", "double", "Pearson's correlation"),
            LEVEL,
            ("undefined", "string", "why there is no line; null where there is one"),
        ),
    ),
    Table(
        "shift_features",
        "one row a pair of sets, comparison and feature; of millions of images every test is significant: go by effect",
        ("before", "after", "comparison", "feature"),
        _columns(
            BEFORE,
            AFTER,
            (
                "comparison",
                "string",
                "sets: first before, second after; outcome_before: within that set, first the images that the model is "
                "right about, second the others; outcome_after",
            ),
            ("feature", "int", "its number, from 0"),
            ("n_first", "bigint", "images"),
            ("n_second", "bigint", "images"),
            ("mean_first", "double", "mean"),
            ("mean_second", "double", "mean"),
            ("variance_first", "double", "variance"),
            ("variance_second", "double", "variance"),
            ("difference", "double", "mean_second - mean_first"),
            ("t", "double", "Welch's"),
            ("df", "double", "degrees of freedom"),
            ("p", "double", "of equal means, two-sided; 0 where below 1e-308"),
            ("p_holm", "double", "corrected for all features, Holm"),
            ("q_bh", "double", "corrected, Benjamini-Hochberg"),
            ("effect", "double", "Cohen's d: the difference in deviations; 0.2 small, 0.5 medium, 0.8 large"),
            ("effect_rank", "int", "1 for the largest, whatever its sign"),
            ("sampled_first", "bigint", "images that the tests by order are of"),
            ("sampled_second", "bigint", "images that the tests by order are of"),
            ("ks", "double", "Kolmogorov and Smirnov's distance, 0 to 1"),
            ("ks_p", "double", "of equal distributions"),
            (
                "above",
                "double",
                "Mann and Whitney: share of pairs whose second image is above the first; 0.5 without shift",
            ),
            ("above_p", "double", "of a share of 0.5"),
            ("cluster", "int", "the feature's cluster in shift_clusters; null where that is not defined"),
            ("undefined", "string", "why there is no test by mean; null where there is one"),
        ),
    ),
    Table(
        "shift_clusters",
        "one row a pair of sets and cluster of features on the map of mean difference against variance difference",
        ("before", "after", "cluster"),
        _columns(
            BEFORE,
            AFTER,
            ("cluster", "int", "0 for the one farthest from no shift"),
            ("features", "bigint", "features in it"),
            ("mean_difference", "double", "mean of their mean_second - mean_first between the sets"),
            ("variance_difference", "double", "mean of their variance_second - variance_first between the sets"),
            ("effect", "double", "mean size of their effects between the sets, in deviations"),
            (
                "outcome_effect_before",
                "double",
                "the same between right and wrong images before: what tells them apart",
            ),
            ("outcome_effect_after", "double", "the same after"),
        ),
    ),
    Table(
        "shift_tests",
        "one row a pair of sets and test of the whole sets",
        ("before", "after", "test"),
        _columns(
            BEFORE,
            AFTER,
            ("test", "string", "classifier: AUC of telling the sets apart; discrepancy: squared MMD, Gaussian kernel"),
            ("statistic", "double", "its value; 0.5 for the AUC and 0 for the discrepancy without a shift"),
            ("low", "double", "interval; null where none is known"),
            ("high", "double", "interval; null where none is known"),
            ("p", "double", "of one distribution"),
            ("n_before", "bigint", "images of the sample"),
            ("n_after", "bigint", "images of the sample"),
            LEVEL,
            ("undefined", "string", "why there is no test; null where there is one"),
        ),
    ),
    Table(
        "shift_images",
        "one row a pair of sets and image that gives its set away, most first",
        ("before", "after", "set_name", "rank"),
        _columns(
            BEFORE,
            AFTER,
            ("set_name", "string", "the set that the image is of"),
            ("rank", "int", "1 gives itself away most"),
            IMAGE_ID,
            ("probability", "double", "of being of the set after, by a classifier that did not learn from the image"),
            ("correct", "boolean", "whether the model is right about it; null without labels"),
            ("thumbnail", "binary", "a small JPEG; null where the set has no image files"),
        ),
    ),
    Table(
        "shift_hypotheses",
        "one row a pair of sets and hypothesis on the drop: its evidence and the verdict",
        ("before", "after", "hypothesis"),
        _columns(
            BEFORE,
            AFTER,
            MODEL,
            ("hypothesis", "string", "what may explain the drop, one word or two"),
            ("verdict", "string", "supported, not_supported, or cannot: then undefined says why"),
            ("answer", "string", "the evidence in a sentence"),
            ("statistic", "double", "the number that the verdict rests on; the answer says which"),
            ("low", "double", "its interval"),
            ("high", "double", "its interval"),
            ("p", "double", "of no such effect"),
            ("explained", "double", "accuracy that it explains of the drop, by reweighting; null where it cannot say"),
            ("explained_low", "double", "its interval"),
            ("explained_high", "double", "its interval"),
            ("explained_share", "double", "explained / drop; null without a drop. Shares overlap: they do not add up"),
            ("undefined", "string", "why there is no verdict; null where there is one"),
        ),
    ),
    Table(
        "shift_history",
        "one row a run, pair of sets and model: the drift over time; kept from run to run",
        ("run_id", "before", "after", "model"),
        _columns(
            ("run_id", "string", "the run of the job"),
            ("measured", "timestamp", "when"),
            BEFORE,
            AFTER,
            MODEL,
            ("images_before", "bigint", "images that were judged or, without labels, predicted"),
            ("images_after", "bigint", "images that were judged or, without labels, predicted"),
            ("accuracy_before", "double", "as in shift_summary"),
            ("accuracy_after", "double", "as in shift_summary"),
            ("drop", "double", "as in shift_summary"),
            ("drop_low", "double", "as in shift_summary"),
            ("drop_high", "double", "as in shift_summary"),
            ("calibrated_estimate", "double", "as in shift_summary"),
            ("auc", "double", "of telling the sets apart, as in shift_tests"),
            ("features", "bigint", "features tested"),
            ("features_moved", "bigint", "of them different after Holm's correction and by 0.2 deviations or more"),
            ("largest_effect", "double", "of a feature between the sets, in deviations"),
            ("alarm", "string", "as in shift_summary"),
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
