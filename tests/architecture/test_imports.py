"""The direction of imports, seen from the outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from project import PROJECT

PURE = ("errors", "config", "taxonomy.class_map", "vision.preprocess", "vision.litert", "measures.intervals",
        "search.exact", "reports.report", "samples", "open_images.open_images", "web.app")  # fmt: skip


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_load_neither_spark_nor_tensorflow(module: str) -> None:
    """What executors and small tools import stays small: no Spark and no TensorFlow comes with it."""
    code = f"import sys, imagelake.{module}; print(sorted({{'pyspark', 'tensorflow'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_library_is_imported_when_it_is_used() -> None:
    """`import imagelake` brings nothing large; opening a lake, and the names of its tables, bring no Spark."""
    large = "('pyspark', 'tensorflow', 'faiss', 'pandas', 'numpy', 'pyarrow', 'PIL')"
    code = (
        f"import sys, imagelake; print([name for name in {large} if name in sys.modules]); "
        "imagelake.open_lake('.').tables(); imagelake.predict; print('pyspark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False"]


def test_executors_do_not_import_tensorflow() -> None:
    """The module that every Python worker runs brings no TensorFlow: seconds and half a gigabyte."""
    code = "import sys, imagelake.transforms.predict.predict; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


JOBS_WITHOUT_PACKAGES = """
import importlib.metadata, pathlib, re, runpy, sys
jobs, lock = map(pathlib.Path, sys.argv[1:])
normal = lambda name: re.sub("[-_.]+", "-", name).lower()
locked = {normal(line.split("==")[0]) for line in lock.read_text().splitlines() if "==" in line}
there = {"imagelake", "pyspark", "py4j"} | locked
missing = {module: found for module, found in importlib.metadata.packages_distributions().items()
           if not there & set(map(normal, found))}
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r} on a node", name=name)
sys.meta_path.insert(0, Without())
for job in sorted(jobs.glob("*.py")):
    runpy.run_path(str(job))
print(len(missing))
"""


def test_a_driver_on_a_node_finds_its_packages() -> None:
    """In cluster mode a driver has what travels to the nodes and nothing else; every job can be imported with that."""
    paths = [PROJECT / "jobs", PROJECT / "conf" / "executors" / "requirements.lock"]
    command = [sys.executable, "-c", JOBS_WITHOUT_PACKAGES, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


TRANSFORMS = Path(__file__).parents[2] / "lib" / "imagelake" / "transforms"
WHOLES = {"imagelake.config": "Config", "imagelake.lake.storage": "Storage"}


def wholes_imported(file: Path) -> Iterator[str]:
    """Which of the wholes a file imports, for types only or not."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in WHOLES:
            yield from (alias.name for alias in node.names if alias.name == WHOLES[node.module])


def test_transforms_take_values_and_not_the_whole_configuration() -> None:
    """Jobs resolve class map, limits, files and sections once; no transform sees all settings or the file system."""
    files = {file.relative_to(TRANSFORMS): file for file in TRANSFORMS.rglob("*.py")}
    found = {str(name): set(wholes_imported(file)) for name, file in files.items()}
    assert len(found) > 30
    assert [name for name, wholes in found.items() if wholes] == []
