"""Find labels that are probably wrong, the most suspicious first, with what they would be and why.

Reads labels_clean, labels_rejected, predictions, model, heads, images, image_bytes, hierarchy, and where there are any
label_verdicts and duplicate_groups. Writes label_scores, label_issues and label_issue_counts, and the folder
label_judging: a page on which a person says by one key whether a label is wrong, and the same labels as CSV. Each image
is judged by a head of train_classifier that did not learn from it; how many labels are wrong is counted by confident
learning. Nothing is dropped: clean_labels does so for clean.label_issues=drop. It is no step of the pipeline.
Cost: at most 58 s for 1,212 images and 19 labels on two busy cores.

    spark-submit jobs/find_label_issues.py --root var/lake --set issues.head=animals
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from imagelake.config import Config
from imagelake.judging.forms import LABELS, label_questions
from imagelake.judging.judging_page import JudgingPage, write_judging_page
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.resolve.heads import published_head, require_fit, require_same_folds
from imagelake.runtime.resolve.network import load_network
from imagelake.transforms.issues.confident_counts import ScoredRows, bounds_of, confident_counts, judge_images
from imagelake.transforms.issues.label_issues import (
    Background,
    IssueRules,
    candidate_labels,
    issue_counts,
    label_issues,
)
from imagelake.transforms.predict.model import PREDICTION_SETTINGS, features_name, image_limits, require_features
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.rows.questions import open_questions
from imagelake.transforms.rows.verdicts import count_by_reason, rejected
from imagelake.transforms.training.scored_images import scores_by_heads
from imagelake.transforms.training.training_images import CHOSEN_FROM, ImageRules, choose_images
from imagelake.vision.head import HEADS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DUPLICATES, SHOWN = "duplicate_groups", 5


def run(work: Work, config: Config) -> None:
    """Score every label out of fold, count the wrong ones, judge each, write the issues."""
    issues = config.issues
    require_features(work.lake.require("predictions"), work.lake.require("model"), config.digest(PREDICTION_SETTINGS))
    head = published_head(issues.head, work.folder(HEADS), work.lake.storage)
    network = load_network(work.folder("model"), config.model, work.lake.storage)
    require_fit(head.card, features_name(network, config.model))
    duplicates = work.lake.require(DUPLICATES).run_id if work.has(DUPLICATES) else None
    require_same_folds(head.card, duplicates)
    labels = candidate_labels(work.read("labels_clean"), work.read("labels_rejected"))
    images, hierarchy = work.read("images"), work.read("hierarchy")
    rules = ImageRules(head.card.classes, 1, head.card.folds, head.card.seed)
    judged, rows = choose_images(labels, {name: work.read(name) for name in CHOSEN_FROM}, rules)
    scored = ScoredRows(
        rows.select("image_id", "label", "fold", "features"), head.card.classes,
        scores_by_heads(work.lake.spark, head.heads),
    )  # fmt: skip
    counts = confident_counts(scored)
    scores = work.write("label_scores", judge_images(scored, counts, bounds_of(scored, counts)))
    work.account("image and label pairs", judged.count(), work.rows["label_scores"], count_by_reason(rejected(judged)))

    found_by = IssueRules(
        issues.find_by, issues.below, issues.rank_by, issues.outlier_score, config.accuracy.confidence_level
    )
    background = Background(labels, images, hierarchy, work.read("label_verdicts"))
    table = work.write("label_issues", label_issues(scores, background, found_by))
    work.write("label_issue_counts", issue_counts(scores, labels, found_by))
    work.note("head", f"{head.card.name}, {len(head.card.classes):,} labels")
    wrong = int(counts.estimate.sum() - counts.estimate.trace())
    total = max(1, int(counts.images.sum()))
    work.note("wrong, as estimated", f"{wrong:,} of {total:,} labels ({wrong / total:.1%})")
    work.note("issues by reason", ", ".join(f"{name} {n:,}" for name, n in count_by_reason(table).items()) or "none")
    for row in table.where(f"rank <= {SHOWN}").orderBy("rank").collect():
        work.note(f"issue {row['rank']}", f"{row['image_id']}: {row['label']}, rather {row['suggested']}")
    _write_page(work, config, table)
    work.images = work.rows["label_scores"]


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
        "images",
        "image_bytes",
        "hierarchy",
        "label_verdicts",
        "duplicate_groups",
    ),
    optional=("label_verdicts", "duplicate_groups"),
    writes=("label_scores", "label_issues", "label_issue_counts", "label_judging"),
    settings=("issues", "judging.pairs", "judging.side", "model", "images", "accuracy.confidence_level"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
