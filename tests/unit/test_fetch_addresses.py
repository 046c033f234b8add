"""The addresses file."""

from __future__ import annotations

from pathlib import Path

import pytest
from fetch_lake import PATHS, SHARED

from imagelake.errors import ImageLakeError
from imagelake.open_images.addresses import SPLITS, load_addresses

DEFAULT = Path(__file__).resolve().parents[2] / "conf" / "open_images.toml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The shipped file with one change."""
    text = DEFAULT.read_text()
    assert old in text
    file = tmp_path / "changed.toml"
    file.write_text(text.replace(old, new))
    return file


def test_the_shipped_addresses_are_the_published_ones() -> None:
    """Spot checks of addresses as the data set's pages state them."""
    addresses = load_addresses()
    published = "https://storage.googleapis.com/openimages/v6/oidv6-train-annotations-bbox.csv"
    assert addresses.metadata_url(addresses.train.boxes) == published
    image = "https://open-images-dataset.s3.amazonaws.com/validation/0001eeaf4aed83f9.jpg"
    assert addresses.image_url("validation", "0001eeaf4aed83f9") == image
    assert all(addresses.split(split).boxes.endswith("annotations-bbox.csv") for split in SPLITS)


def test_a_mirror_takes_the_place_of_both_base_addresses() -> None:
    """Under a mirror all published paths stay as they are."""
    addresses = load_addresses(mirror="http://127.0.0.1:1234/")
    shared = addresses.metadata
    paths = [shared.class_descriptions_boxable, shared.class_descriptions, shared.hierarchy]
    assert tuple(f"/{path}" for path in paths) == SHARED
    for split in SPLITS:
        published = addresses.split(split)
        files = (published.images_with_rotation, published.human_labels, published.machine_labels, published.boxes)
        assert tuple(f"/{path}" for path in files) == PATHS[split]
    assert addresses.metadata_url("v5/x.csv") == "http://127.0.0.1:1234/v5/x.csv"
    assert addresses.image_url("test", "ab") == "http://127.0.0.1:1234/test/ab.jpg"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[train]", "[trian]", "unknown section 'trian'. Did you mean 'train'"),
        ("hierarchy =", "hierarchie =", "unknown key of [metadata] 'hierarchie'. Did you mean 'hierarchy'"),
        ('base_url = "https://storage', 'base_url = "file:///storage', "metadata.base_url"),
        ("{image_id}", "image", "images.path"),
        ("[test]", "[test", "is not TOML"),
        ('boxes = "v5/test-annotations-bbox.csv"', "", "test.boxes: Field required"),
        ("[images]", "[images.more]", "unknown key of [images] 'more'"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Unknown names, other schemes than http, missing or broken parts are errors that name the file and the place."""
    file = changed(tmp_path, old, new)
    with pytest.raises(ImageLakeError) as error:
        load_addresses(file)
    assert message in str(error.value)
    assert str(file) in str(error.value)


def test_a_section_that_is_a_value_is_an_error(tmp_path: Path) -> None:
    """A value where a section belongs is refused, with a mirror as without."""
    file = tmp_path / "odd.toml"
    file.write_text("metadata = 3\n")
    for mirror in (None, "http://127.0.0.1:1"):
        with pytest.raises(ImageLakeError, match=r"odd\.toml: there is no section \[metadata\]"):
            load_addresses(file, mirror)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The path that cannot be read is in the message."""
    with pytest.raises(ImageLakeError, match=r"none\.toml"):
        load_addresses(tmp_path / "none.toml")


def test_a_mirror_that_is_no_web_address_is_refused() -> None:
    """Only http and https are read from."""
    with pytest.raises(ImageLakeError, match="base_url"):
        load_addresses(mirror="ftp://mirror")
