"""An error that nobody expected tells its client nothing but that, in the form that the client asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

from finished_lake import FinishedLake
from served import Served


def test_an_unexpected_error_is_a_problem_without_a_trace(sample: FinishedLake, tmp_path: Path) -> None:
    """A table destroyed under a running server is read when somebody looks at it."""
    folder = Path(shutil.copytree(sample.folder, tmp_path / "lake"))
    with Served(folder, tmp_path / "cache") as server:
        for part in (folder / "label_accuracy").glob("*.parquet"):
            part.write_bytes(bytes(part.stat().st_size))  # of another size it would be an error of the lake
        api = server.get("/api/accuracy")
        page = server.http.get(f"{server.url}/accuracy", headers={"Accept": "text/html"}, timeout=30)

    assert api.status_code == page.status_code == 500
    assert api.headers["Content-Type"] == "application/problem+json"
    assert api.json()["detail"] == "an error of the server itself; its log says what"
    assert "its log says what" in page.text
    assert "<html" in page.text
    for said in (api.text, page.text):
        assert not any(word in said for word in ("Traceback", "arrow", "Parquet", str(folder)))
    for answer in (api, page):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert any("Parquet magic bytes not found" in line for line in server.log)
