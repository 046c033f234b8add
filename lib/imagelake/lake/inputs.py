"""Input files that users name, read before there is a session where they are local, else through Hadoop."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from imagelake.errors import ImageLakeError

LOCAL = "file://"


class Inputs(Protocol):
    """Files by their full address."""

    def exists(self, uri: str) -> bool:
        """Whether a file or folder stands at an address."""

    def read_bytes(self, uri: str) -> bytes:
        """The bytes of a file."""


def is_local(uri: str) -> bool:
    """Whether a full address is one of this machine."""
    return uri.startswith(LOCAL)


def local_path(name: str) -> Path | None:
    """A path of this machine as its user gave it, with ~ or file://; None for an address elsewhere."""
    if "://" in name and not is_local(name):
        return None
    return Path(name.removeprefix(LOCAL)).expanduser()


class LocalInputs:
    """Files of this machine, read without Spark."""

    def exists(self, uri: str) -> bool:
        """See Inputs."""
        return _path(uri).exists()

    def read_bytes(self, uri: str) -> bytes:
        """See Inputs.

        Raises:
            ImageLakeError: it cannot be read.
        """
        try:
            return _path(uri).read_bytes()
        except OSError as error:
            raise ImageLakeError(f"{uri}: {error.strerror or error}") from None


def _path(uri: str) -> Path:
    return Path(uri.removeprefix(LOCAL))
