"""Another tool on a folder of image files, in an environment of its own: the pairs that it finds, and its seconds."""

from __future__ import annotations

import json
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

Pairs = set[tuple[str, str]]


def main() -> None:
    """Measure, write the pairs, and print the seconds as a line of JSON."""
    name, folder, cores = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    began = time.perf_counter()
    pairs = TOOLS[name](folder / "files", cores)
    seconds = time.perf_counter() - began
    (folder / f"{name}.json").write_text(json.dumps(sorted(pairs)))
    print(json.dumps({"seconds": round(seconds, 1)}))


def cleanvision(files: Path, cores: int) -> Pairs:
    """Equal files, and equal perceptual hashes, its defaults."""
    from cleanvision import Imagelab  # type: ignore[import-not-found]

    lab = Imagelab(data_path=str(files))
    lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=cores, verbose=False)
    sets: list[Any] = [one for kind in ("exact_duplicates", "near_duplicates") for one in lab.info[kind]["sets"]]
    return {pair(one, other) for same in sets for one, other in combinations(same, 2)}


def imagededup(files: Path, cores: int) -> Pairs:
    """Perceptual hashes that differ in up to ten bits, its defaults; its CNN begins with a download of weights."""
    from imagededup.methods import PHash  # type: ignore[import-not-found]

    found = PHash(verbose=False).find_duplicates(image_dir=files, num_enc_workers=cores, num_dist_workers=cores)
    return {pair(name, other) for name, others in found.items() for other in others}


def pair(one: str, other: str) -> tuple[str, str]:
    """The names of two files, without their ending, in their order."""
    first, second = sorted((Path(one).stem, Path(other).stem))
    return first, second


TOOLS = {"cleanvision": cleanvision, "imagededup": imagededup}

if __name__ == "__main__":
    main()
