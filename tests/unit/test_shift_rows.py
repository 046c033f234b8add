"""The rows of shift from figures: tests, verdicts, answers and reasons, without Spark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats  # type: ignore[import-untyped]
from shift_figures import batch_of, figures_of, outcomes_of, rules_of, sums_of

from imagelake.errors import ImageLakeError
from imagelake.measures.shift.confidence import ScoreCounts
from imagelake.measures.shift.moments import Moments
from imagelake.measures.shift.replication import Votes
from imagelake.transforms.shift.answers import alarm_of, answer_of
from imagelake.transforms.shift.class_rows import check_comparable, class_rows, range_rows, summary_row
from imagelake.transforms.shift.evidence import Evidence
from imagelake.transforms.shift.feature_rows import FeatureResults, compare_features, image_rows
from imagelake.transforms.shift.feature_sums import RIGHT, WRONG, PartialSums, merged_sums
from imagelake.transforms.shift.figures import PairFigures, SetFigures
from imagelake.transforms.shift.hypotheses import hypothesis_rows
from imagelake.transforms.shift.model_rows import line_rows
from imagelake.transforms.shift.outcome_counts import Duplicates, Pairs
from imagelake.transforms.shift.overfitting import TrainingRun
from imagelake.transforms.shift.probabilities import Probabilities
from imagelake.transforms.shift.property_counts import PropertyCounts

Row = dict[str, Any]
RULES = rules_of()


def test_parts_of_a_pass_make_the_whole() -> None:
    """Moments by outcome, the sample and what was rejected are the same from one task and from five."""
    draw = np.random.default_rng(1)
    features = draw.normal(5, 1, size=(300, 4)).astype(np.float32)
    right = [bool(one) for one in draw.integers(0, 2, 300)]
    right[7:9] = [None, None]  # type: ignore[list-item]
    features[20, 3], features[21, 0] = np.nan, np.inf
    given = [*features[:100], [1.0, 2.0], None, [], *features[100:]]
    outcome = [*right[:100], True, True, True, *right[100:]]
    whole = PartialSums(4)
    whole.add(batch_of(given, outcome))
    parts = []
    for at in range(0, len(given), 61):
        part = PartialSums(4)
        part.add(batch_of(given[at : at + 61], outcome[at : at + 61]))
        parts += part.rows()
    one, many = merged_sums(whole.rows(), 4), merged_sums(parts, 4)
    assert one is not None
    assert many is not None
    assert one.rejected == many.rejected == {"not_finite": 2, "other_width": 1, "no_features": 2}
    finite = features[np.isfinite(features).all(axis=1)].astype(np.float64)
    assert one.whole.n == many.whole.n == 298
    for sums in (one, many):
        np.testing.assert_allclose(sums.whole.variance, finite.var(axis=0, ddof=1), rtol=1e-12)
    mine = np.array([outcome is True for outcome in right]) & np.isfinite(features).all(axis=1)
    assert one.groups[RIGHT].n == int(mine.sum())
    np.testing.assert_allclose(many.groups[RIGHT].mean, features[mine].mean(axis=0, dtype=np.float64), rtol=1e-12)
    assert len(many.sample.features) == 298
    assert np.isnan(one.sample.right).sum() == 2
    assert merged_sums([], 4) is None


def outcomes(images: int, right: int, other: int) -> Row:
    """Two classes of equal size, each with its number of right images, and scores that know both."""
    scores = np.r_[np.full(right + other, 0.9), np.full(2 * images - right - other, 0.4)]
    truth = np.r_[np.ones(right + other), np.zeros(2 * images - right - other)]
    return {
        "outcomes": outcomes_of(
            {"model": {"cat": (images, right), "dog": (images, other)}}, {"model": ScoreCounts.of(scores, truth)}
        )
    }


def pair_of(before: SetFigures, after: SetFigures, **parts: Any) -> PairFigures:
    """Two sets, judged by the one model."""
    return PairFigures(before, after, "model", **parts)


def evidence_of(pair: PairFigures, features: FeatureResults | None = None) -> Evidence:
    """All rows that hypotheses rest on."""
    summary = summary_row(pair, "model", RULES)
    lines = line_rows([summary], 0.95)[1]
    found = features if features is not None else compare_features(pair, RULES)
    return Evidence(pair, summary, class_rows(pair, "model", RULES), lines, found, RULES)


def by_name(evidence: Evidence) -> dict[str, Row]:
    """The hypotheses by name."""
    return {row["hypothesis"]: row for row in hypothesis_rows(evidence)}


def test_a_drop_is_tested_as_its_images_are() -> None:
    """Independent sets by two shares, pairs by McNemar; the classes that fall are those that fell."""
    before, after = figures_of("one", **outcomes(500, 450, 400)), figures_of("other", **outcomes(400, 356, 200))
    pair = pair_of(before, after)
    row = summary_row(pair, "model", RULES)
    assert (row["accuracy_before"], row["accuracy_after"]) == (0.85, 0.695)
    assert row["drop"] == pytest.approx(0.155)
    assert row["p"] < 1e-9
    assert row["undefined"] is None
    dog, cat = class_rows(pair, "model", RULES)
    assert (dog["label"], cat["label"]) == ("dog", "cat")
    assert dog["drop"] == pytest.approx(0.3)
    assert dog["p_holm"] < 0.05 < cat["p_holm"]
    assert cat["p"] == pytest.approx(stats.fisher_exact([[450, 50], [356, 44]]).pvalue)
    assert dog["share_before"] == dog["share_after"] == 0.5
    paired = summary_row(replace(pair, pairs={"model": Pairs(60, 12, 3, 25)}), "model", RULES)
    assert (paired["drop"], paired["pairs"]) == (pytest.approx(0.09), 100)
    assert paired["p"] == pytest.approx(2 * (1 + 15 + 105 + 455) / 2**15)
    assert [row["classes"] for row in range_rows(before)] == [0] * 8 + [1, 1]


def test_a_class_of_one_set_has_no_drop() -> None:
    """It says on which side its images are missing; a model of one set says which set lacks it."""
    before = figures_of("one", outcomes=outcomes_of({"model": {"cat": (10, 9)}, "vgg": {"cat": (10, 8)}}, {}))
    after = figures_of("other", outcomes=outcomes_of({"model": {"owl": (10, 9)}}, {}))
    rows = {row["label"]: row for row in class_rows(pair_of(before, after), "model", RULES)}
    assert rows["cat"]["undefined"] == "cannot: no image with this label after"
    assert rows["owl"]["undefined"] == "cannot: no image with this label before"
    assert "other has no predictions of this model" in summary_row(pair_of(before, after), "vgg", RULES)["undefined"]


def test_another_mix_of_classes_explains_the_drop() -> None:
    """Where accuracy by class is the same, reweighting explains all of it, and the answer says so."""
    before = figures_of("one", outcomes=outcomes_of({"model": {"cat": (800, 760), "dog": (200, 100)}}, {}))
    after = figures_of("other", outcomes=outcomes_of({"model": {"cat": (200, 190), "dog": (800, 400)}}, {}))
    evidence = evidence_of(pair_of(before, after))
    rows = by_name(evidence)
    assert rows["chance"]["verdict"] == "not_supported"
    assert rows["prior_shift"]["verdict"] == "supported"
    assert rows["prior_shift"]["explained"] == pytest.approx(0.27)
    assert rows["prior_shift"]["explained_share"] == pytest.approx(1.0)
    answer = answer_of(evidence.summary, list(rows.values()))
    assert answer.startswith(
        "model is right about 86.0 % of 1,000 images in one and 59.0 % of 1,000 in other: a drop of"
    )
    assert "Reweighting explains 100.0 % by another mix of classes; 0.0 % is left." in answer
    assert "Not judged: images that look different" in answer


def test_every_hypothesis_without_its_evidence_says_what_is_missing() -> None:
    """Two sets with nothing but names."""
    pair = PairFigures(figures_of("one"), figures_of("other"), None)
    summary = {"before": "one", "after": "other", "model": "model", "undefined": "nothing", "level": 0.95}
    rows = hypothesis_rows(Evidence(pair, summary, [], [], compare_features(pair, RULES), RULES))
    assert {row["verdict"] for row in rows} == {"cannot"}
    assert all(row["undefined"] for row in rows)
    assert len({row["hypothesis"] for row in rows}) == len(rows) == 12


def test_rare_classes_that_fall_most_are_class_imbalance() -> None:
    """A negative rank correlation of training images and drop; where these are unknown, a setting names them."""
    names = [f"class{number}" for number in range(12)]
    before = figures_of("one", outcomes=outcomes_of({"model": dict.fromkeys(names, (100, 90))}, {}))
    falling = {name: (100, 90 - 5 * number) for number, name in enumerate(names)}
    after = figures_of("other", outcomes=outcomes_of({"model": falling}, {}))
    training = {name: 1200 - 100 * number for number, name in enumerate(names)}
    row = by_name(evidence_of(pair_of(before, after, training=training)))["class_imbalance"]
    assert (row["verdict"], row["statistic"]) == ("supported", pytest.approx(-1))
    assert "shift.training" in by_name(evidence_of(pair_of(before, after)))["class_imbalance"]["undefined"]


def test_duplicates_votes_and_properties() -> None:
    """Duplicates that the model knows, votes that differ, a property that moved and explains, one that did not."""
    draw = np.random.default_rng(2)
    before, after = figures_of("one", **outcomes(500, 450, 400)), figures_of("other", **outcomes(500, 400, 320))
    frequency, worse = draw.beta(5, 2, 3000), draw.beta(3, 2, 3000)
    votes = [
        Votes.of(draw.binomial(10, one), np.full(3000, 10), draw.uniform(size=3000) < one) for one in (frequency, worse)
    ]
    strata = pd.DataFrame(
        {
            "stratum": ["00", "01"],
            "before": [500, 500],
            "labelled": [500, 500],
            "right": [480, 370],
            "after": [200, 800],
        }
    )
    moved = PropertyCounts(
        "gradient", Moments(1000, np.array([9.0]), np.zeros(1), np.array([900.0])),
        Moments(1000, np.array([8.0]), np.zeros(1), np.array([900.0])), strata,
    )  # fmt: skip
    words = PropertyCounts("format", None, None, strata.assign(after=[500, 500], stratum=["JPEG", "PNG"]))
    pair = pair_of(
        replace(before, votes=votes[0]),
        replace(after, votes=votes[1]),
        duplicates=Duplicates(100, 40, 1000, 100, 99, 900, 621),
        properties=[moved, words, replace(words, name="label_issue", strata=strata.assign(stratum=["no", "yes"]))],
    )
    rows = by_name(evidence_of(pair))
    assert rows["duplicates"]["verdict"] == "supported"
    assert rows["duplicates"]["explained"] == pytest.approx(621 / 900 - 0.72)
    assert rows["duplicates"]["explained_low"] < 621 / 900 - 0.72 < rows["duplicates"]["explained_high"] < 0
    assert "60 by equal bytes, 40 near" in rows["duplicates"]["answer"]
    assert "without them the accuracy after would be lower" in rows["duplicates"]["answer"]
    assert rows["replication_bias"]["verdict"] == "supported"
    assert rows["replication_bias"]["explained"] == pytest.approx(float(np.mean(frequency) - np.mean(worse)), abs=0.03)
    assert rows["property_gradient"]["verdict"] == "supported"
    assert rows["property_gradient"]["explained"] == pytest.approx(0.3 * (480 - 370) / 500)
    assert rows["property_format"]["verdict"] == "not_supported"
    assert rows["label_noise"]["verdict"] == "supported"
    assert "no 50.0 % to 20.0 %" in rows["label_noise"]["answer"]
    assert "property_label_issue" not in rows


def test_what_has_changed_in_the_images_is_named_though_it_explains_nothing() -> None:
    """The largest changes first; of twelve properties one with p 0.01 alone is chance; words may share no value."""
    strata = pd.DataFrame({"stratum": ["00", "01"], "before": 50, "labelled": 50, "right": 40, "after": 50})

    def numbers(name: str, change: float) -> PropertyCounts:
        moments = [Moments(100, np.array([mean]), np.zeros(1), np.array([99.0])) for mean in (0.0, change)]
        return PropertyCounts(name, moments[0], moments[1], strata)

    grey = pd.DataFrame(
        {"stratum": ["L", "RGB"], "before": [0, 100], "labelled": [0, 100], "right": [0, 80], "after": [100, 0]}
    )
    same = [numbers(f"other{number}", 0.0) for number in range(9)]
    properties = [numbers("ppi", 0.37), numbers("brightness", -1.5), PropertyCounts("mode", None, None, grey), *same]
    pair = pair_of(
        figures_of("one", **outcomes(50, 40, 40)), figures_of("other", **outcomes(50, 40, 40)), properties=properties
    )
    evidence = evidence_of(pair)
    rows = by_name(evidence)
    assert rows["property_ppi"]["p"] == pytest.approx(10 * stats.t.sf(0.37 / np.sqrt(0.02), 198) * 2, rel=1e-6)
    assert {rows[f"property_{name}"]["verdict"] for name in ("ppi", "brightness", "mode")} == {"not_supported"}
    answer = answer_of(evidence.summary, list(rows.values()))
    assert "The images themselves differ most in brightness (-1.5 deviations), mode (100.0 %)." in answer
    assert "no stratum in common" in rows["property_mode"]["answer"]


def test_duplicates_that_the_model_knows_no_better_explain_nothing() -> None:
    """Their number is named; only where it is right about more of them are they the reason of anything."""
    before, after = figures_of("one", **outcomes(500, 450, 400)), figures_of("other", **outcomes(500, 400, 320))
    alike = by_name(evidence_of(pair_of(before, after, duplicates=Duplicates(100, None, 1000, 100, 72, 900, 648))))
    assert alike["duplicates"]["verdict"] == "not_supported"
    assert "by equal bytes alone" in alike["duplicates"]["answer"]
    between = Duplicates(100, None, 1000, 100, 72, 900, 648, lakes=("file:///lakes/a", "hdfs:///lakes/b"))
    answer = by_name(evidence_of(pair_of(before, after, duplicates=between)))["duplicates"]["answer"]
    assert "measure_overlap --root hdfs:///lakes/b --reference /lakes/a tells near ones" in answer
    none = by_name(evidence_of(pair_of(before, after, duplicates=Duplicates(0, 0, 1000, 0, 0, 1000, 720))))
    assert (none["duplicates"]["verdict"], none["duplicates"]["statistic"]) == ("not_supported", 0.0)


def test_a_head_that_knows_its_training_images_by_heart_overfits() -> None:
    """The gap with its interval; it explains a drop only from the very images that were learnt from."""
    runs = [
        TrainingRun(f"l2={number}", 0.99 - number / 50, 0.80 + number / 100, 1000, number == 1) for number in range(6)
    ]
    before, after = figures_of("train", **outcomes(500, 450, 400)), figures_of("other", **outcomes(500, 400, 320))
    row = by_name(evidence_of(pair_of(before, after, runs=runs)))["overfitting"]
    assert (row["verdict"], row["statistic"]) == ("supported", pytest.approx(0.16))
    assert row["low"] < row["explained"] == row["statistic"] < row["high"]
    assert "over 6 runs gaps are 4.0 to 19.0 points, and runs with larger gaps know other images less" in row["answer"]
    other = by_name(evidence_of(pair_of(replace(before, name="a:test"), after, runs=runs[1:2])))["overfitting"]
    assert "explained" not in other
    assert "no reason for a drop between two sets that it did not learn from" in other["answer"]
    even = by_name(evidence_of(pair_of(before, after, runs=[TrainingRun("l2=1", 0.81, 0.8, 1000, True)])))
    assert even["overfitting"]["verdict"] == "not_supported"
    lacking = replace(before, lacks={**before.lacks, "runs": "train is no lake"})
    none = by_name(evidence_of(pair_of(lacking, after)))["overfitting"]
    assert none["answer"] == "cannot: not computed, because train is no lake"


def test_features_that_moved_are_ranked_and_mapped() -> None:
    """The largest effect is first and alone in its cluster; the images that moved most give their set away."""
    draw = np.random.default_rng(3)
    first, second = draw.normal(size=(500, 6)), draw.normal(size=(400, 6))
    first[:, 2] += np.where(np.arange(500) < 250, 1, 0)  # right images differ from wrong ones in this feature
    second[:, 2] += np.where(np.arange(400) < 200, 1, 0)
    second[:, 4] += 1.5
    second[5, 4] += 9
    right = [number < 250 for number in range(500)], [number < 200 for number in range(400)]
    pair = pair_of(
        figures_of("one", features=sums_of(first, right[0])), figures_of("other", features=sums_of(second, right[1]))
    )
    found = compare_features(pair, rules_of("clusters=2"))
    sets = {row["feature"]: row for row in found.features if row["comparison"] == "sets"}
    assert (sets[4]["effect_rank"], sets[4]["cluster"]) == (1, 0)
    assert sets[4]["effect"] == pytest.approx(1.5, abs=0.25)
    assert {row["cluster"] for feature, row in sets.items() if feature != 4} == {1}
    outcome = {row["feature"]: row for row in found.features if row["comparison"] == "outcome_before"}
    assert outcome[2]["effect_rank"] == 1
    assert outcome[2]["difference"] < -0.7  # second, the wrong ones, less first
    assert (outcome[2]["n_first"], outcome[2]["n_second"]) == (250, 250)
    assert found.clusters[0]["features"] == 1
    classifier, apart = found.tests
    assert classifier["low"] > 0.7
    assert apart["p"] < 0.01
    shown = image_rows(pair, found, 3)
    assert [row["rank"] for row in shown] == [1, 2, 3] * 2
    assert shown[3]["image_id"] == "image00005"
    assert by_name(evidence_of(pair, found))["covariate_shift"]["verdict"] == "supported"


def test_features_that_cannot_be_compared_say_why() -> None:
    """Another width, one image, a set of right images alone."""
    draw = np.random.default_rng(4)
    one = figures_of("one", features=sums_of(draw.normal(size=(40, 6)), [True] * 40))
    narrow = figures_of("narrow", features=sums_of(draw.normal(size=(40, 5)), [True] * 40))
    alone = figures_of("alone", features=sums_of(draw.normal(size=(1, 6)), [None]))
    reasons = [row["undefined"] for row in compare_features(pair_of(one, narrow), RULES).tests]
    assert reasons == ["cannot: one has 6 features, narrow 5: they are of different models"] * 2
    found = compare_features(pair_of(one, alone), RULES)
    assert {row["undefined"] for row in found.features} == {"a set has fewer than two rows"}
    assert all("a sample of 1 images" in row["undefined"] for row in found.tests)
    assert {row["comparison"] for row in found.features} == {"sets"}
    assert WRONG not in one.sums.groups  # type: ignore[union-attr]


def test_sets_of_different_networks_say_so() -> None:
    """Features of one width and scores that mean other things are not compared; the accuracies are."""
    draw = np.random.default_rng(5)
    features, right = draw.normal(size=(40, 6)), [True] * 40
    scores = ScoreCounts.of(draw.uniform(size=40), right)
    one, other = (
        replace(
            figures_of(
                name,
                features=sums_of(features, right),
                outcomes=outcomes_of({"model": {"cat": (40, 30)}}, {"model": scores}),
            ),
            network=network,
        )
        for name, network in (("one", "net at 224 px"), ("other", "net at 192 px"))
    )
    reason = "one was predicted by net at 224 px, other by net at 192 px: they are of different models"
    pair = pair_of(one, other)
    assert [row["undefined"] for row in compare_features(pair, RULES).tests] == [f"cannot: {reason}"] * 2
    row = summary_row(pair, "model", RULES)
    assert (row["drop"], row.get("combined_estimate")) == (0, None)
    assert row["undefined"] == f"cannot estimate accuracy without labels: {reason}"
    assert by_name(evidence_of(pair))["harder_images"]["undefined"] == reason
    with pytest.raises(ImageLakeError, match="no model has predicted both sets: one is of model, other of vgg"):
        check_comparable(pair_of(one, replace(other, outcomes=outcomes_of({"vgg": {"cat": (40, 30)}}, {}))))


def test_a_limit_names_figures_and_setting() -> None:
    """Beyond its interval only: a drop of 15.5 points is above 10 for sure, but not above 15."""
    before, after = figures_of("one", **outcomes(500, 450, 400)), figures_of("other", **outcomes(400, 356, 200))
    row = summary_row(pair_of(before, after), "model", RULES)
    tests = [{"test": "classifier", "statistic": 0.93, "low": 0.9}]
    assert alarm_of(row, tests, rules_of("max_drop=0.15")) is None
    found = alarm_of(row, tests, rules_of("max_drop=0.1", "max_auc=0.8"))
    assert found is not None
    assert "from one to other, more than shift.max_drop = 0.1" in found
    assert "an AUC of 0.930, more than shift.max_auc = 0.8" in found


def test_the_mix_of_classes_is_that_of_probabilities_where_there_are_any() -> None:
    """A planted mix is within the interval of either way, and the ways differ."""
    draw = np.random.default_rng(6)
    centres, mixes = np.array([0.0, 1.5]), ((0.5, 0.5), (0.8, 0.2))
    truth = [draw.choice(2, size=1500, p=mix) for mix in mixes]
    points = [centres[labels] + draw.normal(size=1500) for labels in truth]
    odds = [2 * (1.5 * one - 1.125) for one in points]  # twice as sure as it should be
    values = [1 / (1 + np.exp(np.stack([one, -one], axis=1))) for one in odds]
    known, others = Probabilities(values[0], truth[0]), Probabilities(values[1], np.full(1500, -1))
    said = [one.argmax(axis=1) for one in values]
    confusion = pd.DataFrame({"label": truth[0].astype(str), "predicted": said[0].astype(str), "images": 1})
    predicted = pd.DataFrame({"predicted": said[1].astype(str), "images": 1})
    classes = {str(k): (int((truth[0] == k).sum()), int(((truth[0] == k) & (said[0] == k)).sum())) for k in (0, 1)}
    before = figures_of("one", outcomes=outcomes_of({"model": classes}, {}))
    pair = pair_of(before, figures_of("other"), confusion=confusion, predicted=predicted)
    widths = []
    for one in (pair, replace(pair, probabilities=(known, others))):
        row = next(row for row in class_rows(one, "model", RULES) if row["label"] == "0")
        assert row["share_estimated_low"] <= 0.8 <= row["share_estimated_high"]
        widths.append(row["share_estimated_high"] - row["share_estimated_low"])
    assert widths[0] != widths[1]
    assert max(widths) < 0.15


def test_without_labels_the_answer_is_what_scores_let_expect() -> None:
    """Estimates, the reason why nothing is measured, and an alarm by the estimate."""
    before = figures_of("one", **outcomes(500, 450, 400))
    scores = ScoreCounts.of(np.r_[np.full(300, 0.9), np.full(700, 0.4)])
    bare = outcomes_of({"model": {"": (0, 0)}}, {"model": scores})
    bare = replace(bare, classes=bare.classes[bare.classes["images"] > 0])
    after = figures_of("other", outcomes=bare, lacks={"labels": "other has no labels"})
    row = summary_row(pair_of(before, after), "model", RULES)
    assert row["undefined"] == "cannot: other has no labels"
    assert row["calibrated_estimate"] == pytest.approx(0.3)
    assert row["threshold_estimate"] == pytest.approx(0.3)
    assert row["combined_estimate"] == pytest.approx(0.3)
    assert "other has no labels; by its scores model" in answer_of(row, [])
    assert "has, by its scores, fallen" in str(alarm_of(row, [], rules_of("max_drop=0.3")))
