"""A real HDFS in secure mode: a KDC, a NameNode and two DataNodes, each its own process on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from kdc import REALM, Kdc, running_kdc

from imagelake.cluster.hadoop import daemons
from imagelake.cluster.hadoop.layout import DATANODE, NAMENODE, Cluster, Daemon, Shape, plan
from imagelake.cluster.hadoop.ports import any_free
from imagelake.cluster.hadoop.runtime import Runtime, find_java_home
from project import PROJECT

_CONF = PROJECT / "conf" / "hadoop-secure"
SUPERUSER = "nn/127.0.0.1"
PEOPLE = ("alice", "bob")
_INFO = "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"
_HOSTS = ("127.0.0.1", "127.0.0.11", "127.0.0.12")


@dataclass(frozen=True)
class SecureHdfs:
    """A running cluster, its KDC and the keytab of its people."""

    cluster: Cluster
    kdc: Kdc
    runtime: Runtime
    people: Path
    settings: Mapping[str, str]

    @property
    def url(self) -> str:
        """hdfs://host:port of the NameNode."""
        return f"hdfs://{self.cluster.daemon(NAMENODE.name).address}"

    @property
    def webhdfs_url(self) -> str:
        """http://host:port of the NameNode."""
        return self.cluster.daemon(NAMENODE.name).web_url

    def stranger(self) -> dict[str, str]:
        """The environment of a client that knows the cluster and has no ticket."""
        return {**os.environ, **self.cluster.client_environment(), **self.settings, **self.kdc.environment}

    def client(self, principal: str, life: str = "1h") -> dict[str, str]:
        """The environment of a client with a ticket."""
        return {**self.stranger(), **self.kdc.ticket(principal, self.people, life)}

    def java(self, environment: Mapping[str, str], main: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of Hadoop's own command lines, by its class."""
        return _run([*self.runtime.command(main, 256), *arguments], environment)

    def python(self, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module of the project: what scripts/upload and scripts/submit do when all is set up."""
        return _run([sys.executable, "-m", *arguments], environment)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def running_secure_hdfs(folder: Path, jars: Path) -> Iterator[SecureHdfs]:
    """Everything new and on free ports; two DataNodes, so that blocks travel between them as well.

    Meanwhile this process itself has the superuser's ticket.
    """
    choose_port = any_free()
    for name in ("kdc", "run"):
        (folder / name).mkdir()
    with running_kdc(folder / "kdc", choose_port(88)) as kdc, pytest.MonkeyPatch.context() as environment:
        keytab = kdc.keytab("daemons", [SUPERUSER, *(f"{name}/{host}" for host in _HOSTS for name in ("dn", "HTTP"))])
        settings = {"IMAGELAKE_REALM": REALM, "IMAGELAKE_PLAIN_HTTP": "true"}
        told = {**kdc.ticket(SUPERUSER, keytab), **settings, "IMAGELAKE_KEYTAB": str(keytab)}
        for name, value in told.items():
            environment.setenv(name, value)
        cluster = plan(folder, _CONF, Shape(), choose_port)
        secure = SecureHdfs(
            cluster, kdc, Runtime(find_java_home(), jars, _CONF), kdc.keytab("people", PEOPLE), settings
        )
        with _running_daemons(secure):
            yield secure


@contextmanager
def _running_daemons(secure: SecureHdfs) -> Iterator[None]:
    cluster = secure.cluster
    hdfs = [daemon for daemon in cluster.daemons if daemon.role in (NAMENODE, DATANODE)]
    daemons.format_if_new(cluster, secure.runtime)
    try:
        for daemon in hdfs:
            daemons.launch(cluster, daemon, secure.runtime)
        _wait_until_ready(secure, hdfs)
        yield
    finally:
        daemons.stop(cluster.folder, [daemon.name for daemon in hdfs])


def _wait_until_ready(secure: SecureHdfs, hdfs: Sequence[Daemon]) -> None:
    deadline, folder = time.monotonic() + 90, secure.cluster.folder
    while not _is_ready(secure.webhdfs_url, len(hdfs) - 1):
        logs = {daemon.name: daemons.log_file(folder, daemon.name) for daemon in hdfs}
        for name, log in logs.items():
            assert daemons.running_pid(folder, name), daemons.log_tail(log)
        assert time.monotonic() < deadline, "\n".join(map(daemons.log_tail, logs.values()))
        time.sleep(0.5)


def _is_ready(webhdfs_url: str, datanodes: int) -> bool:
    """Whether the NameNode has its DataNodes and is out of safe mode; its pages, too, are for tickets alone."""
    from requests_kerberos import HTTPKerberosAuth

    try:
        answer = requests.get(f"{webhdfs_url}{_INFO}", auth=HTTPKerberosAuth(), timeout=5)
    except requests.ConnectionError:
        return False
    beans = answer.json()["beans"] if answer.ok else []
    return any(len(json.loads(bean["LiveNodes"])) == datanodes and not bean["Safemode"] for bean in beans)
