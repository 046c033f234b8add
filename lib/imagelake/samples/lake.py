"""A sample lake on disk: images and metadata in the files and columns of Open Images."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from imagelake.errors import ImageLakeError

from .annotations import LABEL_COLUMNS, label_rows
from .boxes import DEPICTION, box_columns, box_rows
from .classes import ALL_CLASSES, BOXABLE, hierarchy
from .facts import FACTS_FILE, ImageFact, NearDuplicate, PlantedFacts
from .image_files import ImageFile, make_image_file
from .image_list import IMAGE_COLUMNS, image_rows
from .plan import SPLITS, plan_image
from .raw_files import CLEAN_REASONS, KEPT, RawFile, RawRow

VERSION = 1
THRESHOLD = Decimal("0.99")

IMAGE_LIST = "image_ids_and_rotation.csv"
HIERARCHY = "bbox_labels_600_hierarchy.json"


def write_sample_lake(folder: Path, images: int = 400, seed: int = 7) -> PlantedFacts:
    """Write a lake, or leave one alone that is there already with the same number of images and seed.

    The same arguments give the same bytes, and the first images of a larger lake are those of a smaller one. The folder
    is renamed to its name when it is complete.

    Raises:
        ImageLakeError: ``images`` is negative, or the folder holds anything else.
    """
    if images < 0:
        raise ImageLakeError(f"a sample lake cannot have {images} images; ask for 0 or more")
    if (present := _present(folder)) is not None and (present.requested, present.seed) == (images, seed):
        return present
    if folder.exists() and any(folder.iterdir()):
        raise ImageLakeError(
            f"{folder}: {_holding(present)}; remove the folder or choose another one for the sample lake"
        )
    staging = folder.with_name(f".{folder.name}.staging")
    shutil.rmtree(staging, ignore_errors=True)
    facts = _write(staging, images, seed)
    if folder.exists():
        folder.rmdir()
    staging.rename(folder)
    return facts


def _holding(present: PlantedFacts | None) -> str:
    if present is None:
        return "holds other files, or a sample lake of another version"
    return f"holds the sample lake of {present.requested} images and seed {present.seed}"


def _present(folder: Path) -> PlantedFacts | None:
    """The facts of the lake that is there, unless there is none or another version wrote it."""
    if not (folder / FACTS_FILE).is_file():
        return None
    facts = PlantedFacts.load(folder)
    return facts if facts.version == VERSION else None


def _write(folder: Path, images: int, seed: int) -> PlantedFacts:
    """Write everything into a new folder."""
    for split in SPLITS:
        (folder / "images" / split).mkdir(parents=True)
    ledger = Ledger()
    for index in range(images):
        made = make_image_file(plan_image(seed, index))
        if made.stored:
            (folder / made.path).write_bytes(made.stored.data)
        ledger.enter(made)
    for file in ledger.files.values():
        file.write(folder)
    (folder / HIERARCHY).write_text(json.dumps(hierarchy(), indent=2) + "\n", encoding="utf-8")
    facts = ledger.facts(seed, images)
    facts.save(folder)
    return facts


def _empty_files() -> dict[str, RawFile]:
    """All CSV files: the classes complete, the others with their columns only."""
    boxable = RawFile("class-descriptions-boxable.csv", ("LabelName", "DisplayName"), header=False)
    boxable.rows = [RawRow((mid, name)) for name, mid in sorted(BOXABLE.items(), key=lambda item: item[1])]
    described = RawFile("class-descriptions.csv", ("LabelName", "DisplayName"))
    described.rows = [RawRow((mid, name)) for name, mid in sorted(ALL_CLASSES, key=lambda item: item[1])]
    files = [boxable, described, RawFile(IMAGE_LIST, IMAGE_COLUMNS)]
    for split in SPLITS:
        files += [RawFile(label_file(split, machine), LABEL_COLUMNS) for machine in (False, True)]
        files.append(RawFile(box_file(split), box_columns(split)))
    return {file.name: file for file in files}


def label_file(split: str, machine: bool) -> str:
    """Name of one of a split's two label files."""
    return f"{split}-annotations-{'machine' if machine else 'human'}-imagelabels.csv"


def box_file(split: str) -> str:
    """Name of a split's box file."""
    return f"{split}-annotations-bbox.csv"


@dataclass(slots=True)
class Ledger:
    """Collects the rows and facts of the images as they are made."""

    files: dict[str, RawFile] = field(default_factory=_empty_files)
    images: list[ImageFact] = field(default_factory=list)
    exact: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    near: list[NearDuplicate] = field(default_factory=list)

    def enter(self, made: ImageFile) -> None:
        """Add one image: its facts, its duplicates, and its rows."""
        plan = made.plan
        self.images.append(made.fact())
        if plan.part == "near_copy":
            original = plan_image(plan.seed, plan.drawn_index).image_id
            self.near.append(NearDuplicate(original, plan.image_id, plan.near_change))
        elif self.images[-1].decodable:
            self.exact[plan.drawn_index].append(plan.image_id)
        self.files[IMAGE_LIST].rows += image_rows(plan, made.stored)
        self.files[box_file(plan.split)].rows += box_rows(plan, made.drawing)
        for label in label_rows(plan):
            self.files[label_file(label.split, label.machine)].rows.append(label.row)

    def facts(self, seed: int, requested: int) -> PlantedFacts:
        """The facts of all added images."""
        labels = self._ingested("imagelabels")
        listed = {image.image_id: image.split for image in self.images if image.listed}
        labelled = {row.cells[0] for _, row in labels}
        confident = {row.cells[0] for _, row in labels if Decimal(row.cells[3]) > THRESHOLD}
        boxes = self._ingested("bbox")
        rejected = Counter(row.fate for _, row in labels)
        return PlantedFacts(
            version=VERSION,
            seed=seed,
            requested=requested,
            images=tuple(self.images),
            files={name: file.fact() for name, file in self.files.items()},
            labels_kept=tuple((row.cells[0], row.cells[2]) for _, row in labels if row.fate == KEPT),
            labels_rejected={reason: rejected[reason] for reason in CLEAN_REASONS},
            label_occurrences=dict(Counter(row.cells[2] for _, row in labels)),
            confident_images={split: sum(listed.get(i) == split for i in confident) for split in SPLITS},
            labels_without_image=tuple(sorted(labelled - listed.keys())),
            images_without_label=tuple(sorted(listed.keys() - labelled)),
            boxes_per_image=_boxes_per_image(boxes),
            depictions=dict(Counter(row.cells[DEPICTION] for _, row in boxes)),
            boxes_without_image=sum(row.cells[0] not in listed for _, row in boxes),
            exact_duplicates=tuple(tuple(ids) for ids in self.exact.values() if len(ids) > 1),
            near_duplicates=tuple(self.near),
        )

    def _ingested(self, name_part: str) -> list[tuple[str, RawRow]]:
        """(split, row) of the rows that survive reading, over the files with a part in their name."""
        files = ((name.split("-")[0], file) for name, file in self.files.items() if name_part in name)
        return [(split, row) for split, file in files for row in file.rows if row.ingested]


def _boxes_per_image(boxes: list[tuple[str, RawRow]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {split: {} for split in SPLITS}
    for split, row in boxes:
        counts[split][row.cells[0]] = counts[split].get(row.cells[0], 0) + 1
    return counts
