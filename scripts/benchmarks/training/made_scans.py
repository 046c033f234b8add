"""Made grey scans of three labels whose shares are 79, 19 and 2 %, as an array and a CSV with a column a label.

A scan has two dark lungs in noise. Two findings are spots in one of them, at a random height: how bright a spot is
varies from scan to scan, so that labels overlap, and who guesses by frequency alone never says the rare one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imagelake.measures.allocation import largest_remainder

LABELS, SHARES = ("healthy", "opacity", "nodule"), (0.79, 0.19, 0.02)
SPLITS, PARTS = ("train", "validation", "test"), (0.7, 0.1, 0.2)
SIDE = 64
STRENGTH, SPREAD = 1.8, 34.0  # of a spot: deviations above that of a healthy scan; levels a deviation
NOISE, RADIUS = 22.0, 5.0  # levels; pixels


def write_scans(folder: Path, images: int, seed: int = 7, strength: float = STRENGTH) -> None:
    """Write scans.npy, uint8 [N, 64, 64, 1], and scans.csv: split and a column a label with one 1 a row.

    Args:
        folder: is made; earlier files are replaced.
        images: N; every split has its part of every label.
        seed: of all that is random.
        strength: of a finding's spot.
    """
    random = np.random.default_rng(seed)
    classes, splits = _planned(images, random)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "scans.npy", np.stack([_scan(int(number), strength, random) for number in classes])[..., None])
    rows = [
        f"{split},{','.join(str(int(number == one)) for one in range(3))}"
        for number, split in zip(classes, splits, strict=True)
    ]
    (folder / "scans.csv").write_text("\n".join([f"split,{','.join(LABELS)}", *rows, ""]), encoding="utf-8")


def _planned(images: int, random: np.random.Generator) -> tuple[NDArray[np.int64], list[str]]:
    """Classes and splits of all images in a random order."""
    pairs = []
    for number, of_label in enumerate(largest_remainder(images, SHARES)):
        pairs += [
            (number, split)
            for split, count in zip(SPLITS, largest_remainder(of_label, PARTS), strict=True)
            for _ in range(count)
        ]
    order = random.permutation(len(pairs))
    return np.array([pairs[at][0] for at in order], np.int64), [pairs[at][1] for at in order]


def _scan(number: int, strength: float, random: np.random.Generator) -> NDArray[np.uint8]:
    """One scan, uint8 [64, 64]: a spot of opacity in the left lung, one of a nodule in the right one."""
    down, across = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    levels = np.full((SIDE, SIDE), 150, np.float32)
    for label, middle in enumerate((19.0, 45.0), 1):
        levels -= 60 * (((across - middle) / 11) ** 2 + ((down - 32) / 24) ** 2 < 1)
        brightness = SPREAD * (random.normal() + strength * (number == label))
        centre = random.uniform(22, 42)
        levels += brightness * np.exp(-((across - middle) ** 2 + (down - centre) ** 2) / (2 * RADIUS**2))
    levels += random.normal(0, NOISE, levels.shape)
    return np.clip(np.round(levels), 0, 255).astype(np.uint8)
