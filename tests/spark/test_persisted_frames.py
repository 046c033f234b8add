"""What jobs have persisted stays while one of them runs."""

from __future__ import annotations

from pyspark.sql import SparkSession

from imagelake.runtime.persisted_frames import PersistedFrames


def test_the_last_job_to_end_empties_the_cache(spark: SparkSession) -> None:
    """A job that ends first takes nothing from one in another session that still runs."""
    frames, other = PersistedFrames(), spark.newSession()
    with frames.used(spark):
        with frames.used(other):
            persisted = spark.range(10).persist()
            assert persisted.count() == 10
        assert persisted.storageLevel.useMemory, "the job that still runs has lost its frame"
    assert not persisted.storageLevel.useMemory
