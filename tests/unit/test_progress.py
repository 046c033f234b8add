"""How far a job is, in one line, on a terminal that spark-submit stands in front of as well."""

from __future__ import annotations

import io
import os
import pty

import pytest

from imagelake.cluster.submission.spark import environment
from imagelake.runtime.progress import Stages, Step, progress_line
from imagelake.terminal import COLUMNS, columns_of


@pytest.mark.parametrize(
    ("steps", "stages", "seconds", "line"),
    [
        ([Step("rank_images")], Stages(0, 8, 0, 5), 7, "rank_images: [--------------------] 0 of 8 tasks, 0:07"),
        (
            [Step("predict_images", 6, 12)],
            Stages(1_500, 2_000, 405_000, 3_660),
            3_661,
            "step 6 of 12, predict_images: [###############-----] 1,500 of 2,000 tasks, 405,000 rows (111/s), 1:01:01, "
            "about 20:20 left",
        ),
        (
            [Step("a")],
            Stages(3, 3, 7, 0.4),
            59.6,
            "a: [####################] 3 of 3 tasks, 7 rows, 1:00, about 0:00 left",
        ),
        (
            [Step("rank_images", 9, 13), Step("measure_accuracy", 8, 13)],
            Stages(0, 2, 0, 5),
            7,
            "step 9 and 8 of 13, rank_images, measure_accuracy: [--------------------] 0 of 2 tasks, 0:07",
        ),
    ],
)
def test_a_line_says_steps_share_rows_time_and_time_left(
    steps: list[Step], stages: Stages, seconds: float, line: str
) -> None:
    """Steps of a single job are left out, and rows, pace and time left where nothing is known of them."""
    assert progress_line(steps, stages, seconds) == line


def test_a_stream_without_a_terminal_has_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a log nor what is not a number makes a terminal."""
    monkeypatch.delenv(COLUMNS, raising=False)
    assert columns_of(io.StringIO()) is None
    monkeypatch.setenv(COLUMNS, "wide")
    assert columns_of(io.StringIO()) is None


def test_a_job_behind_spark_submit_knows_its_users_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width of a real terminal reaches a process whose own streams are pipes, by its environment."""
    monkeypatch.delenv(COLUMNS, raising=False)
    assert COLUMNS not in environment()
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        monkeypatch.setenv("COLUMNS", "132")
        width = environment()[COLUMNS]
    os.close(master)
    monkeypatch.setenv(COLUMNS, width)
    assert columns_of(io.StringIO()) == 132
