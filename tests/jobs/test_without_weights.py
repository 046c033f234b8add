"""Photos without weights: everything that needs no network runs, and nothing judges them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute, impossible_without
from pipeline_steps import STEPS, job


def test_photos_are_reported_and_not_judged(spark: SparkSession, tmp_path: Path) -> None:
    """Labels, ranks by PPI, copies and a report are there; nothing is predicted, and nothing is said of pixels."""
    for number, name in enumerate(("owls/a.png", "owls/b.png", "test/cats/c.png")):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((100 + number, 80), 60).convert("RGB").save(tmp_path / "photos" / name)
    (tmp_path / "photos" / "owls" / "copy.png").write_bytes((tmp_path / "photos" / "owls" / "a.png").read_bytes())
    lake = Lake(spark, str(tmp_path / "lake"))
    source = ["source.type=folder", f"source.path={tmp_path / 'photos'}", f"lake.root={lake.root}"]
    config = load_config(settings=source)
    jobs = [job(step) for step in STEPS[1:]]
    left_out = impossible_without("model", jobs)
    for step in jobs:
        if step not in left_out:
            execute(step, lake, config)
    ranks = lake.read("image_rank").select("image_id", "label", "rank").collect()
    assert sorted(map(tuple, ranks)) == [
        ("owls/a.png", "Owl", 3),
        ("owls/b.png", "Owl", 2),
        ("owls/copy.png", "Owl", 4),
        ("test/cats/c.png", "Cat", 1),
    ]
    groups = lake.read("duplicate_groups").select("image_id", "representative_id", "evidence").collect()
    assert sorted(map(tuple, groups)) == [
        ("owls/a.png", "owls/a.png", "representative"),
        ("owls/copy.png", "owls/a.png", "bytes"),
    ]
    assert lake.manifest("predictions") is None
    report = lake.require("report")
    assert {"images", "image_rank"} < report.inputs.keys()
    assert not {"predictions", "label_accuracy"} & report.inputs.keys()
    html = (tmp_path / "lake" / "report" / "index.html").read_text(encoding="utf-8")
    assert "Owl" in html
    assert "4 are usable (100.0%) by their headers, as no pixel was decoded" in html
    found = html.partition("Looked for and not found:")[2].partition("</p>")[0]
    assert "Tiny images" in found
    assert not any(name in found for name in ("Dark", "Blurred", "Near duplicates"))
    assert "Not looked for, since no network has looked at the pixels" in html
    assert "judged by none" not in html
    assert execute(job("write_report"), lake, config).work is None
    with pytest.raises(ImageLakeError, match=r"rank.measure = 'quality'.*there are no predictions"):
        execute(job("rank_images"), lake, load_config(settings=[*source, "rank.measure=quality"]))
