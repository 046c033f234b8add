"""Requests made from the API's own description, the malformed ones too: whatever comes, the server has an answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from finished_lake import FinishedLake
from served import Served

SECONDS = 25
CHECKS = ("not_a_server_error", "content_type_conformance", "response_schema_conformance", "status_code_conformance")


@pytest.mark.tried(
    "The browser app",
    "requests made from the API's own description, malformed ones too",
    "no answer is an error of the server",
    n=SECONDS,
    unit="s of them",
)
def test_no_request_is_an_error_of_the_server(site: Served, sample: FinishedLake, tmp_path: Path) -> None:
    """No answer is a 5xx, and each has a status, a type and a shape that the description names."""
    image_id = sample.frame("predictions", ["image_id", "error"]).query("error.isna()")["image_id"].iloc[0]
    schemathesis, settings = Path(sys.executable).with_name("schemathesis"), tmp_path / "schemathesis.toml"
    # One identifier that is there, or every request for an image would end at the first line.
    settings.write_text(f'[parameters]\n"query.id" = "{image_id}"\n')
    options = ["--max-time", str(SECONDS), "--phases", "coverage,fuzzing", "-c", ",".join(CHECKS), "--no-color"]
    command = [str(schemathesis), "--config-file", str(settings), "run", f"{site.url}/openapi.json", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "passed" in done.stdout
    assert not any("Traceback" in line for line in site.log)
