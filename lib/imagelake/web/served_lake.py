"""A lake made ready to answer: what is known of its images, the index over them, the network, and their bytes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imagelake.search.order import Order, in_order
from imagelake.vision.errors import ImageError
from imagelake.vision.limits import Limits
from imagelake.web.catalogue import Catalogue, Filters, ImageFacts
from imagelake.web.index_folder import open_index
from imagelake.web.labelling import meanings
from imagelake.web.originals import Originals
from imagelake.web.predicted import Predicted
from imagelake.web.query_store import QueryStore
from imagelake.web.seeing import Eyes, Seen
from imagelake.web.thumbnail_cache import ThumbnailCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.cluster.published import PublishedLake
    from imagelake.config import Config

EXAMPLES = 18  # images on the first page
CANDIDATES = 240  # answers that a query has in all; ordering by PPI is among these


@dataclass(frozen=True, eq=False)
class Question:
    """What is looked for.

    Attributes:
        features: float32 [D], unit length; None for an image of the lake without any.
        classes: what the network sees, best first, with scores.
        sha256: of the photo's bytes; None where they are unknown.
        row: of the image of the lake that it is, which is no answer to itself; None for one from outside.
    """

    features: NDArray[np.float32] | None
    classes: tuple[tuple[str, float], ...]
    sha256: str | None
    row: int | None = None

    @classmethod
    def of(cls, seen: Seen) -> Question:
        """A photo from outside."""
        return cls(seen.features, seen.classes, seen.sha256)


@dataclass(frozen=True, eq=False)
class Ranked:
    """Images in the order of a search, at most CANDIDATES.

    Attributes:
        rows: int64 [K], of the catalogue.
        similarities: float32 [K], cosines; None where images are not chosen by them.
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
        limits = Limits(pixels, images.max_bytes, images.timeout_s, images.formats)
        self.lake = lake
        self.catalogue = Catalogue(lake, own / "facts")
        self.originals = Originals(lake, self.catalogue)
        self.index = open_index(lake, own / "index")
        self.eyes = Eyes(lake, limits, rules.thumbnail_side, threads)
        self.index.description.require_model(self.eyes.card.features)
        self._predicted = Predicted(lake, self.catalogue, self.eyes.card.classes)
        still_valid = before is not None and before.eyes.card == self.eyes.card
        self.queries: QueryStore = before.queries if before and still_valid else QueryStore(rules.queries_kept)
        self.meanings = meanings(lake)
        self.version = lake.require("image_bytes").run_id
        self._side = rules.thumbnail_side
        self._thumbnails = ThumbnailCache(own / "thumbnails", rules.thumbnail_cache_bytes)
        self._rows_of_index = self.catalogue.rows_of(self.index.image_ids)
        # While a pipeline runs, the index may hold images that the lake no longer lists.
        listed = self._rows_of_index >= 0
        self._listed = None if listed.all() else listed

    def question_of_image(self, image_id: str) -> Question | None:
        """An image of the lake as a question; None where the lake does not have it."""
        row = self.catalogue.row_of(image_id)
        if row is None:
            return None
        (facts,) = self.catalogue.facts([row])
        place = self.index.row_of(image_id)
        vector = None if place is None else self.index.vector(place)
        return Question(vector, self._predicted.of(row), facts.sha256, row)

    def question_of_photo(self, token: str) -> Question | None:
        """A photo that was shown earlier; None where it is no longer kept."""
        seen = self.queries.get(token)
        return None if seen is None else Question.of(seen)

    def similar(self, question: Question, filters: Filters, order: Order) -> Ranked:
        """The nearest images that pass the filters, in the order asked for."""
        if question.features is None:
            return Ranked(np.empty(0, np.int64))
        passing = self.catalogue.allowed(filters)
        allowed = self._listed if passing is None else passing[self._rows_of_index] & (self._rows_of_index >= 0)
        found = self.index.search(question.features[np.newaxis], CANDIDATES + 1, allowed)
        rows = self._rows_of_index[found.rows[0][found.rows[0] >= 0]]
        others = np.flatnonzero(rows != (-1 if question.row is None else question.row))[:CANDIDATES]
        rows, cosines = rows[others], np.clip(found.cosines[0][others], -1, 1)  # half precision rounds some past it
        best = in_order(cosines, self.catalogue.ppi[rows], order)
        return Ranked(rows[best], cosines[best])

    def of_label(self, label: str, filters: Filters, without: int | None = None) -> Ranked:
        """The images with a label that pass the filters, the highest PPI first."""
        chosen = self.catalogue.labelling.with_label(label, kinds=False)
        passing = self.catalogue.allowed(filters)
        rows = np.flatnonzero(chosen if passing is None else chosen & passing)
        rows = rows[(rows != (-1 if without is None else without)) & ~np.isnan(self.catalogue.ppi[rows])]
        return Ranked(rows[np.argsort(-self.catalogue.ppi[rows], kind="stable")][:CANDIDATES])

    def predicted_label(self, question: Question) -> str | None:
        """The label that the best class means, else the class's own name; None where nothing was seen."""
        if not question.classes:
            return None
        best = question.classes[0][0]
        return self.meanings.get(best, best)

    def thumbnail(self, row: int) -> bytes | None:
        """A small picture of an image of the lake; None where it has no bytes, or none that can be decoded."""
        image_id = self.catalogue.image_id(row)
        try:
            return self._thumbnails.get(f"{self.version} {self._side} {image_id}", lambda: self._shrunk(row))
        except ImageError:
            return None

    def _shrunk(self, row: int) -> bytes:
        return self.eyes.shrink(self.originals.read(row) or b"")

    @cached_property
    def duplicates(self) -> list[list[int]]:
        """Groups of images whose files are equal byte by byte."""
        return self.catalogue.duplicates()

    @cached_property
    def examples(self) -> list[ImageFacts]:
        """Images to begin with: the largest of each of the most frequent labels, none twice."""
        found: list[int] = []
        for label in islice(self.catalogue.labelling.counts, EXAMPLES):
            found += [row for row in map(int, self.of_label(label, Filters()).rows) if row not in found][:1]
        return self.catalogue.facts(found)
