"""Where the files of Open Images are published: typed addresses from conf/open_images.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError, unknown_choice

DEFAULT_NAME = "open_images.toml"
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
WebUrl = Annotated[str, Field(pattern=r"^https?://[^/\s]+")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MetadataAddresses(_Section):
    """The files that all splits share; paths are relative to ``base_url``, those of the splits too."""

    base_url: WebUrl
    class_descriptions_boxable: str
    class_descriptions: str
    hierarchy: str


class ImageAddresses(_Section):
    """The image bytes; ``path`` has the placeholders ``{split}`` and ``{image_id}``."""

    base_url: WebUrl
    path: Annotated[str, Field(pattern=r"\{image_id\}")]


class SplitAddresses(_Section):
    """The CSV files of one split."""

    images_with_rotation: str
    human_labels: str
    machine_labels: str
    boxes: str


class Addresses(_Section):
    """Every address of the data set."""

    metadata: MetadataAddresses
    images: ImageAddresses
    train: SplitAddresses
    validation: SplitAddresses
    test: SplitAddresses

    def split(self, split: Split) -> SplitAddresses:
        """The paths of one split's CSV files."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]

    def metadata_url(self, path: str) -> str:
        """The full address of a metadata file."""
        return f"{self.metadata.base_url.rstrip('/')}/{path}"

    def image_url(self, split: Split, image_id: str) -> str:
        """The full address of one image's bytes."""
        return f"{self.images.base_url.rstrip('/')}/{self.images.path.format(split=split, image_id=image_id)}"


def load_addresses(file: Path | None = None, mirror: str | None = None) -> Addresses:
    """Read the addresses, by default those of conf/open_images.toml.

    Args:
        file: another file of the same form.
        mirror: base address that replaces both base addresses of the file.

    Raises:
        ImageLakeError: the file is missing or no TOML, a name is unknown or missing, or an address is none.
    """
    origin = str(file) if file else f"conf/{DEFAULT_NAME}"
    values = _read(file, origin)
    _check_names(values, origin)
    if mirror:
        for section in (values["metadata"], values["images"]):
            section["base_url"] = mirror
    try:
        return Addresses.model_validate(values)
    except ValidationError as error:
        raise ImageLakeError(f"{origin}: {_readable(error)}") from None


def _read(file: Path | None, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8") if file else conf_text(DEFAULT_NAME))
    except OSError as error:
        raise ImageLakeError(f"addresses: cannot read {origin}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # also text that is no UTF-8
        raise ImageLakeError(f"addresses: {origin} is not TOML: {error}") from None


def _check_names(values: dict[str, Any], origin: str) -> None:
    for section in values:
        if section not in Addresses.model_fields:
            raise ImageLakeError(f"{origin}: {unknown_choice('section', section, Addresses.model_fields)}")
    for section, field in Addresses.model_fields.items():
        entries = values.get(section)
        if not isinstance(entries, dict) or field.annotation is None:
            raise ImageLakeError(f"{origin}: there is no section [{section}]")
        for key in entries:
            if key not in field.annotation.model_fields:
                known = field.annotation.model_fields
                raise ImageLakeError(f"{origin}: {unknown_choice(f'key of [{section}]', key, known)}")


def _readable(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
    )
