"""A change of the settings redoes the jobs that depend on it, and no other."""

from __future__ import annotations

import pytest

from imagelake.config import Config, load_config
from imagelake.runtime.job import Job
from pipeline_steps import STEPS, job

PHOTOS = ("source.type=folder", "source.path=photos")
OF_IMAGES = {"ingest_images"}
OF_LABELS = {"ingest_annotations", "explore_lake", "clean_labels"}
OF_PIXELS = {"convert_model", "predict_images", "build_image_index"}
OF_BOTH = {"measure_accuracy", "rank_images", "search_similar_images", "write_report"}


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
    ("before", "after", "anew", "kept"),
    [
        ((), ("source.label_map=map.csv",), OF_LABELS | OF_BOTH, OF_IMAGES | OF_PIXELS),
        (("source.label_map=map.csv",), ("source.label_map=mended.csv",), OF_LABELS | OF_BOTH, OF_IMAGES | OF_PIXELS),
        ((), ("model.weights=imagenet",), OF_PIXELS | OF_BOTH, OF_IMAGES | OF_LABELS),
        ((), ("clean.min_confidence=0.5",), {"clean_labels"} | OF_BOTH, {"ingest_annotations"} | OF_IMAGES | OF_PIXELS),
        ((), ("source.labels_from_boxes=never",), OF_LABELS | OF_BOTH, OF_IMAGES | OF_PIXELS),
        ((), ("report.title=Mine",), {"write_report"}, {"measure_accuracy"} | OF_IMAGES | OF_LABELS | OF_PIXELS),
    ],
)
def test_only_what_depends_on_a_setting_is_redone(
    before: tuple[str, ...], after: tuple[str, ...], anew: set[str], kept: set[str]
) -> None:
    """Images are not packed, nor predicted, for another label map; nor ingested for a network."""
    found = redone(load_config(settings=[*PHOTOS, *before]), load_config(settings=[*PHOTOS, *after]))
    assert anew <= found
    assert not kept & found
