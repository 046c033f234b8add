"""The figures of each set and of a pair of sets, which are small: what tests and hypotheses are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.measures.shift.confidence import ScoreCounts
from imagelake.measures.shift.replication import Votes
from imagelake.transforms.shift.feature_sums import FeatureSums, sum_features
from imagelake.transforms.shift.groups_between import groups_between
from imagelake.transforms.shift.outcome_counts import (
    Duplicates,
    Pairs,
    confusion,
    count_classes,
    count_duplicates,
    count_pairs,
    count_scores,
)
from imagelake.transforms.shift.overfitting import TrainingRun
from imagelake.transforms.shift.probabilities import Probabilities, sample_probabilities
from imagelake.transforms.shift.property_counts import PropertyCounts, count_properties

if TYPE_CHECKING:
    from imagelake.config import ShiftSection
    from imagelake.transforms.shift.sets import ShiftSet

NO_LABELS = "has no labels"


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a set's models.

    Attributes:
        models: by model: images (those with a label), right.
        classes: one row a model and class: model, label, images, right.
        scores: model -> counts by score: of the images with labels where the set has any, else of all.
    """

    models: pd.DataFrame
    classes: pd.DataFrame
    scores: Mapping[str, ScoreCounts]

    def of_classes(self, model: str) -> pd.DataFrame:
        """By label: images and right."""
        mine = self.classes[self.classes["model"] == model]
        return mine.set_index("label")[["images", "right"]]

    def labelled(self, model: str) -> bool:
        """Whether any image of the model has a label."""
        return model in self.models.index and int(self.models["images"].to_dict()[model]) > 0


@dataclass(frozen=True)
class SetFigures:
    """The figures of one set; what it lacks is None, and ``lacks`` says why.

    ``network`` names the features of its network, where that is known.
    """

    name: str
    outcomes: Outcomes | None
    sums: FeatureSums | None
    votes: Votes | None
    lacks: Mapping[str, str]
    network: str | None = None


@dataclass(frozen=True)
class PairFigures:
    """The figures of two sets together.

    Attributes:
        before: the set to compare with.
        after: the other.
        model: by which features and hypotheses are judged; None where a set has no predictions.
        pairs: model -> images that pair.
        properties: those that both sets have.
        duplicates: images of both sets; None where a set has no hashes.
        confusion: before, of the model: label, predicted, images; empty without labels.
        predicted: after, of the model: predicted, images.
        probabilities: of samples of both sets; None where a set has none, or where the set after has labels.
        training: label -> images that the model learnt from; None where they are not known.
        runs: of the training of a head in the lake of the set before.
    """

    before: SetFigures
    after: SetFigures
    model: str | None
    pairs: Mapping[str, Pairs] = field(default_factory=dict)
    properties: Sequence[PropertyCounts] = ()
    duplicates: Duplicates | None = None
    confusion: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["label", "predicted", "images"]))
    predicted: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["predicted", "images"]))
    probabilities: tuple[Probabilities, Probabilities] | None = None
    training: Mapping[str, int] | None = None
    runs: Sequence[TrainingRun] = ()

    @property
    def networks(self) -> str | None:
        """Which networks the predictions are of, in words, where these are two; None where nothing says so."""
        one, other = self.before.network, self.after.network
        if one is None or other is None or one == other:
            return None
        return f"{self.before.name} was predicted by {one}, {self.after.name} by {other}: they are of different models"

    @property
    def models(self) -> list[str]:
        """Those of either set, by name."""
        found = [side.outcomes.models.index for side in (self.before, self.after) if side.outcomes is not None]
        return sorted({str(name) for names in found for name in names})


def outcomes_of(images: ShiftSet, before: Outcomes | None = None) -> Outcomes | None:
    """The outcomes of a set; None where it has no predictions.

    Args:
        images: the set.
        before: those of the set before, whose classes are known; None where this is that set.
    """
    if images.outcomes is None:
        return None
    models, classes = count_classes(images.outcomes)
    most = (classes if before is None else before.classes).groupby("label")["images"].max()
    labels = {str(label): int(images) for label, images in most.to_dict().items()}
    scores = count_scores(images.outcomes, bool(models["images"].sum()), labels, own=before is None)
    return Outcomes(models, classes, scores)


def judging_model(before: Outcomes | None, wanted: str) -> str | None:
    """The model by which features and hypotheses are judged: the wanted one, else the most accurate.

    Raises:
        ImageLakeError: the set has no such model.
    """
    if before is None:
        return None
    if wanted:
        if wanted not in before.models.index:
            raise ImageLakeError(f"shift.model: {unknown_choice('model', wanted, map(str, before.models.index))}")
        return wanted
    accuracy = (before.models["right"] / before.models["images"].clip(lower=1)).sort_values(ascending=False)
    return str(accuracy.index[0])


def measure_set(images: ShiftSet, outcomes: Outcomes | None, model: str | None, wanted: int) -> SetFigures:
    """The figures of one set.

    Args:
        images: the set.
        outcomes: as from outcomes_of.
        model: by which features are judged.
        wanted: images of the sample of features, about.
    """
    lacks = dict(images.lacks)
    if outcomes is not None and model is not None and not outcomes.labelled(model):
        lacks["labels"] = f"{images.name} {NO_LABELS}"
    sums = sum_features(images, model, wanted) if images.features is not None else None
    if images.features is not None and sums is None:
        lacks["features"] = f"no image of {images.name} has finite features"
    return SetFigures(images.name, outcomes, sums, _votes(images, model), lacks, images.network)


def _votes(images: ShiftSet, model: str | None) -> Votes | None:
    right = images.right(model) if model is not None else None
    if images.votes is None or right is None:
        return None
    usable = images.votes.where("voters >= 2 AND selected BETWEEN 0 AND voters").join(right, "image_id", how="inner")
    rows = usable.groupBy("selected", "voters", F.col("right").cast("int").alias("right")).count().toPandas()
    return Votes.of(rows["selected"], rows["voters"], rows["right"], rows["count"]) if len(rows) else None


def measure_pair(
    sets: tuple[ShiftSet, ShiftSet],
    figures: tuple[SetFigures, SetFigures],
    model: str | None,
    training: Mapping[str, int] | None,
    rules: ShiftSection,
) -> PairFigures:
    """The figures of two sets together.

    Args:
        sets: before and after.
        figures: of the same.
        model: by which hypotheses are judged.
        training: label -> images that the model learnt from; None where they are not known.
        rules: the number of strata.
    """
    (before, after), (was, became) = sets, figures
    made = PairFigures(was, became, model, training=training, runs=before.runs)
    if before.outcomes is not None and after.outcomes is not None and model is not None:
        made = replace(made, pairs=count_pairs(before.outcomes, after.outcomes))
        if "labels" in became.lacks and "labels" not in was.lacks:
            known, said = confusion(before.outcomes, model), confusion(after.outcomes, model)
            made = replace(made, confusion=known[known["label"].notna()], predicted=said[["predicted", "images"]])
            one, other = sample_probabilities(before), sample_probabilities(after)
            if one is not None and other is not None and one.values.shape[1] == other.values.shape[1]:
                made = replace(made, probabilities=(one, other))
    right = before.right(model) if model is not None else None
    if before.properties is not None and after.properties is not None:
        made = replace(made, properties=count_properties(before.properties, after.properties, right, rules.strata))
    if before.hashes is not None and after.hashes is not None:
        of_after = after.right(model) if model is not None else None
        duplicates = count_duplicates((before.hashes, after.hashes), groups_between(before, after), of_after)
        if before.lake is not None and after.lake is not None and before.lake != after.lake:
            duplicates = replace(duplicates, lakes=(before.lake, after.lake))
        made = replace(made, duplicates=duplicates)
    return made
