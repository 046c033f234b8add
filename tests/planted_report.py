"""Rows of a report as a real lake would give them, drawn without one, and the same with hostile names."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from typing import Any

import pandas as pd
from PIL import Image, ImageDraw

from imagelake.measures.intervals import wilson_interval
from imagelake.reports.finding import Example, Finding, Severity
from imagelake.reports.rows import ReportRows

LABELS = {
    "Lion": (46, 31, 40),
    "Tiger": (51, 44, 49),
    "Leopard": (64, 36, 52),
    "Zebra": (58, 57, 58),
    "Giraffe": (33, 25, 30),
    "Elephant": (64, 49, 61),
    "Eagle": (42, 30, 37),
    "Owl": (12, 3, 7),
    "Parrot": (39, 22, 31),
    "Penguin": (45, 45, 45),
    "Kangaroo": (86, 51, 70),
    "Flamingo": (67, 47, 60),
    "Giant panda": (38, 19, 31),
    "Dalmatian": (67, 63, 66),
}
"""Label -> images, top-1 hits, top-5 hits."""

SPLITS = ("train", "validation", "test")
SAMPLE_COLUMNS = [
    *("images", "decoded", "distinct", "unreferenced", "dissimilar", "judged", "candidates", "wanted", "taken"),
]
HOSTILE = "<script>alert('x')</script>\"onload=\"x\u202e$\\frac{$ & --> </svg>"
IMAGE_IDS = [f"{number:016x}" for number in range(0x3F2A_9C01_0000_0000, 0x3F2A_9C01_0000_0060)]


def picture(seed: int, size: tuple[int, int] = (160, 120)) -> bytes:
    """A small JPEG that differs by seed."""
    draw = random.Random(seed)
    hue = draw.randrange(360)
    image = Image.new("RGB", size, f"hsl({hue}, 32%, {draw.randrange(62, 82)}%)")
    pen = ImageDraw.Draw(image)
    horizon = size[1] * draw.uniform(0.5, 0.8)
    pen.rectangle((0, horizon, *size), fill=f"hsl({(hue + 70) % 360}, 26%, 42%)")
    x, y, r = size[0] * draw.uniform(0.3, 0.7), horizon - 14, size[1] * draw.uniform(0.16, 0.3)
    pen.ellipse((x - r * 1.5, y - r, x + r * 1.5, y + r), fill=f"hsl({(hue + 190) % 360}, 38%, 34%)")
    pen.ellipse((x + r, y - r * 1.5, x + r * 2, y - r * 0.4), fill=f"hsl({(hue + 190) % 360}, 38%, 30%)")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def _top_labels() -> pd.DataFrame:
    names = [
        *LABELS,
        "Rhinoceros",
        "Okapi",
        "Jaguar (animal)",
        "Tree",
        "Plant",
        "Mammal",
        "Carnivore",
        "Bird",
        "Human face",
        "Person",
        "Clothing",
        "Wheel",
        "Vehicle",
        "Car",
        "Building",
        "Flower",
        "Food",
        "Furniture",
        "Toy",
        "Boat",
        "Dog",
        "Cat",
        "Fish",
        "Girl",
        "Man",
        "Sculpture of a very long name that does not fit",
    ]
    draw = random.Random(1)
    rows = sorted((int(90_000 * draw.random() ** 3) + 40 for _ in names), reverse=True)
    return pd.DataFrame(
        {
            "label_id": [f"/m/{n:04x}" for n, _ in enumerate(names)],
            "label": names,
            "rows": rows,
            "images": rows,
            "confident_images": [int(count * draw.uniform(0.25, 0.95)) for count in rows],
        }
    )


def _splits() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "split": ["train", "validation", "test"],
            "images": [310_482, 41_620, 125_436],
            "images_with_bytes": [309_990, 41_620, 125_400],
            "labelled_images": [301_871, 41_604, 125_201],
            "confident_images": [201_660, 41_604, 125_201],
            "confident_ratio": [201_660 / 310_482, 41_604 / 41_620, 125_201 / 125_436],
            "label_rows": [2_310_884, 98_412, 301_442],
            "labels": [7_870, 4_112, 5_201],
            "min_confidence": [0.0, 1.0, 1.0],
            "mean_confidence": [0.6121, 1.0, 1.0],
            "max_confidence": [1.0, 1.0, 1.0],
            "boxes": [612_882, 84_120, 240_410],
            "boxed_images": [170_512, 38_112, 110_400],
            "depictions": [31_882, 4_101, 11_920],
        }
    )


def _boxes() -> pd.DataFrame:
    draw = random.Random(2)
    rows = [
        {"split": split, "boxes": boxes, "images": int(scale * 0.62**boxes * draw.uniform(0.8, 1.2)) + (boxes < 60)}
        for split, scale in zip(SPLITS, (140_000, 12_000, 40_000), strict=True)
        for boxes in range(80)
    ]
    return pd.DataFrame(rows)


def _facets() -> pd.DataFrame:
    tree = {
        "Animal": ["Mammal", "Bird", "Fish", "Reptile", "Invertebrate", "Shellfish", "Worm"],
        "Person": ["Man", "Woman"],
        "Vehicle": ["Land vehicle", "Watercraft", "Aerial vehicle"],
        "Food": ["Fruit", "Vegetable"],
        "Toy": [],
        "Musical instrument": [],
    }
    rows: list[tuple[str, str | None, int, int, int, int]] = [("Entity", None, 0, 0, 368_465, 937_412)]
    size = 181_220
    for category, below in tree.items():
        rows.append((category, category, 1, size // 9, size, size * 3))
        rows += [(name, category, 2, size // (n + 3), size // (n + 2), size // (n + 1)) for n, name in enumerate(below)]
        size = size * 5 // 9
    frame = pd.DataFrame(rows, columns=["label", "category", "depth", "own_images", "images", "boxes"])
    return frame.assign(label_id=[f"/m/f{n}" for n in range(len(frame))])


def _shapes() -> pd.DataFrame:
    sizes = {"up to 128": 2_010, "129-256": 8_122, "257-512": 61_002, "513-1024": 398_771, "1025-2048": 4_021}
    formats = {"JPEG": 0.91, "PNG": 0.06, "WEBP": 0.02, "GIF": 0.01}
    rows = [
        {
            "split": split,
            "format": kind,
            "size_class": step,
            "images": int(count * share / 3) + 1,
            "mean_width": 812.4,
            "mean_height": 610.2,
            "bytes": count * 31_000,
        }
        for split in SPLITS
        for kind, share in formats.items()
        for step, count in sizes.items()
    ]
    unknown = {"split": "train", "format": "unknown", "size_class": "unknown", "images": 211, "bytes": 40_000}
    return pd.DataFrame([*rows, unknown])


def _accuracy() -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for label, (images, *hits) in LABELS.items():
        row = {"label": label, "images": images, "undecodable": 0, "covered": True, "level": 0.95}
        row["classes"] = [label.lower()]
        for name, count in zip(("top1", "top5"), hits, strict=True):
            low, high = wilson_interval(count, images, 0.95)
            row |= {f"{name}_images": count, name: count / images, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    rows += [
        {"label": label, "images": images, "undecodable": 1, "covered": False, "classes": []}
        for label, images in (("Rhinoceros", 59), ("Okapi", 39))
    ]
    return pd.DataFrame(rows)


def _class_folders() -> pd.DataFrame:
    rows = [
        ("okapi", "Okapi", 39, "ambiguous", [], ["okapi (one)", "okapi (other)"]),
        ("rhino", "Rhinoceros", 59, "not_covered", [], []),
        *((f"{label}_folder", label, images, "covered", [label.lower()], []) for label, (images, *_) in LABELS.items()),
    ]
    return pd.DataFrame(rows, columns=["folder", "label", "images", "outcome", "classes", "choices"])


def _overall() -> pd.DataFrame:
    values = {
        "labels": 16,
        "covered_labels": 14,
        "images": 712,
        "top1": 0.7331,
        "top1_low": 0.6994,
        "top1_high": 0.7643,
    }
    return pd.DataFrame(
        [values | {"mean_top1": 0.7022, "mean_top1_low": 0.6644, "mean_top1_high": 0.7399, "level": 0.95}]
    )


def _confusions() -> pd.DataFrame:
    pairs = [
        ("Leopard", "Jaguar (animal)", 21),
        ("Kangaroo", "Wallaby", 18),
        ("Giant panda", "Lesser panda", 11),
        ("Lion", "Ram", 9),
        ("Owl", "Eagle", 6),
        ("Parrot", "Macaw cage", 5),
    ]
    return pd.DataFrame(
        {
            "label": [pair[0] for pair in pairs],
            "predicted": [pair[1] for pair in pairs],
            "correct": False,
            "same_branch": False,
            "covered": True,
            "images": [pair[2] for pair in pairs],
            "share": [pair[2] / LABELS[pair[0]][0] for pair in pairs],
            "examples": [IMAGE_IDS[place * 5 : place * 5 + min(5, pair[2])] for place, pair in enumerate(pairs)],
        }
    )


def _confusion_images() -> pd.DataFrame:
    rows = [
        (row["label"], row["predicted"], 0.99 - n / 100, IMAGE_IDS[(place * 5 + n) % 96], f"/srv/images/{n}.jpg")
        for place, row in enumerate(_confusions().to_dict("records"))
        for n in range(row["images"])
    ]
    return pd.DataFrame(rows, columns=["label", "predicted", "score", "image_id", "path"])


def _findings() -> list[Finding]:
    def finding(name: str, title: str, severity: Severity, count: int, note: str) -> Finding:
        examples = tuple(Example(image_id, note) for image_id in IMAGE_IDS[len(name) : len(name) + min(8, count)])
        counted = "label" if name.endswith("labels") and severity == "low" else "image"
        advice = f"Look at them, then decide; {title.lower()} are found by a threshold."
        csv = f"findings/{name}.csv"
        return Finding(name, title, advice, severity, count, counted, examples, csv, min(count, 100_000), ("images",))

    return [
        finding("duplicates", "Exact duplicates", "medium", 312_400, f"of {IMAGE_IDS[0]}"),
        finding("suspected-wrong-labels", "Suspected wrong labels", "high", 1_204, "Lion \u2192 Tiger"),
        finding("dark-images", "Dark images", "medium", 0, ""),
        finding("damaged-files", "Damaged files", "high", 211, "truncated"),
        finding("uncovered-labels", "Labels that no class covers", "low", 1, "Okapi"),
    ]


ABOUT = (
    ("Lake", "open-images"),
    ("Images from", "train, validation"),
    ("Network", "mobilenet_v1 1 at 224 px, float32, 1,000 classes"),
    ("Weights", "mobilenet_v1_1.0_224.weights.h5; converted, SHA-256 3f2a9c01d4b7e610"),
    ("Framing", "central crop"),
    ("Clean labels", "confidence above 0.99"),
)


def _gallery() -> pd.DataFrame:
    names = list(LABELS)
    return pd.DataFrame(
        {
            "image_id": IMAGE_IDS[:24],
            "labels": [[names[n % 14]] if n % 7 else [] for n in range(24)],
            "split": "train",
            "measure": "ppi",
            "value": [61.2 - n / 3 for n in range(24)],
            "ppi": [61.2 - n / 3 for n in range(24)],
            "rank": range(1, 25),
        }
    )


def _queries() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "query": [*IMAGE_IDS[40:43], "https://example.org/holiday/owl%20at%20night.jpg", "broken.jpg"],
            "query_image_id": [*IMAGE_IDS[40:43], None, None],
            "top_names": [
                ["lion", "ram", "chow"],
                ["zebra"],
                ["king penguin", "goose", "drake"],
                ["great grey owl"],
                None,
            ],
            "top_scores": [[0.91, 0.04, 0.01], [0.99], [0.72, 0.11, 0.02], [0.48], None],
            "thumbnail": [*(picture(n) for n in range(40, 44)), None],
            "error": [None, None, None, None, "not_an_image"],
            "error_detail": None,
        }
    )


def _results() -> pd.DataFrame:
    names = list(LABELS)
    rows = [
        {
            "query": query,
            "mode": mode,
            "rank": rank,
            "image_id": IMAGE_IDS[(place * 17 + rank) % 90],
            "split": "train",
            "similarity": 0.97 - rank / 40 if mode == "similar" else None,
            "ppi": 40.0 - rank,
            "labels": [names[(place + rank // 5) % 14]],
        }
        for place, query in enumerate(_queries()["query"][:4])
        for mode in ("similar", "label")
        for rank in range(1, 9)
        if not (place == 3 and mode == "label")
    ]
    return pd.DataFrame(rows)


def _issues() -> pd.DataFrame:
    reasons = ("unlikely", "ambiguous", "outlier", "contradicts_duplicates", "likely_missing")
    return pd.DataFrame(
        {
            "rank": n + 1,
            "image_id": IMAGE_IDS[n],
            "label": "Lion",
            "suggested": "Tiger",
            "score": 0.01 * n,
            "suggested_score": 0.9,
            "reason": reasons[n],
            "verdict": "confirmed" if n == 0 else None,
            "reviewed": 20 if n < 2 else 0,
            "wrong": 0.8 if n < 2 else None,
            "present": n != 4,
        }
        for n in range(5)
    )


def _training_runs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run": f"l2={l2:g}",
            "head": "animals",
            "evaluated_on": "cross_validation",
            "chosen": l2 == 0.01,
            "loss": 0.4 + abs(l2 - 0.01),
            "accuracy": 0.9,
            "accuracy_low": 0.88,
            "accuracy_high": 0.92,
            "balanced_accuracy": 0.85,
            "iterations": 40,
        }
        for l2 in (0.001, 0.01, 0.1)
    )


def _training_measures() -> pd.DataFrame:
    rows = [("accuracy", 0.9, 0.88, 0.92), ("macro_f1", 0.86, 0.83, 0.88), ("weighted_f1", 0.9, None, None)]
    frame = pd.DataFrame(rows, columns=["measure", "value", "low", "high"])
    return frame.assign(evaluated_on="cross_validation", images=1_000)


def _training_labels() -> pd.DataFrame:
    known = {"images": 40, "precision": 0.9, "recall": 0.8, "f1": 0.85, "f1_low": 0.7, "f1_high": 0.92}
    never = {"images": 6, "precision": None, "recall": 0.0, "f1": 0.0, "f1_low": 0.0, "f1_high": 0.4}
    rows = [{"label": "Okapi", **never, "never_predicted": True}, {"label": "Lion", **known, "never_predicted": False}]
    return pd.DataFrame(rows).assign(evaluated_on="cross_validation")


def _rejected() -> pd.DataFrame:
    rows = [
        ("labels_rejected", None, "low_confidence", 1_240_112),
        ("labels_rejected", None, "contradictory", 20_114),
        ("labels_rejected", None, "duplicate", 88_020),
        ("labels_rejected", None, "unknown_class", 311),
        ("annotations_rejected", "labels", "confidence_not_a_number", 12),
        ("images", None, "truncated", 140),
        ("annotations_rejected", "boxes", "empty_box", 3),
        ("images", None, "not_an_image", 71),
        ("images_rejected", None, "duplicate_image_id", 9),
        ("predictions", None, "truncated", 140),
        ("predictions", None, "not_an_image", 71),
        ("predictions", None, "timeout", 1),
    ]
    return pd.DataFrame(rows, columns=["table_name", "bound_for", "reason", "rows"])


def _nulls() -> pd.DataFrame:
    rows = [
        ("images", "path", 477_538, 528),
        ("images", "width", 477_538, 739),
        ("images", "title", 477_538, 120_321),
        ("images", "image_id", 477_538, 0),
        ("labels", "label", 2_710_738, 311),
        ("labels", "confidence", 2_710_738, 0),
        ("boxes", "label", 937_412, 0),
        ("classes", "label", 20_931, 0),
    ]
    return pd.DataFrame(rows, columns=["table_name", "column_name", "rows", "nulls"])


def _manifests() -> dict[str, dict[str, Any]]:
    kept = 2_710_738 - 1_240_112 - 20_114 - 88_020 - 311
    reasons = {"low_confidence": 1_240_112, "contradictory": 20_114, "duplicate": 88_020, "unknown_class": 311}
    cleaned = [{"what": "label rows", "rows_in": 2_710_738, "kept": kept, "rejected": reasons}]
    unusable = {"no_bytes": 528, "truncated": 140, "not_an_image": 72}
    ranked = [{"what": "images", "rows_in": 477_538, "kept": 476_798, "rejected": unusable}]
    jobs = {
        "ingest_images": ({"images": 477_538, "image_bytes": 477_010}, [], 812.2, 587.3),
        "explore_lake": (
            {"split_summary": 3, "images_without_label": 8_862, "labels_without_image": 311},
            [],
            96.4,
            None,
        ),
        "clean_labels": ({"labels_clean": kept, "labels_rejected": 1_348_557}, cleaned, 61.0, None),
        "predict_images": ({"predictions": 477_010}, [], 4_154.9, 114.8),
        "rank_images": ({"image_quality": 476_798}, ranked, 20.1, None),
        "measure_accuracy": ({"label_accuracy": 16, "confusion": 142}, [], 18.8, None),
        "find_label_issues": ({"label_issues": 212}, [], 0.1, None),
    }
    return {
        table: {
            "name": table,
            "job": job,
            "run_id": f"{job[:4]}00c0ffee",
            "fingerprint": "f",
            "code_version": "0.1.0+3f2a9c01",
            "config_digest": "9be1c0d2a4f51e07",
            "inputs": {"images": "a1b2c3d4e5f6", "hdfs://namenode/raw/boxes.csv": "0c1d"},
            "rows": rows,
            "accounts": accounts,
            "started": f"2026-11-22T1{place}:43:07+00:00",
            "seconds": seconds,
            "images_per_second": pace,
            "columns": {},
        }
        for place, (job, (tables, accounts, seconds, pace)) in enumerate(jobs.items())
        for table, rows in tables.items()
    }


def _duplicate_counts() -> pd.DataFrame:
    counted = {
        ("train", None): (412, 31, 17, 4, 2),
        ("test", None): (98, 6, 2, 3, 2),
        ("train", "Lion"): (46, 6, 3, 2, 2),
    }
    columns = ["split", "label", "images", "in_groups", "redundant", "leaked", "conflicting"]
    return pd.DataFrame([(*key, *counts) for key, counts in counted.items()], columns=columns)


def _duplicate_conflicts() -> pd.DataFrame:
    values = {"splits": ["test", "train"], "labels": ["Lion", "Tiger"]}
    columns = ["representative_id", "conflict", "values", "images", "examples"]
    return pd.DataFrame(
        [(IMAGE_IDS[1], name, found, 3, IMAGE_IDS[1:4]) for name, found in values.items()], columns=columns
    )


def _duplicate_groups() -> pd.DataFrame:
    evidence = ("representative", "bytes", "pixels", "near")
    columns = ["image_id", "representative_id", "split", "evidence", "score", "images"]
    return pd.DataFrame(
        [
            (IMAGE_IDS[n], IMAGE_IDS[1], SPLITS[n % 3], name, 0.91 if name == "near" else 1.0, 4)
            for n, name in enumerate(evidence, 1)
        ],
        columns=columns,
    )


def _sample_counts() -> pd.DataFrame:
    """Two labels; a verdict brings a lion back."""
    columns = ["label", "keyword", *SAMPLE_COLUMNS]
    rows = [
        ("Lion", "lion", 60, 58, 50, 45, 40, 41, 44, 30, 30),
        ("Lion", "king of beasts", 20, 20, 20, 20, 19, 19, 19, 10, 10),
        ("Zebra", "zebra", 90, 90, 80, 80, 70, 70, 70, 40, 40),
    ]
    return pd.DataFrame(rows, columns=columns)


def _sample_stages() -> pd.DataFrame:
    return _sample_counts()[SAMPLE_COLUMNS].sum().to_frame().T


def _sample_labels() -> pd.DataFrame:
    return _sample_counts().groupby("label", as_index=False)[SAMPLE_COLUMNS].sum()


def _shift() -> dict[str, pd.DataFrame]:
    """Two splits with a drop, three hypotheses and an image of each."""
    pair = {"before": "validation", "after": "test", "model": "model"}
    judged = {"p": 0.01, "explained": None, "explained_share": None, "undefined": None}
    summary = {"drop": 0.083, "drop_low": 0.041, "drop_high": 0.125, "level": 0.95, "alarm": None}
    answer = (
        "model is right about 81.3 % of 912 images in validation and 73.0 % of 640 in test: a drop of 8.3 points "
        "(95 %: 4.1 to 12.5), more than chance (p = 0.00011). Reweighting explains 61.0 % by another sharpness; "
        "39.0 % is left."
    )
    hypotheses = [
        {**judged, "hypothesis": "property_sharpness", "verdict": "supported", "explained": 0.05,
         "explained_share": 0.61, "answer": "sharpness is 412 on average before, 215 after, -0.61 deviations"},
        {**judged, "hypothesis": "duplicates", "verdict": "not_supported", "answer": "0 of 640 images after"},
        {**judged, "hypothesis": "overfitting", "verdict": "cannot", "answer": "cannot: no head was trained"},
    ]  # fmt: skip
    images = [
        {**pair, "set_name": name, "rank": 1, "image_id": IMAGE_IDS[number], "probability": 0.03 + 0.9 * number,
         "correct": number == 0, "thumbnail": picture(number)}
        for number, name in enumerate(("validation", "test"))
    ]  # fmt: skip
    return {
        "shift_summary": pd.DataFrame([{**pair, **summary, "answer": answer}]),
        "shift_hypotheses": pd.DataFrame([{**pair, **row} for row in hypotheses]),
        "shift_images": pd.DataFrame(images),
    }


def planted_rows() -> ReportRows:
    """A report in which every section has something to show."""
    return ReportRows(
        title="ImageLake report",
        frames={
            "split_summary": _splits(),
            "boxes_per_image": _boxes(),
            "image_shapes": _shapes(),
            "facets": _facets(),
            "null_counts": _nulls(),
            "top_labels": _top_labels(),
            "overall_accuracy": _overall(),
            "class_folders": _class_folders(),
            "label_accuracy": _accuracy(),
            "confusion": _confusions(),
            "confusion_images": _confusion_images(),
            "gallery": _gallery(),
            "duplicate_counts": _duplicate_counts(),
            "duplicate_conflicts": _duplicate_conflicts(),
            "duplicate_groups": _duplicate_groups(),
            "sample_stages": _sample_stages(),
            "sample_labels": _sample_labels(),
            "sample_keywords": _sample_counts(),
            "search_queries": _queries(),
            "search_results": _results(),
            "rejected": _rejected(),
            "label_issues": _issues(),
            "training_runs": _training_runs(),
            "training_measures": _training_measures(),
            "training_labels": _training_labels(),
            **_shift(),
        },
        thumbnails={image_id: picture(n, (160, 90 + n % 5 * 25)) for n, image_id in enumerate(IMAGE_IDS) if n % 11},
        manifests=_manifests(),
        findings=_findings(),
        about=ABOUT,
    )


def hostile_rows() -> ReportRows:
    """The same with every text replaced by one that tries to leave its place in the page."""

    def spoil(cell: Any, column: str) -> Any:
        if isinstance(cell, list):
            return [spoil(one, column) for one in cell]
        kept = column in {
            "mode",
            "conflict",
            "evidence",
            "representative_id",
            "query",
            "size_class",
            "measure",
            "verdict",
            "query_image_id",
            "image_id",
            "examples",
        }
        return HOSTILE if isinstance(cell, str) and not kept else cell

    rows = planted_rows()
    frames = {
        name: frame.assign(**{column: [spoil(cell, column) for cell in frame[column]] for column in frame.columns})
        for name, frame in rows.frames.items()
    }
    manifests = {
        name: {**manifest, "job": HOSTILE, "inputs": {HOSTILE: HOSTILE}, "code_version": HOSTILE}
        for name, manifest in rows.manifests.items()
    }
    findings = [
        replace(one, examples=tuple(Example(e.image_id, HOSTILE) for e in one.examples)) for one in rows.findings
    ]
    return ReportRows(HOSTILE, frames, rows.thumbnails, manifests, findings, [(HOSTILE, HOSTILE)])
