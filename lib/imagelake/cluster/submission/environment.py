"""The Python packages of executors, and of drivers in cluster mode, as one archive that YARN unpacks once on each node.

The archive is a folder of packages for the module search path, not a virtual environment: it asks of a node only that
a Python of its version is on the PATH, such as python3.11. TensorFlow is not among them: packed, it alone is twice
their size, and only jobs that train networks need it. What these have besides is an archive of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

from imagelake.errors import ImageLakeError

# Not imported on executors: 150 MB of 580.
_LEFT_OUT_FOLDERS = {"__pycache__", "tests", "include"}
_LEFT_OUT_SUFFIXES = {".a", ".h", ".hpp", ".pxd", ".pyx", ".pyi", ".cmake"}
# Wheels for these run on every Linux with glibc 2.28 (Debian 10, RHEL 8) or newer.
_GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17")
_COMPRESSION = 5  # level 9 takes four times as long for 1 % less
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
Say = Callable[[str], None]


def environment_archive(lock: Path, folder: Path, python: str, say: Say) -> Path:
    """``environment-python3.11-<digest of the lock>.tar.gz``, built unless it is there.

    Args:
        lock: pinned and hashed requirements.
        folder: of the archive.
        python: the version of the nodes, such as 3.11.
        say: called with a line before the download.

    Raises:
        ImageLakeError: pip could not install them.
    """
    wanted = requirements_of_nodes(lock.read_text(encoding="utf-8"), python)
    return _archive("environment", wanted, Destination(folder, python, say))


def training_archive(training: Path, lock: Path, folder: Path, python: str, say: Say) -> Path:
    """``training-python3.11-<digest>.tar.gz``: what a lock of executors that train networks has besides the other one.

    Args:
        training: pinned and hashed requirements of executors that train networks.
        lock: those of all executors, of the same resolution.
        folder: of the archive.
        python: the version of the nodes, such as 3.11.
        say: called with a line before the download.

    Raises:
        ImageLakeError: pip could not install them.
    """
    whole, others = (requirements_of_nodes(file.read_text(encoding="utf-8"), python) for file in (training, lock))
    known = set(_pinned(others))
    wanted = "\n".join(text for pin, text in _pinned(whole).items() if pin not in known)
    return _archive("training", wanted + "\n", Destination(folder, python, say))


def _pinned(requirements: str) -> dict[str, str]:
    """Name and version, such as h5py==3.14.0, to the whole requirement with its hashes."""
    parts = (part for part in re.split(r"\n(?=\S)", requirements) if "==" in part)
    return {part.split()[0]: part.rstrip() for part in parts}


@dataclass(frozen=True)
class Destination:
    """Where an archive is made, for which Python, and who hears of it."""

    folder: Path
    python: str
    say: Say


def _archive(name: str, requirements: str, to: Destination) -> Path:
    digest = hashlib.sha256(requirements.encode() + Path(__file__).read_bytes()).hexdigest()[:16]
    target = to.folder / f"{name}-python{to.python}-{digest}.tar.gz"
    if not target.exists():
        to.say(f"building {target} from the locked packages (once; a minute)")
        with tempfile.TemporaryDirectory(dir=to.folder) as scratch:
            wanted = Path(scratch) / "requirements.txt"
            wanted.write_text(requirements, encoding="utf-8")
            _install(wanted, Path(scratch) / "packages", to.python)
            _pack(Path(scratch) / "packages", Path(scratch) / "packed").rename(target)
    return target


def requirements_of_nodes(lock: str, python: str) -> str:
    """The lines of a universal lock that hold on Linux with that Python, without their markers.

    pip judges markers by the Python that it runs in, whatever it installs for.
    """
    nodes = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    nodes |= {"platform_system": "Linux", "os_name": "posix", "platform_machine": _machine()}
    kept = []
    for requirement in re.split(r"\n(?=\S)", lock):
        pinned, semicolon, rest = requirement.partition(" ; ")
        marker, backslash, hashes = rest.partition(" \\\n")
        if not semicolon:
            kept.append(requirement)
        elif Marker(marker).evaluate(nodes):
            kept.append(f"{pinned}{backslash}{hashes}")
    return "\n".join(kept)


def _machine() -> str:
    return {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine())


def _install(lock: Path, target: Path, python: str) -> None:
    if importlib.util.find_spec("pip") is None:  # environments that uv makes have none
        raise ImageLakeError(
            f"pip, which installs the packages of executors, is missing: {sys.executable} -m ensurepip brings it"
        )
    tags = [f"manylinux_{version}_{_machine()}" for version in _GLIBC] + [f"manylinux2014_{_machine()}"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", f"--python-version={python}", "--implementation=cp"]
    command += [*(f"--platform={tag}" for tag in tags), f"--target={target}", f"--requirement={lock}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageLakeError(f"pip could not install the packages of executors:\n{done.stderr.strip()}")


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
