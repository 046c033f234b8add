"""The console command: every word has help, and neither help nor a slip of the pen costs a JVM or Spark's import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from imagelake.cli.__main__ import COMMANDS
from imagelake.runtime.description import describe
from imagelake.transforms.predict.model import PREDICTION_SETTINGS
from pipeline_steps import BY_HAND, STEPS, job
from project import PROJECT

LIMIT_S = 1.5  # of processor time, a third of it on a quiet machine; a busy one stretches the clock on the wall
TWO_SCREENS = 100
JOBS = (*STEPS, *BY_HAND, "run_pipeline")
# Runs a command line in a Python that reports what it loaded and started, at the end and whatever the end is.
_WATCHED = """
import atexit, json, sys, time
began, started = time.process_time(), []
sys.addaudithook(lambda event, details: started.append(str(details[0])) if event == "subprocess.Popen" else None)
def report():
    loaded = [name for name in ("pyspark", "py4j", "tensorflow", "fastapi", "pandas") if name in sys.modules]
    print(json.dumps([time.process_time() - began, loaded, started]), file=sys.stderr)
atexit.register(report)
from imagelake.cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def called(*words: str) -> tuple[subprocess.CompletedProcess[str], float, list[str], list[str]]:
    """A call of the command, its seconds of processor time, the heavy libraries it loaded, the processes it started."""
    done = subprocess.run([sys.executable, "-c", _WATCHED, *words], capture_output=True, text=True, check=False)
    seconds, loaded, started = json.loads(done.stderr.splitlines()[-1])
    return done, seconds, loaded, started


@pytest.mark.parametrize("words", [(), *((command,) for command in COMMANDS), *(("submit", name) for name in JOBS)])
def test_help_needs_neither_spark_nor_a_jvm(words: tuple[str, ...]) -> None:
    """The help of the command, of each of its words and of each job comes at once and starts nothing."""
    done, seconds, loaded, started = called(*words, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage: " in done.stdout
    assert (loaded, started) == ([], [])
    assert seconds < LIMIT_S


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("run", "--weights", "no-such.h5"), "no-such.h5"),
        (("run", "--imagse", "photos"), "--imagse"),
        (("run", "--on", "mars"), "mars"),
        (("submit", "rank_images", "--set", "rank.measure=beauty"), "beauty"),
        (("submit", "rank_images", "--set", "rank.mesure=ppi"), "Did you mean 'measure'"),
        (("submit", "rank_image"), "Did you mean 'rank_images'"),
        (("submit", "explore_lake", "--config", "no-such.toml"), "no-such.toml"),
        (("serch",), "Did you mean 'search'"),
    ],
)
def test_a_slip_of_the_pen_costs_no_jvm(words: tuple[str, ...], named: str) -> None:
    """Exit code 2 and a line that names what is wrong, before Spark is looked for."""
    done, _, loaded, started = called(*words)
    assert done.returncode == 2
    assert named in done.stderr
    assert (loaded, started) == ([], [])


def test_the_help_of_a_run_fits_two_screens_and_names_where() -> None:
    """It calls itself as its user does, and knows --on as any other option, at any place."""
    done, *_ = called("run", "--help")
    assert done.stdout.startswith("usage: scripts/run ")
    assert "--on {local,yarn}" in done.stdout
    assert len(done.stdout.splitlines()) <= TWO_SCREENS


@pytest.mark.parametrize("name", [*STEPS, *BY_HAND])
def test_a_job_is_described_as_it_is(name: str) -> None:
    """What is read from the source of a job, for its help, is what the imported job says of itself."""
    described, real = describe(PROJECT / "jobs" / f"{name}.py"), job(name)
    assert described.name == real.name
    assert described.doc == real.doc
    assert described.settings == real.settings
    assert described.shortcuts == real.shortcuts


def test_predictions_depend_on_what_their_job_says() -> None:
    """The settings by which published predictions are told to be current are those of the job that makes them."""
    assert describe(PROJECT / "jobs" / "predict_images.py").settings == PREDICTION_SETTINGS


@pytest.mark.parametrize("script", sorted({command.replace("-", "_") for command in COMMANDS} - {"check"}))
def test_scripts_only_call_the_command(script: str) -> None:
    """Each command has a script of the checkout, of at most ten lines, whose last one calls it."""
    lines = (PROJECT / "scripts" / script).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 10
    assert f'-m imagelake.cli {script.replace("_", "-")} "$@"' in lines[-1]


def test_a_job_run_by_spark_submit_itself_needs_no_command(tmp_path: Path) -> None:
    """`spark-submit jobs/x.py` as it is documented works without any of the scripts."""
    spark_submit = Path(sys.executable).with_name("spark-submit")
    root = tmp_path / "lake"
    command: list[str | Path] = [
        spark_submit,
        PROJECT / "jobs" / "draw_sample_lake.py",
        "--root",
        root,
        "--set",
        "sample.images=12",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (root / "sample_files" / "_manifest.json").is_file()
