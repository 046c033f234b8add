"""The life of the cluster, in the order of the file: it runs, holds files, loses daemons, heals, stops."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from hadoop_cluster import Hadoop, call

from imagelake.cluster.hadoop import processes, record
from imagelake.cluster.hadoop.runtime import find_jars
from imagelake.errors import ImageLakeError

_CONTENT = os.urandom(3_000_000)


def test_every_daemon_is_healthy_after_start(hadoop: Hadoop) -> None:
    """`start` returns when all seven daemons serve, and `status` says so by its table and its exit code."""
    rows = hadoop("status").splitlines()[1:]
    assert [row.split()[0] for row in rows] == list(hadoop.pids())
    assert len(rows) == 7
    assert all(row.endswith(" healthy") for row in rows)


def test_the_daemons_are_processes_of_their_own(hadoop: Hadoop) -> None:
    """Seven different processes run seven daemons, each with its own data folder."""
    pids = hadoop.pids().values()
    assert None not in pids
    assert len(set(pids)) == 7


def test_a_second_start_changes_nothing(hadoop: Hadoop) -> None:
    """Starting what runs leaves every process and port as it is, and prints the addresses again."""
    before = hadoop.pids()
    text = hadoop("start", "--free-ports")
    assert hadoop.pids() == before
    assert hadoop.hdfs_url in text
    assert record.load(hadoop.cluster.folder) == hadoop.cluster


def test_another_size_is_refused_while_the_cluster_runs(hadoop: Hadoop) -> None:
    """Asking a running cluster for two DataNodes is an error that names both sizes."""
    text = hadoop("start", "--datanodes", "2", expect=1)
    assert "datanodes=2" in text
    assert "datanodes=3" in text


def test_two_clusters_cannot_share_ports(hadoop: Hadoop, tmp_path: Path) -> None:
    """A taken port is named together with the daemon that wants it and the process that has it."""
    offset = hadoop.cluster.daemon("namenode").port - 8020
    text = call(tmp_path, "start", "--port-offset", str(offset), expect=1)
    assert f"port {8020 + offset}" in text
    assert "of namenode" in text
    assert f"pid {hadoop.pid('namenode')}" in text
    assert call(tmp_path, "stop").startswith("nothing runs")


def test_a_file_comes_back_as_it_was_put(hadoop: Hadoop, tmp_path: Path) -> None:
    """Hadoop's own shell puts and gets the same bytes, in two replicas."""
    (tmp_path / "sent").write_bytes(_CONTENT)
    hadoop("fs", "-put", str(tmp_path / "sent"), "/content")
    hadoop("fs", "-get", "/content", str(tmp_path / "received"))
    assert (tmp_path / "received").read_bytes() == _CONTENT
    assert hadoop.webhdfs().status("/content")["replication"] == 2


def test_webhdfs_reads_and_writes_the_same_files(hadoop: Hadoop) -> None:
    """The hdfs package follows the redirect to a DataNode both ways, and sees what the shell wrote."""
    client = hadoop.webhdfs()
    client.write("/folder/by_web", _CONTENT)
    assert _read(hadoop, "/folder/by_web") == _CONTENT
    assert str(len(_CONTENT)) in hadoop("fs", "-ls", "/folder")


def test_the_shell_s_own_errors_and_exit_codes_pass_through(hadoop: Hadoop) -> None:
    """A command line that fails does so with Hadoop's message, not with one of ours."""
    assert "No such file or directory" in hadoop("fs", "-ls", "/nowhere", expect=1)


def test_files_survive_a_killed_datanode_and_fsck_says_what_is_missing(hadoop: Hadoop, tmp_path: Path) -> None:
    """All stays readable when a DataNode is killed; once it is given up, fsck counts the blocks short of a replica."""
    hadoop.webhdfs().write("/on_all_three", _CONTENT, replication=3)
    hadoop.kill("datanode-2")
    assert _state(hadoop("status", expect=1), "datanode-2") == "not running"
    hadoop("fs", "-get", "/content", str(tmp_path / "received"))
    assert (tmp_path / "received").read_bytes() == _CONTENT
    assert _read(hadoop, "/content", wait_s=30) == _CONTENT
    _wait(lambda: _blocks_short_of_a_replica(hadoop) > 0, 60)
    report = hadoop("fsck", "/on_all_three")
    assert "Under-replicated blocks:\t1 (100.0 %)" in report
    assert "is HEALTHY" in report, "a block with two replicas left is short of one, not lost"


@pytest.mark.tried(
    "Killed on a cluster",
    "a NameNode and a DataNode killed, then `scripts/hadoop start`",
    "only these two come back, on their old ports; files and names are as they were",
)
def test_start_heals_what_was_killed_and_nothing_is_lost(hadoop: Hadoop) -> None:
    """Starting again brings back the dead daemons only, on their old ports; the name space is as it was."""
    hadoop.kill("namenode")
    before = hadoop.pids()
    hadoop("start", "--free-ports")
    after = hadoop.pids()
    assert {name for name in after if after[name] != before[name]} == {"namenode", "datanode-2"}
    assert record.load(hadoop.cluster.folder) == hadoop.cluster
    # A DataNode's connection to the NameNode of before ends with its next use.
    assert _read(hadoop, "/content", wait_s=30) == _CONTENT
    _wait(lambda: "Under-replicated blocks:\t0" in hadoop("fsck", "/"), 30)


def test_stop_leaves_no_process(hadoop: Hadoop) -> None:
    """After `stop` no daemon, container or pid file of the folder is left, and stopping again is no error."""
    names = hadoop.pids()
    assert set(names) == {word.strip(",") for word in hadoop("stop").split()} - {"stopped"}
    lines = [processes.command_line(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    assert [line for line in lines if any(str(hadoop.cluster.folder) in argument for argument in line)] == []
    assert processes.containers_below(hadoop.cluster.folder) == []
    assert list((hadoop.cluster.folder / "run").glob("*.pid")) == []
    assert "nothing runs" in hadoop("stop")
    assert hadoop("status", expect=1).count("not running") == 7


def test_maven_s_reason_is_passed_on(hadoop_jars: Path, tmp_path: Path) -> None:
    """A pom that Maven cannot read is an error with its name and Maven's words, and leaves no half-filled folder."""
    assert any(hadoop_jars.glob("hadoop-hdfs-3*.jar"))
    (tmp_path / "pom.xml").write_text("<project>")
    with pytest.raises(ImageLakeError, match=r"(?s)pom\.xml.*ERROR"):
        find_jars(tmp_path / "pom.xml", tmp_path / "cache", print)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_daemon_that_dies_at_once_is_reported_with_its_log(hadoop_jars: Path, tmp_path: Path) -> None:
    """A NameNode with a damaged name space ends `start` with the NameNode's own words, and nothing is left running."""
    assert hadoop_jars.is_dir()
    damaged = tmp_path / "data" / "namenode" / "name" / "current" / "VERSION"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("nonsense")
    text = call(tmp_path, "start", "--free-ports", "--datanodes", "1", "--nodemanagers", "1", expect=1)
    assert "namenode ended while starting" in text
    assert str(tmp_path / "run" / "namenode.log") in text
    assert call(tmp_path, "stop").startswith("nothing runs")


def _read(hadoop: Hadoop, path: str, wait_s: float = 0) -> bytes:
    """Retried, because the NameNode sends WebHDFS to a killed DataNode until it is stale."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            with hadoop.webhdfs().read(path) as reader:
                return bytes(reader.read())
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def _blocks_short_of_a_replica(hadoop: Hadoop) -> int:
    query = "Hadoop:service=NameNode,name=FSNamesystemState"
    answer = requests.get(f"{hadoop.webhdfs_url}/jmx", params={"qry": query}, timeout=5)
    return int(answer.json()["beans"][0]["UnderReplicatedBlocks"])


def _state(table: str, name: str) -> str:
    """The last column of a daemon's row in the output of `status`."""
    row = next(line for line in table.splitlines() if line.startswith(f"{name} "))
    return row.split("  ")[-1].strip()


def _wait(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.5)
