"""The planted facts of a sample lake, with which tests compare the results of jobs, and their file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .raw_files import FileFact

FACTS_FILE = "planted.json"


@dataclass(frozen=True, slots=True)
class ImageFact:
    """One image of the lake.

    Attributes:
        image_id: its id.
        split: train, validation or test.
        part: its role, see ``plan.Part``.
        listed: the image list has a row for it.
        file: path within the lake's folder; empty when its bytes are missing.
        truth: name of the label that was drawn, also for damaged files.
        given: name of the label that its rows state as verified or doubt; empty for images without labels.
        damage: empty, or the type of damage that keeps it from being decoded with Pillow's default settings.
        partly_decodable: damaged, but relaxed settings give some or all of its pixels.
        format: as Pillow names it; empty when damaged or missing.
        mode: Pillow's mode of the stored pixels.
        width: of the stored pixels, before any EXIF turn; 0 when damaged or missing.
        height: as width.
        orientation: EXIF orientation; 1 if the file has none.
        byte_size: of the file.
    """

    image_id: str
    split: str
    part: str
    listed: bool
    file: str
    truth: str
    given: str
    damage: str
    partly_decodable: bool
    format: str
    mode: str
    width: int
    height: int
    orientation: int
    byte_size: int

    @property
    def decodable(self) -> bool:
        """The file exists and can be decoded."""
        return bool(self.format)


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A copy that is not equal byte for byte, and what was done to it."""

    original: str
    copy: str
    change: str


@dataclass(frozen=True, slots=True)
class PlantedFacts:
    """All planted facts of a sample lake.

    Attributes:
        version: of the generator; a lake of another version has other bytes.
        seed: of the lake.
        requested: the number of images requested, listed and unlisted ones.
        images: one entry an image, in the order of their indices.
        files: counts a raw file, by its name.
        labels_kept: (image id, MID) of the label rows that cleaning keeps at a confidence above 0.99.
        labels_rejected: number of ingested label rows that cleaning rejects, by reason.
        label_occurrences: ingested label rows by MID.
        confident_images: listed images with an ingested label row above 0.99, by split.
        labels_without_image: ids with ingested label rows that the image list does not have.
        images_without_label: listed ids without any ingested label row.
        boxes_per_image: number of ingested boxes by split and image id, for ids with any.
        depictions: number of ingested boxes by the value of IsDepiction.
        boxes_without_image: number of ingested boxes whose image the list does not have.
        exact_duplicates: groups of ids of decodable files that are equal byte for byte, the original first.
        near_duplicates: copies that were re-encoded or altered.
    """

    version: int
    seed: int
    requested: int
    images: tuple[ImageFact, ...]
    files: dict[str, FileFact]
    labels_kept: tuple[tuple[str, str], ...]
    labels_rejected: dict[str, int]
    label_occurrences: dict[str, int]
    confident_images: dict[str, int]
    labels_without_image: tuple[str, ...]
    images_without_label: tuple[str, ...]
    boxes_per_image: dict[str, dict[str, int]]
    depictions: dict[str, int]
    boxes_without_image: int
    exact_duplicates: tuple[tuple[str, ...], ...]
    near_duplicates: tuple[NearDuplicate, ...]

    @property
    def listed_images(self) -> dict[str, int]:
        """Number of listed images by split."""
        counts = dict.fromkeys(("train", "validation", "test"), 0)
        for image in self.images:
            counts[image.split] += image.listed
        return counts

    @property
    def truth(self) -> dict[str, str]:
        """Name of the label drawn, by image id, for the images that can be decoded."""
        return {image.image_id: image.truth for image in self.images if image.decodable}

    @property
    def corrupt(self) -> dict[str, str]:
        """Type of damage by image id, for the files that cannot be decoded."""
        return {image.image_id: image.damage for image in self.images if image.damage}

    @property
    def wrong_labels(self) -> dict[str, tuple[str, str]]:
        """(label drawn, label stated) by image id, where they differ."""
        wrong = (image for image in self.images if image.part == "wrong_label")
        return {image.image_id: (image.truth, image.given) for image in wrong}

    @property
    def missing_bytes(self) -> tuple[str, ...]:
        """Listed ids without a file."""
        return tuple(image.image_id for image in self.images if not image.file)

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Ids with a file that the image list does not have."""
        return tuple(image.image_id for image in self.images if not image.listed)

    def rejected_at_ingest(self) -> dict[tuple[str, str], int]:
        """Number of rows that reading rejects, by (file, reason)."""
        return {(name, reason): n for name, fact in self.files.items() for reason, n in fact.rejected.items()}

    def save(self, folder: Path) -> None:
        """Write the facts into the lake's folder."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False)
        (folder / FACTS_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PlantedFacts:
        """Read the facts of a lake.

        Raises:
            FileNotFoundError: if the folder has no ``planted.json``, so is no sample lake.
        """
        fields = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        fields["images"] = tuple(ImageFact(**image) for image in fields["images"])
        fields["files"] = {name: FileFact(**fact) for name, fact in fields["files"].items()}
        fields["labels_kept"] = tuple((image_id, mid) for image_id, mid in fields["labels_kept"])
        fields["exact_duplicates"] = tuple(tuple(group) for group in fields["exact_duplicates"])
        fields["near_duplicates"] = tuple(NearDuplicate(**pair) for pair in fields["near_duplicates"])
        for name in ("labels_without_image", "images_without_label"):
            fields[name] = tuple(fields[name])
        return cls(**fields)
