"""The plan of a cluster and what conf/hadoop makes of it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from imagelake.cluster.hadoop import control, ports, record
from imagelake.cluster.hadoop.layout import ROLES, Cluster, Shape, plan
from imagelake.errors import ImageLakeError

CONF = Path(__file__).resolve().parents[2] / "conf" / "hadoop"
XML = sorted(path for path in CONF.glob("*.xml") if path.name != "pom.xml")


def _properties() -> dict[str, str]:
    """Name -> value of every property in conf/hadoop, variables unexpanded."""
    entries = [entry for path in XML for entry in ElementTree.parse(path).getroot()]
    return {str(entry.findtext("name")): str(entry.findtext("value")) for entry in entries}


def _expand(value: str, properties: dict[str, str], environment: dict[str, str]) -> str:
    """Hadoop's substitution, innermost first: ${env.NAME:-default} and ${property}."""
    while match := re.search(r"\$\{([^${}]+)\}", value):
        name, _, default = match[1].partition(":-")
        found = environment.get(name.removeprefix("env.")) if name.startswith("env.") else properties[name]
        value = value[: match.start()] + (found or default) + value[match.end() :]
    return value


def _cluster(shape: Shape) -> Cluster:
    return plan(Path("/clusters/one"), CONF, shape, ports.moved_by(0))


@pytest.mark.parametrize("shape", [Shape(1, 1), Shape(), Shape(6, 4)])
def test_no_two_daemons_share_a_port(shape: Shape) -> None:
    """Ports are distinct over the whole cluster, even where addresses differ."""
    taken = [port for daemon in _cluster(shape).daemons for port in daemon.ports.values()]
    assert len(taken) == len(set(taken))


def test_an_offset_moves_every_port() -> None:
    """Of every daemon, by as much as was asked for."""
    standard, moved = (plan(Path("/one"), CONF, Shape(2, 2), ports.moved_by(offset)) for offset in (0, 1000))
    for before, after in zip(standard.daemons, moved.daemons, strict=True):
        assert dict(after.ports) == {variable: port + 1000 for variable, port in before.ports.items()}


def test_the_first_of_each_role_has_the_standard_ports() -> None:
    """Without an offset, a user finds the interfaces where Hadoop's manuals say."""
    first = [_cluster(Shape()).daemon(name) for name in ("namenode", "resourcemanager", "datanode-1", "nodemanager-1")]
    assert [daemon.port for daemon in first] == [8020, 8032, 9866, 8041]
    assert [daemon.web_port for daemon in first] == [9870, 8088, 9864, 8042]


def test_worker_n_of_hdfs_and_of_yarn_are_on_the_same_host() -> None:
    """Only then can Spark tell that a replica is on the node of an executor."""
    cluster = _cluster(Shape(3, 3))
    hosts = [(cluster.daemon(f"datanode-{n}").host, cluster.daemon(f"nodemanager-{n}").host) for n in (1, 2, 3)]
    assert hosts == [("127.0.0.11",) * 2, ("127.0.0.12",) * 2, ("127.0.0.13",) * 2]


@pytest.mark.parametrize(("datanodes", "replicas"), [(1, "1"), (2, "2"), (5, "2")])
def test_no_more_replicas_are_asked_for_than_datanodes_can_hold(datanodes: int, replicas: str) -> None:
    """One DataNode could never give a file its second replica."""
    assert _cluster(Shape(datanodes)).client_environment()["IMAGELAKE_REPLICATION"] == replicas


def test_every_name_in_the_xml_is_set_by_scripts_hadoop() -> None:
    """A name that nobody sets would leave a local daemon on a default meant for containers."""
    cluster = _cluster(Shape())
    given = {name for daemon in cluster.daemons for name in cluster.daemon_environment(daemon)}
    # HOSTNAME is the second choice behind IMAGELAKE_HOST, for containers.
    used = {name for path in XML for name in re.findall(r"\$\{env\.(\w+)", path.read_text())} - {"HOSTNAME"}
    assert used - given == set()
    assert {name for name in given if name.startswith("IMAGELAKE_")} - used == set()


def test_containers_inherit_every_name_that_clients_need() -> None:
    """The whitelist of the NodeManager has each of them, and no space, which Hadoop would take as part of a name."""
    properties = _properties()
    whitelist = _expand(properties["yarn.nodemanager.env-whitelist"], properties, {})
    assert re.search(r"\s", whitelist) is None
    assert set(_cluster(Shape()).client_environment()) - set(whitelist.split(",")) == set()


def test_the_defaults_are_service_names_and_standard_ports() -> None:
    """Without any variable the files describe docker-compose's network."""
    properties = _properties()
    addresses = {name: _expand(value, properties, {}) for name, value in properties.items()}
    assert addresses["fs.defaultFS"] == "hdfs://namenode:8020"
    assert addresses["dfs.namenode.http-address"] == "namenode:9870"
    assert addresses["dfs.datanode.address"] == "0.0.0.0:9866"
    assert addresses["yarn.resourcemanager.address"] == "resourcemanager:8032"
    assert addresses["yarn.nodemanager.address"] == "localhost:8041"
    assert addresses["dfs.namenode.name.dir"] == "file:///data/name"
    assert _expand(properties["dfs.datanode.hostname"], properties, {"HOSTNAME": "4f0c1d"}) == "4f0c1d"


def test_a_local_daemon_never_listens_beyond_loopback() -> None:
    """Whatever a property that holds an address expands to, it is 127.x.y.z for every daemon."""
    properties, cluster = _properties(), _cluster(Shape())
    names = [n for n in properties if re.search(r"(address|host|hostname|defaultFS)$", n) and ".use." not in n]
    assert len(names) > 12
    for daemon in cluster.daemons:
        environment = cluster.daemon_environment(daemon)
        values = [_expand(properties[name], properties, environment) for name in names]
        assert [value for value in values if not re.match(r"(hdfs://)?127\.", value)] == []


def test_a_cluster_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    """cluster.json keeps every port and size; env.sh sets what clients need, whatever the folder is called."""
    cluster = plan(tmp_path / "it's here", CONF, Shape(3, 1, 2048, 2), ports.moved_by(7))
    cluster.folder.mkdir()
    record.save(cluster)
    assert record.load(cluster.folder) == cluster
    assert f"export HADOOP_CONF_DIR={CONF}" in record.environment_file(cluster.folder).read_text()
    assert record.load(tmp_path) is None


@pytest.mark.parametrize(("given", "expected"), [(None, Shape(3, 1)), (Shape(1, 4), Shape(1, 4))])
def test_a_stopped_cluster_keeps_its_size_unless_told(given: Shape | None, expected: Shape, tmp_path: Path) -> None:
    """Starting three DataNodes as two would hide the third one's blocks; ports may change while nothing runs."""
    record.save(plan(tmp_path, CONF, Shape(3, 1), ports.moved_by(0)))
    wanted = control.Wanted(tmp_path, CONF, tmp_path, given, ports.moved_by(5), timeout_s=1)
    assert control.cluster_to_start(wanted) == plan(tmp_path, CONF, expected, ports.moved_by(5))


def test_the_first_start_has_two_workers_of_each_kind(tmp_path: Path) -> None:
    """Without a record and without options."""
    wanted = control.Wanted(tmp_path, CONF, tmp_path, None, ports.moved_by(0), timeout_s=1)
    assert control.cluster_to_start(wanted).shape == Shape(2, 2)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"conf": "", "shape": {"nodes": 1}, "daemons": []}'])
def test_a_damaged_record_is_named(tmp_path: Path, content: str) -> None:
    """A cluster.json that cannot be understood is an error with its path and what to do."""
    (tmp_path / "cluster.json").write_text(content)
    with pytest.raises(ImageLakeError, match=r"cluster\.json is damaged .* delete it"):
        record.load(tmp_path)


def test_roles_are_known_by_their_own_names() -> None:
    """A record of a cluster finds its roles again."""
    assert {name: role.name for name, role in ROLES.items()} == {name: name for name in ROLES}
