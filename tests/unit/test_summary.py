"""The summary of a job on a narrow terminal."""

from __future__ import annotations

import io
import runpy

from rich.console import Console

from imagelake.lake.lake import Lake
from imagelake.runtime.job import Outcome, Work
from imagelake.runtime.summary import print_outcome
from project import PROJECT


def test_no_identifier_is_cut() -> None:
    """A name that is wider than its column goes on in the next line, whole."""
    job = runpy.run_path(str(PROJECT / "jobs" / "rank_images.py"))["JOB"]
    work = Work(job, Lake.__new__(Lake))  # whose tables nobody reads here
    name = f"validation/hat/{'7b4ca4a5-fd04-4a96-' * 4}8b.jpg"
    work.note("top images", f"{name} (31.21)")
    shown = io.StringIO()
    print_outcome(Outcome(job, 1.0, work), Console(file=shown, width=60))
    assert name in "".join(line.strip().removeprefix("top images").strip() for line in shown.getvalue().splitlines())
