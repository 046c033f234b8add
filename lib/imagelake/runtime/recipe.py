"""The recipe of rows that depend on one image alone: everything besides its bytes that they follow from.

Rows of an earlier run with the same recipe, of the same bytes, are those that this run would make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from imagelake.runtime.code_version import code_of


def recipe_of(function: Callable[..., Any], *parts: object) -> str:
    """A short digest of what makes a row.

    Args:
        function: makes the rows; the code that it can reach counts, and that of the file it stands in.
        parts: what it is given besides the bytes: settings, digests of files, versions of libraries. Each counts by its
            ``repr``, which must be equal for equal values.
    """
    lines = [code_of(function).digest, *map(repr, parts)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
