"""Of photos half of which are damaged, each becomes a prediction or a row with the right reason, at a bounded cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from damage_trial import trial
from damaged_files import DAMAGE_TYPES
from imagelake.lake.lake import Lake

IMAGES = 4 * len(DAMAGE_TYPES)


@pytest.mark.tried(
    "Damaged input",
    "photos cut off, foreign, hostile, empty or slow in 26 ways among sound ones, 10,000 with `scripts/damage_trial`",
    "each has the reason of its damage, the others are predicted; no failed task, no worker above 600 MiB",
    unit="files",
)
def test_every_type_of_damage_has_its_reason_and_costs_no_task(
    spark: SparkSession, tmp_path: Path, count_tried: Callable[[int], None]
) -> None:
    """Two photos of each type of damage among as many sound ones, through ingestion and prediction."""
    photos = tmp_path / "photos"
    photos.mkdir()
    found = trial(Lake(spark, str(tmp_path / "lake")), photos, IMAGES)
    assert not found.wrong()
    damaged = {name: count for (name, _), count in found.reasons.items() if name}
    assert damaged == {one.name: 2 for one in DAMAGE_TYPES}
    assert found.accounts["images"][1] == IMAGES // 2, "sound photos that were predicted"
    assert found.worker_mib > 0
    count_tried(sum(damaged.values()))
