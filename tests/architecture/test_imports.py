"""The direction of imports, seen from the outside."""

from __future__ import annotations

import subprocess
import sys

import pytest

PURE = ("errors", "config", "taxonomy.class_map", "vision.preprocess", "vision.litert", "measures.intervals",
        "search.exact", "reports.report", "samples", "open_images.open_images", "web.app")  # fmt: skip


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_load_neither_spark_nor_tensorflow(module: str) -> None:
    """What executors and small tools import stays small: no Spark and no TensorFlow comes with it."""
    code = f"import sys, imagelake.{module}; print(sorted({{'pyspark', 'tensorflow'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_executors_do_not_import_tensorflow() -> None:
    """The module that every Python worker runs brings no TensorFlow: seconds and half a gigabyte."""
    code = "import sys, imagelake.transforms.predict.predict; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
