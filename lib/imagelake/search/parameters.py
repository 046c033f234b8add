"""How large an image index is made and how hard it searches, by rule from the number of images.

Letters: N images, D features, C cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from imagelake.errors import ImageLakeError

LIMIT_TRAINING_ROWS = 131_072  # of 1,024 features: 512 MB, however large the lake is


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


@dataclass(frozen=True)
class Wishes:
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


def choose_parameters(rows: int, dimension: int, wishes: Wishes = Wishes()) -> IndexParameters:
    """The parameters for a lake of N images of D features.

    - Below exact_below, 10,000 images: no cells and no codes. A scan takes milliseconds and loses nothing.
    - C = 2 sqrt(N): comparing a query with all centroids then costs about as much as scanning the cells it looks into.
    - Codes of D / 4 bytes, a byte for four features: an eighth of the exact features.
    - Probes: 2 sqrt(C), 90 of 2,000 cells at a million images and 155 of 6,000 at nine million.
    - 500 candidates are compared exactly; a million images need as many for a recall above 0.95, smaller lakes fewer.

    Raises:
        ImageLakeError: code_bytes does not divide D.
    """
    if rows < wishes.exact_below:
        return IndexParameters(cells=1, code_bytes=0, probes=1, rerank=0)
    cells = wishes.cells or max(1, round(2 * math.sqrt(rows)))
    code_bytes = wishes.code_bytes or _largest_divisor(dimension, max(1, dimension // 4))
    if dimension % code_bytes:
        raise ImageLakeError(
            f"index.code_bytes = {code_bytes} does not divide the {dimension} features of an image; "
            f"{_largest_divisor(dimension, code_bytes)} does"
        )
    probes = min(cells, wishes.probes or math.ceil(2 * math.sqrt(cells)))
    return IndexParameters(cells, code_bytes, probes, wishes.rerank or 500)


def still_fit(trained: IndexParameters, trained_of: int, rows: int, wishes: Wishes, growth: float) -> bool:
    """Whether an index can take a lake of N images without being trained anew.

    Args:
        trained: the parameters it was trained with.
        trained_of: images of the lake at that time.
        rows: N.
        wishes: what the user fixes now.
        growth: the factor by which the lake may have grown or shrunk.
    """
    if trained.is_exact or rows < wishes.exact_below:
        return trained.is_exact and rows < wishes.exact_below
    asked = ((wishes.cells, trained.cells), (wishes.code_bytes, trained.code_bytes))
    return all(wish in (0, size) for wish, size in asked) and trained_of / growth < rows < trained_of * growth


def training_rows(rows: int, parameters: IndexParameters) -> int:
    """How many images an index learns from: 50 a cell, never more than fit a small driver."""
    return min(rows, LIMIT_TRAINING_ROWS, max(50 * parameters.cells, 10_000))


def _largest_divisor(dimension: int, at_most: int) -> int:
    return next(size for size in range(min(at_most, dimension), 0, -1) if dimension % size == 0)
