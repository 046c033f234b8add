"""The manifest of a table: its inputs, row counts, settings and code version."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from imagelake.errors import ImageLakeError

MANIFEST = "_manifest.json"


@dataclass(frozen=True)
class Account:
    """The row counts of a step: ``rows_in`` = ``kept`` + the sum of ``rejected``, else the job ends with an error."""

    what: str
    rows_in: int
    kept: int
    rejected: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raise ImageLakeError unless the counts add up."""
        if self.rows_in != self.kept + sum(self.rejected.values()):
            raise ImageLakeError(
                f"{self.what}: {self.rows_in:,} rows in, but {self.kept:,} kept and {self.rejected} rejected: "
                "rows were lost or doubled, nothing is published"
            )


@dataclass(frozen=True)
class Part:
    """One file: of a published table or folder, as it was published, or of a source, as it was read.

    Attributes:
        name: its path from the folder; the address of a source's.
        bytes: its length.
        crc32c: the checksum of all of it, eight hexadecimal digits; empty where the file system keeps none.
    """

    name: str
    bytes: int
    crc32c: str


@dataclass(frozen=True)
class Manifest:
    """The manifest of one published table or folder.

    ``fingerprint`` is a hash of the job, the code's version, the settings it uses and its inputs: equal fingerprints
    mean that there is nothing to do. ``run_id`` is new with every publication. ``parts`` names every file, ``settings``
    has every setting that the job declares with its value, and ``sources`` the files of text and of weights that it
    read from outside the lake, by their addresses; each is None in manifests of versions that did not. ``recipe`` is
    what the rows depend on besides the bytes of their images, where they depend on nothing else; ``taken_over`` counts
    those that an earlier run made.
    """

    name: str
    job: str
    run_id: str
    fingerprint: str
    code_version: str
    config_digest: str
    inputs: dict[str, str]
    rows: int
    accounts: list[Account]
    started: str
    seconds: float
    images_per_second: float | None
    columns: dict[str, str]
    parts: list[Part] | None = None
    settings: dict[str, Any] | None = None
    sources: list[Part] | None = None
    recipe: str | None = None
    taken_over: int = 0

    def to_json(self) -> str:
        """The manifest as indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_bytes(cls, content: bytes, file: str) -> Manifest:
        """Read a manifest.

        Raises:
            ImageLakeError: it is damaged, or of another version; names the file.
        """
        try:
            values = json.loads(content)
            read = {
                "accounts": [Account(**account) for account in values["accounts"]],
                "parts": _parts(values.get("parts")),
                "sources": _parts(values.get("sources")),
            }
            return cls(**{**values, **read})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ImageLakeError(
                f"{file} is not a manifest of this version ({error}): run the job that writes it again with --force"
            ) from None


def _parts(values: list[dict[str, Any]] | None) -> list[Part] | None:
    return None if values is None else [Part(**part) for part in values]
