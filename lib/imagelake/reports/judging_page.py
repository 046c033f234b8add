"""The page on which a person judges pairs, one HTML file, and the same pairs as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from imagelake.reports.pages import render
from imagelake.reports.rows import data_uri
from imagelake.spreadsheet import cell

_EVIDENCE = (("score", "score"), ("ssim", "SSIM"), ("distance", "distance"), ("features_cosine", "cosine of features"))


def write_judging_page(
    pairs: Sequence[Mapping[str, Any]], thumbnails: Mapping[str, bytes], command: str, key: str, folder: Path
) -> None:
    """Write index.html, which needs no server, and pairs.csv, in which a column is left for the verdict.

    Args:
        pairs: rows of duplicate_pairs, the first to be judged first.
        thumbnails: image_id -> a small JPEG.
        command: what the verdicts are given to.
        key: of these pairs; a browser keeps verdicts of other ones apart.
        folder: an empty local folder.
    """
    shown = [
        {
            "first": _image(pair["image_id"], pair["split"], thumbnails),
            "second": _image(pair["other_id"], pair["other_split"], thumbnails),
            "evidence": ", ".join(
                f"{name} {pair[column]:.2f}" for column, name in _EVIDENCE if pair[column] is not None
            ),
        }
        for pair in pairs
    ]
    page = render("judging.html", title="Duplicates to judge", pairs=shown, command=command, key=key)
    (folder / "index.html").write_text(page, encoding="utf-8")
    sheet = io.StringIO()
    lines = csv.writer(sheet, lineterminator="\n")
    lines.writerow(["image_id", "other_id", "verdict", "score"])
    lines.writerows([cell(pair["image_id"]), cell(pair["other_id"]), "", f"{pair['score']:.4f}"] for pair in pairs)
    (folder / "pairs.csv").write_text(sheet.getvalue(), encoding="utf-8")


def _image(image_id: str, split: str | None, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    content = thumbnails.get(image_id)
    uri = data_uri(content) if content else None
    return {"name": image_id, "cell": cell(image_id), "split": split or "no split", "uri": uri}
