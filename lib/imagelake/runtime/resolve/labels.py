"""What says which classes mean a label: the user's files, and those of conf/labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.keywords import read_keywords
from imagelake.taxonomy.label_map import LabelMap
from imagelake.taxonomy.name_matching import NameMatcher
from imagelake.taxonomy.narrower_labels import read_narrower_labels
from imagelake.taxonomy.synonyms import shipped_synonyms
from imagelake.taxonomy.synsets import read_synsets
from imagelake.transforms.labels.label_classes import LabelRules

if TYPE_CHECKING:
    from imagelake.config import Config, ModelSection
    from imagelake.lake.inputs import Inputs

KNOWN_CLASSES = {"sample": "labels/sample_classes.csv", "imagenet": "labels/imagenet_to_openimages.csv"}
SYNSETS = "labels/imagenet_synsets.csv"
NARROWER_LABELS = "labels/narrower_labels.csv"


def label_class_files(config: Config) -> tuple[str, ...]:
    """The user's own files that say what classes mean; what ships with the library is part of its version."""
    label_map = (to_uri(config.source.label_map),) if config.source.label_map else ()
    return (*label_map, *class_files(config.model))


def class_files(model: ModelSection) -> tuple[str, ...]:
    """The user's own list of the model's classes."""
    return () if model.classes in KNOWN_CLASSES else (to_uri(model.classes),)


def keyword_files(config: Config) -> tuple[str, ...]:
    """The user's own file that says which labels a keyword means."""
    return (to_uri(config.source.keywords),) if config.source.keywords else ()


def read_source_keywords(config: Config, inputs: Inputs) -> dict[str, tuple[str, ...]]:
    """The labels of each keyword of source.keywords; none where no file is set.

    Raises:
        ImageLakeError: there is no such file, or it is no list of keywords.
    """
    file = config.source.keywords
    return read_keywords(_read_text(file, "source.keywords", inputs), file) if file else {}


def read_label_rules(config: Config, inputs: Inputs) -> LabelRules:
    """All that is said of labels and classes.

    Raises:
        ImageLakeError: a file of the user's is missing, or is not what it should be.
    """
    class_map, label_map = read_class_map(config.model, inputs), LabelMap(())
    if config.source.label_map:
        text = _read_text(config.source.label_map, "source.label_map", inputs)
        label_map = LabelMap.from_csv(text, config.source.label_map, class_map)
    matcher = NameMatcher(shipped_synonyms())
    narrower = read_narrower_labels(conf_text(NARROWER_LABELS), f"conf/{NARROWER_LABELS}")
    return LabelRules(class_map, label_map, matcher, narrower, by_folder=config.source.type in ("folder", "arrays"))


def read_class_map(model: ModelSection, inputs: Inputs) -> ClassMap:
    """The classes of the configured model: one of ours, or a CSV of the user's.

    Raises:
        ImageLakeError: there is no such file, or it is no class map.
    """
    if model.classes not in KNOWN_CLASSES:
        return ClassMap.from_csv(_read_text(model.classes, "model.classes", inputs), model.classes)
    known = KNOWN_CLASSES[model.classes]
    class_map = ClassMap.from_csv(conf_text(known), f"conf/{known}")
    if model.classes == "imagenet":
        return class_map.with_synsets(read_synsets(conf_text(SYNSETS), f"conf/{SYNSETS}"))
    return class_map


def check_classes(config: Config, inputs: Inputs) -> None:
    """Read the list of classes, so that a mistake in it ends a run at its start.

    Raises:
        ImageLakeError: the file is missing or no such list.
    """
    read_class_map(config.model, inputs)


def check_label_files(config: Config, inputs: Inputs) -> None:
    """Read the list of classes and the label map, so that a mistake in one ends a run at its start.

    Raises:
        ImageLakeError: a file is missing or no such list, or the label map names an unknown class.
    """
    read_label_rules(config, inputs)


def check_ingested_label_files(config: Config, inputs: Inputs) -> None:
    """Read the keywords, too, which ingest_annotations turns into labels.

    Raises:
        ImageLakeError: as `check_label_files`, or the keywords are no such list.
    """
    check_label_files(config, inputs)
    read_source_keywords(config, inputs)


def _read_text(file: str, setting: str, inputs: Inputs) -> str:
    if not inputs.exists(to_uri(file)):
        raise ImageLakeError(f"{setting} = {file!r}: there is no such file")
    try:
        return inputs.read_bytes(to_uri(file)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImageLakeError(f"{setting} = {file!r} is not UTF-8: {error}") from None
