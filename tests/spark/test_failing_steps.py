"""An error at any step of writing: all tables are those of before or all are new, and the next run leaves nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake import lock
from imagelake.lake.files import LocalFiles
from imagelake.lake.lake import Lake
from imagelake.lake.storage import Storage
from imagelake.runtime.job import Job, Work, execute

FOLDERS = ("report", "search_page")
STEPS = ((LocalFiles, "create"), (LocalFiles, "replace"), (LocalFiles, "rename"), (LocalFiles, "delete"),
         (Storage, "make_folder"), (Storage, "upload"), (Storage, "delete"))  # fmt: skip
"""Everything by which a run changes a lake, besides Spark's own writing of tables."""
WAYS = ("refused", "done, then an error", "refused, as all that follows")


def writing(content: str, scratch: Path) -> Job:
    """A job that writes two folders of one file each."""

    def run(work: Work, _: Config) -> None:
        for name in FOLDERS:
            folder = scratch / content / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "index.html").write_text(content)
            work.write_folder(name, folder, files=1)

    return Job("test_writing", content, run, writes=FOLDERS)


class PlantedError(ImageLakeError):
    """The error that a step is made to meet."""


class Failing:
    """Lets one of the steps of a run fail."""

    def __init__(self, number: int, way: str) -> None:
        """Count steps from 0.

        Args:
            number: of the step that fails.
            way: one of WAYS.
        """
        self.steps, self._number, self._way = 0, number, way

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """A method that is counted, and fails where it is its turn."""

        def failing(*arguments: Any, **options: Any) -> Any:
            number = self.steps
            self.steps += 1
            fails = number == self._number or (number > self._number and self._way == WAYS[2])
            if fails and self._way != WAYS[1]:
                raise PlantedError("planted")
            result = step(*arguments, **options)
            if fails:
                raise PlantedError("planted")
            return result

        return failing

    @property
    def was_reached(self) -> bool:
        """Whether the run had so many steps."""
        return self.steps > self._number


def contents(lake: Lake) -> set[str]:
    """What the published folders hold."""
    return {Path(lake.folder(name).removeprefix("file://"), "index.html").read_text() for name in FOLDERS}


@pytest.mark.tried(
    "Killed on one machine",
    "an error at each step of writing two folders: refused, done all the same, or refused for good",
    "both are the old ones or both the new ones; the next run publishes its own and leaves nothing behind",
    unit="steps",
)
def test_an_error_at_any_step_leaves_whole_tables(
    spark: SparkSession, tmp_path: Path, count_tried: Callable[[int], None]
) -> None:
    """Each step of a run in turn, until a run has fewer; then the next process runs the job again."""
    scratch, config = tmp_path / "made", load_config()
    execute(writing("old", scratch), Lake(spark, str(tmp_path / "before")), config)
    tried, ended = 0, set[tuple[str, str]]()
    for way in WAYS:
        number = 0
        while True:
            shutil.copytree(tmp_path / "before", tmp_path / "lake")
            lake, failing = Lake(spark, str(tmp_path / "lake")), Failing(number, way)
            with pytest.MonkeyPatch.context() as patch:
                for owner, name in STEPS:
                    patch.setattr(owner, name, failing.around(getattr(owner, name)))
                with suppress(PlantedError):
                    execute(writing("new", scratch), lake, config, force=True)
            found = contents(lake)
            assert found in ({"old"}, {"new"}), (way, number, found)
            ended.update((way, one) for one in found)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(lock, "_started", lambda _: 1)  # the process that met the error has ended
                execute(writing("newest", scratch), lake, config, force=True)
            assert contents(lake) == {"newest"}, (way, number)
            left = [path for name in ("_staging", "_locks", "_aside") for path in (tmp_path / "lake" / name).glob("*")]
            assert not left, (way, number, left)
            shutil.rmtree(tmp_path / "lake")
            if not failing.was_reached:
                break
            number += 1
            tried += 1
    assert ended == {(way, content) for way in WAYS for content in ("old", "new")}
    assert tried >= 3 * 8
    count_tried(tried)
