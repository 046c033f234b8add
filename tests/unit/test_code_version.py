"""The version of a job's code changes with what the job can reach, and with nothing else."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from imagelake.runtime.code_version import Tree, code_of, digest_of, reachable
from project import PROJECT

JOBS = ("ingest_annotations", "explore_lake", "predict_images", "measure_accuracy", "write_report")
TREE = {
    "lib/imagelake/__init__.py": "",
    "lib/imagelake/direct.py": "from imagelake.inner.deep import value\nNAMES = {'a': 'labels/known.csv'}",
    "lib/imagelake/inner/__init__.py": "",
    "lib/imagelake/inner/deep.py": "def f():\n    from . import late\nvalue = 1",
    "lib/imagelake/inner/late.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import imagelake.typed",
    "lib/imagelake/inner/templates/page.html": "<p>",
    "lib/imagelake/typed.py": "",
    "lib/imagelake/apart/__init__.py": "",
    "lib/imagelake/apart/media.py": "",
    "lib/imagelake/apart/templates/other.html": "",
    "conf/labels/known.csv": "",
    "conf/labels/other.csv": "",
    "conf/default.toml": "",
}
JOB = b"from imagelake.direct import NAMES"
COUNTING = ("direct.py", "inner/__init__.py", "inner/deep.py", "inner/late.py", "inner/templates/page.html")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A small library."""
    for name, content in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return Tree(tmp_path / "lib" / "imagelake", tmp_path / "conf")


def test_what_a_job_reaches_counts_and_nothing_else(tree: Tree, tmp_path: Path) -> None:
    """An added line changes the digest where, and only where, the file is imported, named, or beside what is."""
    before = digest_of({"job": JOB}, tree)
    assert digest_of({"job": JOB + b"\n"}, tree) != before
    counting = []
    for name, content in TREE.items():
        file = tmp_path / name
        file.write_text(f"{content}\n# more\n")
        if digest_of({"job": JOB}, tree) != before:
            counting.append(name)
        file.write_text(content)
    assert digest_of({"job": JOB}, tree) == before
    assert counting == [*(f"lib/imagelake/{name}" for name in COUNTING), "conf/labels/known.csv"]


def test_modules_are_those_that_are_imported(tree: Tree) -> None:
    """Directly, by others, inside functions and relatively; not for type checkers, not what is no module."""
    found = reachable(["imagelake.direct", "imagelake.no_such_module", "json"], tree)
    assert set(found) == {"imagelake.direct", "imagelake.inner", "imagelake.inner.deep", "imagelake.inner.late"}


def run_of(job: str) -> Callable[..., object]:
    spec = importlib.util.spec_from_file_location(job, PROJECT / "jobs" / f"{job}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run: Callable[..., object] = module.run
    return run


def test_predictions_do_not_depend_on_the_web_and_labels_depend_on_their_maps(tmp_path: Path) -> None:
    """Of the real library: a comment in web/ leaves predictions as they are, an edited class map does not."""
    shutil.copytree(PROJECT / "lib" / "imagelake", tmp_path / "imagelake", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "conf", tmp_path / "conf")
    tree = Tree(tmp_path / "imagelake", tmp_path / "conf")
    jobs = {job: {"job": (PROJECT / "jobs" / f"{job}.py").read_bytes()} for job in JOBS}
    before = {job: digest_of(source, tree) for job, source in jobs.items()}
    assert before["predict_images"] == code_of(run_of("predict_images")).digest
    assert len(set(before.values())) == len(JOBS)

    def changed_by(name: str) -> set[str]:
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        now = {job: digest_of(source, tree) for job, source in jobs.items()}
        changed = {job for job in JOBS if now[job] != before[job]}
        before.update(now)
        return changed

    assert changed_by("imagelake/web/media.py") == set()
    assert "predict_images" in changed_by("imagelake/vision/preprocess.py")
    assert {"ingest_annotations", "measure_accuracy"} <= changed_by("conf/labels/imagenet_to_openimages.csv")
    assert changed_by("imagelake/reports/templates/base.html") >= {"write_report"}
    assert "predict_images" not in changed_by("imagelake/reports/templates/style.css")
    assert changed_by("imagelake/transforms/predict/predict.py") >= {"predict_images"}
    assert "explore_lake" not in changed_by("imagelake/transforms/predict/predict.py")
