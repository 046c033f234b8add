"""The planted facts about image files, against Pillow and hashes."""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections import defaultdict

import numpy as np
import pytest
from PIL import Image, ImageOps
from sample_reading import IMAGES, SampleLake, sample_lake

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> SampleLake:
    """The shared lake."""
    return sample_lake(tmp_path_factory)


def test_files_and_list_disagree_exactly_as_planted(lake: SampleLake) -> None:
    """Some listed images have no bytes, some bytes no row; every file lies in its split's folder under its id."""
    files = {path.stem: path for path in lake.folder.glob("images/*/*")}
    assert set(lake.listed.index) - set(files) == set(lake.facts.missing_bytes) != set()
    assert set(files) - set(lake.listed.index) == set(lake.facts.unlisted) != set()
    for image in lake.facts.images:
        assert not image.file or files[image.image_id] == lake.folder / image.file
        assert not image.file or (lake.folder / image.file).parent.name == image.split
        assert not image.listed or lake.listed.loc[image.image_id, "Subset"] == image.split
    assert set(files) == {image.image_id for image in lake.facts.images if image.file}


def test_sizes_and_checksums_in_the_list_are_those_of_the_files(lake: SampleLake) -> None:
    """OriginalSize and the base64 MD5 are true wherever there are bytes."""
    for image in lake.facts.images:
        if image.file and image.listed:
            data, row = (lake.folder / image.file).read_bytes(), lake.listed.loc[image.image_id]
            assert int(str(row["OriginalSize"])) == len(data) == image.byte_size
            assert base64.b64decode(str(row["OriginalMD5"])) == hashlib.md5(data).digest()


def test_pillow_finds_the_planted_formats_sizes_and_failures(lake: SampleLake) -> None:
    """Decoding with default settings fails for the damaged files alone; all else has its recorded properties."""
    failed = set()
    for image in lake.facts.images:
        if not image.file:
            continue
        try:
            with warnings.catch_warnings(), Image.open(lake.folder / image.file, formats=FORMATS) as opened:
                opened.load()
                found = (opened.format, opened.mode, *opened.size, opened.getexif().get(274, 1))
        except (OSError, ValueError, Image.DecompressionBombError):
            failed.add(image.image_id)
        else:
            assert found == (image.format, image.mode, image.width, image.height, image.orientation)
    assert failed == set(lake.facts.corrupt)
    assert len(failed) == IMAGES * 0.05
    assert set(lake.facts.truth) == {image.image_id for image in lake.facts.images if image.file} - failed


def test_exact_duplicates_are_the_files_of_equal_bytes(lake: SampleLake) -> None:
    """Among decodable files, groups of one SHA-256 are the planted groups; no accidental ones."""
    groups: dict[str, list[str]] = defaultdict(list)
    for image in lake.facts.images:
        if image.decodable:
            groups[hashlib.sha256((lake.folder / image.file).read_bytes()).hexdigest()].append(image.image_id)
    found = {frozenset(ids) for ids in groups.values() if len(ids) > 1}
    assert found == {frozenset(group) for group in lake.facts.exact_duplicates}
    assert len(lake.facts.exact_duplicates) == IMAGES // 20


def test_near_duplicates_look_like_their_originals_and_others_do_not(lake: SampleLake) -> None:
    """At 24 x 24 grey pixels a near copy is closer to its original than to any other image."""
    small = {}
    for image in lake.facts.images:
        if image.decodable:
            with Image.open(lake.folder / image.file) as opened:
                grey = ImageOps.exif_transpose(opened).convert("RGB").convert("L")
            pixels = np.asarray(grey.resize((24, 24), Image.Resampling.BOX), dtype=float)
            small[image.image_id] = pixels - pixels.mean()
    same = {frozenset(group) for group in lake.facts.exact_duplicates}
    for pair in lake.facts.near_duplicates:
        distances = {i: np.abs(pixels - small[pair.copy]).mean() for i, pixels in small.items() if i != pair.copy}
        assert min(distances, key=distances.__getitem__) == pair.original
        assert frozenset((pair.original, pair.copy)) not in same
    facts = {image.image_id: image for image in lake.facts.images}
    for pair in lake.facts.near_duplicates:
        original, copy = facts[pair.original], facts[pair.copy]
        turned = original.orientation > 4
        width, height = (original.height, original.width) if turned else (original.width, original.height)
        assert copy.width / copy.height == pytest.approx(width / height, rel=0.05)
        assert ((copy.width, copy.height) == (width, height)) == (pair.change in ("reencoded", "brightened"))
    assert {pair.change for pair in lake.facts.near_duplicates} == {"reencoded", "resized", "cropped", "brightened"}
