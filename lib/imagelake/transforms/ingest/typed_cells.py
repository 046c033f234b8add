"""Numbers from text cells, with conditions for cells that are none, by which lines are rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.ingest.raw_csv import MALFORMED
from imagelake.transforms.rows.verdicts import first_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def number(cell: str) -> Column:
    """A cell as a double; null where it is empty, no number, or not finite.

    Java takes 1f and 1d for numbers as well; nobody else does.
    """
    value = F.when(F.col(cell).rlike(_NUMBER), F.col(cell).try_cast("double"))
    return F.when(F.abs(value) < float("inf"), value)


def with_numbers(lines: DataFrame, *cells: str) -> DataFrame:
    """The lines and the numbers of some cells, so that a cell is read once, however many conditions ask for its number.

    `number_of` names the numbers.
    """
    return lines.withColumns({_number_name(cell): number(cell) for cell in cells})


def number_of(cell: str) -> Column:
    """The number of a cell, of lines `with_numbers`."""
    return F.col(_number_name(cell))


def _number_name(cell: str) -> str:
    return f"{cell}_number"


def missing(*cells: str) -> Column:
    """Whether any of the cells is empty."""
    return _any([F.col(cell).isNull() for cell in cells])


def not_a_number(*cells: str) -> Column:
    """Whether any of the cells is neither empty nor a finite number, of lines `with_numbers`."""
    return _any([F.col(cell).isNotNull() & number_of(cell).isNull() for cell in cells])


def outside_unit_range(*cells: str) -> Column:
    """Whether any of the cells holds a number below 0 or above 1, of lines `with_numbers`."""
    return _any([~number_of(cell).between(0, 1) for cell in cells])


def flag(cell: str) -> Column:
    """A published flag: 1, 0 or -1; anything else counts as unknown, which is -1."""
    value = F.col(cell).try_cast("int")
    return F.when(value.isin(0, 1), value).otherwise(F.lit(-1))


def line_reason(conditions: Mapping[str, Column]) -> Column:
    """Why a line is rejected: malformed before all else, then the first condition that holds; null for a sound one."""
    return first_reason({"malformed_row": F.col(MALFORMED).isNotNull(), **conditions})


def cells_as_json(cells: Sequence[str]) -> Column:
    """The line as JSON: the raw text of a malformed one, else its cells."""
    as_read = F.to_json(F.struct(*cells), {"ignoreNullFields": "false"})
    return F.coalesce(F.col(MALFORMED), as_read)


def _any(conditions: Sequence[Column]) -> Column:
    found = conditions[0]
    for condition in conditions[1:]:
        found = found | condition
    return F.coalesce(found, F.lit(False))
