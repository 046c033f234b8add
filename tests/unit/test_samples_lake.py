"""A sample lake as a whole: the same bytes for the same arguments, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sample_reading import SEED, SPLITS, SampleLake, sample_lake

from imagelake.errors import ImageLakeError
from imagelake.samples import PlantedFacts, write_sample_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> SampleLake:
    """The shared lake."""
    return sample_lake(tmp_path_factory)


@pytest.mark.parametrize("images", [0, 1, 20])
def test_a_small_lake_is_the_beginning_of_a_larger_one(images: int, tmp_path: Path, lake: SampleLake) -> None:
    """Images, facts and bytes do not depend on how many follow; the files are there even for no image at all."""
    small = write_sample_lake(tmp_path / "small", images, SEED)
    assert small.images == lake.facts.images[:images]
    assert set(small.files) == set(lake.facts.files)
    for image in small.images:
        if image.file:
            assert (tmp_path / "small" / image.file).read_bytes() == (lake.folder / image.file).read_bytes()
    hierarchy = json.loads((tmp_path / "small" / "bbox_labels_600_hierarchy.json").read_text())
    assert hierarchy["LabelName"] == "/m/0bl9f"
    assert PlantedFacts.load(tmp_path / "small") == small
    if images == 0:
        assert small.listed_images == small.confident_images == dict.fromkeys(SPLITS, 0)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_lake_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    """Twice the same arguments give the same files; another seed gives none of the images."""
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_sample_lake(tmp_path / name, 20, seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    images = [{k for k in contents(tmp_path / name) if k.startswith("images")} for name in "ac"]
    assert not images[0] & images[1]


def test_a_lake_that_is_there_is_left_alone_and_other_files_are_safe(tmp_path: Path) -> None:
    """The same lake is not written again; anything else in the folder is an error that says what it holds."""
    folder = tmp_path / "lake"
    folder.mkdir()
    first = write_sample_lake(folder, 1, 5)
    stamp = (folder / "planted.json").stat().st_mtime_ns
    assert write_sample_lake(folder, 1, 5) == first
    assert (folder / "planted.json").stat().st_mtime_ns == stamp
    with pytest.raises(ImageLakeError, match="sample lake of 1 images and seed 5"):
        write_sample_lake(folder, 2, 5)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    with pytest.raises(ImageLakeError, match="other files"):
        write_sample_lake(tmp_path / "mine", 1, 5)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "keep"
    with pytest.raises(ImageLakeError, match="-1 images"):
        write_sample_lake(tmp_path / "none", -1)
