"""Rows of a published table by the values of some columns, without Spark; an error names the valid choices."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.lake.published import PublishedLake
from imagelake.tables import Column, Table

NULL = "null"
SHOWN_ROWS = 3
_NAMED_CHOICES = 20
_MOST_CHOICES = 50_000  # values that are compared with a misspelt one


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "int": int,
    "bigint": int,
    "double": float,
    "boolean": _boolean,
}


@dataclass(frozen=True)
class Condition:
    """A column that must have a value; None for null."""

    column: Column
    value: Any

    def __str__(self) -> str:
        """As it was typed."""
        return f"{self.column.name}={NULL if self.value is None else self.value}"

    def matches(self, cells: pa.ChunkedArray) -> NDArray[np.bool_]:
        """Which cells have the value: bool [N]."""
        if self.value is None:
            found = pc.is_null(cells)
        else:
            found = pc.fill_null(pc.equal(cells, pa.scalar(self.value, cells.type)), False)
        return np.asarray(found.to_numpy(zero_copy_only=False), bool) if len(cells) else np.zeros(0, bool)


@dataclass(frozen=True)
class FoundRows:
    """Rows that meet the conditions: the first of them, and how many there are."""

    first: tuple[dict[str, Any], ...]
    count: int


def parse_condition(table: Table, text: str) -> Condition:
    """Read ``column=value``.

    Raises:
        ImageLakeError: it has another form, or names no column that can be compared, or no value of its type.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise ImageLakeError(f"{text!r} is not of the form column=value; columns of {table.name}: {_names(table)}")
    column = column_of(table, name)
    if column.type not in _PARSERS:
        raise ImageLakeError(f"{table.name}.{name} is of type {column.type}: no row can be named by it")
    if value == NULL:
        return Condition(column, None)
    try:
        return Condition(column, _PARSERS[column.type](value))
    except (ValueError, KeyError):
        raise ImageLakeError(f"{text}: a value of {table.name}.{name} is of type {column.type}, or {NULL}") from None


def column_of(table: Table, name: str) -> Column:
    """A column by its name.

    Raises:
        ImageLakeError: the table has none of that name.
    """
    columns = {column.name: column for column in table.columns}
    if name not in columns:
        raise unknown_choice(f"column of {table.name}", name, columns)
    return columns[name]


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def find_rows(lake: PublishedLake, table: Table, conditions: Sequence[Condition]) -> FoundRows:
    """The rows that meet all conditions, of which only the columns with conditions are read of the whole table.

    Raises:
        ImageLakeError: there is none; the message names the first value that does not occur, and those that do.
    """
    first: list[dict[str, Any]] = []
    count = 0
    for cells, rest in _row_groups(lake, table.name, [condition.column.name for condition in conditions]):
        rows = np.flatnonzero(_matching(cells, conditions))
        count += len(rows)
        if len(rows) and len(first) < SHOWN_ROWS:
            first += rest().take(pa.array(rows[: SHOWN_ROWS - len(first)])).to_pylist()
    if not count:
        raise _no_row(lake, table, conditions)
    return FoundRows(tuple(first), count)


def _row_groups(
    lake: PublishedLake, table: str, columns: Sequence[str]
) -> Iterator[tuple[pa.Table, Callable[[], pa.Table]]]:
    """Row group by row group some columns, and a function that reads the others too."""
    wanted = list(dict.fromkeys(columns))
    for part in lake.parts(table):
        with lake.opened(part) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, wanted), partial(file.read_row_group, group)


def _matching(cells: pa.Table, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    met = np.ones(cells.num_rows, bool)
    for condition in conditions:
        met &= condition.matches(cells[condition.column.name])
    return met


def _no_row(lake: PublishedLake, table: Table, conditions: Sequence[Condition]) -> ImageLakeError:
    for number, condition in enumerate(conditions):
        before = conditions[:number]
        values = _values(lake, table, condition.column.name, before)
        if condition.value not in values:
            among = f" among those with {' '.join(map(str, before))}" if before else ""
            return ImageLakeError(f"{table.name} has no row with {condition}{among}. {_choices(condition, values)}")
    return ImageLakeError(f"{table.name} has no row with {' '.join(map(str, conditions))}")


def _values(lake: PublishedLake, table: Table, column: str, conditions: Sequence[Condition]) -> set[Any]:
    """Different values of a column in the rows that meet some conditions, up to a bound."""
    values: set[Any] = set()
    for cells, _ in _row_groups(lake, table.name, [column, *(condition.column.name for condition in conditions)]):
        met = cells.filter(pa.array(_matching(cells, conditions)))
        values.update(met[column].unique().to_pylist())
        if len(values) > _MOST_CHOICES:
            break
    return values


def _choices(condition: Condition, values: set[Any]) -> str:
    """The values nearest to one that does not occur."""
    known = [value for value in values if value is not None]
    if condition.value is None or not known:
        named = sorted(known)
    elif isinstance(condition.value, str):
        near = difflib.get_close_matches(condition.value, known, n=_NAMED_CHOICES) if len(known) < _MOST_CHOICES else []
        named = [*near, *sorted(set(known) - set(near))]
    else:
        named = sorted(known, key=lambda value: (abs(value - condition.value), value))
    listed = ", ".join(str(value) for value in [*named[:_NAMED_CHOICES], *([NULL] if None in values else [])])
    more = f" and {len(named) - _NAMED_CHOICES:,} more" if len(named) > _NAMED_CHOICES else ""
    return f"Values that occur: {listed or 'none'}{more}"
