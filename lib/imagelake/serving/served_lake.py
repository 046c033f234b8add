"""A lake made ready to answer: what is known of its images, the index over them, the network, and their bytes."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imagelake.search.order import Order, candidate_count, in_order
from imagelake.search.query import PredictedLabel, Query, predicted_label
from imagelake.serving.catalogue import Catalogue, ImageDetails
from imagelake.serving.duplicate_groups import DuplicateGroups
from imagelake.serving.image_boxes import ImageBoxes
from imagelake.serving.image_labels import classes_of_labels
from imagelake.serving.image_map import ImageMap
from imagelake.serving.index_folder import open_index
from imagelake.serving.mistakes import Mistakes
from imagelake.serving.originals import Originals
from imagelake.serving.predictions import LakePredictions
from imagelake.serving.predictor import Predictor
from imagelake.serving.query_store import QueryStore
from imagelake.serving.questions import Questions
from imagelake.serving.thumbnail_cache import ThumbnailCache
from imagelake.serving.words import Meaning, NetworkClasses, RankedByWords, WordIndex, rank_by_words
from imagelake.taxonomy.lake_labels import narrowest_labels
from imagelake.taxonomy.synonyms import shipped_synonyms
from imagelake.vision.errors import ImageError
from imagelake.vision.limits import Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.config import Config
    from imagelake.judging.forms import Form
    from imagelake.lake.published import PublishedLake
    from imagelake.search.filters import Filters

EXAMPLES = 18  # images on the first page


@dataclass(frozen=True, eq=False)
class Ranked:
    """The candidates of a search in its order.

    Attributes:
        rows: int64 [R], row numbers of the catalogue.
        similarities: float32 [R], cosines; None where images are not chosen by them.
    """

    rows: NDArray[np.int64]
    similarities: NDArray[np.float32] | None = None


class ServedLake:
    """Everything that pages and the API show. Threads may share it."""

    def __init__(self, lake: PublishedLake, config: Config, cache: Path, before: ServedLake | None = None) -> None:
        """Open a lake.

        Args:
            lake: the published tables.
            config: its sections web and images.
            cache: a folder of this machine for the index and the small pictures.
            before: the same lake as it was; links of photos go on to work where their features still mean the same.

        Raises:
            ImageLakeError: a table that is needed is not published.
        """
        rules, images = config.web, config.images
        own = cache / hashlib.sha256(lake.root.encode()).hexdigest()[:16]
        threads = os.cpu_count() or 1
        pixels = min(rules.max_pixels, images.max_pixels)
        limits = Limits(pixels, images.max_bytes, min(rules.decode_timeout_s, images.timeout_s), images.formats)
        self.lake = lake
        self.catalogue = Catalogue(lake, own / "details")
        self.originals = Originals(lake, self.catalogue)
        self.index = open_index(lake, own / "index")
        self.predictor = Predictor(lake, limits, rules.thumbnail_side, threads)
        network = self.predictor.network
        self.index.description.require_model(network.card.features)
        self._predictions = LakePredictions(lake, self.catalogue, network.classes)
        still_valid = before is not None and before.predictor.network == network
        new_store = QueryStore(rules.queries_kept, rules.queries_max_bytes)
        self.queries: QueryStore = before.queries if before and still_valid else new_store
        self._classes_of_labels = classes_of_labels(lake, network)
        self._label_of_class = narrowest_labels(self._classes_of_labels)
        self.version = lake.require("image_bytes").run_id
        self._side, self._cache = rules.thumbnail_side, own
        self.mistakes = Mistakes(lake, self.catalogue)
        self._thumbnails = ThumbnailCache(own / "thumbnails", rules.thumbnail_cache_bytes)
        self._questions: dict[str, Questions] = {}
        self._reading_questions = threading.Lock()
        self._rows_of_index = self.catalogue.rows_of(self.index.image_ids)
        # While a pipeline runs, the index may hold images that the lake no longer lists.
        listed = self._rows_of_index >= 0
        self._listed = None if listed.all() else listed

    def query_of_image(self, image_id: str) -> Query | None:
        """An image of the lake as a query; None where the lake does not have it."""
        row = self.catalogue.row_of(image_id)
        if row is None:
            return None
        (facts,) = self.catalogue.details([row])
        row_of_index = self.index.row_of(image_id)
        vector = None if row_of_index is None else self.index.vector(row_of_index)
        return Query(vector, self._predictions.of(row), facts.sha256, image_id)

    def query_of_photo(self, token: str) -> Query | None:
        """A photo that was shown earlier; None where it is no longer kept."""
        photo = self.queries.get(token)
        return None if photo is None else photo.query

    def similar(self, query: Query, filters: Filters, order: Order, count: int) -> Ranked:
        """The nearest images that pass the filters: the candidates for so many answers, in their order.

        Raises:
            UnknownFilterError: the lake has no such label or split.
        """
        passing = self.catalogue.allowed(filters, query.sha256)
        if query.features is None:
            return Ranked(np.empty(0, np.int64))
        allowed = self._listed if passing is None else passing[self._rows_of_index] & (self._rows_of_index >= 0)
        candidates = candidate_count(count)
        found = self.index.search(query.features[np.newaxis], candidates + 1, allowed)
        rows = self._rows_of_index[found.rows[0][found.rows[0] >= 0]]
        others = np.flatnonzero(rows != self._own_row(query))[:candidates]
        rows, cosines = rows[others], found.cosines[0][others]
        best = in_order(cosines, self.catalogue.ppi[rows], order)
        return Ranked(rows[best], cosines[best])

    def of_predicted_label(self, query: Query, filters: Filters, count: int) -> Ranked:
        """The images of a query's predicted label that pass the filters, the highest PPI first, as many candidates.

        Raises:
            UnknownFilterError: the lake has no such label or split.
        """
        passing = self.catalogue.allowed(filters, query.sha256)
        label = self.predicted_label(query)
        if label is None:
            return Ranked(np.empty(0, np.int64))
        rows = self.catalogue.of_label(label.name, passing)
        return Ranked(rows[rows != self._own_row(query)][: candidate_count(count)])

    def _own_row(self, query: Query) -> int:
        """The row number of the image that a query is; -1 for one from outside."""
        row = None if query.image_id is None else self.catalogue.row_of(query.image_id)
        return -1 if row is None else row

    def predicted_label(self, query: Query) -> PredictedLabel | None:
        """The label of the lake that the network predicts for a query; None where nothing was predicted."""
        return predicted_label(query, self._label_of_class, self.catalogue.labels.known.has_images)

    def thumbnail(self, row: int) -> bytes | None:
        """A small picture of an image of the lake; None where it has no bytes, or none that can be decoded."""
        image_id = self.catalogue.image_id(row)
        try:
            return self._thumbnails.get(f"{self.version} {self._side} {image_id}", lambda: self._shrunk(row))
        except ImageError:
            return None

    def _shrunk(self, row: int) -> bytes:
        return self.predictor.shrink(self.originals.read(row) or b"")

    @cached_property
    def words(self) -> WordIndex:
        """Labels and classes by words."""
        labels = self.catalogue.labels
        classes = NetworkClasses(self.predictor.network.classes, self._classes_of_labels)
        return WordIndex(labels.known, labels.counts, classes, shipped_synonyms())

    def by_words(self, meaning: Meaning) -> RankedByWords:
        """The images that words find."""
        labelled = self.catalogue.labels.with_any(meaning.label_ids)
        return rank_by_words(labelled, self._predictions.best_scores(meaning.classes), self.catalogue.by_id)

    @cached_property
    def duplicates(self) -> DuplicateGroups:
        """Its groups of duplicates."""
        return DuplicateGroups(self.lake, self.catalogue)

    def questions(self, form: Form) -> Questions:
        """What people can judge; the table is read when this is first asked for."""
        with self._reading_questions:
            if form.table not in self._questions:
                self._questions[form.table] = Questions(self.lake, form)
            return self._questions[form.table]

    @cached_property
    def boxes(self) -> ImageBoxes:
        """The boxes of its images."""
        return ImageBoxes(self.lake, self.catalogue, self._cache / "boxes")

    @cached_property
    def map(self) -> ImageMap:
        """Its images on a plane."""
        return ImageMap(self.lake, self.catalogue)

    @cached_property
    def examples(self) -> list[ImageDetails]:
        """Images to begin with: the largest of each of the most frequent labels, none twice."""
        found: list[int] = []
        for label in islice(self.catalogue.labels.counts, EXAMPLES):
            found += [row for row in map(int, self.catalogue.of_label(label, None)) if row not in found][:1]
        return self.catalogue.details(found)

    @cached_property
    def sampler(self) -> list[ImageDetails]:
        """Images from all over the lake."""
        return self.catalogue.details(self.catalogue.sampler(EXAMPLES))
