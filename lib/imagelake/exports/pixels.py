"""An image of an export as pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels uint8 [H, W, 3], the class's number (-1 for none) and the image's identifier."""

    pixels: NDArray[np.uint8]
    label: int
    image_id: str
