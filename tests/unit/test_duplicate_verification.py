"""The comparison of pairs: each measure alone gives the same, and all thresholds have to be passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from imagelake.measures.duplicate_score import Evidence, Thresholds, duplicate_score
from imagelake.measures.structural_similarity import best_shift_ssim
from imagelake.measures.thumbnail_vectors import rms_distance
from imagelake.transforms.duplicates.looks import OFFSETS
from imagelake.transforms.duplicates.verification import Rules, compare_pairs, score_pairs
from imagelake.vision.fingerprint import grey_of

RANDOM = np.random.default_rng(8)
FIRST = RANDOM.integers(0, 256, (4, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)
SECOND = np.clip(FIRST.astype(int) + RANDOM.integers(-9, 10, FIRST.shape), 0, 255).astype(np.uint8)
SECOND[3] = RANDOM.integers(0, 256, FIRST.shape[1:])
VECTORS = RANDOM.normal(size=(4, 128)).astype(np.float16)
RULES = Rules(Thresholds(score=0.2, ssim=0.5, distance=100), reach=2)


def with_thresholds(**changed: float) -> Rules:
    """The rules with other thresholds."""
    return replace(RULES, thresholds=replace(RULES.thresholds, **changed))


def batch(with_features: bool) -> pa.RecordBatch:
    """Three pairs of copies and one of different pictures; the third has no features where others have."""
    columns = {"first": pa.array([1, 2, 3, 4]), "second": pa.array([5, 6, 7, 8])}
    for side, pixels in (("first", FIRST), ("second", SECOND)):
        features = [row.tobytes() if with_features and number != 2 else None for number, row in enumerate(VECTORS)]
        columns[f"{side}_thumbnail"] = pa.array([image.tobytes() for image in pixels], pa.binary())
        columns[f"{side}_look"] = pa.array([image.tobytes()[:16] for image in pixels], pa.binary())
        columns[f"{side}_features_vector"] = pa.array(features, pa.binary())
        for name in OFFSETS:
            columns[f"{side}_{name}"] = pa.array([None if vector is None else 0.5 for vector in features], pa.float32())
        columns[f"{side}_features_background"] = pa.array([0.65] * 4)
        columns[f"{side}_thumbnail_background"] = pa.array([0.8] * 4)
    return pa.record_batch(columns)


@pytest.mark.parametrize("with_features", [True, False])
def test_the_row_of_a_pair_holds_its_measures(with_features: bool) -> None:
    """SSIM, distance, cosines and score are those of the measures; copies are verified, different pictures are not."""
    rows = compare_pairs(batch(with_features), RULES)
    assert rows["ssim"].to_numpy() == pytest.approx(best_shift_ssim(grey_of(FIRST), grey_of(SECOND)))
    assert rows["distance"].to_numpy() == pytest.approx(rms_distance(FIRST, SECOND))
    cosines = [float(np.linalg.norm(row.astype(np.float32)) ** 2) if with_features else None for row in VECTORS]
    found = rows["features_cosine"].to_pylist()
    assert found[2] is None
    assert [found[number] for number in (0, 1, 3)] == pytest.approx([cosines[number] for number in (0, 1, 3)])
    whole = [None if cosine is None else 0.5 * 0.5 * cosine + 0.5 + 0.5 for cosine in found]
    assert rows["whole_cosine"].to_pylist() == pytest.approx(whole)
    names = ("ssim", "distance", "thumbnail_cosine", "hash_distance")
    evidence = Evidence(
        features_cosine=np.array([np.nan if cosine is None else cosine for cosine in found]),
        **{name: rows[name].to_numpy() for name in names},
    )
    assert rows["score"].to_numpy() == pytest.approx(duplicate_score(evidence))
    assert rows["verified"].to_pylist()[:3] == [True, True, True]
    if not with_features:  # the planted features call the last pair equal
        assert not rows["verified"][3].as_py()


@pytest.mark.parametrize("strict", [{"score": 1.1}, {"ssim": 1.0}, {"distance": 0.0}])
def test_one_threshold_alone_can_refuse(strict: dict[str, Any]) -> None:
    """Score, similarity and distance each have to pass."""
    assert not any(compare_pairs(batch(True), with_thresholds(**strict))["verified"].to_pylist())


@pytest.mark.parametrize("narrow", [False, True])
def test_what_was_compared_before_gives_the_same_row(narrow: bool) -> None:
    """With the stored evidence of a pair instead of its thumbnails all columns are equal, whatever the threshold."""
    pairs = batch(True)
    ssim = compare_pairs(pairs, RULES)["ssim"][0].as_py()
    rules = with_thresholds(ssim=float(np.nextafter(ssim, 0))) if narrow else RULES
    made = compare_pairs(pairs, rules)
    stored = pairs.select([name for name in pairs.schema.names if not name.endswith("_thumbnail")])
    for name in ("ssim", "distance", "thumbnail_cosine", "hash_distance"):
        stored = stored.append_column(name, made[name])
    taken = score_pairs(stored, rules)
    assert taken.drop_columns(["anew"]).equals(made.drop_columns(["anew"]))
    assert (made["anew"].to_pylist(), taken["anew"].to_pylist()) == ([True] * 4, [False] * 4)


def test_no_pairs_have_the_columns() -> None:
    """An empty batch gives an empty one."""
    assert compare_pairs(batch(True).slice(0, 0), RULES).num_rows == 0
