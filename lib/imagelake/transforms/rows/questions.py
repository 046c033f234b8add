"""What a table leaves for people to judge, in the order of its form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.judging.forms import Form


def open_questions(rows: DataFrame, form: Form) -> DataFrame:
    """The rows without a verdict that somebody should look at, the first to be judged first.

    Args:
        rows: the form's table, its column verdict up to date.
        form: the question and its order.
    """
    order = [F.desc(column) if direction == "descending" else F.asc(column) for column, direction in form.order]
    return rows.where(F.col("verdict").isNull() & F.col(form.needed).isNotNull()).orderBy(*order)
