"""The manifest of a table: its inputs, row counts, settings and code version."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

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
class Manifest:
    """The manifest of one published table or folder.

    ``fingerprint`` is a hash of the job, the code's version, the settings it uses and its inputs: equal fingerprints
    mean that the table is current. ``run_id`` is new with every publication.
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

    def to_json(self) -> str:
        """The manifest as indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest.

        Raises:
            ImageLakeError: the text is no manifest of this version.
        """
        try:
            values = json.loads(text)
            return cls(**{**values, "accounts": [Account(**account) for account in values["accounts"]]})
        except (ValueError, KeyError, TypeError) as error:
            raise ImageLakeError(f"not a manifest of this version ({error}); run the job again with --force") from None
