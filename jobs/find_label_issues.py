"""Find labels that are probably wrong, the most suspicious first, with what they would be and why.

Reads labels_clean, labels_rejected, predictions, model, heads or labels, images, image_bytes, hierarchy, and where
there are any label_verdicts and duplicate_groups. Writes label_scores, label_issues and label_issue_counts, and the
folder label_judging: a page on which a person says by one key whether a label is wrong, and the same labels as CSV.
Each image is judged by a head that did not learn from it: one of train_classifier, or for issues.labels=many heads that
say of each label by itself whether it is there, and learn from labels that people verified as not there, too. How many
labels are wrong is counted by confident learning. Nothing is dropped: clean_labels does so for clean.label_issues=drop.
It is no step of the pipeline.
Cost: at most 58 s for 1,212 images and 19 labels on two busy cores.

    spark-submit jobs/find_label_issues.py --root var/lake --set issues.head=animals
    spark-submit jobs/find_label_issues.py --set issues.labels=many
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pyspark import StorageLevel

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.judging.forms import LABELS, label_questions
from imagelake.judging.judging_page import JudgingPage, write_judging_page
from imagelake.lake.inputs import Inputs
from imagelake.reports.names import said_label
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.heads import published_head, require_fit, require_same_folds
from imagelake.runtime.resolve.network import load_network
from imagelake.transforms.issues.confident_counts import ScoredRows, bounds_of, confident_counts, judge_images
from imagelake.transforms.issues.known_counts import judge_scored, known_counts
from imagelake.transforms.issues.known_labels import KnownRules, count_known, denied_labels, judge_known, known_images
from imagelake.transforms.issues.label_issues import (
    Background,
    IssueRules,
    candidate_labels,
    issue_counts,
    label_issues,
)
from imagelake.transforms.issues.label_judges import KnownSet, judge_settings, score_known, train_judges
from imagelake.transforms.predict.model import PREDICTION_SETTINGS, features_name, image_limits, require_features
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.rows.questions import open_questions
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected
from imagelake.transforms.training.packed_features import scaling_of
from imagelake.transforms.training.scored_images import scores_by_heads
from imagelake.transforms.training.training_images import CHOSEN_FROM, ImageRules, choose_images, groups_of, width_of
from imagelake.vision.head import HEADS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DUPLICATES, SHOWN = "duplicate_groups", 5


class _Judged(NamedTuple):
    """Labels that are scored.

    Attributes:
        pairs: images and labels with the reason why they are not scored.
        scores: the label_scores table, to be written.
        denied: labels that people verified as not there; None where they are not judged.
        wrong: as many labels as are wrong, as estimated, and all.
        by: what judged them.
    """

    pairs: DataFrame
    scores: DataFrame
    denied: DataFrame | None
    wrong: tuple[int, int]
    by: str


def run(work: Work, config: Config) -> None:
    """Score every label out of fold, count the wrong ones, judge each, write the issues."""
    issues = config.issues
    require_features(work.lake.require("predictions"), work.lake.require("model"), config.digest(PREDICTION_SETTINGS))
    labels = candidate_labels(work.read("labels_clean"), work.read("labels_rejected"))
    judged = (_one_label if issues.labels == "one" else _many_labels)(work, config, labels)
    scores = work.write("label_scores", judged.scores)
    work.account(
        "image and label pairs",
        judged.pairs.count(),
        work.rows["label_scores"],
        count_by_reason(rejected(judged.pairs)),
    )
    found_by = IssueRules(
        issues.find_by, issues.below, issues.rank_by, issues.outlier_score, config.accuracy.confidence_level
    )
    background = Background(
        labels, work.read("images"), work.read("hierarchy"), work.read("label_verdicts"), judged.denied
    )
    table = work.write("label_issues", label_issues(scores, background, found_by))
    work.write("label_issue_counts", issue_counts(scores, background.published, found_by))
    work.note("judged by", judged.by)
    wrong, total = judged.wrong
    work.note("wrong, as estimated", f"{wrong:,} of {total:,} labels ({wrong / max(1, total):.1%})")
    work.note("issues by reason", ", ".join(f"{name} {n:,}" for name, n in count_by_reason(table).items()) or "none")
    for row in table.where(f"rank <= {SHOWN}").orderBy("rank").collect():
        said = said_label(row["label"], row["present"])
        work.note(f"issue {row['rank']}", f"{row['image_id']}: {said}, rather {row['suggested']}")
    _write_page(work, config, table)
    work.images = work.rows["label_scores"]


def _one_label(work: Work, config: Config, labels: DataFrame) -> _Judged:
    """Images with one label, judged by a published head."""
    head = published_head(config.issues.head, work.folder(HEADS), work.lake.storage)
    network = load_network(work.folder("model"), config.model, work.lake.storage)
    require_fit(head.card, features_name(network, config.model))
    duplicates = work.lake.require(DUPLICATES).run_id if work.has(DUPLICATES) else None
    require_same_folds(head.card, duplicates)
    rules = ImageRules(head.card.classes, 1, head.card.folds, head.card.seed)
    judged, rows = choose_images(labels, {name: work.read(name) for name in CHOSEN_FROM}, rules)
    scored = ScoredRows(
        rows.select("image_id", "label", "fold", "features"), head.card.classes,
        scores_by_heads(work.lake.spark, head.heads),
    )  # fmt: skip
    counts = confident_counts(scored)
    wrong = int(counts.estimate.sum() - counts.estimate.trace()), int(counts.images.sum())
    scores = judge_images(scored, counts, bounds_of(scored, counts))
    return _Judged(judged, scores, None, wrong, f"head {head.card.name}, {len(head.card.classes):,} labels")


def _many_labels(work: Work, config: Config, labels: DataFrame) -> _Judged:
    """Images with any number of labels, each of which is judged by itself."""
    train, predictions = config.train, work.read("predictions")
    rules = KnownRules(train.labels, train.min_images, train.folds, train.seed)
    denied = denied_labels(work.read("labels")).persist(StorageLevel.DISK_ONLY)
    pairs = judge_known(labels, denied, predictions, rules).persist(StorageLevel.DISK_ONLY)
    known = count_known(kept(pairs))
    groups = groups_of(work.read("images"), work.read(DUPLICATES))
    rows = known_images(kept(pairs), known, groups, predictions, rules).persist(StorageLevel.DISK_ONLY)
    data = KnownSet(rows, rows.count(), known, scaling_of(rows, width_of(rows)))
    judges = train_judges(
        data, judge_settings(train), f"{work.staging}/packed", lambda line: announce(f"{work.job.name}: {line}")
    )
    scored = score_known(rows, judges).persist(StorageLevel.DISK_ONLY)
    counts = known_counts(scored)
    wrong = sum(int(one.estimate.sum() - one.estimate.trace()) for one in counts.values())
    by = f"{len(known):,} labels, each by itself, l2={judges.l2:g}, mean loss {judges.loss / len(known):.3f}"
    return _Judged(pairs, judge_scored(scored, counts), denied, (wrong, sum(known.values())), by)


def _write_page(work: Work, config: Config, table: DataFrame) -> None:
    """The labels that nobody has judged yet, for a person to judge."""
    rules = config.judging
    rows = [row.asDict() for row in open_questions(table, LABELS).limit(rules.pairs).collect()]
    shown = {row["image_id"] for row in rows}
    thumbnails = make_thumbnails(work.read("image_bytes"), shown, rules.side, image_limits(config.images))
    page = JudgingPage(LABELS, label_questions(rows), LABELS.command("verdicts.csv"), work.run_id)
    with tempfile.TemporaryDirectory() as scratch:
        write_judging_page(page, thumbnails, Path(scratch))
        work.write_folder("label_judging", Path(scratch), files=2)
    work.note("to judge", f"{len(rows):,} labels: {work.lake.address('label_judging')}/index.html")


def needs(config: Config) -> tuple[str, ...]:
    """The heads of train_classifier for images of one label, the labels as annotated for many."""
    more = "heads" if config.issues.labels == "one" else "labels"
    return ("labels_clean", "labels_rejected", "predictions", "model", "images", "image_bytes", "hierarchy", more)


def check(config: Config, _: Inputs) -> None:
    """Heads that judge labels are those of a cross-validation.

    Raises:
        ImageLakeError: it has no two folds.
    """
    if config.issues.labels == "many" and config.train.folds < 2:
        raise ImageLakeError(f"train.folds = {config.train.folds}: issues.labels = many needs two folds or more")


JOB = Job(
    name="find_label_issues",
    doc=__doc__,
    run=run,
    reads=(
        "labels_clean",
        "labels_rejected",
        "predictions",
        "model",
        "heads",
        "labels",
        "images",
        "image_bytes",
        "hierarchy",
        "label_verdicts",
        "duplicate_groups",
    ),
    optional=("label_verdicts", "duplicate_groups"),
    needs=needs,
    writes=("label_scores", "label_issues", "label_issue_counts", "label_judging"),
    settings=(
        "issues",
        "train.labels",
        "train.min_images",
        "train.l2",
        "train.folds",
        "train.seed",
        "train.tolerance",
        "train.iterations",
        "train.distrust_below",
        "train.memory_bytes",
        "judging.pairs",
        "judging.side",
        "model",
        "images",
        "accuracy.confidence_level",
    ),
    check=check,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
