"""A change of the settings redoes the jobs that depend on it, and no other."""

from __future__ import annotations

import pytest

from imagelake.config import Config, load_config
from imagelake.runtime.job import Job
from pipeline_steps import STEPS, job

PHOTOS = ("source.type=folder", "source.path=photos")
OF_LABELS = {
    "ingest_annotations",
    "explore_lake",
    "clean_labels",
    "measure_accuracy",
    "rank_images",
    "search_similar_images",
    "write_report",
}
OF_A_NETWORK = {
    "convert_model",
    "predict_images",
    "measure_accuracy",
    "rank_images",
    "build_image_index",
    "search_similar_images",
    "write_report",
}


def differs(step: Job, before: Config, after: Config) -> bool:
    """Whether a job's own settings, or the files that it reads, are others."""
    return before.digest(step.settings) != after.digest(step.settings) or step.files(before) != step.files(after)


def redone(before: Config, after: Config) -> set[str]:
    """The jobs of a run whose settings, files or tables are other ones."""
    changed, names = set[str](), set[str]()
    for step in map(job, STEPS[1:]):
        if differs(step, before, after) or changed.intersection(step.reads):
            changed.update(step.writes)
            names.add(step.name)
    return names


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), ("source.label_map=map.csv",), OF_LABELS),
        (("source.label_map=map.csv",), ("source.label_map=mended.csv",), OF_LABELS),
        ((), ("model.weights=imagenet",), OF_A_NETWORK),
        ((), ("clean.min_confidence=0.5",), OF_LABELS - {"ingest_annotations"}),
        ((), ("source.labels_from_boxes=never",), OF_LABELS),
        ((), ("report.title=Mine",), {"search_similar_images", "write_report"}),
    ],
)
def test_only_what_depends_on_a_setting_is_redone(
    before: tuple[str, ...], after: tuple[str, ...], expected: set[str]
) -> None:
    """Images are not packed, nor predicted, for another label map; nor ingested for a network."""
    assert redone(load_config(settings=[*PHOTOS, *before]), load_config(settings=[*PHOTOS, *after])) == expected
