"""The pipeline on real photos, HDFS and YARN, in the order of the file: it equals the local run, whatever is killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from hadoop_cluster import Hadoop, make_client
from pyspark.sql import SparkSession
from submitted import (
    assert_same,
    executors,
    files_below,
    finish,
    finish_all,
    kill_group,
    manifest,
    script,
    start,
    table,
    wait_for,
)

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake import lock
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Work, execute
from imagelake.tables import TABLES
from pipeline_steps import STEPS, job, run_steps
from project import QUICK_JAVA

FOLDERS, PHOTOS_OF_A_FOLDER = 19, 12
SPLITS = ("train", "test")
# Many small row groups, so that many tasks are there to be killed.
MANY_TASKS = ("--conf", "spark.sql.files.maxPartitionBytes=262144")
# The containers' Java as that of all tests, and no wait of seconds for the state of a job that has ended.
QUICK = (
    *(f"--conf={java}.extraJavaOptions={QUICK_JAVA}" for java in ("spark.driver", "spark.executor", "spark.yarn.am")),
    "--conf=spark.yarn.report.interval=1s",
)
# The same for a run of the whole pipeline, which knows settings alone; so few rows are not worth compiling for.
QUICK_RUN = f"""
[spark]
"spark.executor.extraJavaOptions" = "{QUICK_JAVA}"
"spark.yarn.am.extraJavaOptions" = "{QUICK_JAVA}"
"spark.yarn.report.interval" = "1s"
"spark.sql.codegen.wholeStage" = "false"
"""
IN_CLUSTER_MODE = ("--deploy-mode", "cluster", "--executors", "1")
SMALL_GROUPS = ("--set", "images.row_group_bytes=262144")
ROOT = ("--root", "hdfs:///lake")
CLEAN = "/lake/labels_clean"
FORCED = ("--force",)
NETWORKS = (
    'runs.models=["linear", "hidden"]',
    'runs.imbalance=["none"]',
    "runs.learning_rate=[1e-2, 1e-3]",
    "train.folds=3",
    "train.epochs=4",
    "train.hidden=[16]",
    "train.l2=[1e-2]",
)
LABEL_MAP = "caltech101_animals_labels.csv"
OF_THE_RUN = ["run_id", "measured"]


@dataclass(frozen=True)
class Lakes:
    """The same photos on HDFS and on the disk, with the pipeline run on both.

    Attributes:
        hadoop: the cluster.
        local: the lake on the disk.
        settings: of the pipeline there.
        model: words after scripts/submit that name the network of the lake on HDFS.
        output: of the pipeline on YARN.
    """

    hadoop: Hadoop
    local: Path
    settings: tuple[str, ...]
    model: tuple[str, ...]
    output: str

    def submit(self, *before: str, again: tuple[str, ...] = FORCED) -> tuple[str, ...]:
        """The words after scripts/submit that predict again, with the options before the job's name."""
        return ("--master", "yarn", *MANY_TASKS, *QUICK, *before, "predict_images", *ROOT, *self.model, *again)

    def download(self, folder: Path) -> Path:
        """The lake on HDFS, brought here."""
        script(self.hadoop, "download", "/lake", str(folder / "lake"))
        return folder / "lake"

    def predict_run(self) -> str:
        """Which run made the predictions on HDFS."""
        return manifest(self.hadoop, "/lake/predictions").run_id

    def assert_same_predictions(self, folder: Path) -> None:
        """The predictions on HDFS are those of the local run, and nothing half made lies beside them."""
        script(self.hadoop, "download", "/lake/predictions", str(folder / "predictions"))
        assert_same(table(folder, "predictions"), table(self.local, "predictions"))


@pytest.fixture(scope="module")
def photos(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first photos of each animal, in two splits."""
    folder = tmp_path_factory.mktemp("photos")
    for animal in sorted((shared_data / "photos" / "caltech101_animals").iterdir()):
        for number, photo in enumerate(sorted(animal.glob("*.jpg"))[:PHOTOS_OF_A_FOLDER]):
            split = folder / SPLITS[number % 2] / animal.name
            split.mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, split)
    return folder


@pytest.fixture(scope="module")
def lakes(
    hadoop: Hadoop, spark: SparkSession, photos: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Lakes:
    """Photos uploaded by WebHDFS and every job on YARN; the same locally."""
    weights = shared_data / "weights" / "mobilenet_v1_1.0_224.weights.h5"
    label_map = shared_data / "photos" / LABEL_MAP
    query = str(shared_data / "photos" / "openimages_sample" / "parrot.jpg")
    quick = tmp_path_factory.mktemp("settings") / "quick.toml"
    quick.write_text(QUICK_RUN)
    script(hadoop, "upload", str(photos), "/photos")
    script(hadoop, "upload", str(label_map), "/")
    on_yarn = start(
        *(hadoop, "run", "--on", "yarn", *ROOT, "--images", "hdfs:///photos", "--weights", str(weights)),
        *("--label-map", f"hdfs:///{LABEL_MAP}", "--query", query, "--config", str(quick), *SMALL_GROUPS),
    )
    model = [f"model.weights={weights}", "model.alpha=1.0", "model.resolution=224", "model.classes=imagenet"]
    source = ["source.type=folder", f"source.path={photos}", f"source.label_map={label_map}"]
    lake = Lake(spark, str(tmp_path_factory.mktemp("local") / "lake"))
    settings = (f"lake.root={lake.root}", *source, *model, f"search.queries={[query]!r}")
    run_steps(STEPS[1:], lake, load_config(settings=settings))
    options = tuple(word for setting in model for word in ("--set", setting))
    return Lakes(hadoop, Path(lake.root.removeprefix("file://")), settings, options, finish(on_yarn))


@pytest.fixture
def predicting(lakes: Lakes) -> subprocess.Popen[str]:
    """A prediction on YARN that has written a part of its table, as the driver in client mode."""
    left = set(files_below(lakes.hadoop, "/lake/_staging"))  # by a driver that was killed
    process = start(lakes.hadoop, "submit", *lakes.submit())

    def has_written() -> bool:
        assert process.poll() is None, finish(process, expect=None)
        staged = set(files_below(lakes.hadoop, "/lake/_staging")) - left
        return any("predict_images" in file and "/task_" in file and file.endswith(".parquet") for file in staged)

    wait_for("the first task of predict_images", has_written)
    return process


def test_the_tables_are_those_of_the_local_run(lakes: Lakes, tmp_path: Path) -> None:
    """Every job ran on YARN and every table, read back from HDFS, equals the one that local mode made."""
    assert "application_" in lakes.output
    assert "SUCCEEDED" in lakes.hadoop("yarn", "application", "-list", "-appStates", "FINISHED")
    found = lakes.download(tmp_path)
    for name in TABLES:
        if (lakes.local / name).exists():
            assert_same(table(found, name), table(lakes.local, name))
    assert (found / "report" / "index.html").stat().st_size > 100_000


def test_a_shift_on_yarn_is_that_of_the_local_run(lakes: Lakes, spark: SparkSession, tmp_path: Path) -> None:
    """Two splits of the lake on HDFS compared on YARN: every table equals that of the disk, and the page is there."""
    source = ("--set", "source.type=folder", "--set", f"source.label_map=hdfs:///{LABEL_MAP}")
    sets = ("--before", SPLITS[0], "--after", SPLITS[1], *source)
    on_yarn = start(lakes.hadoop, "submit", "--master", "yarn", *QUICK, "measure_shift", *ROOT, *lakes.model, *sets)
    settings = (*lakes.settings, f"shift.before={[SPLITS[0]]!r}", f"shift.after={[SPLITS[1]]!r}")
    execute(job("measure_shift"), Lake(spark, str(lakes.local)), load_config(settings=settings))
    assert "hdfs:///lake/shift/index.html" in finish(on_yarn)
    found = lakes.download(tmp_path)
    tables = [name for name in job("measure_shift").writes if name in TABLES]
    assert (found / "shift" / "index.html").stat().st_size > 10_000
    for name in tables:
        frames = [table(folder, name).drop(columns=OF_THE_RUN, errors="ignore") for folder in (found, lakes.local)]
        assert_same(*frames)
    assert len(pd.read_parquet(found / "shift_features")) > 1024


@pytest.mark.tried(
    "Killed on a cluster",
    "an executor killed while it trains a network",
    "the comparison of runs ends well, its table equals that of the local run",
)
def test_networks_trained_on_yarn_are_those_of_the_local_run(lakes: Lakes, spark: SparkSession, tmp_path: Path) -> None:
    """TensorFlow reaches the executors, one of which is killed after the first fold; the table is that of the disk."""
    options = tuple(word for setting in NETWORKS for word in ("--set", setting))
    command = ("--master", "yarn", *QUICK, "compare_runs", *ROOT, *lakes.model, *SMALL_GROUPS, *options)
    on_yarn = start(lakes.hadoop, "submit", *command)
    settings = (*lakes.settings, *NETWORKS)
    execute(job("compare_runs"), Lake(spark, str(lakes.local)), load_config(settings=settings))

    def has_trained() -> bool:
        assert on_yarn.poll() is None, finish(on_yarn, expect=None)
        return any(file.endswith("_SUCCESS") for file in files_below(lakes.hadoop, "/lake/_checkpoints"))

    wait_for("the first fold", has_trained)
    executors(lakes.hadoop)[0].send_signal(signal.SIGKILL)
    output = finish(on_yarn)
    assert "application_" in output
    found = lakes.download(tmp_path)
    frames = [table(lake, "run_comparison").drop(columns="seconds") for lake in (found, lakes.local)]
    assert_same(*frames)
    assert set(frames[0]["model"]) == {"linear", "hidden"}
    assert frames[0]["error"].isna().all()


@pytest.mark.tried(
    "Killed on a cluster", "two runs of one job at once", "both end well, exactly one publishes", unit="pair"
)
@pytest.mark.tried(
    "Killed on a cluster",
    "a DataNode of three killed under a job in cluster mode",
    "the job ends well, its tables equal those of the local run, lost replicas come back",
)
def test_of_two_runs_at_once_exactly_one_publishes_without_a_datanode(lakes: Lakes, tmp_path: Path) -> None:
    """Two drivers on the cluster end well, one of them publishes, and both print their summaries here.

    The other one finds that out at its end, or at its start where YARN gave it its place only then. Both go on without
    one of three DataNodes, reads do, and the lost replicas come back.
    """
    before = lakes.predict_run()
    command = lakes.submit(*IN_CLUSTER_MODE, again=("--set", "model.batch_size=8"))
    runs = [start(lakes.hadoop, "submit", *command) for _ in range(2)]
    wait_for("executors", lambda: executors(lakes.hadoop) or any(run.poll() is not None for run in runs))
    lakes.hadoop.kill("datanode-3")
    outputs = finish_all(runs)
    late = ("another run has published meanwhile", "nothing has changed since its last run")
    assert sum("done in" in output for output in outputs) == 1, outputs
    assert sum(any(words in output for words in late) for output in outputs) == 1, outputs
    assert lakes.predict_run() != before
    lakes.assert_same_predictions(tmp_path)
    wait_for("healing", lambda: is_healed(lakes.hadoop("fsck", "/lake")))


@pytest.mark.tried(
    "Killed on a cluster",
    "a driver killed (`kill -9`) while it predicts",
    "the published table is the one before, whole; the rerun completes",
)
def test_a_killed_driver_leaves_the_old_table(lakes: Lakes, predicting: subprocess.Popen[str], tmp_path: Path) -> None:
    """After kill -9 of the driver the published table is the one of before, whole; its rerun is the next test."""
    before = lakes.predict_run()
    kill_group(predicting)
    assert lakes.predict_run() == before
    lakes.assert_same_predictions(tmp_path)
    wait_for("the end of the application", lambda: not executors(lakes.hadoop))


@pytest.mark.tried(
    "Killed on a cluster",
    "an executor killed, and the NodeManager of the other one",
    "the job ends well; no row is doubled or lost",
)
def test_a_killed_executor_and_node_change_nothing(
    lakes: Lakes, predicting: subprocess.Popen[str], tmp_path: Path
) -> None:
    """The job ends well though an executor and the other one's NodeManager are killed; no row is doubled or lost."""
    before = lakes.predict_run()
    executors(lakes.hadoop)[0].send_signal(signal.SIGKILL)
    lakes.hadoop.kill("nodemanager-2")
    output = finish(predicting)
    photos = FOLDERS * PHOTOS_OF_A_FOLDER
    assert f"{photos} in = {photos} kept" in output
    assert lakes.predict_run() != before
    lakes.assert_same_predictions(tmp_path)


def is_healed(report: str) -> bool:
    """Whether fsck finds every block with as many replicas as were asked for."""
    return "is HEALTHY" in report and "Under-replicated blocks:\t0 " in report


@pytest.mark.tried(
    "Files to HDFS",
    "safe mode, a full quota, no permission, a wrong address under a job",
    "one line with address and remedy, one screen in all; nothing is published",
)
def test_a_refusal_is_explained_in_one_screen(lakes: Lakes) -> None:
    """A user without permission gets the address and the remedy, no Java stack, and publishes nothing."""
    before = manifest(lakes.hadoop, CLEAN).run_id
    command = ("submit", "clean_labels", *ROOT, "--force")
    output = script(lakes.hadoop, *command, expect=1, HADOOP_USER_NAME="somebody")
    assert all(word in output for word in ("AccessControlException", "hdfs:///lake", "user=somebody", "-chown")), output
    assert len(output.splitlines()) < 40
    assert manifest(lakes.hadoop, CLEAN).run_id == before


@pytest.mark.tried(
    "Files to HDFS",
    "safe mode, a full quota, no permission, a wrong address under a job",
    "one line with address and remedy, one screen in all; nothing is published",
)
@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (("-safemode", "enter"), ("-safemode", "leave"), ("SafeModeException", "-safemode leave")),
        (
            ("-setSpaceQuota", "1m", "/lake"),
            ("-clrSpaceQuota", "/lake"),
            ("DSQuotaExceededException", "-setSpaceQuota"),
        ),
    ],
    ids=["safe mode", "full quota"],
)
def test_refusals_publish_nothing(
    lakes: Lakes, spark: SparkSession, before: tuple[str, ...], after: tuple[str, ...], named: tuple[str, ...]
) -> None:
    """Each ends the job with an error of one line that names the address and the remedy."""
    hadoop, run = lakes.hadoop, manifest(lakes.hadoop, CLEAN).run_id
    make_client(spark)
    lake = Lake(spark, f"{hadoop.hdfs_url}/lake")
    hadoop("dfsadmin", *before)
    try:
        with pytest.raises(ImageLakeError) as refused:
            execute(job("clean_labels"), lake, load_config(settings=[f"lake.root={lake.root}"]), force=True)
    finally:
        hadoop("dfsadmin", *after)
    assert all(word in str(refused.value) for word in (f"{hadoop.hdfs_url}/lake", *named)), refused.value
    assert len(str(refused.value).splitlines()) == 1
    assert manifest(hadoop, CLEAN).run_id == run


def refusal_of(run: Callable[[], object]) -> str:
    """The error that something ends with; empty where it ends well."""
    try:
        run()
    except ImageLakeError as error:
        return str(error)
    return ""


@pytest.mark.tried(
    "Killed on a cluster",
    "the NameNode killed and started again while a job writes",
    "the job ends well or with one line; the next run's table equals that of the local run, nothing half made stays",
)
def test_a_restarted_namenode_costs_no_table(
    lakes: Lakes, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job finds no NameNode when it begins to read and write; whatever it makes of that, the next run is right."""
    hadoop, clean = lakes.hadoop, job("clean_labels")
    make_client(spark)
    lake = Lake(spark, f"{hadoop.hdfs_url}/lake")
    config = load_config(settings=[f"lake.root={lake.root}"])
    restart = threading.Thread(target=hadoop, args=("start", "--free-ports"))

    def run(work: Work, settings: Config) -> None:
        hadoop.kill("namenode")
        restart.start()
        clean.run(work, settings)

    said = refusal_of(lambda: execute(replace(clean, run=run), lake, config, force=True))
    restart.join()
    assert len(said.splitlines()) <= 1, said
    wait_for("the end of safe mode", lambda: "OFF" in hadoop("dfsadmin", "-safemode", "get"))
    monkeypatch.setattr(lock, "_started", lambda _: 1)  # the process that met the error has ended
    assert execute(clean, lake, config, force=True).published
    script(hadoop, "download", CLEAN, str(tmp_path / "labels_clean"))
    assert_same(table(tmp_path, "labels_clean"), table(lakes.local, "labels_clean"))
    assert not [file for file in files_below(hadoop, "/lake/_staging") if "clean_labels" in file]
