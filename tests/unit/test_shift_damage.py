"""Damages of photos are told by what they do to several properties at once."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter
from shift_figures import figures_of, outcomes_of, rules_of

from imagelake.measures.resolution import ppi
from imagelake.measures.shift.moments import Moments
from imagelake.measures.texture import texture_of
from imagelake.transforms.shift.class_rows import summary_row
from imagelake.transforms.shift.damage import PROPERTIES, SIMILAR, damage, look_of
from imagelake.transforms.shift.evidence import CannotError, Evidence
from imagelake.transforms.shift.feature_rows import FeatureResults
from imagelake.transforms.shift.figures import PairFigures
from imagelake.transforms.shift.property_counts import PropertyCounts
from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "shift"))


from damages import LOOKS, ORIGINAL, VERSIONS, damaged

SIDE, PICTURES = 96, 60


def pictures() -> list[bytes]:
    """Shapes on coloured grounds with grain, of several sizes, as photos are."""
    draw, made = np.random.default_rng(1), []
    for _ in range(PICTURES):
        width, height = draw.integers(90, 170, 2).tolist()
        rough = draw.integers(0, 256, (height // 12, width // 12, 3)).astype(np.uint8)
        smooth = Image.fromarray(rough).resize((width, height)).filter(ImageFilter.GaussianBlur(draw.uniform(0.3, 2)))
        noise = draw.normal(0, draw.uniform(0.5, 9), (height, width, 3))
        grain = np.asarray(smooth, np.float64) * draw.uniform(0.5, 1) + noise
        file = io.BytesIO()
        Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=95)
        made.append(file.getvalue())
    return made


def measured(file: bytes) -> Mapping[str, float | str]:
    """The properties of a file, as the lake has them."""
    image = Image.open(io.BytesIO(file))
    pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE)))
    texture = texture_of(pixels)._asdict()
    return {
        **texture,
        "bytes_per_pixel": len(file) / (image.width * image.height),
        "ppi": ppi(*image.size),
        "mode": image.mode,
    }


def evidence_of(before: pd.DataFrame, after: pd.DataFrame) -> Evidence:
    """All that is known of two sets of files: their properties."""
    none = pd.DataFrame({"stratum": ["00"], "before": [1], "labelled": [0], "right": [0], "after": [1]})
    properties = [
        PropertyCounts(name, Moments.of(before[[name]]), Moments.of(after[[name]]), none)
        for name in before.columns
        if name != "mode"
    ]
    modes = [side["mode"].value_counts().reindex(["L", "RGB"], fill_value=0) for side in (before, after)]
    strata = none.iloc[[0, 0]].assign(stratum=["L", "RGB"], before=modes[0].to_list(), after=modes[1].to_list())
    properties.append(PropertyCounts("mode", None, None, strata.reset_index(drop=True)))
    rules = rules_of()
    outcomes = {"outcomes": outcomes_of({"model": {"cat": (9, 8)}}, {})}
    pair = PairFigures(figures_of("one", **outcomes), figures_of("other", **outcomes), "model", properties=properties)
    return Evidence(pair, summary_row(pair, "model", rules), [], [], FeatureResults(), rules)


@pytest.fixture(scope="module")
def files() -> Mapping[str, pd.DataFrame]:
    """Version -> the properties of each picture."""
    originals, versions = pictures(), [(ORIGINAL, ORIGINAL, 0.0), *VERSIONS]
    return {
        name: pd.DataFrame([measured(damaged(one, kind, strength)) for one in originals])
        for name, kind, strength in versions
    }


@pytest.mark.parametrize(("version", "kind"), [(name, kind) for name, kind, _ in VERSIONS])
def test_a_damage_is_called_by_its_name(files: Mapping[str, pd.DataFrame], version: str, kind: str) -> None:
    """Of each kind and strength, though most of them lower sharpness and gradient alike."""
    row = damage(evidence_of(files[ORIGINAL], files[version]))
    assert row["verdict"] == "supported", row
    assert row["look"] in LOOKS[kind], row


def test_the_converse_has_a_name_as_well(files: Mapping[str, pd.DataFrame]) -> None:
    """From dark images to those of full light."""
    assert damage(evidence_of(files["brightness_2"], files[ORIGINAL]))["look"] == "brighter"


def test_a_second_damage_beside_lost_colour_is_told(files: Mapping[str, pd.DataFrame]) -> None:
    """Grey files that are blurred as well."""
    both = files["blur_2"].assign(mode="L")
    assert damage(evidence_of(files[ORIGINAL], both))["look"] == "without colour and blurred"


def test_undamaged_and_unknown_changes_are_not_called_anything(files: Mapping[str, pd.DataFrame]) -> None:
    """A half of the pictures against the other half; light without anything that goes with it; a property missing."""
    halves = files[ORIGINAL].iloc[::2], files[ORIGINAL].iloc[1::2]
    assert damage(evidence_of(*halves))["verdict"] == "not_supported"
    moved = files[ORIGINAL].assign(
        brightness=files[ORIGINAL]["brightness"] + 90, ppi=files[ORIGINAL]["ppi"] * 1.5,
        contrast=files[ORIGINAL]["contrast"] * 2,
    )  # fmt: skip
    row = damage(evidence_of(files[ORIGINAL], moved))
    assert row["verdict"] == "not_supported"
    assert row["statistic"] < SIMILAR
    assert "is like no known damage" in row["answer"]
    with pytest.raises(CannotError, match="of which both sets lack ppi"):
        damage(evidence_of(*(half.drop(columns="ppi") for half in halves)))
    assert look_of({"bytes_per_pixel": -0.3})[0] == "more compressed"
    assert set(PROPERTIES) <= set(files[ORIGINAL].columns)
