"""What a lake leaves for people to judge, without Spark: the first questions of a form, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from imagelake.judging.forms import LABELS, PAIRS, label_questions, pair_questions

if TYPE_CHECKING:
    from imagelake.judging.forms import Form, Question
    from imagelake.lake.published import PublishedLake

MOST = 20_000  # more than anybody judges before the jobs run again
_COLUMNS = {
    PAIRS.table: ("split", "other_split", "score", "ssim", "distance", "features_cosine"),
    LABELS.table: ("split", "score", "suggested", "suggested_score", "present"),
}
_RECORDED = {PAIRS.table: "duplicate_verdicts", LABELS.table: "label_verdicts"}
_QUESTIONS = {PAIRS.table: pair_questions, LABELS.table: label_questions}


class Questions:
    """The rows of a form's table that nobody had judged when they were published, at most `MOST`.

    Attributes:
        form: what is asked.
        run_id: of the table; None where it is not published.
        total: how many rows are open, those beyond `MOST` among them.
        by_key: what is judged -> its question, the first to be judged first.
    """

    def __init__(self, lake: PublishedLake, form: Form, most: int = MOST) -> None:
        """Scan the table once; holds three times as many rows as are kept."""
        manifest = lake.manifest(form.table)
        self.form, self.total = form, 0
        self.run_id = manifest.run_id if manifest else None
        self.by_key: dict[tuple[str, str], Question] = {}
        if manifest is None:
            return
        recorded = _Recorded(lake, form)
        columns = dict.fromkeys((*form.columns, *(name for name, _ in form.order), form.needed, *_COLUMNS[form.table]))
        best: pa.Table | None = None
        for batch in lake.batches(form.table, (*columns, "verdict")):
            wanted = pc.and_(pc.is_null(batch["verdict"]), pc.is_valid(batch[form.needed]))
            rows = recorded.left_out(pa.Table.from_batches([batch]).filter(wanted))
            self.total += rows.num_rows
            best = rows if best is None else pa.concat_tables([best, rows])
            if best.num_rows > 2 * most:
                best = _first(best, form, most)
        if best is not None:
            rows_in_order = _first(best, form, most).to_pylist()
            self.by_key = {form.key(one.names): one for one in _QUESTIONS[form.table](rows_in_order)}


class _Recorded:
    """What a job has recorded as judged, perhaps after the table was made; as many as people judged."""

    def __init__(self, lake: PublishedLake, form: Form) -> None:
        name, self._form = _RECORDED[form.table], form
        found = lake.read(name, form.columns) if lake.manifest(name) else None
        columns = [found[column].to_pylist() for column in form.columns] if found else []
        self._keys = {form.key(names) for names in zip(*columns, strict=True)}
        self._names = pa.array(sorted({name for key in self._keys for name in key}), pa.string())

    def left_out(self, rows: pa.Table) -> pa.Table:
        """The rows that are not among them; only those with a name of one of them are compared."""
        column, kept = rows[self._form.columns[0]], np.ones(rows.num_rows, bool)
        for row in np.flatnonzero(pc.is_in(column, value_set=self._names.cast(column.type)).to_numpy()):
            key = self._form.key([rows[name][int(row)].as_py() for name in self._form.columns])
            kept[row] = key not in self._keys
        return rows.filter(pa.array(kept))


def _first(rows: pa.Table, form: Form, most: int) -> pa.Table:
    return rows.sort_by(list(form.order)).slice(0, most)
