"""Two sets of made features with planted differences: our pass and tests beside the field's tools in memory.

Twenty of 1,024 features differ by a fifth of a deviation. Every contestant reads the same Parquet files and says which
features differ. Seconds, memory and what was found go to var/bench/shift.json, and with --docs into docs/benchmarks.md.
With --damage instead: photos against their own damaged versions, the errors of accuracy without labels, and what the
properties name. With --alarms: sets without a shift, and how often a test sees one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from environments import python_of
from made_features import WIDTH, make_sets
from results import BENCH, PROJECT, keep, machine, say, write_docs
from sized_contest import folders_of, run_contest

HERE = Path(__file__).parent
OURS = "ours"
TOOLS = ("scipy", "evidently", "alibi-detect", "nannyml")
SIZES, QUICK_SIZES = (10_000, 80_000, 1_281_167), (10_000,)
GIVES = {
    OURS: "Welch's t with Holm and Benjamini-Hochberg, effects, KS and Mann-Whitney of a sample, the map of features, "
    "AUC of telling the sets apart with its interval, MMD with permutations; between right and wrong images as well.",
    "scipy": "Welch's t with Holm by hand: p-values of each feature.",
    "evidently": "KS of each feature, uncorrected, and the share of features that drift, as a page.",
    "alibi-detect": "KS of each feature with Bonferroni; MMD and others by further calls.",
    "nannyml": "KS statistic of each feature against its own threshold, over chunks; accuracy without labels apart.",
}
LIMIT_S = 600.0
DRAWS = 40
ESTIMATES = ("confidence", "calibrated", "threshold", "combined")
NAMED = 3  # properties
INTERVALS = {
    "drop": "of the drop",
    "threshold": "of the accuracy without labels, by a threshold",
    "calibrated": "of the accuracy without labels, calibrated",
    "combined": "of the accuracy without labels, both combined",
    "explained": "of what a mix of classes or a property explains, which is nothing here",
    "resampled": "of what the mix of classes explains, where the classes after are resampled",
}


def main() -> int:
    """Run the contest: each size in turn, and a tool that failed at one is not tried at a larger one."""
    options = parser().parse_args()
    if options.damage:
        return try_damage(options)
    if options.alarms:
        return count_alarms(options)
    sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    *_, result = run_contest(
        options.only or [OURS, *TOOLS],
        folders_of("shift", sizes),
        make_sets,
        lambda name, folder: measured(name, folder, options.limit, options.cores),
        options.cores,
    )
    result |= {"width": WIDTH, "limit_s": options.limit}
    keep("shift", result)
    print("\n".join(docs_lines(result)))
    if options.docs:
        write_docs("shift", docs_lines(result))
    return 0


def try_damage(options: argparse.Namespace) -> int:
    """Damage photos, and tell what comes out."""
    if not (options.photos and options.labels and options.weights):
        sys.exit("bench shift: --damage needs --photos, --labels and --weights")
    command: list[Any] = [sys.executable, HERE / "damaged_photos.py", options.photos, options.labels, options.weights]
    with tempfile.TemporaryDirectory() as folder:
        command += [f"{folder}/lake", str(options.draws)]
        done = subprocess.run(command, env=surroundings(True), stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1]) | {"machine": machine()}
    keep("shift-damage", result)
    print("\n".join(damage_lines(result)))
    if options.docs:
        write_docs("shift", damage_lines(result), "shift-damage")
    return 0


def count_alarms(options: argparse.Namespace) -> int:
    """Compare sets of one distribution, and tell how often they seem to differ."""
    command: list[Any] = [sys.executable, HERE / "false_alarms.py", str(options.alarms)]
    done = subprocess.run(command, env=surroundings(True), stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    keep("shift-alarms", result)
    print("\n".join(alarm_lines(result)))
    if options.docs:
        write_docs("shift", alarm_lines(result), "shift-alarms")
    return 0


def surroundings(ours: bool) -> dict[str, str]:
    """The environment of a contestant's process, with our modules where it needs them."""
    paths = os.pathsep.join(map(str, (HERE, HERE.parent, PROJECT / "lib"))) if ours else ""
    return {**os.environ, "PYTHONPATH": paths}


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench shift", description=__doc__)
    made.add_argument("--sizes", type=int, nargs="+", help=f"images of the set before; default {SIZES}")
    made.add_argument("--quick", action="store_true", help=f"{QUICK_SIZES[0]:,} images alone")
    made.add_argument("--cores", type=int, default=2, help="task slots of ours; default 2")
    made.add_argument("--limit", type=float, default=LIMIT_S, help=f"seconds of a tool; default {LIMIT_S:g}")
    made.add_argument("--only", nargs="+", choices=[OURS, *TOOLS], metavar="NAME", help="these contestants alone")
    made.add_argument("--damage", action="store_true", help="photos against their own damaged versions")
    made.add_argument("--photos", type=Path, help="a folder of photos with a folder a class, for --damage")
    made.add_argument("--labels", type=Path, help="a CSV of folder, label, imagenet_classes, for --damage")
    made.add_argument("--weights", type=Path, help="mobilenet_v1_ALPHA_SIDE.weights.h5 for ImageNet, for --damage")
    made.add_argument("--draws", type=int, default=DRAWS, help=f"random halves of the photos; default {DRAWS}")
    made.add_argument("--alarms", type=int, metavar="RUNS", help="so many pairs of sets without a shift")
    made.add_argument("--docs", action="store_true", help="write the table into docs/benchmarks.md")
    return made


def measured(name: str, folder: Path, limit_s: float, cores: int) -> dict[str, Any]:
    """The JSON line of a contestant's process, or why there is none."""
    if name == OURS:
        command: list[Any] = [sys.executable, HERE / "our_shift.py", folder, str(cores)]
    else:
        try:
            python = Path(sys.executable) if name == "scipy" else python_of(name, BENCH)
        except subprocess.CalledProcessError:
            return {"failed": "does not install"}
        command = [python, HERE / "other_tools.py", name, folder]
    around = surroundings(name in (OURS, "scipy"))
    try:
        done = subprocess.run(command, env=around, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {limit_s:g} s"}
    if done.returncode:
        say(done.stderr[-2000:])
        return {"failed": "killed, out of memory" if done.returncode == -9 else "failed"}
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The result as Markdown."""
    lines = [
        f"{result['width']:,} features on {result['machine']}, of which ours used {result['cores']}; the set after "
        "has a fifth of the images; 20 features are planted:",
        "",
        "| | images before | seconds | of cores | memory, MiB | planted found | false |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, sizes in result["contestants"].items():
        for rows, row in sizes.items():
            if "failed" in row:
                lines.append(f"| {name} | {int(rows):,} | {row['failed']} | | | | |")
            else:
                cost = f"{row['seconds']:,.1f} | {row['cpu_s']:,.1f} | {row['peak_mib']:,}"
                lines.append(f"| {name} | {int(rows):,} | {cost} | {row['found']} of 20 | {row['false']:,} |")
    lines += ["", *(f"- {name}: {GIVES[name]}" for name in result["contestants"])]
    passes = {rows: row["pass_s"] for rows, row in result["contestants"].get(OURS, {}).items() if "pass_s" in row}
    if passes:
        of = "; ".join(f"{seconds:,.1f} s of {int(rows):,} images" for rows, seconds in passes.items())
        lines += [
            "",
            f"The pass over both sets, moments by outcome and the sample, took {of}; all tests took the rest.",
        ]
    return lines


def damage_lines(result: dict[str, Any]) -> list[str]:
    """The result of --damage as Markdown."""
    damaged = [row for row in result["versions"] if "look" in row]
    means = {name: statistics.fmean(row[f"{name}_error"] for row in damaged) for name in ESTIMATES}
    held = statistics.fmean(row["combined_covered"] for row in damaged)
    lines = [
        f"{result['photos']:,} photos of animals by {result['weights']} against {len(damaged)} damaged versions; "
        "estimates of halves drawn at random, one with labels, the other damaged and without. Errors are mean absolute "
        "ones, in points; *held* is the share of intervals of 95 % that hold the accuracy which labels show; *named*, "
        "whether the hypothesis on damage says what was done:",
        "",
        "| damage | accuracy | mean score | calibrated | held | threshold | held | combined | held | named | "
        "changed most |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["versions"]:
        kind = row["version"].replace("_", " ")
        name_found = {True: "yes", False: "no", None: ""}[row.get("named")]
        figures = [f"{100 * row['accuracy']:.1f} | {100 * row['confidence_error']:.1f}"]
        figures += [
            f"{100 * row[f'{name}_error']:.1f} | {100 * row[f'{name}_covered']:.0f} %" for name in ESTIMATES[1:]
        ]
        listed = ", ".join(row.get("changes", [])[:NAMED])
        lines.append(f"| {kind} | {' | '.join(figures)} | {name_found} | {listed} |")
    lines += [
        "",
        f"Over all damaged versions the mean score errs by {100 * means['confidence']:.1f} points, the calibrated "
        f"estimate by {100 * means['calibrated']:.1f}, the threshold by {100 * means['threshold']:.1f}, both combined "
        f"by {100 * means['combined']:.1f}; {100 * held:.0f} % of the combined intervals hold the accuracy.",
    ]
    return lines


def alarm_lines(result: dict[str, Any]) -> list[str]:
    """The result of --alarms as Markdown."""
    chance = 1.96 * (0.05 * 0.95 / result["runs"]) ** 0.5
    return [
        f"Of {result['runs']:,} pairs of made sets without a shift, 600 and 400 images of ten classes, each of these "
        f"saw one at a level of 5 %, of which so many runs may give {100 * (0.05 - chance):.1f} to "
        f"{100 * (0.05 + chance):.1f} % by chance:",
        "",
        "| test or verdict | false alarms |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {100 * share:.1f} % |" for name, share in result["alarms"].items()),
        "",
        "| interval of 95 % | holds the truth |",
        "|---|---|",
        *(f"| {INTERVALS[name]} | {100 * share:.1f} % |" for name, share in result["covered"].items()),
    ]


if __name__ == "__main__":
    sys.exit(main())
