"""How large an image index is made and how hard it searches, by rule from the number of images.

Letters: N images, D features, C cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from imagelake.errors import ImageLakeError

LIMIT_TRAINING_ROWS = 131_072  # of 1,024 features: 512 MB, however large the lake is
FEWEST_TO_LEARN_FROM = 1_000
RERANKED = 200


@dataclass(frozen=True)
class IndexParameters:
    """The sizes of one index.

    Attributes:
        cells: C, regions of the feature space; an image lies in the one whose centroid has the highest cosine.
        code_bytes: bytes of an image's product-quantisation code; 0 for an index that is scanned exactly.
        probes: cells that a query looks into.
        rerank: candidates of the codes whose exact cosine is computed.
    """

    cells: int
    code_bytes: int
    probes: int
    rerank: int

    @property
    def is_exact(self) -> bool:
        """Whether every image is compared, without cells and codes."""
        return self.code_bytes == 0

    def __str__(self) -> str:
        """The sizes in words, for a summary."""
        if self.is_exact:
            return "exact: a query is compared with every image"
        return (
            f"{self.cells:,} cells, codes of {self.code_bytes:,} bytes; a query looks into {self.probes:,} cells and "
            f"is compared with {self.rerank:,} images"
        )


@dataclass(frozen=True)
class IndexOverrides:
    """What a user fixes of the parameters; 0 leaves a value to the rule.

    Attributes:
        exact_below: lakes of fewer images are scanned exactly.
        cells: as in IndexParameters, and so the others.
    """

    exact_below: int = 10_000
    cells: int = 0
    code_bytes: int = 0
    probes: int = 0
    rerank: int = 0


def choose_parameters(rows: int, dimension: int, overrides: IndexOverrides = IndexOverrides()) -> IndexParameters:
    """The parameters for a lake of N images of D features.

    - Below exact_below, 10,000 images, and below 1,000 in any case: no cells and no codes. A scan takes milliseconds
      and loses nothing.
    - C = 2 sqrt(N): comparing a query with all centroids then costs about as much as scanning the cells it looks into.
    - Codes of D / 8 bytes, four bits for four features, a sixteenth of the exact features; 32 bytes at least.
    - Probes: 2 sqrt(C), 90 of 2,000 cells at a million images; above a million so many for each million, 213 of 2,828
      at two: half of these would find 0.877 of the ten nearest of two million made vectors, these find 0.970.
    - 200 candidates are compared exactly: of a million made vectors the ten nearest are then found with a recall of
      0.972; 100 give 0.962, 500 give 0.975, and 128 cells instead of 90 give 0.995 for a fifth more time.

    Raises:
        ImageLakeError: there are more cells than images to learn from, or twice code_bytes does not divide D.
    """
    if _is_scanned(rows, overrides):
        return IndexParameters(cells=1, code_bytes=0, probes=1, rerank=0)
    cells = overrides.cells or max(1, round(2 * math.sqrt(rows)))
    if cells > min(rows, LIMIT_TRAINING_ROWS):
        raise ImageLakeError(
            f"index.cells = {cells:,}: there are {min(rows, LIMIT_TRAINING_ROWS):,} images to learn from"
        )
    code_bytes = overrides.code_bytes or _largest_divisor(dimension // 2, max(32, dimension // 8))
    if dimension % (2 * code_bytes):
        raise ImageLakeError(
            f"index.code_bytes = {code_bytes}: twice as many do not divide the {dimension} features of an image; "
            f"{_largest_divisor(dimension // 2, code_bytes)} would do"
        )
    return with_effort(IndexParameters(cells, code_bytes, probes=1, rerank=0), rows, overrides)


def with_effort(sizes: IndexParameters, rows: int, overrides: IndexOverrides) -> IndexParameters:
    """An index as it is, with the probes and candidates of a lake of now N images: they need no training."""
    if sizes.is_exact:
        return sizes
    probes = overrides.probes or math.ceil(2 * math.sqrt(sizes.cells) * max(1, rows / 1e6))
    return replace(sizes, probes=min(sizes.cells, probes), rerank=overrides.rerank or RERANKED)


def still_fit(trained: IndexParameters, trained_of: int, rows: int, overrides: IndexOverrides, growth: float) -> bool:
    """Whether an index can take a lake of N images without being trained anew.

    Args:
        trained: the parameters it was trained with.
        trained_of: images of the lake at that time.
        rows: N.
        overrides: what the user fixes now.
        growth: the factor by which the lake may have grown or shrunk.
    """
    if trained.is_exact or _is_scanned(rows, overrides):
        return trained.is_exact and _is_scanned(rows, overrides)
    sizes = ((overrides.cells, trained.cells), (overrides.code_bytes, trained.code_bytes))
    return all(override in (0, size) for override, size in sizes) and trained_of / growth < rows < trained_of * growth


def _is_scanned(rows: int, overrides: IndexOverrides) -> bool:
    return rows < max(overrides.exact_below, FEWEST_TO_LEARN_FROM)


def training_rows(rows: int, parameters: IndexParameters) -> int:
    """How many images an index learns from: 50 a cell, never more than fit a small driver."""
    return min(rows, LIMIT_TRAINING_ROWS, max(50 * parameters.cells, 10_000))


def _largest_divisor(dimension: int, at_most: int) -> int:
    return next(size for size in range(min(at_most, dimension), 0, -1) if dimension % size == 0)
