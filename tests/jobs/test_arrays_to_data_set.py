"""The whole path of a data set: keywords, candidates, duplicates, overlap, verdicts, sample, splits, CIFAR files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from planted_pictures import encoded, picture, planted
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.arrays.restricted_pickle import load_arrays
from imagelake.config import load_config
from imagelake.installation import PACKAGE, SAMPLE_WEIGHTS
from imagelake.lake.lake import Lake
from imagelake.transforms.duplicates.overlap import COMPARED
from pipeline_steps import run_steps

Pixels = NDArray[np.uint8]
LOOKED_AT = ("ingest_images", "ingest_annotations", "clean_labels", "convert_model", "predict_images", "rank_images")
KEYWORDS = '{"cat": ["tabby_cat", "tomcat"], "ship": ["liner"]}'
FOUND = {"tabby_cat": 12, "tomcat": 6, "liner": 14, "calculator": 3}
HELD = ("tomcat_s_000000.png", "liner_s_000000.png", "liner_s_000001.png")


def candidates() -> dict[str, Pixels]:
    """Pictures of 32 x 32 by name: some of each keyword, an exact copy, and two that differ a little from others."""
    names = [f"{keyword}_s_{number:06}.png" for keyword, count in FOUND.items() for number in range(count)]
    found = {name: picture(seed, 32) for seed, name in enumerate(names)}
    noise = np.random.default_rng(1).integers(-4, 5, (32, 32, 3))
    changed = {number: np.clip(found[f"tabby_cat_s_00000{number}.png"] + noise, 0, 255) for number in (1, 4)}
    found |= {f"tabby_cat_s_10000{number}.png": pixels.astype(np.uint8) for number, pixels in changed.items()}
    return found | {"tabby_cat_s_100000.png": found["tabby_cat_s_000000.png"]}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake of the candidates, all the way to the export; a person has joined two cats and parted two others."""
    folder = tmp_path_factory.mktemp("arrays")
    images, made = candidates(), Lake(spark, str(folder / "lake"))
    held = planted({f"held {name}": (encoded(images[name]), "all") for name in HELD})
    reference = plant_tables(spark, folder / "reference", COMPARED, held)
    (folder / "keywords.json").write_text(KEYWORDS, encoding="utf-8")
    verdicts = [("000002", "000003", "duplicate"), ("000004", "100004", "different")]
    lines = [f"tabby_cat_s_{one}.png,tabby_cat_s_{other}.png,{verdict}" for one, other, verdict in verdicts]
    (folder / "verdicts.csv").write_text("\n".join(["image_id,other_id,verdict", *lines]), encoding="utf-8")
    np.savez(folder / "candidates.npz", images=np.stack(list(images.values())), image_ids=list(images))
    config = load_config(
        settings=[
            *(f"lake.root={made.root}", f'source.arrays=["{folder / "candidates.npz"}"]'),
            *(f"source.keywords={folder / 'keywords.json'}", f"model.weights={PACKAGE / SAMPLE_WEIGHTS}"),
            *(f'overlap.references=["{reference.root}"]', "overlap.features=false"),
            *(f'judging.verdicts=["{folder / "verdicts.csv"}"]', "splits.images=sample"),
            *("sampling.per_label=10", "sampling.keyword_column=keyword", "sampling.avoid_overlap=true"),
            *("export.format=cifar", "export.images=sample", "export.splits=chosen"),
        ]
    )
    run_steps((*LOOKED_AT, "find_duplicates"), made, config)
    steps = ("measure_overlap", "judge_duplicates", "find_duplicates", "select_sample", "split_images")
    run_steps((*steps, "export_dataset"), made, config)
    return made


def test_every_stage_is_counted_by_keyword(lake: Lake) -> None:
    """What is left of each keyword: the copy, what the reference holds and the near pairs go, verdicts change two."""
    stages = ("images", "decoded", "distinct", "unreferenced", "dissimilar", "judged", "candidates", "wanted", "taken")
    counts = {row["keyword"]: tuple(row[name] for name in stages) for row in lake.read("sample_counts").collect()}
    assert counts == {
        # By the score both changed cats are duplicates; a person kept one of them, and joined two other cats.
        "tabby_cat": (15, 15, 14, 14, 12, 12, 12, 7, 7),
        "tomcat": (6, 6, 6, 5, 5, 5, 6, 3, 3),
        "liner": (14, 14, 14, 12, 12, 12, 14, 10, 10),
    }


def test_the_sample_is_in_no_reference_and_holds_nothing_twice(lake: Lake) -> None:
    """Ten of each label, none that the reference holds, at most one of each group, and no label for other keywords."""
    rows = lake.read("sample_images").collect()
    assert Counter(row["label"] for row in rows) == {"cat": 10, "ship": 10}
    names = {row["image_id"] for row in rows}
    assert not names.intersection(HELD)
    for group in (("000000", "100000"), ("000001", "100001"), ("000002", "000003")):
        assert len(names.intersection(f"tabby_cat_s_{number}.png" for number in group)) <= 1


def test_a_reader_of_cifar_loads_the_files(lake: Lake) -> None:
    """Keras reads sixteen images to learn from and four to test with, every level as it was, in no file twice."""
    from keras.src.datasets.cifar import load_batch  # type: ignore[import-untyped]

    folder, originals = Path(lake.folder("export").removeprefix("file://")), candidates()
    seen: list[str] = []
    for file, images in (("data_batch_1", 16), ("test_batch", 4)):
        pixels, labels = load_batch(str(folder / file))
        described: dict[str, Any] = load_arrays((folder / file).read_bytes())
        assert pixels.shape == (images, 3, 32, 32)
        assert Counter(labels) == {0: images // 2, 1: images // 2}
        for image, label, name in zip(pixels, labels, described["filenames"], strict=True):
            assert np.array_equal(image.transpose(1, 2, 0), originals[name])
            assert label == int(name.startswith("liner"))
            seen.append(name)
    assert len(set(seen)) == 20
