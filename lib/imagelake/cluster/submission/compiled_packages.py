"""Byte code for the Python packages that Spark brings as zip files, which are put before the installed ones.

A driver and each daemon of workers would compile what they import of them at every start, which takes a second: Python
keeps no byte code of a zip file.

    python -m imagelake.cluster.submission.compiled_packages    # adds it to those of the installed pyspark, once
"""

from __future__ import annotations

import py_compile
import shutil
import tempfile
import zipfile
from pathlib import Path

from imagelake.cluster.submission.spark import spark_home


def compile_packages() -> None:
    """Add what is missing to each zip file of the installed pyspark."""
    for file in sorted((spark_home() / "python" / "lib").glob("*.zip")):
        compile_zip(file)


def compile_zip(file: Path) -> None:
    """Add byte code beside each module that has none; the file is replaced whole.

    Python takes it without a look at the source, and the source instead where another version made it.
    """
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        made = Path(shutil.copy(file, scratch))
        source, compiled = Path(scratch) / "module.py", Path(scratch) / "module.pyc"
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
            names = set(archive.namelist())
            modules = [name for name in archive.namelist() if name.endswith(".py") and "/tests/" not in name]
            missing = [name for name in modules if f"{name}c" not in names]
            for name in missing:
                source.write_bytes(archive.read(name))
                py_compile.compile(str(source), str(compiled), f"{file}/{name}", True, invalidation_mode=unchecked)
                archive.write(compiled, f"{name}c")
        if missing:
            made.replace(file)


if __name__ == "__main__":
    compile_packages()
