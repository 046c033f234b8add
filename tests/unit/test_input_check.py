"""Wrong input files end a run before its session starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.runtime.input_check import check_local_inputs, check_remote_inputs
from pipeline_steps import STEPS, job
from project import PROJECT

MAP = "folder,label,imagenet_classes\n"


def config(tmp_path: Path, *settings: str) -> Config:
    """A run on a folder of photos that is there."""
    (tmp_path / "photos").mkdir(exist_ok=True)
    source = ["source.type=folder", f"source.path={tmp_path / 'photos'}", f"lake.root={tmp_path / 'lake'}"]
    return load_config(settings=[*source, "model.classes=imagenet", *settings])


class Remote:
    """Files of a cluster, by their address."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def exists(self, uri: str) -> bool:
        """Whether there is such a file."""
        return uri in self._files

    def read_bytes(self, uri: str) -> bytes:
        """The bytes of a file."""
        return self._files[uri]


def check(config: Config, remote: Mapping[str, bytes] | None = None) -> None:
    """Both checks of the whole pipeline, the drawing left out, and without weights what needs them first."""
    jobs = [
        job(step) for step in STEPS[1:] if config.model.has_network or step not in {"convert_model", "predict_images"}
    ]
    check_local_inputs(jobs, config)
    check_remote_inputs(jobs, config, Remote(remote or {}))


@pytest.mark.parametrize(
    ("setting", "content", "says"),
    [
        ("source.label_map", None, "source.label_map = .*file.csv': there is no such file"),
        ("source.label_map", MAP + "a,Owl,owlet\n", "file.csv line 2: imagenet_classes has the unknown class 'owlet'"),
        ("source.label_map", MAP + "a,Crane,crane\n", "'crane', which several classes are called: crane"),
        ("source.label_map", "folder,label\n", "file.csv line 1: no column imagenet_classes"),
        ("model.classes", None, "model.classes = .*file.csv': there is no such file"),
        ("model.classes", "imagenet_index\n", "file.csv line 1: no column imagenet_class, label, relation"),
        ("model.weights", None, "convert_model reads file:.*file.csv: there is no such file or folder"),
        ("source.path", None, "ingest_images reads file:.*file.csv: there is no such file or folder"),
        ("search.queries", None, "search_similar_images reads file:.*file.csv: there is no such file or folder"),
    ],
)
def test_a_wrong_file_is_found_first(tmp_path: Path, setting: str, content: str | None, says: str) -> None:
    """A file that is missing, and a label map or list of classes that cannot be used, whichever job would read it."""
    file = tmp_path / "file.csv"
    if content is not None:
        file.write_text(content)
    value = f'["{file}"]' if setting == "search.queries" else str(file)
    with pytest.raises(ImageLakeError, match=says):
        check(config(tmp_path, f"{setting}={value}"))


def test_right_files_pass(tmp_path: Path) -> None:
    """Also those that earlier jobs of the run will have made."""
    file = tmp_path / "file.csv"
    file.write_text(MAP + "a,Owl,n01622779\n")
    check(config(tmp_path, f"source.label_map={file}"))
    sample = load_config(settings=[f"lake.root={tmp_path / 'lake'}"])
    check_local_inputs([job(step) for step in STEPS], sample)
    with pytest.raises(ImageLakeError, match=r"ingest_images reads .*sample_files: there is no such"):
        check(sample)


def test_files_of_a_cluster_are_checked_once_there_is_a_session(tmp_path: Path) -> None:
    """The same mistakes on HDFS; a label map of this machine waits where the source is on HDFS."""
    address, local = "hdfs://namenode/map.csv", tmp_path / "map.csv"
    configured = config(tmp_path, f"source.label_map={address}")
    with pytest.raises(ImageLakeError, match=r"source.label_map = 'hdfs://namenode/map.csv': there is no such file"):
        check(configured)
    with pytest.raises(ImageLakeError, match=r"map.csv line 2: imagenet_classes has the unknown class 'owlet'"):
        check(configured, {address: f"{MAP}a,Owl,owlet\n".encode()})
    check(configured, {address: f"{MAP}a,Owl,boxer\n".encode()})
    local.write_text(MAP + "a,Owl,owlet\n")
    with pytest.raises(ImageLakeError, match="the unknown class 'owlet'"):
        check(config(tmp_path, "source.path=hdfs://namenode/photos", f"source.label_map={local}"))
    with pytest.raises(ImageLakeError, match="ingest_images reads hdfs://namenode/photos: there is no such"):
        check(config(tmp_path, "source.path=hdfs://namenode/photos"))


def test_no_session_is_started_for_it(tmp_path: Path) -> None:
    """Where there is no Java at all the run still ends with the line of the label map, as unusable arguments."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "map.csv").write_text(MAP + "a,Owl,owlet\n")
    command = [sys.executable, str(PROJECT / "jobs" / "run_pipeline.py"), "--root", str(tmp_path / "lake")]
    options = ["--images", "photos", "--label-map", "map.csv", "--set", "model.classes=imagenet"]
    without_java = {"PATH": "/nowhere", "JAVA_HOME": "/nowhere", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, env=without_java, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "map.csv line 2: imagenet_classes has the unknown class 'owlet'; nearest of the 1000" in done.stderr
    assert not (tmp_path / "lake").exists()
