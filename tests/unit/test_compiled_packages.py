"""Byte code in Spark's zip files of Python packages."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from zipimport import zipimporter

import pytest

from imagelake.cluster.submission.compiled_packages import compile_zip

MODULES = {"pack/__init__.py": "NAME = 'pack'\n", "pack/inner.py": "N = 7\n", "pack/tests/slow.py": "N = 8\n"}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A zip file of a small package, which was given byte code."""
    file = tmp_path / "packages.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in MODULES.items():
            archive.writestr(name, text)
    compile_zip(file)
    return file


def test_modules_are_imported_from_byte_code(packages: Path) -> None:
    """Python takes the byte code of each module but those of tests, and finds the same in it."""
    with zipfile.ZipFile(packages) as archive:
        assert set(archive.namelist()) == {*MODULES, "pack/__init__.pyc", "pack/inner.pyc"}
    assert zipimporter(str(packages)).get_filename("pack").endswith("__init__.pyc")
    script = f"import sys; sys.path.insert(0, {str(packages)!r}); from pack import NAME, inner; print(NAME, inner.N)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "pack 7\n"


def test_a_second_time_changes_nothing(packages: Path) -> None:
    """A file that has its byte code stays as it is, and nothing is left beside it."""
    before = packages.stat()
    compile_zip(packages)
    assert packages.stat() == before
    assert list(packages.parent.iterdir()) == [packages]


def test_byte_code_of_another_python_is_left_aside(packages: Path) -> None:
    """Where the byte code is of another version, the source is read."""
    other = packages.with_name("other.zip")
    with zipfile.ZipFile(packages) as archive, zipfile.ZipFile(other, "w") as made:
        for name in archive.namelist():
            content = archive.read(name)
            made.writestr(name, b"\0\0\r\n" + content[4:] if name.endswith(".pyc") else content)
    script = f"import sys; sys.path.insert(0, {str(other)!r}); from pack import inner; print(inner.N)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "7\n"
