"""An error that nobody expected tells its client nothing but that, in the form that the client asked for."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from finished_lake import FinishedLake
from served import Served


@pytest.mark.tried("The browser app", "tables destroyed under a running server", "a problem without path or trace")
def test_an_unexpected_error_is_a_problem_without_a_trace(sample: FinishedLake, tmp_path: Path) -> None:
    """A table exchanged under a running server for one with other columns is read when somebody looks at it."""
    folder = sample.copied(tmp_path / "lake").folder
    with Served(folder, tmp_path / "cache") as server:
        for part in (folder / "label_accuracy").glob("*.parquet"):
            part.write_bytes(table_without_columns(part.stat().st_size))
        api = server.http.get(f"{server.url}/accuracy", timeout=30)
        page = server.http.get(f"{server.url}/accuracy", headers={"Accept": "text/html"}, timeout=30)

    assert api.status_code == page.status_code == 500
    assert api.headers["Content-Type"] == "application/problem+json"
    assert api.json()["detail"] == "an error of the server itself; its log says what"
    assert "its log says what" in page.text
    assert "<html" in page.text
    for said in (api.text, page.text):
        assert not any(word in said for word in ("Traceback", "KeyError", "covered", str(folder)))
    for answer in (api, page):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert any("KeyError: 'covered'" in line for line in server.log)


def table_without_columns(size: int) -> bytes:
    """A Parquet file of a given size with one row and none of a table's columns: else it would be a damaged lake."""
    file = io.BytesIO()
    pq.write_table(pa.table({"other": [1]}), file)
    content = file.getvalue()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:footer] + bytes(size - len(content)) + content[footer:]
