"""A running cluster as tests see it."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import hdfs  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from imagelake.cluster.hadoop import daemons
from imagelake.cluster.hadoop.layout import NAMENODE, RESOURCEMANAGER, Cluster
from project import PROJECT


@dataclass(frozen=True)
class Hadoop:
    """A running cluster and how to talk to it."""

    cluster: Cluster

    @property
    def hdfs_url(self) -> str:
        """hdfs://host:port of the NameNode."""
        return f"hdfs://{self.cluster.daemon(NAMENODE.name).address}"

    @property
    def webhdfs_url(self) -> str:
        """http://host:port of the NameNode."""
        return self.cluster.daemon(NAMENODE.name).web_url

    @property
    def resourcemanager_url(self) -> str:
        """http://host:port of the ResourceManager's web interface."""
        return self.cluster.daemon(RESOURCEMANAGER.name).web_url

    @property
    def environment(self) -> dict[str, str]:
        """Of a process that is to be a client."""
        return {**os.environ, **self.cluster.client_environment()}

    def pid(self, name: str) -> int | None:
        """Of a daemon, `datanode-1` say, while it lives."""
        return daemons.running_pid(self.cluster.folder, name)

    def pids(self) -> dict[str, int | None]:
        """Of every daemon."""
        return {daemon.name: self.pid(daemon.name) for daemon in self.cluster.daemons}

    def kill(self, name: str) -> None:
        """End a daemon without a chance to say goodbye."""
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def webhdfs(self) -> hdfs.InsecureClient:
        """A client that knows nothing of Java; the user is whoever started the cluster."""
        return hdfs.InsecureClient(self.webhdfs_url, user=getpass.getuser())

    def __call__(self, *arguments: str, expect: int = 0) -> str:
        """The output of scripts/hadoop, whose exit code must be the expected one."""
        return call(self.cluster.folder, *arguments, expect=expect)


def call(folder: Path, *arguments: str, expect: int = 0) -> str:
    """Run scripts/hadoop on a folder."""
    command = [str(PROJECT / "scripts" / "hadoop"), "--folder", str(folder), *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert outcome.returncode == expect, f"{arguments}:\n{outcome.stdout}\n{outcome.stderr}"
    return outcome.stdout + (outcome.stderr if expect else "")


def make_client(spark: SparkSession) -> None:
    """Let the tests' own session read and write as conf/hadoop says for clients: its JVM started before the cluster."""
    for key, value in {"dfs.client.use.datanode.hostname": "true", "dfs.replication": "2"}.items():
        spark._jsc.hadoopConfiguration().set(key, value)
