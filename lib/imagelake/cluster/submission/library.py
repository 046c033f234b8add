"""The library and the jobs as one zip, which drivers and executors import from."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from imagelake.installation import PACKAGE, PACKED_FOLDERS, conf_folder, jobs_folder

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same source makes the same bytes
_CONF = ("*.toml", "labels/*.csv", "labels/*.LICENSE")  # a licence goes with what it is for


def library_zip(folder: Path) -> Path:
    """Write ``imagelake-<digest>.zip``: the package, conf/ inside it where `conf_text` looks first, the jobs beside it.

    A running driver rereads its zip, so a file of a given name never changes.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(_members()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
    target = folder / f"imagelake-{hashlib.sha256(content.getvalue()).hexdigest()[:16]}.zip"
    if not target.exists():
        aside = folder / f".imagelake-{os.getpid()}.zip"
        aside.write_bytes(content.getvalue())
        aside.replace(target)
    return target


def _members() -> Iterator[tuple[str, Path]]:
    for file in PACKAGE.rglob("*"):
        name = file.relative_to(PACKAGE)
        if file.is_file() and "__pycache__" not in name.parts and name.parts[0] not in PACKED_FOLDERS:
            yield f"imagelake/{name.as_posix()}", file
    for pattern in _CONF:
        for file in conf_folder().glob(pattern):
            yield f"imagelake/conf/{file.relative_to(conf_folder()).as_posix()}", file
    for file in jobs_folder().glob("*.py"):
        yield file.name, file
