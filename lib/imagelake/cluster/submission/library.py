"""The library and the jobs as one zip, which drivers and executors import from."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same source makes the same bytes
_CONF = ("*.toml", "labels/*.csv")


def library_zip(project: Path, folder: Path) -> Path:
    """Write ``imagelake.zip``: the package, conf/ inside it where `conf_text` looks first, and the jobs beside it."""
    target = folder / "imagelake.zip"
    # Another submission may be reading the last one.
    aside = folder / f".imagelake-{os.getpid()}.zip"
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(_members(project)):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return aside.replace(target)


def _members(project: Path) -> Iterator[tuple[str, Path]]:
    package = project / "lib" / "imagelake"
    for file in package.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"imagelake/{file.relative_to(package).as_posix()}", file
    for pattern in _CONF:
        for file in (project / "conf").glob(pattern):
            yield f"imagelake/conf/{file.relative_to(project / 'conf').as_posix()}", file
    for file in (project / "jobs").glob("*.py"):
        yield file.name, file
