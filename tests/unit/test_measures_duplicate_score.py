"""Scores of pairs: against the formula, in the right direction, and with or without features."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imagelake.measures.duplicate_score import Evidence, crowded_odds, duplicate_score
from imagelake.measures.thumbnail_vectors import rms_distance, thumbnail_vectors


def evidence(ssim: float, distance: float, features: float, thumbnail: float, bits: float) -> Evidence:
    """The evidence of one pair."""
    return Evidence(*(np.array([value]) for value in (ssim, distance, features, thumbnail, bits)))


def test_the_score_is_the_logistic_function_of_the_weighted_evidence() -> None:
    """One pair with features and one without, calculated by hand."""
    spread = math.log(1.8 / 0.2)
    with_features = 1.441 * spread - 0.72 * math.log(25) + 1.694 * spread + 0.101 * spread - 0.167 * 4 - 3.945
    without = 2.472 * spread - 1.157 * math.log(25) + 0.038 * spread - 0.146 * 4 - 0.666
    for features, odds in ((0.8, with_features), (math.nan, without)):
        found = duplicate_score(evidence(0.8, 20, features, 0.8, 4))[0]
        assert found == pytest.approx(1 / (1 + math.exp(-odds)))


@pytest.mark.parametrize("features", [0.9, math.nan])
def test_better_evidence_never_lowers_the_score(features: float) -> None:
    """A copy is certain, an unrelated picture is not, and each better measure alone raises the score."""
    doubtful = (0.6, 30.0, features - 0.1, 0.8, 12)
    score = duplicate_score(evidence(*doubtful))[0]
    for position, better in enumerate((0.7, 20.0, features, 0.9, 8)):
        improved = [*doubtful]
        improved[position] = better
        assert duplicate_score(evidence(*improved))[0] >= score
    without = math.isnan(features)
    assert duplicate_score(evidence(1, 0, math.nan if without else 1, 1, 0))[0] > 0.999
    assert duplicate_score(evidence(0.05, 90, math.nan if without else 0.2, 0.1, 30))[0] < 1e-4


def test_a_crowd_takes_from_the_odds() -> None:
    """The same pair comes later where its pictures are like many others."""
    pair = evidence(0.8, 20, 0.9, 0.9, 4)
    alone, crowded = (crowded_odds(pair, np.array([near]), np.array([near]))[0] for near in (0.65, 0.9))
    assert alone - crowded == pytest.approx((13.076 + 8.973) * 0.25)


def test_thumbnail_vectors_forget_brightness_and_contrast() -> None:
    """A brighter, flatter version has cosine 1 with the picture; a flat one is a zero row, and near to nothing."""
    pixels = np.random.default_rng(0).integers(0, 200, (3, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
    vectors = thumbnail_vectors(np.asarray(pixels, np.uint8))
    others = thumbnail_vectors(np.asarray(pixels // 2 * 2 // 2 + 40, np.uint8))
    assert np.einsum("pd,pd->p", vectors, others) == pytest.approx(1, abs=1e-3)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert not thumbnail_vectors(np.full((1, 32, 32, 3), 9, np.uint8)).any()
    with pytest.raises(ValueError, match="multiple of 8"):
        thumbnail_vectors(np.zeros((1, 30, 30, 3), np.uint8))


def test_distance_is_that_of_levels() -> None:
    """Ten levels everywhere are ten, one channel of three only ten over the root of three; no pairs, no distances."""
    first = np.full((2, 4, 4, 3), 100, np.uint8)
    second = first + np.uint8(10)
    second[1, ..., 1:] = 100
    assert rms_distance(first, second) == pytest.approx([10, 10 / math.sqrt(3)])
    assert rms_distance(first[:0], second[:0]).shape == (0,)
