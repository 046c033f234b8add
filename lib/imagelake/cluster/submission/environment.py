"""The Python packages of executors, and of drivers in cluster mode, as one archive that YARN unpacks once on each node.

The archive is a folder of packages for the module search path, not a virtual environment: a node needs only python3.11
on its PATH. TensorFlow is not among them: packed, it alone is twice their size.
"""

from __future__ import annotations

import gzip
import hashlib
import platform
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from imagelake.errors import ImageLakeError

# Not imported on executors: 150 MB of 580.
_LEFT_OUT_FOLDERS = {"__pycache__", "tests", "include"}
_LEFT_OUT_SUFFIXES = {".a", ".h", ".hpp", ".pxd", ".pyx", ".pyi", ".cmake"}
# Wheels for these run on every Linux with glibc 2.28 (Debian 10, RHEL 8) or newer.
_GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17")
_COMPRESSION = 5  # level 9 takes four times as long for 1 % less
Say = Callable[[str], None]


def environment_archive(lock: Path, folder: Path, say: Say) -> Path:
    """``environment-<digest of the lock>.tar.gz``, built unless it is there.

    Args:
        lock: pinned and hashed requirements.
        folder: of the archive.
        say: called with a message before the download.

    Raises:
        ImageLakeError: pip could not install them.
    """
    digest = hashlib.sha256(lock.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]
    target = folder / f"environment-{digest}.tar.gz"
    if not target.exists():
        say(f"building {target} from {lock.name} (once; a minute)")
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _install(lock, Path(scratch) / "packages")
            _pack(Path(scratch) / "packages", Path(scratch) / "packed").rename(target)
    return target


def _install(lock: Path, target: Path) -> None:
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine())
    tags = [f"manylinux_{version}_{machine}" for version in _GLIBC] + [f"manylinux2014_{machine}"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", "--python-version=3.11", "--implementation=cp"]
    command += [*(f"--platform={tag}" for tag in tags), f"--target={target}", f"--requirement={lock}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageLakeError(f"pip could not install {lock}:\n{done.stderr.strip()}")


def _pack(source: Path, target: Path) -> Path:
    with (
        target.open("wb") as file,
        gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for path in sorted(source.rglob("*")):
            if path.is_file() and _is_needed(path.relative_to(source)):
                archive.add(path, path.relative_to(source).as_posix(), filter=_anonymous)
    return target


def _is_needed(path: Path) -> bool:
    return not _LEFT_OUT_FOLDERS & set(path.parts) and path.suffix not in _LEFT_OUT_SUFFIXES and path.parts[0] != "bin"


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member
