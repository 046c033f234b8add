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
from imagelake.serving.catalogue import Catalogue, Filters, ImageDetails
from imagelake.serving.index_folder import open_index
from imagelake.serving.labels import meanings
from imagelake.serving.originals import Originals
from imagelake.serving.predictions import LakePredictions
from imagelake.serving.predictor import Prediction, Predictor
from imagelake.serving.query_store import QueryStore
from imagelake.serving.thumbnail_cache import ThumbnailCache
from imagelake.vision.errors import ImageError
from imagelake.vision.limits import Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.config import Config
    from imagelake.lake.published import PublishedLake

EXAMPLES = 18  # images on the first page
CANDIDATES = 240  # answers that a query has in all; ordering by PPI is among these


@dataclass(frozen=True, eq=False)
class SearchQuery:
    """One image to look for.

    Attributes:
        features: float32 [D], unit length; None for an image of the lake without any.
        classes: what the network predicts, best first, with scores.
        sha256: of the photo's bytes; None where they are unknown.
        row: of the image of the lake that it is, which is no answer to itself; None for one from outside.
    """

    features: NDArray[np.float32] | None
    classes: tuple[tuple[str, float], ...]
    sha256: str | None
    row: int | None = None

    @classmethod
    def of(cls, prediction: Prediction) -> SearchQuery:
        """A photo from outside."""
        return cls(prediction.features, prediction.classes, prediction.sha256)


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
        self.catalogue = Catalogue(lake, own / "details")
        self.originals = Originals(lake, self.catalogue)
        self.index = open_index(lake, own / "index")
        self.predictor = Predictor(lake, limits, rules.thumbnail_side, threads)
        self.index.description.require_model(self.predictor.card.features)
        self._predictions = LakePredictions(lake, self.catalogue, self.predictor.card.classes)
        still_valid = before is not None and before.predictor.card == self.predictor.card
        self.queries: QueryStore = before.queries if before and still_valid else QueryStore(rules.queries_kept)
        self.meanings = meanings(lake)
        self.version = lake.require("image_bytes").run_id
        self._side = rules.thumbnail_side
        self._thumbnails = ThumbnailCache(own / "thumbnails", rules.thumbnail_cache_bytes)
        self._rows_of_index = self.catalogue.rows_of(self.index.image_ids)
        # While a pipeline runs, the index may hold images that the lake no longer lists.
        listed = self._rows_of_index >= 0
        self._listed = None if listed.all() else listed

    def query_of_image(self, image_id: str) -> SearchQuery | None:
        """An image of the lake as a query; None where the lake does not have it."""
        row = self.catalogue.row_of(image_id)
        if row is None:
            return None
        (details,) = self.catalogue.details([row])
        place = self.index.row_of(image_id)
        vector = None if place is None else self.index.vector(place)
        return SearchQuery(vector, self._predictions.of(row), details.sha256, row)

    def query_of_photo(self, token: str) -> SearchQuery | None:
        """A photo that was shown earlier; None where it is no longer kept."""
        prediction = self.queries.get(token)
        return None if prediction is None else SearchQuery.of(prediction)

    def similar(self, query: SearchQuery, filters: Filters, order: Order) -> Ranked:
        """The nearest images that pass the filters, in the order asked for."""
        if query.features is None:
            return Ranked(np.empty(0, np.int64))
        passing = self.catalogue.allowed(filters)
        allowed = self._listed if passing is None else passing[self._rows_of_index] & (self._rows_of_index >= 0)
        found = self.index.search(query.features[np.newaxis], CANDIDATES + 1, allowed)
        rows = self._rows_of_index[found.rows[0][found.rows[0] >= 0]]
        others = np.flatnonzero(rows != (-1 if query.row is None else query.row))[:CANDIDATES]
        rows, cosines = rows[others], np.clip(found.cosines[0][others], -1, 1)  # half precision rounds some past it
        best = in_order(cosines, self.catalogue.ppi[rows], order)
        return Ranked(rows[best], cosines[best])

    def of_label(self, label: str, filters: Filters, without: int | None = None) -> Ranked:
        """The images with a label that pass the filters, the highest PPI first."""
        chosen = self.catalogue.labelling.with_label(label, narrower=False)
        passing = self.catalogue.allowed(filters)
        rows = np.flatnonzero(chosen if passing is None else chosen & passing)
        rows = rows[(rows != (-1 if without is None else without)) & ~np.isnan(self.catalogue.ppi[rows])]
        return Ranked(rows[np.argsort(-self.catalogue.ppi[rows], kind="stable")][:CANDIDATES])

    def predicted_label(self, query: SearchQuery) -> str | None:
        """The label that the best class means, else the class's own name; None where nothing was predicted."""
        if not query.classes:
            return None
        best = query.classes[0][0]
        return self.meanings.get(best, best)

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
    def duplicates(self) -> list[list[int]]:
        """Groups of images whose files are equal byte by byte."""
        return self.catalogue.duplicates()

    @cached_property
    def examples(self) -> list[ImageDetails]:
        """Images to begin with: the largest of each of the most frequent labels, none twice."""
        found: list[int] = []
        for label in islice(self.catalogue.labelling.counts, EXAMPLES):
            found += [row for row in map(int, self.of_label(label, Filters()).rows) if row not in found][:1]
        return self.catalogue.details(found)
