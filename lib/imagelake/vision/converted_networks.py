"""Converted networks that this machine keeps: the same weights are converted once for all lakes.

TensorFlow takes 10 s to be imported, and as long to convert. What is kept is named by all that it depends on: the
weights, the network, the code that builds and converts it, and the version of TensorFlow.
"""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from imagelake.vision import litert, mobilenet, weights_file


def kept_or_made(network: str, weights: Path, make: Callable[[], bytes]) -> bytes:
    """A converted network from an earlier run, else a new one, which is kept where the disk allows it.

    Args:
        network: all that decides what is made of the weights, as text.
        weights: a local file.
        make: converts them.
    """
    key = _key(network, weights)
    with suppress(OSError, IndexError):
        return _kept(key)[0].read_bytes()
    made = make()
    file = _folder() / f"{key}.{_tensorflow() or 'none'}.tflite"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        staged = file.with_name(f"{file.name}.{os.getpid()}")
        staged.write_bytes(made)
        staged.replace(file)
    return made


def is_kept(network: str, weights: Path) -> bool:
    """Whether `kept_or_made` would have nothing to make."""
    return bool(_kept(_key(network, weights)))


def _kept(key: str) -> list[Path]:
    """What is kept under a key: by the installed TensorFlow, or where there is none by any, the newest first."""
    files = _folder().glob(f"{key}.{_tensorflow() or '*'}.tflite")
    return sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "imagelake" / "networks"


def _key(network: str, weights: Path) -> str:
    digest = hashlib.sha256(weights.read_bytes())
    for part in (network, *map(inspect.getsource, (litert, mobilenet, weights_file))):
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()


def _tensorflow() -> str | None:
    """The installed version; None where there is none."""
    for package in ("tensorflow-cpu", "tensorflow"):
        with suppress(PackageNotFoundError):
            return version(package)
    return None
