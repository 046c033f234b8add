"""What travels to a cluster, and the command that sends it there."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from imagelake.cli.__main__ import main
from imagelake.cli.requirements import trains_networks
from imagelake.cluster.submission.command import Submission, config_files
from imagelake.cluster.submission.driver_log import split_log
from imagelake.cluster.submission.environment import (
    THIS_PYTHON,
    environment_archive,
    requirements_of_nodes,
    training_archive,
)
from imagelake.cluster.submission.library import library_zip
from imagelake.cluster.submission.package import Package, write_properties
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.runtime.code_version import code_of
from pipeline_steps import job
from project import PROJECT

EXECUTORS = PROJECT / "conf" / "executors" / "requirements.lock"
TRAINING = EXECUTORS.with_name("training.lock")
_ALONE = """
import sys
sys.path = [sys.argv[1]] + [folder for folder in sys.path if "imagelake" not in folder and not folder.endswith("/lib")]
import imagelake
from imagelake.runtime.code_version import code_of
from imagelake.config import load_config
from imagelake.reports import report
from imagelake.config import conf_text
import clean_labels
print(imagelake.__file__, load_config(named=["cluster.toml"]).lake.root, code_of(clean_labels.run).version)
"""


def pins(lock: Path, python: str = "3.11") -> dict[str, str]:
    """Package -> version of a lock file, where it holds for Linux and a version of Python."""
    lines = [line for line in requirements_of_nodes(lock.read_text(), python).splitlines() if "==" in line]
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", "\n".join(lines), re.MULTILINE))


def submission(*arguments: str, job: str = "predict_images", deploy_mode: str = "cluster") -> list[str]:
    """The command of a submission."""
    made = Submission(job, arguments, deploy_mode, Path("yarn.conf"), ("spark.yarn.queue=night",))  # type: ignore[arg-type]
    return made.command()


def test_the_library_is_whole_without_the_checkout(tmp_path: Path) -> None:
    """Imported from the zip alone it finds its settings and templates, and knows itself as the same code."""
    archive = library_zip(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, archive], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        f"{archive}/imagelake/__init__.py",
        "hdfs:///imagelake",
        code_of(job("clean_labels").run).version,
    ]


def test_the_library_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Two builds of one source are equal, and hold every job but nothing that Python compiled."""
    archive = library_zip(tmp_path)
    (tmp_path / "again").mkdir()
    assert library_zip(tmp_path / "again").read_bytes() == archive.read_bytes()
    names = zipfile.ZipFile(archive).namelist()
    assert {file.name for file in (PROJECT / "jobs").glob("*.py")} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert {f"imagelake/conf/labels/imagenet_synsets.{end}" for end in ("csv", "LICENSE")} <= set(names)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_executors_get_the_versions_that_were_tested(python: str) -> None:
    """Each lock is a part of the next larger one; the executors' packages are without TensorFlow and Spark."""
    run, convert, develop = (pins(PROJECT / f"requirements{part}.lock", python) for part in ("", "-tensorflow", "-dev"))
    executors = pins(EXECUTORS, python)
    assert executors.items() <= run.items() <= convert.items() <= develop.items()
    assert not {"tensorflow", "tensorflow-cpu", "pytest"} & run.keys()
    assert not {"pyspark", "tensorflow", "tensorflow-cpu"} & executors.keys()
    assert {"ai-edge-litert", "numpy", "pandas", "pyarrow", "pillow", "pydantic"} <= executors.keys()
    training = pins(TRAINING, python)
    assert executors.items() <= training.items() <= develop.items()
    assert {"keras", "h5py", "tensorflow-cpu"} <= training.keys() - executors.keys()


def test_pip_is_told_what_holds_for_the_nodes() -> None:
    """A pin for another Python or another system is left out, one that holds keeps its hashes and loses its marker."""
    lock = (
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:aa\n"
        "numpy==2.5.5 ; python_full_version >= '3.12' \\\n    --hash=sha256:bb\n"
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:cc\npandas==2.3.3 \\\n    --hash=sha256:dd\n"
    )
    pandas = "pandas==2.3.3 \\\n    --hash=sha256:dd\n"
    assert requirements_of_nodes(lock, "3.11") == f"numpy==2.4.6 \\\n    --hash=sha256:aa\n{pandas}"
    assert requirements_of_nodes(lock, "3.13") == f"numpy==2.5.5 \\\n    --hash=sha256:bb\n{pandas}"


def test_no_lock_names_an_address() -> None:
    """Packages are taken from wherever pip is told to look."""
    for lock in (EXECUTORS, TRAINING, *PROJECT.glob("requirements*.lock")):
        assert "://" not in lock.read_text()


def test_an_environment_holds_what_is_imported(tmp_path: Path) -> None:
    """A small lock becomes a folder of packages without tests or headers, built once."""
    lock = tmp_path / "small.lock"
    lock.write_text(_requirement(EXECUTORS.read_text(), "markupsafe"))
    said: list[str] = []
    archive = environment_archive(lock, tmp_path, THIS_PYTHON, said.append)
    assert environment_archive(lock, tmp_path, THIS_PYTHON, said.append) == archive
    assert len(said) == 1
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert "markupsafe/__init__.py" in names
    assert not [name for name in names if name.endswith((".pyi", ".h")) or "tests" in name.split("/")]


def test_the_training_archive_holds_only_what_executors_lack(tmp_path: Path) -> None:
    """Packages of both locks travel once; more packages make another archive."""
    markupsafe, jinja = (_requirement(EXECUTORS.read_text(), name) for name in ("markupsafe", "jinja2"))
    lock, training = tmp_path / "small.lock", tmp_path / "training.lock"
    lock.write_text(jinja)
    training.write_text(jinja + markupsafe)
    archive = training_archive(training, lock, tmp_path, THIS_PYTHON, lambda _: None)
    with tarfile.open(archive) as opened:
        tops = {name.split("/")[0] for name in opened.getnames()}
    assert "markupsafe" in tops
    assert "jinja2" not in tops


def _requirement(lock: str, name: str) -> str:
    lines = lock.split("\n")
    start = next(row for row, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = next(row for row in range(start + 1, len(lines)) if not lines[row].startswith(" "))
    return "\n".join(lines[start:end]) + "\n"


def test_an_environment_that_cannot_be_had_is_an_error(tmp_path: Path) -> None:
    """The words of pip are in it, and nothing is left that would pass for an environment."""
    lock = tmp_path / "wrong.lock"
    lock.write_text("no-such-package-of-anybody==1.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(ImageLakeError, match="no-such-package-of-anybody"):
        environment_archive(lock, tmp_path, THIS_PYTHON, lambda _: None)
    assert list(tmp_path.iterdir()) == [lock]


def test_properties_name_every_part(tmp_path: Path) -> None:
    """The file for spark-submit holds conf/spark/yarn.conf, and where each archive lies."""
    package = Package(tmp_path / "lib.zip", tmp_path / "environment-1.tar.gz", tmp_path / "jars.zip", "3.12")
    text = write_properties(package, "hdfs:///run", tmp_path / "yarn.conf").read_text()
    found = dict(line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert found["spark.yarn.archive"] == "hdfs:///run/jars.zip"
    assert found["spark.yarn.dist.archives"] == "hdfs:///run/environment-1.tar.gz#environment"
    assert found["spark.submit.pyFiles"] == str(package.library)
    assert found["spark.executorEnv.PYTHONPATH"] == "{{PWD}}/environment"
    assert found["spark.pyspark.python"] == "python3.12"
    assert found["spark.master"] == "yarn"
    both = replace(package, training=tmp_path / "training-1.tar.gz")
    text = write_properties(both, "hdfs:///run", tmp_path / "yarn.conf").read_text()
    found = dict(line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert found["spark.yarn.dist.archives"].split(",")[1] == "hdfs:///run/training-1.tar.gz#training"
    assert found["spark.executorEnv.PYTHONPATH"] == "{{PWD}}/environment:{{PWD}}/training"


@pytest.mark.parametrize(
    ("job_name", "settings", "trains"),
    [
        ("train_classifier", [], False),
        ("train_classifier", ["train.model=conv1d"], True),
        ("compare_runs", ['runs.models=["linear", "hidden"]'], True),
        ("compare_runs", ["train.model=conv1d"], False),
        ("predict_images", ["train.model=conv1d"], False),
    ],
)
def test_only_jobs_that_train_networks_take_tensorflow_to_executors(
    job_name: str, settings: list[str], trains: bool
) -> None:
    """By their own settings; heads need none."""
    assert trains_networks(job_name, load_config(settings=settings)) is trains


def test_a_cluster_driver_gets_the_configuration_files(tmp_path: Path) -> None:
    """In cluster mode --config names the file as it lies beside the driver; in client mode it is left alone."""
    file = tmp_path / "mine.toml"
    file.write_text("")
    command = submission("--config", str(file), "--force")
    assert command[command.index("--files") + 1] == str(file)
    assert command[-4:] == [str(PROJECT / "jobs" / "predict_images.py"), "--config", "mine.toml", "--force"]
    assert submission(f"--config={file}")[-1] == "--config=mine.toml"
    assert submission("--config", str(file), deploy_mode="client")[-1] == str(file)
    assert "spark.yarn.queue=night" in command


def test_only_a_driver_on_the_cluster_is_asked_for() -> None:
    """In cluster mode spark-submit is told so and which Python the driver takes; in client mode neither is said."""
    command = submission()
    assert command[command.index("--deploy-mode") + 1] == "cluster"
    assert any(word.startswith("spark.pyspark.driver.python=python3.") for word in command)
    client = submission(deploy_mode="client")
    assert "--deploy-mode" not in client
    assert not any(word.startswith("spark.pyspark.driver.python=") for word in client)


def test_a_missing_configuration_file_is_named() -> None:
    """The error says which, before anything is submitted."""
    with pytest.raises(ImageLakeError, match=r"no-such\.toml"):
        config_files(["--config", "no-such.toml"])


@pytest.mark.parametrize("name", ["rank_images", "rank_images.py", "jobs/rank_images.py"])
def test_a_job_is_found_by_any_of_its_names(name: str) -> None:
    """With or without its folder and ending."""
    assert submission(job=name)[-1] == str(PROJECT / "jobs" / "rank_images.py")


def test_an_unknown_job_lists_the_known_ones() -> None:
    """A slip of the pen gets the nearest name."""
    with pytest.raises(ImageLakeError, match="Did you mean 'rank_images'"):
        submission(job="rank_image")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("submit", "--master", "yarn", "rank_images"), "HADOOP_CONF_DIR is not set"),
        (("package", "--publish"), "HADOOP_CONF_DIR is not set"),
        (("submit", "--deploy-mode", "cluster", "rank_images"), "needs --master yarn"),
        (("submit", "--python", "3.9", "rank_images"), "use --deploy-mode cluster"),
        (("run", "--on", "yarn"), "HADOOP_CONF_DIR is not set"),
    ],
)
def test_what_cannot_be_submitted_says_why(
    words: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and exit code 2, without a look at any cluster."""
    monkeypatch.delenv("HADOOP_CONF_DIR", raising=False)
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_a_gathered_log_is_split_into_its_files() -> None:
    """Each file's own lines, whatever they are, without what YARN writes around them."""
    parts = {"stderr": "a warning\n\nEnd of nothing", "stdout": "predict_images: done\n  wrote  predictions\n"}
    around = "Container: c on node\n=====\nLogType:{0}\nLogLength:9\nLogContents:\n{1}\nEnd of LogType:{0}\n****\n\n"
    written = "".join(around.format(name, text) for name, text in parts.items())
    assert split_log(written) == parts
