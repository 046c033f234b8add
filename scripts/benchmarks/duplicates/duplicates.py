"""Made images of 32 x 32 pixels with planted exact and near duplicates: find_duplicates beside other tools.

Every contestant reads the same encoded images, ours from Parquet and the others from files, with the same cores.
Seconds, memory, recall and precision go to var/bench/duplicates.json, and with --docs into docs/benchmarks.md.
With --edits instead: photos beside edited copies of them, and how many of each edit find_duplicates finds.
With --judged: how soon pairs that people judged come up in a lake, and with --docs into docs/duplicates.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
from environments import python_of
from judged_pairs import docs_lines as judged_lines
from judged_pairs import judged_figures
from made_images import make_images, write_files
from peaks import TreeMemory
from planted_edits import IN_SCOPE
from results import BENCH, PROJECT, keep, say, write_docs
from sized_contest import folders_of, run_contest

HERE = Path(__file__).parent
OURS = "ours"
TOOLS = ("cleanvision", "imagededup")
SIZES, QUICK_SIZES = (60_000, 466_009), (20_000,)
PLANTED = 11_305 / 466_009  # of the images exact duplicates, and as many near ones
LIMIT_S = 900.0
PHOTOS = 2_700


def main() -> int:
    """Run the contest: each size in turn, and a tool that failed at one is not tried at a larger one."""
    options = parser().parse_args()
    if options.edits:
        return try_edits(options)
    if options.judged:
        return try_judged(options)
    sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    contest = run_contest(
        options.only or [OURS, *TOOLS],
        folders_of("duplicates", sizes),
        lambda folder, images: make_images(folder, images, round(images * PLANTED)),
        lambda name, folder: measured(name, folder, options.limit, options.cores),
        options.cores,
    )
    for result in contest:  # a large size may be cut off
        keep("duplicates", result)
        print("\n".join([*docs_lines(result), ""]), flush=True)
        if options.docs:
            write_docs("duplicates", docs_lines(result), "duplicates-quick" if options.quick else "")
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench duplicates", description=__doc__)
    made.add_argument("--sizes", type=int, nargs="+", help=f"images; default {SIZES}")
    made.add_argument("--quick", action="store_true", help=f"{QUICK_SIZES[0]:,} images alone")
    made.add_argument("--cores", type=int, default=2, help="of each contestant; default 2")
    made.add_argument("--limit", type=float, default=LIMIT_S, help=f"seconds of a contestant; default {LIMIT_S:g}")
    made.add_argument("--only", nargs="+", choices=[OURS, *TOOLS], metavar="NAME", help="these contestants alone")
    made.add_argument("--edits", action="store_true", help="edited copies of photos; needs --weights")
    made.add_argument("--photos", type=Path, nargs="+", default=[], help="folders of JPEGs; default: drawn pictures")
    made.add_argument("--images", type=int, default=PHOTOS, help=f"photos that are edited; default {PHOTOS:,}")
    made.add_argument("--weights", type=Path, help="of MobileNet v1 1.0 at 224 pixels for ImageNet, for --edits")
    made.add_argument("--judged", type=Path, metavar="FILE", help="pairs that people judged; needs --lake")
    made.add_argument("--lake", metavar="ROOT", help="of the judged images; duplicates.listed_score was 0")
    made.add_argument("--docs", action="store_true", help="write the table into the docs")
    return made


def measured(name: str, folder: Path, limit_s: float, cores: int) -> dict[str, Any]:
    """What a contestant's process says, its memory and how well its pairs are those that were planted."""
    if name == OURS:
        command: list[Any] = [sys.executable, HERE / "our_duplicates.py", folder, str(cores)]
        paths = os.pathsep.join(map(str, (HERE, HERE.parent, PROJECT / "lib")))
    else:
        write_files(folder)
        try:
            command = [python_of(name, BENCH), HERE / "duplicate_tools.py", name, folder, str(cores)]
        except subprocess.CalledProcessError:
            return {"failed": "does not install"}
        paths = ""
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    memory = TreeMemory(process.pid)
    try:
        answer, errors = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        return {"failed": f"not done in {limit_s:g} s"}
    finally:
        memory.stop()
    if process.returncode:
        say(errors[-2000:])
        return {"failed": "killed, out of memory" if process.returncode == -9 else "failed"}
    made: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return made | compared(name, folder) | {"peak_mib": memory.peak_mib}


def compared(name: str, folder: Path) -> dict[str, float]:
    """Recall of planted exact and near pairs, and precision of all pairs that were found."""
    found = {frozenset(pair) for pair in json.loads((folder / f"{name}.json").read_text())}
    truth = {
        kind: {frozenset(pair) for pair in pairs}
        for kind, pairs in json.loads((folder / "truth.json").read_text()).items()
    }
    recall = {f"recall_{kind}": len(found & pairs) / len(pairs) for kind, pairs in truth.items()}
    return recall | {"precision": len(found & (truth["exact"] | truth["near"])) / max(len(found), 1)}


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The result as Markdown."""
    lines = [
        f"Made images of 32 x 32 pixels on {result['cores']} of {result['machine']}; of a thousand images 24 are exact "
        "and 24 near duplicates. Seconds are from encoded images to pairs:",
        "",
        "| | images | seconds | memory, MiB | exact found | near found | precision |",
        "|---|---|---|---|---|---|---|",
    ]
    parts = []
    for name, sizes in result["contestants"].items():
        for images, row in sizes.items():
            if "failed" in row:
                lines.append(f"| {name} | {int(images):,} | {row['failed']} | | | | |")
                continue
            cost = f"{row['seconds']:,.1f} | {row['peak_mib']:,}"
            quality = " | ".join(f"{row[key]:.3f}" for key in ("recall_exact", "recall_near", "precision"))
            lines.append(f"| {name} | {int(images):,} | {cost} | {quality} |")
            if name == OURS:
                parts.append(
                    f"of {int(images):,} images fingerprints took {row['fingerprints_s']:,.1f} s, exact duplicates by "
                    f"bytes from Parquet to published tables {row['exact_s']:,.1f} s, all of find_duplicates "
                    f"{row['near_s']:,.1f} s"
                )
    return [*lines, "", f"Ours: {'; '.join(parts)}."] if parts else lines


def try_edits(options: argparse.Namespace) -> int:
    """Edited copies of photos: found or not, by edit."""
    if not options.weights:
        sys.exit("bench duplicates --edits: give --weights, of MobileNet v1 1.0 at 224 pixels")
    folder = BENCH / "duplicates"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, HERE / "edit_trial.py", folder, options.weights, str(options.images), *options.photos]
    paths = os.pathsep.join(map(str, (HERE, HERE.parent, PROJECT / "lib")))
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, check=True)
    result = json.loads(done.stdout.splitlines()[-1]) | {"drawn": not options.photos}
    keep("duplicate-edits", result)
    print("\n".join(edit_lines(result)))
    if options.docs:
        write_docs("duplicates", edit_lines(result), "duplicate-edits")
    return 0


def try_judged(options: argparse.Namespace) -> int:
    """Pairs that people judged: how soon they come up."""
    if not options.lake:
        sys.exit("bench duplicates --judged: give --lake, the lake of the judged images")
    result = judged_figures(options.lake, options.judged)
    keep("duplicates-judged", result)
    print("\n".join(judged_lines(result)))
    if options.docs:
        write_docs("duplicates", judged_lines(result), "duplicates-judged", "duplicates.md")
    return 0


def edit_lines(result: dict[str, Any]) -> list[str]:
    """Recall and precision of each edit as Markdown."""
    kind = "drawn pictures" if result["drawn"] else "photos"
    ways = list(result["counts"])
    lines = [
        f"{result['photos']:,} {kind}, each beside one edited copy. Found is the share of copies in a verified pair "
        "with their photo; right is the share of their verified pairs that lead to the photo or a duplicate of it:",
        "",
        "| edit | in scope | copies | " + " | ".join(f"found {way} | right" for way in ways) + " |",
        "|---|---|---|" + "---|---|" * len(ways),
    ]
    for name, counts in result["counts"][ways[0]].items():
        cells = [f"{share} | {right}" for share, right in (shares(result["counts"][way][name]) for way in ways)]
        scope = "yes" if name in IN_SCOPE else "no"
        lines.append(f"| {name} | {scope} | {counts['copies']:,} | {' | '.join(cells)} |")
    return lines


def shares(counts: dict[str, int]) -> tuple[str, str]:
    """Recall and precision; none where there is nothing to divide by."""
    right = counts["pairs"] - counts["wrong"]
    return (
        f"{counts['found'] / counts['copies']:.3f}" if counts["copies"] else "",
        f"{right / counts['pairs']:.3f}" if counts["pairs"] else "",
    )


if __name__ == "__main__":
    sys.exit(main())
