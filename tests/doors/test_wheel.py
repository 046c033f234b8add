"""The built wheel in an environment of its own, away from the checkout: pipeline, search and server run there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from imagelake import __version__
from imagelake.lake.manifest import MANIFEST
from imagelake.runtime.code_version import code_of
from imagelake.samples import PlantedFacts
from pipeline_steps import STEPS, job
from project import PROJECT

IMAGES = 30
_CODE_OF_A_JOB = """
import importlib.util
import imagelake
from imagelake.installation import jobs_folder
from imagelake.runtime.code_version import code_of
spec = importlib.util.spec_from_file_location("clean_labels", jobs_folder() / "clean_labels.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(imagelake.__file__, code_of(module.run).version)
"""
# What would lead back to the checkout or to the settings of whoever runs the tests.
UNSET = ("PYTHONPATH", "PYSPARK_PYTHON", "SPARK_CONF_DIR", "SPARK_HOME", "HADOOP_CONF_DIR", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and an empty folder to work in."""

    programs: Path
    folder: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A running command of the environment."""
        environment = {name: value for name, value in os.environ.items() if name not in UNSET}
        environment["PATH"] = f"{self.programs}:{os.defpath}:{Path(shutil.which('java') or '/').parent}"
        command = [str(self.programs / words[0]), *words[1:]]
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> str:
        """What a command prints; it must succeed."""
        process = self.start(*words)
        output, errors = process.communicate(timeout=480)
        assert process.returncode == 0, f"{words}: {output[-3000:]}{errors[-3000:]}"
        return output


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)
    return next(folder.glob("imagelake-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Our package comes from the wheel alone; the libraries are those that the tests run on."""
    folder = tmp_path_factory.mktemp("installed")
    environment, work = folder / "environment", folder / "work"
    work.mkdir()
    uv = [sys.executable, "-m", "uv", "--offline", "--no-config"]
    python = environment / "bin" / "python"
    # Named explicitly: uv would else install into the environment of the tests.
    install = ["pip", "install", "--python", python, "--no-deps", wheel]
    for command in (["venv", "--python", sys.executable, environment], install):
        subprocess.run([*uv, *map(str, command)], capture_output=True, check=True)
    site = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    (Path(site.strip()) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(environment / "bin", work)


@pytest.fixture(scope="module")
def lake(installed: Installed) -> Path:
    """A small sample lake, made by the installed pipeline."""
    few = ("--set", f"sample.images={IMAGES}")
    output = installed.run("imagelake", "run", "--root", "lake", *few)
    assert "imagelake serve --root lake" in output
    return installed.folder / "lake"


@pytest.fixture
def server(installed: Installed, lake: Path) -> Iterator[str]:
    """The address of the installed server on that lake."""
    process = installed.start("imagelake", "serve", "--root", str(lake), "--port", "0")
    assert process.stdout is not None
    try:
        yield next((line.split()[0] for line in process.stdout if line.startswith("http://")), "")
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_wheel_holds_all_that_a_run_reads(wheel: Path) -> None:
    """Every settings file, every job, every template and every weights file of the checkout lies in the package."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.check_output(["git", "ls-files", "conf", "jobs", "lib/imagelake"], cwd=PROJECT, text=True)
    wanted = {name.replace("lib/imagelake/", "imagelake/", 1) for name in tracked.split() if name.startswith("lib/")}
    wanted |= {f"imagelake/{name}" for name in tracked.split() if not name.startswith("lib/")}
    assert wanted <= names
    assert {name.split("/")[0] for name in names} == {"imagelake", f"imagelake-{__version__}.dist-info"}


def test_the_installed_package_is_the_same_code(installed: Installed) -> None:
    """It lies in its environment, is of the same version, and its tables count as made by the same code."""
    file, version = installed.run("python", "-c", _CODE_OF_A_JOB).split()
    assert Path(file).is_relative_to(installed.programs.parent)
    assert version == code_of(job("clean_labels").run).version
    assert installed.run("imagelake", "--version") == f"imagelake {__version__}\n"


def test_the_installed_pipeline_writes_every_table(lake: Path) -> None:
    """A sample lake is drawn, predicted, ranked and reported without anything of the checkout."""
    written = [name for step in STEPS for name in job(step).writes]
    assert [name for name in written if not (lake / name / MANIFEST).is_file()] == []
    assert (lake / "report" / "index.html").stat().st_size > 100_000


def test_the_installed_search_answers(installed: Installed, lake: Path) -> None:
    """A photo of the lake has answers in it."""
    facts = PlantedFacts.load(lake / "sample_files")
    photo = next(image for image in facts.images if image.decodable and not image.damage)
    file = str(lake / "sample_files" / photo.file)
    output = installed.run("imagelake", "search", file, "--root", str(lake), "--count", "3")
    assert "3 of the" in output


def test_the_installed_server_answers(server: str) -> None:
    """Its first page comes with its templates and its style."""
    with requests.Session() as http:
        http.trust_env = False
        page = http.get(server, timeout=30)
        assert page.status_code == 200
        assert "ImageLake" in page.text


def test_a_package_for_a_cluster_is_that_of_the_checkout(installed: Installed, tmp_path: Path) -> None:
    """The zip that travels to a cluster is the same bytes, whether made from the wheel or from the checkout."""
    from imagelake.cluster.submission.library import library_zip

    code = "import sys; from pathlib import Path; from imagelake.cluster.submission.library import library_zip as z; "
    made = installed.run("python", "-c", f"{code}print(z(Path(sys.argv[1])))", str(installed.folder)).strip()
    assert Path(made).name == library_zip(tmp_path).name
