"""docker-compose.yml agrees with what scripts/hadoop runs and with what conf/hadoop reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from container_files import COMPOSE_FILE, IMAGE_ROOT, compose, copied_from_project, image_environment, services, stages
from imagelake.cluster.hadoop import container
from imagelake.cluster.hadoop.__main__ import main
from imagelake.cluster.hadoop.layout import DATANODE, MASTERS, NODEMANAGER, ROLES, Role, Shape
from project import PROJECT

MASTER_ROLES = [role for role in ROLES.values() if MASTERS[role.name] == role]
SCALED_ROLES = [role for role in ROLES.values() if MASTERS[role.name] != role]
VARIABLE = re.compile(r"\$\{env\.(\w+)(?::-((?:[^${}]|\$\{[^}]*\})*))?\}")


@pytest.fixture(scope="module")
def resolved() -> dict[str, dict[str, Any]]:
    """The services with every default."""
    return services()


def test_compose_accepts_the_file() -> None:
    """Compose v2 finds no fault, with an empty environment and without a word of warning."""
    done = compose("--file", str(COMPOSE_FILE), "config", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong"), [("healthcheck:", "healthchek:"), ("- namenode:/data", "- nameless:/data")]
)
def test_compose_refuses_a_planted_mistake(right: str, wrong: str, tmp_path: Path) -> None:
    """A key that does not exist, or a volume that nobody declares, is an error: the check above can fail."""
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE_FILE.read_text().replace(right, wrong, 1))
    done = compose("--file", str(broken), "config", "--quiet")
    assert done.returncode == 1
    assert wrong.strip("- :").split(":")[0] in done.stderr


def test_there_is_a_service_for_every_role_and_one_for_clients(resolved: dict[str, dict[str, Any]]) -> None:
    """Services bear the names of the roles, which are the hosts in conf/hadoop."""
    assert set(resolved) == {*ROLES, "client"}


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_a_service_runs_and_probes_its_own_role(role: Role, resolved: dict[str, dict[str, Any]]) -> None:
    """The command and the health check are scripts/hadoop's own, which is the entry point of their image."""
    service = resolved[role.name]
    entry = next(step for step in stages()[service["build"]["target"]] if step.cmd == "ENTRYPOINT")
    assert list(entry.value) == [f"{IMAGE_ROOT}/scripts/hadoop"]
    assert service["command"][:2] == ["run", role.name]
    assert service["healthcheck"]["test"] == ["CMD", *entry.value, "probe", role.name]


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_commands_are_understood(role: Role, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The command line takes them: the shared folder that cannot be made is all that is wrong here."""
    (tmp_path / "file").touch()
    command = [word.replace("/data", str(tmp_path / "file")) for word in services()[role.name]["command"]]
    if "--shared-data" in command:
        assert main(command) == 1
        assert str(tmp_path / "file") in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    assert end.value.code == 0


def test_the_configuration_is_the_same_files(resolved: dict[str, dict[str, Any]]) -> None:
    """Every service sees the project's conf/hadoop, read-only, where scripts/hadoop looks for it."""
    for name, service in resolved.items():
        mounts = {volume["target"]: volume for volume in service["volumes"]}
        mount = mounts[f"{IMAGE_ROOT}/conf/hadoop"]
        assert mount["source"] == str(PROJECT / "conf" / "hadoop"), name
        assert mount["read_only"], name
    assert image_environment()["HADOOP_CONF_DIR"] == f"{IMAGE_ROOT}/conf/hadoop"


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_data_is_on_a_named_volume_where_the_daemon_writes(role: Role, resolved: dict[str, dict[str, Any]]) -> None:
    """One volume a service, at the folder that IMAGELAKE_DATA stands for; scaled services share it out."""
    service = resolved[role.name]
    (volume,) = [volume for volume in service["volumes"] if volume["type"] == "volume"]
    assert volume["source"].startswith(role.name)
    assert volume["target"] == container.DATA
    shared = ["--shared-data", container.DATA] if role in SCALED_ROLES else []
    assert service["command"][2:] == shared


def test_every_variable_of_the_xml_is_set_or_describes_this_network(resolved: dict[str, dict[str, Any]]) -> None:
    """A host that is not set is a service or the container itself, a port is the standard one, a folder the volume."""
    standard = {variable: str(port) for role in ROLES.values() for variable, port in role.ports.items()}
    hosts = {*ROLES, "0.0.0.0", "${env.HOSTNAME:-localhost}"}
    text = "".join(path.read_text() for path in (PROJECT / "conf" / "hadoop").glob("*.xml"))
    found = set(VARIABLE.findall(text))
    assert len(found) > 20
    for variable, default in found:
        unset = [name for name in ROLES if variable not in resolved[name]["environment"]]
        if variable.endswith("_PORT"):
            assert default == standard[variable]
        elif variable.endswith("_HOST"):
            assert default in hosts, variable
        elif variable == "IMAGELAKE_DATA":
            assert default == container.DATA
        else:
            assert unset == [] or default, f"{variable} is neither set in {unset} nor has a default"


def test_executors_find_the_image_s_python() -> None:
    """It is in /usr/local/bin, which Java does not search by itself: YARN must hand PATH on to its containers."""
    site = ElementTree.parse(PROJECT / "conf" / "hadoop" / "yarn-site.xml")
    values = {entry.findtext("name"): str(entry.findtext("value")) for entry in site.getroot()}
    assert "PATH" in values["yarn.nodemanager.env-whitelist"].split(",")


def test_daemons_are_where_clients_look_for_them(resolved: dict[str, dict[str, Any]]) -> None:
    """In a service's environment a master is at its service's name, a worker at its container's, on standard ports."""
    for role in ROLES.values():
        daemon = container.daemon_here(role, {**resolved[role.name]["environment"], "HOSTNAME": "4f0c1d"})
        assert daemon.host == (role.name if role in MASTER_ROLES else "4f0c1d")
        assert daemon.ports == role.ports


def test_only_the_masters_web_interfaces_are_published_and_only_on_loopback(
    resolved: dict[str, dict[str, Any]],
) -> None:
    """Nothing else on the host's network reaches the cluster, which believes whoever says who they are."""
    published = {
        name: [(port["host_ip"], port["published"], port["target"]) for port in service.get("ports", [])]
        for name, service in resolved.items()
    }
    web = {role.name: container.daemon_here(role, {}).web_port for role in MASTER_ROLES}
    expected = {role.name: [("127.0.0.1", str(web[role.name]), web[role.name])] for role in MASTER_ROLES}
    assert published == {name: expected.get(name, []) for name in resolved}


def test_workers_can_be_scaled(resolved: dict[str, dict[str, Any]]) -> None:
    """A name or host port of its own would make the second container of a service fail; two is the usual number."""
    for role in SCALED_ROLES:
        service = resolved[role.name]
        assert not {"container_name", "hostname", "ports"} & set(service)
        usual = {DATANODE.name: Shape().datanodes, NODEMANAGER.name: Shape().nodemanagers}[role.name]
        assert service["deploy"]["replicas"] == usual


def test_sizes_are_those_of_scripts_hadoop_and_can_be_set(resolved: dict[str, dict[str, Any]]) -> None:
    """The defaults are the Shape's; what the user's environment says reaches every service."""
    usual = {"IMAGELAKE_REPLICATION": "2", "IMAGELAKE_NODE_MEMORY_MB": str(Shape().node_memory_mb)}
    usual |= {"IMAGELAKE_NODE_CORES": str(Shape().node_cores)}
    other = {variable: str(int(value) + 1) for variable, value in usual.items()}
    assert [service["environment"] for service in resolved.values()] == [usual] * len(resolved)
    assert [service["environment"] for service in services(**other).values()] == [other] * len(resolved)
    limits_mb = int(resolved["nodemanager"]["mem_limit"]) / 2**20
    assert limits_mb >= Shape().node_memory_mb + int(resolved["datanode"]["mem_limit"]) / 2**20


def test_a_client_waits_for_the_whole_cluster_and_the_namenode_for_nobody(resolved: dict[str, dict[str, Any]]) -> None:
    """DataNodes must not wait for a healthy NameNode: with files in it, it is healthy only after they have come."""
    conditions = {
        name: {on: how["condition"] for on, how in service.get("depends_on", {}).items()}
        for name, service in resolved.items()
    }
    assert conditions == {
        "namenode": {},
        "datanode": {"namenode": "service_started"},
        "resourcemanager": {},
        "nodemanager": {"resourcemanager": "service_healthy"},
        "client": dict.fromkeys(ROLES, "service_healthy"),
    }
    assert all("healthcheck" in resolved[name] for name in ROLES)


def test_the_images_are_stages_of_the_dockerfile(resolved: dict[str, dict[str, Any]]) -> None:
    """Compose builds targets that exist; daemons share one image, which Maven's jars reach under the name it reads."""
    assert {name: service["build"]["target"] for name, service in resolved.items()} == {
        **dict.fromkeys(ROLES, "hadoop"),
        "client": "client",
    }
    assert {"hadoop", "client"} <= set(stages())
    jars = [step for step in stages()["base"] if "--from=jars" in step.flags]
    assert [step.value[-1] for step in jars] == [image_environment()["IMAGELAKE_HADOOP_JARS"]]
    assert copied_from_project(stages()["jars"]) == [(["conf/hadoop/pom.xml"], ".")]
