"""A trained head or network of a lake, as a job reads it once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.runtime.resolve.labels import NARROWER_LABELS, read_class_map
from imagelake.taxonomy.class_map import ClassMap, ModelClass
from imagelake.taxonomy.label_map import LabelMap
from imagelake.taxonomy.name_matching import NameMatcher
from imagelake.taxonomy.narrower_labels import read_narrower_labels
from imagelake.taxonomy.synonyms import shipped_synonyms
from imagelake.transforms.labels.label_classes import LabelRules
from imagelake.transforms.predict.model import features_name
from imagelake.transforms.training.scored_images import HeadsOfFolds
from imagelake.vision.head import PackedHead, read_fold_weights
from imagelake.vision.trained_network import read_classifier

if TYPE_CHECKING:
    from imagelake.config import ModelSection
    from imagelake.lake.storage import Storage
    from imagelake.vision.classifier_card import ClassifierCard
    from imagelake.vision.head import HeadCard
    from imagelake.vision.packed import PackedModel
    from imagelake.vision.trained_network import PackedNetwork


@dataclass(frozen=True, eq=False)
class PublishedHead:
    """A head with those of its cross-validation.

    Attributes:
        card: what it is.
        packed: as executors get it.
        heads: for images that were learnt from and for others.
    """

    card: HeadCard
    packed: PackedHead
    heads: HeadsOfFolds


def packed_head(name: str, folder: str, storage: Storage) -> PackedHead | PackedNetwork:
    """A head or trained network of the published folder.

    Raises:
        ImageLakeError: there is none of that name; the message lists those that there are.
    """
    return read_classifier(name, storage.names(folder), lambda file: storage.read_bytes(f"{folder}/{file}"))


def published_head(name: str, folder: str, storage: Storage) -> PublishedHead:
    """A head and those of its folds.

    Raises:
        ImageLakeError: there is none of that name, or it is a network, of which no folds are kept.
    """
    packed = packed_head(name, folder, storage)
    if not isinstance(packed, PackedHead):
        raise ImageLakeError(
            f"{name} is a network, of which no folds are kept to judge labels by: give a head of "
            "train_classifier --set train.model=linear"
        )
    of_folds = read_fold_weights(name, lambda file: storage.read_bytes(f"{folder}/{file}"))
    card = packed.card
    return PublishedHead(card, packed, HeadsOfFolds(card.classes, of_folds, packed.open().weights))


def require_fit(card: ClassifierCard, features: str) -> None:
    """Make sure that a head, or network on features, was trained on those that it is to score.

    Raises:
        ImageLakeError: it was trained on others; the message names both.
    """
    if card.features != features:
        raise ImageLakeError(
            f"head {card.name} was trained on features of {card.features}, the model gives {features}: "
            "train it again, or give the model's settings that it was trained with"
        )


def require_same_folds(card: HeadCard, duplicates: str | None) -> None:
    """Make sure that images are in the folds that a head was trained with: duplicates share one.

    Args:
        card: of the head.
        duplicates: the run that published duplicate_groups; None where none did.

    Raises:
        ImageLakeError: duplicates were found since, or found anew.
    """
    if card.inputs.get("duplicate_groups") != duplicates:
        raise ImageLakeError(
            f"duplicates have been found since head {card.name} was trained, so that images are in other folds now: "
            "run train_classifier again"
        )


def with_head(network: PackedModel, model: ModelSection, folder: str, storage: Storage) -> PackedModel:
    """The network with the configured head or trained network, which scores labels instead of classes.

    Args:
        network: as it was converted.
        model: names the head.
        folder: the published folder of heads.
        storage: that reads it.

    Raises:
        ImageLakeError: there is no such head, or it was trained on other features, or on images framed otherwise.
    """
    head = packed_head(model.head, folder, storage)
    if not isinstance(head, PackedHead) and head.card.input == "pixels":
        if head.card.framing != model.framing:
            raise ImageLakeError(
                f"network {model.head} was trained on images framed by {head.card.framing}, where model.framing = "
                f"{model.framing!r}: give the same, or train it again"
            )
    else:
        require_fit(head.card, features_name(network, model))
    return replace(network, head=head)


def class_names(network: PackedModel, model: ModelSection, storage: Storage) -> tuple[str, ...]:
    """The names of the scores of a network: of its head's labels, or of its classes."""
    if network.head:
        return network.head.card.classes
    return tuple(known.name for known in read_class_map(model, storage).classes)


def head_label_rules(card: ClassifierCard) -> LabelRules:
    """Which classes of a head or trained network mean a label: the one of its name, and those of narrower labels."""
    classes = ClassMap([ModelClass(label, label, "same") for label in card.classes])
    narrower = read_narrower_labels(conf_text(NARROWER_LABELS), f"conf/{NARROWER_LABELS}")
    return LabelRules(classes, LabelMap(()), NameMatcher(shipped_synonyms()), narrower, by_folder=False)
