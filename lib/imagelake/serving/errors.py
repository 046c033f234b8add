"""Why a query cannot be answered."""

from __future__ import annotations

from typing import Literal

from imagelake.errors import ImageLakeError

Problem = Literal["unusable", "unknown", "gone"]


class QueryError(ImageLakeError):
    """A query without an answer.

    ``problem`` is "unusable" for parameters that make no query, "unknown" for an image that the lake does not have,
    and "gone" for a photo that is no longer kept.
    """

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem
