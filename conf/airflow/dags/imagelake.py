"""ImageLake once a day: each job of the pipeline is a task of its own, submitted to YARN.

**Before the first run**

1. `scripts/package --publish` writes `var/package/yarn.conf`, the Spark properties of every task.
2. The Spark connection `imagelake_yarn` names the cluster:
   `{"conn_type": "spark", "host": "yarn", "extra": {"yarn_resourcemanager_webapp_address": "http://resourcemanager:8088"}}`
3. The worker has the project's folder with its `.venv` (`IMAGELAKE_HOME`, by default the one this file lies in) and
   `HADOOP_CONF_DIR` in its environment.

The parameters of a run are settings of `conf/default.toml`, under the same names; `config` is a file with all others.

**Why a task may be retried at any time.** A job writes to a staging folder of its own run id and publishes all of its
tables by rename, once, under a lock, and only if no other run of it has published since it began. So a run that was
killed leaves the old tables; an abandoned run and its retry publish only once together; and a retry of a run that did
publish finds the tables current and skips. Two things avoid most of the double work: the
YARN application's id is kept with the task, so that a retry after a lost worker waits for the application that still
runs; and the worker polls the ResourceManager, without a JVM of its own that could fail.

`convert_model` alone is submitted in client mode: its driver needs TensorFlow, which is not shipped to the cluster.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Param

HOME = Path(os.environ.get("IMAGELAKE_HOME") or Path(__file__).resolve().parents[3])

# Each job, and those it waits for: the writers of the tables it reads, less those that another of them waits for.
UPSTREAM: dict[str, tuple[str, ...]] = {
    "ingest_images": (),
    "ingest_annotations": ("ingest_images",),
    "explore_lake": ("ingest_annotations",),
    "clean_labels": ("ingest_annotations",),
    "convert_model": ("ingest_images",),
    "predict_images": ("convert_model",),
    "measure_accuracy": ("clean_labels", "predict_images"),
    "rank_images": ("clean_labels", "predict_images"),
    "build_image_index": ("predict_images",),
    "find_duplicates": ("rank_images",),
    "project_features": ("predict_images",),
    "search_similar_images": ("measure_accuracy", "rank_images", "build_image_index"),
    "write_report": ("explore_lake", "find_duplicates", "search_similar_images"),
}
CLIENT_MODE = {"convert_model"}
# The properties file is written for both modes; which Python the driver is depends on the machine that it runs on.
# The nodes have the version of the project's environment, unless `scripts/package --python` was told of another.
NODE_PYTHON = os.environ.get("IMAGELAKE_NODE_PYTHON") or next(
    (folder.name for folder in (HOME / ".venv" / "lib").glob("python3.*")), "python3"
)
DRIVER_PYTHON = {"client": f"{HOME}/.venv/bin/python", "cluster": NODE_PYTHON}

SETTINGS = {
    "lake.root": Param(
        "hdfs:///imagelake", type="string", minLength=1, description="Where the tables live: a folder on HDFS."
    ),
    "source.type": Param(
        "open_images", type="string", enum=["open_images", "folder"], description="What the source is."
    ),
    "source.path": Param(
        "hdfs:///open-images", type="string", minLength=1, description="The source, where every node can read it."
    ),
    "model.weights": Param(
        "hdfs:///models/mobilenet_v1_1.0_224.weights.h5",
        type="string",
        minLength=1,
        description="A .weights.h5, .h5 or .keras file, or imagenet.",
    ),
    "model.architecture": Param("mobilenet_v1", type="string", enum=["mobilenet_v1", "mobilenet_v2"]),
    "model.alpha": Param(1.0, type="number", exclusiveMinimum=0, description="The width multiplier of the weights."),
    "model.resolution": Param(224, type="integer", minimum=32, description="The input side in pixels."),
    "model.classes": Param("imagenet", type="string", minLength=1, description="imagenet, sample, or a CSV file."),
}
CONFIG = Param(
    str(HOME / "conf" / "cluster.toml"),
    type="string",
    pattern=r"^/.*\.toml$",
    description="A file of further settings, on the worker; the parameters above win over it.",
)


def submit(job: str) -> SparkSubmitOperator:
    """The task that submits one job and waits for it."""
    in_cluster = job not in CLIENT_MODE
    mode = "cluster" if in_cluster else "client"
    return SparkSubmitOperator(
        task_id=job,
        name=f"imagelake {job}",
        conn_id="imagelake_yarn",
        spark_binary=f"{HOME}/scripts/airflow_submit",
        properties_file=f"{HOME}/var/package/yarn.conf",
        application=f"{HOME}/jobs/{job}.py",
        application_args=arguments(in_cluster),
        deploy_mode=mode,
        yarn_track_via_rm_api=in_cluster,  # not needed while the driver runs on the worker itself
        status_poll_interval=10,
        files="{{ params.config }}" if in_cluster else None,
        conf={"spark.pyspark.driver.python": DRIVER_PYTHON[mode]},
    )


def arguments(in_cluster: bool) -> list[str]:
    """A job's command line; in the cluster the file of settings lies in the driver's own working folder."""
    config = "{{ params.config.split('/')[-1] }}" if in_cluster else "{{ params.config }}"
    settings = [f"{name}={{{{ params['{name}'] }}}}" for name in SETTINGS]
    return ["--config", config, *(word for setting in settings for word in ("--set", setting))]


with DAG(
    dag_id="imagelake",
    description="What is in the lake, which labels can be trusted, how well the model knows them",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    params={**SETTINGS, "config": CONFIG},
    tags=["imagelake", "spark", "yarn"],
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=12),
    },
):
    tasks = {job: submit(job) for job in UPSTREAM}
    for job, upstream in UPSTREAM.items():
        tasks[job].set_upstream([tasks[name] for name in upstream])
