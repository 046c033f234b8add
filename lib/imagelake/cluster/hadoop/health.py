"""The health of every daemon, as the NameNode and the ResourceManager report it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from imagelake.cluster.hadoop.layout import MASTERS, NAMENODE, RESOURCEMANAGER, Cluster, Daemon

HEALTHY = "healthy"
# conf/hadoop/hdfs-site.xml: dfs.namenode.stale.datanode.interval.
_STALE_AFTER_S = 6
_JMX = "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"


def states(cluster: Cluster, is_running: Callable[[Daemon], bool]) -> dict[str, str]:
    """A daemon's name -> `healthy`, or what is wrong.

    Args:
        cluster: the cluster.
        is_running: whether the daemon's process lives.
    """
    answers = {**_answers(cluster.daemon(NAMENODE.name)), **_answers(cluster.daemon(RESOURCEMANAGER.name))}
    return {daemon.name: _state(daemon, answers) if is_running(daemon) else "not running" for daemon in cluster.daemons}


def state(daemon: Daemon, master: Daemon) -> str:
    """`healthy`, or what is wrong.

    Args:
        daemon: the one in question.
        master: the NameNode or ResourceManager that reports its health, which may be itself.
    """
    return _state(daemon, _answers(master))


def _answers(master: Daemon) -> dict[str, str]:
    """Address -> state of the master and of the nodes that registered with it."""
    return _hdfs_states(master) if master.role == NAMENODE else _yarn_states(master)


def _state(daemon: Daemon, answers: Mapping[str, str]) -> str:
    # Checked first: for seconds after a crash the master still reports a restarting daemon as healthy.
    if not _listens(daemon):
        return "not answering"
    master = MASTERS[daemon.role.name]
    unknown = "not answering" if master == daemon.role else f"unknown to the {master.name}"
    return answers.get(daemon.address, unknown)


def _listens(daemon: Daemon) -> bool:
    try:
        socket.create_connection((daemon.host, daemon.web_port), timeout=3).close()
    except OSError:
        return False
    return True


def _hdfs_states(namenode: Daemon) -> dict[str, str]:
    """Address -> state of the NameNode and of the DataNodes that registered with it."""
    answer = _get(namenode, _JMX)
    if answer is None or not answer["beans"]:
        return {}
    info = answer["beans"][0]
    found = {namenode.address: "in safe mode" if info["Safemode"] else HEALTHY}
    for address, node in json.loads(info["LiveNodes"]).items():
        found[address] = HEALTHY if node["lastContact"] < _STALE_AFTER_S else "not heard of lately"
    for address in json.loads(info["DeadNodes"]):
        found[address] = "given up by the namenode"
    return found


def _yarn_states(resourcemanager: Daemon) -> dict[str, str]:
    """Address -> state of the ResourceManager and of the NodeManagers that registered with it."""
    answer = _get(resourcemanager, "/ws/v1/cluster/nodes")
    if answer is None:
        return {}
    nodes = (answer.get("nodes") or {}).get("node", [])
    found = {node["id"]: HEALTHY if node["state"] == "RUNNING" else node["state"].lower() for node in nodes}
    return {resourcemanager.address: HEALTHY, **found}


def _get(daemon: Daemon, path: str) -> dict[str, Any] | None:
    """The JSON at the path; None while the daemon does not answer. Not by urllib, which would use a proxy."""
    connection = http.client.HTTPConnection(daemon.host, daemon.web_port, timeout=3)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        content = json.loads(response.read()) if response.status == HTTPStatus.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return content if isinstance(content, dict) else None
