"""The containers of docker-compose.yml as processes: their files, their commands, their environment, and their end.

Without an engine, the image is a folder that its COPY instructions are carried out in. Hosts, ports and data are moved
to loopback and to a folder of the test; all else is what Compose and the Dockerfile say.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hdfs  # type: ignore[import-untyped]
import pytest

from container_files import IMAGE_ROOT, copied_from_project, image_environment, services, stages
from imagelake.cluster.hadoop import container, ports
from imagelake.cluster.hadoop.layout import MASTER_HOST, NAMENODE, ROLES
from project import PROJECT

_CONTENT = os.urandom(200_000)


@dataclass
class Engine:
    """Runs services' commands as processes, each seeing one folder as its container's root."""

    root: Path
    services: dict[str, dict[str, object]]
    choose_port: Callable[[int], int] = field(default_factory=ports.any_free)
    moved: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Move masters and all ports once, for the whole network."""
        for role in ROLES.values():
            self.moved |= {variable: str(self.choose_port(port)) for variable, port in role.ports.items()}
        for host in ("IMAGELAKE_NAMENODE_HOST", "IMAGELAKE_RESOURCEMANAGER_HOST"):
            self.moved[host] = MASTER_HOST

    def environment(self, service: str, host: str) -> dict[str, str]:
        """Of a container of the service: nothing of this process but where programs are."""
        data = {"IMAGELAKE_DATA": f"{self.root}/{service}", "IMAGELAKE_BIND_HOST": host}
        inside = {name: value.replace("/opt", f"{self.root}/opt") for name, value in image_environment().items()}
        given = self.services[service]["environment"]
        assert isinstance(given, dict)
        return {"PATH": _path(), "HOSTNAME": host, **inside, **given, **self.moved, **data}

    def up(self, service: str, host: str = MASTER_HOST) -> subprocess.Popen[bytes]:
        """Start a container: the image's entry point with the service's command."""
        shared = {container.DATA: f"{self.root}/{service}"}
        command = [shared.get(word, word) for word in self._strings(service, "command")]
        entry = next(step for step in stages()["hadoop"] if step.cmd == "ENTRYPOINT").value[0]
        log = (self.root / f"{service}-{host}.log").open("ab")
        with log:
            environment = self.environment(service, host)
            process = subprocess.Popen([f"{self.root}{entry}", *command], env=environment, stdout=log, stderr=log)
        self.running.append(process)
        return process

    def probe(self, service: str, host: str = MASTER_HOST) -> tuple[int, str]:
        """Exit code and words of the service's health check."""
        health = self.services[service]["healthcheck"]
        assert isinstance(health, dict)
        command = [f"{self.root}{health['test'][1]}", *health["test"][2:]]
        environment = self.environment(service, host)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()

    def wait_for(self, service: str, host: str = MASTER_HOST) -> set[str]:
        """Wait until the health check passes; what it said until then."""
        deadline, said = time.monotonic() + 60, set()
        while (answer := self.probe(service, host))[0] != 0:
            said.add(answer[1])
            assert time.monotonic() < deadline, (answer, self.log(service, host))
            assert self.running[-1].poll() is None, self.log(service, host)
            time.sleep(0.5)
        assert answer == (0, f"{service} healthy")
        return said

    def down(self, *processes: subprocess.Popen[bytes]) -> list[int]:
        """End containers as an engine does; a Java that ends by SIGTERM in good order says 143."""
        for process in processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(timeout=30) for process in processes]

    def log(self, service: str, host: str) -> str:
        """What the container said at last."""
        return (self.root / f"{service}-{host}.log").read_text()[-3000:]

    def _strings(self, service: str, key: str) -> list[str]:
        words = self.services[service][key]
        assert isinstance(words, list)
        return [str(word) for word in words]


@pytest.fixture(scope="module")
def engine(hadoop_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The daemons' image in a folder; its jars are what the stage's own command line makes of the pom."""
    assert hadoop_jars.is_dir()
    root = tmp_path_factory.mktemp("engine")
    home = root / IMAGE_ROOT[1:]
    for sources, target in copied_from_project(stages()["hadoop"]):
        for source in sources:
            place = home / target / (Path(source).name if target.endswith("/") else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (PROJECT / source).is_dir() else shutil.copy)(PROJECT / source, place)
    shutil.copytree(PROJECT / "conf" / "hadoop", home / "conf" / "hadoop")
    _make_jars(root)
    started = Engine(root, services())
    yield started
    for process in started.running:
        process.kill()
        process.wait()


def _make_jars(root: Path) -> None:
    """Carry out the stage `jars`, and the COPY that takes its folder over."""
    (run,) = [step.value[0] for step in stages()["jars"] if step.cmd == "RUN"]
    (copy,) = [step.value for step in stages()["base"] if "--from=jars" in step.flags]
    (root / "build").mkdir()
    shutil.copy(PROJECT / "conf" / "hadoop" / "pom.xml", root / "build")
    command = run.replace(copy[0], str(root) + copy[1])
    (root / copy[1][1:]).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["sh", "-c", command], cwd=root / "build", check=True, timeout=300)


def _path() -> str:
    """Without the development environment's Python: the image has a bare one."""
    java = shutil.which("java")
    assert java is not None
    return f"{Path(java).parent}:/usr/local/bin:/usr/bin:/bin"


def test_containers_become_healthy_and_keep_their_files_through_down_and_up(engine: Engine) -> None:
    """A NameNode formats itself and a DataNode joins it; new containers under new names take up the old ones' data."""
    assert engine.probe("namenode") == (1, "namenode not answering")
    namenode = engine.up("namenode")
    engine.wait_for("namenode")
    datanode = engine.up("datanode", "127.0.0.21")
    said = engine.wait_for("datanode", "127.0.0.21")
    assert said <= {"datanode not answering", "datanode unknown to the namenode"}
    # Of a single block the NameNode waits for 99.9 %, rounded down: for none.
    for name in ("/content", "/further"):
        _client(engine).write(name, _CONTENT, replication=1)
    assert engine.down(namenode, datanode) == [143, 143]
    assert engine.probe("namenode") == (1, "namenode not answering")

    namenode = engine.up("namenode")
    _wait(lambda: engine.probe("namenode") == (1, "namenode in safe mode"))
    heir = engine.up("datanode", "127.0.0.22")
    engine.wait_for("datanode", "127.0.0.22")
    engine.wait_for("namenode")
    with _client(engine).read("/content") as reader:
        assert reader.read() == _CONTENT
    assert sorted(path.name for path in (engine.root / "datanode").iterdir()) == ["1"]
    assert engine.down(heir, namenode) == [143, 143]


def test_yarn_s_containers_become_healthy_and_end_when_asked(engine: Engine) -> None:
    """A NodeManager is healthy when the ResourceManager knows it; neither needs HDFS to start."""
    resourcemanager = engine.up("resourcemanager")
    engine.wait_for("resourcemanager")
    nodemanager = engine.up("nodemanager", "127.0.0.21")
    engine.wait_for("nodemanager", "127.0.0.21")
    assert (engine.root / "nodemanager" / "1" / "local").is_dir()
    assert engine.down(nodemanager, resourcemanager) == [143, 143]


def test_another_pom_than_the_image_was_built_for_is_told(engine: Engine) -> None:
    """The mounted pom decides: without its jars and without Maven, the message is to build the image again."""
    pom = engine.root / IMAGE_ROOT[1:] / "conf" / "hadoop" / "pom.xml"
    before = pom.read_text()
    pom.write_text(before + "<!-- changed -->\n")
    try:
        (engine.root / "bin").mkdir()
        for program in ("java", "python3", "bash", "dirname", "readlink"):
            found = shutil.which(program)
            assert found is not None
            (engine.root / "bin" / program).symlink_to(Path(found).resolve())
        environment = {**engine.environment("namenode", MASTER_HOST), "PATH": str(engine.root / "bin")}
        command = [f"{engine.root}{IMAGE_ROOT}/scripts/hadoop", "run", "namenode"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    finally:
        pom.write_text(before)
    assert done.returncode == 1
    assert "built for another conf/hadoop/pom.xml; docker compose build" in done.stderr


def _client(engine: Engine) -> hdfs.InsecureClient:
    web = container.daemon_here(NAMENODE, engine.moved).web_url
    return hdfs.InsecureClient(web, user=Path("~").expanduser().owner())


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.5)
