"""How soon the pairs that people judged come up where a lake's pairs are looked at in the order of their priority.

The weights of the priority are fitted here as well: on the pairs of four fifths of the judged images, five times in
turn, so that no pair is ranked by weights that know it, and then on all, as `measures.duplicate_score` has them.

Letters: P candidates; Q those that lead from an image whose judgements are known into the other split; W weights.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from imagelake.config import load_config
from imagelake.lake.published import open_lake
from imagelake.measures.duplicate_score import Evidence, Thresholds, transformed
from imagelake.transforms.duplicates.verification import BACKGROUNDS

EVIDENCE = tuple(field.name for field in fields(Evidence))
NEAR = 1  # in the file; 2 is very similar
LOOKS = (430, 1_500)
SCORES = (0.1, 0.2, 0.5)
FOLDS, DIVISIONS, SEED = 5, 5, 29
STRENGTH, STEPS = 1_000.0, 5_000  # of scikit-learn's C, hardly any penalty, and iterations

Odds = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trial:
    """Candidates of a lake beside what people said of some.

    Attributes:
        pairs: P rows of duplicate_pairs.
        asked: row numbers of the Q pairs.
        images: the judged image of each, [Q].
        judged: whether people called it so: near-duplicates, or these and very similar ones, each [Q].
        same: whether this pair, or one with a verified duplicate of its other image, was called so, each [Q].
        wanted: the images with such a pair, among the candidates or not.
        share: of all images of the split, that of those whose judgements are known.
    """

    pairs: pd.DataFrame
    asked: NDArray[np.int64]
    images: NDArray[np.object_]
    judged: dict[str, NDArray[np.bool_]]
    same: dict[str, NDArray[np.bool_]]
    wanted: dict[str, frozenset[str]]
    share: float

    @classmethod
    def read(cls, root: str, file: Path) -> Trial:
        """Read a lake and a file of judgements.

        Args:
            root: a lake whose find_duplicates ran with duplicates.listed_score=0, so that every candidate is a row.
            file: a CSV of an image of one split, one of another, and 1 for near-duplicates or 2 for very similar ones.
                Images that it does not name have no such pair, if their numbers are as even or odd as those of it.
        """
        columns = ["image_id", "other_id", *EVIDENCE, "whole_cosine", *BACKGROUNDS, "score", "priority", "verified"]
        lake = open_lake(root)
        pairs = (
            lake.read("duplicate_pairs", [*columns, "leak"]).to_pandas().dropna(subset="priority", ignore_index=True)
        )
        said = pd.read_csv(file).set_axis(["image", "other", "judgment"], axis=1)
        split, _, number = said["image"][0].partition("-")
        first, second = pairs["image_id"], pairs["other_id"]
        turned = second.str.startswith(split)
        images, others = first.where(~turned, second).to_numpy(), second.where(~turned, first).to_numpy()
        known = pd.Series(images).str.startswith(split) & (pd.Series(images).str[-1].astype(int) % 2 == int(number) % 2)
        asked = np.flatnonzero(pairs["leak"] & known)
        images, others = images[asked], others[asked]
        verified = pairs.loc[pairs["verified"], ["image_id", "other_id"]].to_numpy()
        copies = {(one, other) for pair in verified for one, other in (pair, pair[::-1])}
        kinds = {"near": said[said["judgment"] == NEAR], "both": said}
        other_of = {kind: dict(zip(rows["image"], rows["other"], strict=True)) for kind, rows in kinds.items()}
        beside = list(zip(images, others, strict=True))
        judged = {kind: np.array([of.get(image) == other for image, other in beside]) for kind, of in other_of.items()}
        same = {
            kind: np.array([of.get(image) == other or (of.get(image), other) in copies for image, other in beside])
            for kind, of in other_of.items()
        }
        names = lake.read("images", ["image_id"])["image_id"].to_pylist()
        of_split = [name for name in names if name.startswith(split)]
        share = np.mean([int(name[-1]) % 2 == int(number) % 2 for name in of_split])
        wanted = {kind: frozenset(of) for kind, of in other_of.items()}
        return cls(pairs, asked, images, judged, same, wanted, float(share))

    def priority(self, odds: Odds) -> Odds:
        """What `with_priority` makes of odds [P], of the Q pairs: [Q]."""
        ends = [self.pairs[name].to_numpy() for name in ("image_id", "other_id")]
        best = pd.Series(np.tile(odds, 2)).groupby(np.concatenate(ends)).max()
        better = sum(best.loc[end[self.asked]].to_numpy() for end in ends) / 2
        return np.asarray(2 * odds[self.asked] - better)

    def looked(self, priority: Odds) -> dict[str, float]:
        """The shares that the first looks find, of LOOKS times the share of images whose judgements are known."""
        order, found = np.argsort(-priority, kind="stable"), {}
        for looks in LOOKS:
            seen = order[: round(looks * self.share)]
            for kind, wanted in self.wanted.items():
                count = len(wanted)
                found[f"pair {kind} {looks}"] = self.judged[kind][seen].sum() / count
                found[f"picture {kind} {looks}"] = len(set(self.images[seen][self.same[kind][seen]])) / count
                found[f"image {kind} {looks}"] = len(set(self.images[seen]) & wanted) / count
        return found

    def verified(self) -> dict[str, dict[str, float]]:
        """Of several scores: all pairs of two splits that pass the thresholds, and the share of judged ones."""
        rules, leaks, found = load_config().duplicates, self.pairs[self.pairs["leak"]], {}
        for least in SCORES:
            thresholds = Thresholds(least, rules.min_ssim, rules.max_distance)
            passed = thresholds.passed(leaks["score"], leaks["ssim"], leaks["distance"])
            own = passed.loc[self.asked].to_numpy()
            shares = {kind: float((self.judged[kind] & own).sum() / len(of)) for kind, of in self.wanted.items()}
            found[f"{least:g}"] = {"pairs": int(passed.sum()), **shares}
        return found


def judged_figures(root: str, file: Path) -> dict[str, Any]:
    """Figures as mean, lowest and highest of the divisions into folds, and the weights fitted on all pairs."""
    trial = Trial.read(root, file)
    called = trial.judged["both"]
    evidence = {name: trial.pairs[name].to_numpy() for name in (*EVIDENCE, "whole_cosine")}
    evidence["features_cosine"] = evidence.pop("whole_cosine")
    backgrounds = (trial.pairs[name].to_numpy() for name in BACKGROUNDS)
    design = np.column_stack([transformed(Evidence(**evidence)), *backgrounds])
    numbers = pd.factorize(trial.images)[0]
    runs = []
    for division in range(DIVISIONS):
        folds = np.random.default_rng(SEED + division).integers(0, FOLDS, numbers.max() + 1)[numbers]
        priority = np.empty(len(called))
        for fold in range(FOLDS):
            own, rest = folds == fold, folds != fold
            weights = fitted(design[trial.asked[rest]], called[rest])
            priority[own] = trial.priority(odds_of(design, weights))[own]
        runs.append(trial.looked(priority))
    return {
        "candidates": len(trial.pairs),
        "judged": {kind: len(wanted) for kind, wanted in trial.wanted.items()},
        "held": {kind: float(trial.judged[kind].sum() / len(wanted)) for kind, wanted in trial.wanted.items()},
        "found": {
            name: [float(of([run[name] for run in runs])) for of in (np.mean, np.min, np.max)] for name in runs[0]
        },
        "weights": fitted(design[trial.asked], called).round(3).tolist(),
        "product": trial.looked(trial.pairs["priority"].to_numpy()[trial.asked]),
        "verified": trial.verified(),
    }


def fitted(design: NDArray[np.float64], called: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The weights of the columns of a design [P, W], and the intercept: [W + 1]."""
    model = LogisticRegression(C=STRENGTH, max_iter=STEPS).fit(design, called)
    return np.append(model.coef_[0], model.intercept_)


def odds_of(design: NDArray[np.float64], weights: NDArray[np.float64]) -> Odds:
    """The logarithm of the odds: [P]."""
    return np.asarray(design @ weights[:-1] + weights[-1])


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The result as Markdown."""
    found, near, both = result["found"], result["judged"]["near"], result["judged"]["both"]

    def share(name: str) -> str:
        mean, low, high = found[name]
        return f"{mean:.2f} ({low:.2f} to {high:.2f})"

    lines = [
        f"{result['candidates']:,} candidates hold {result['held']['near']:.3f} of the {near} near-duplicates and "
        f"{result['held']['both']:.3f} of these and the very similar ones, {both} in all. Mean, lowest and highest of "
        f"{DIVISIONS} divisions into folds:",
        "",
        "| looking at | finds the very pair | a pair of the same pictures | its test image |",
        "|---|---|---|---|",
    ]
    for kind, title in (("near", ""), ("both", ", very similar ones counted as well")):
        for looks in LOOKS:
            cells = (share(f"{what} {kind} {looks}") for what in ("pair", "picture", "image"))
            lines.append(f"| {looks:,} pairs{title} | {' | '.join(cells)} |")
    lines += [
        "",
        "| `duplicates.min_score` | pairs of a test and a training image | near-duplicates | and very similar ones |",
        "|---|---|---|---|",
    ]
    for least, row in result["verified"].items():
        lines.append(f"| {least} | {row['pairs']:,} | {row['near']:.2f} | {row['both']:.2f} |")
    return lines
