"""The processes of the cluster, their ports, and the environment variables of daemons and clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

MASTER_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Role:
    """The role of a daemon.

    Attributes:
        name: as in the service names of docker-compose.yml.
        main: the Java class.
        ports: variable that conf/hadoop reads -> standard port; the first is the address that others call.
    """

    name: str
    main: str
    ports: Mapping[str, int]


NAMENODE = Role(
    "namenode",
    "org.apache.hadoop.hdfs.server.namenode.NameNode",
    {"IMAGELAKE_NAMENODE_PORT": 8020, "IMAGELAKE_NAMENODE_WEB_PORT": 9870},
)
DATANODE = Role(
    "datanode",
    "org.apache.hadoop.hdfs.server.datanode.DataNode",
    {"IMAGELAKE_DATANODE_PORT": 9866, "IMAGELAKE_DATANODE_WEB_PORT": 9864, "IMAGELAKE_DATANODE_IPC_PORT": 9867},
)
RESOURCEMANAGER = Role(
    "resourcemanager",
    "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
    {
        "IMAGELAKE_RESOURCEMANAGER_PORT": 8032,
        "IMAGELAKE_RESOURCEMANAGER_WEB_PORT": 8088,
        "IMAGELAKE_RESOURCEMANAGER_SCHEDULER_PORT": 8030,
        "IMAGELAKE_RESOURCEMANAGER_TRACKER_PORT": 8031,
        "IMAGELAKE_RESOURCEMANAGER_ADMIN_PORT": 8033,
    },
)
NODEMANAGER = Role(
    "nodemanager",
    "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
    {
        "IMAGELAKE_NODEMANAGER_PORT": 8041,
        "IMAGELAKE_NODEMANAGER_WEB_PORT": 8042,
        "IMAGELAKE_NODEMANAGER_LOCALIZER_PORT": 8040,
    },
)
ROLES = {role.name: role for role in (NAMENODE, DATANODE, RESOURCEMANAGER, NODEMANAGER)}
# Name of a role -> the role that reports its health; masters report their own.
MASTERS = {
    NAMENODE.name: NAMENODE,
    DATANODE.name: NAMENODE,
    RESOURCEMANAGER.name: RESOURCEMANAGER,
    NODEMANAGER.name: RESOURCEMANAGER,
}


@dataclass(frozen=True)
class Daemon:
    """One process of the cluster: `datanode-2` on its own host and ports."""

    name: str
    role: Role
    host: str
    ports: Mapping[str, int]

    @property
    def port(self) -> int:
        """The port that other daemons and clients call."""
        return next(iter(self.ports.values()))

    @property
    def web_port(self) -> int:
        """The port of the web interface."""
        return next(port for variable, port in self.ports.items() if variable.endswith("_WEB_PORT"))

    @property
    def address(self) -> str:
        """`host:port`, which is how the NameNode and the ResourceManager name their nodes."""
        return f"{self.host}:{self.port}"

    @property
    def web_url(self) -> str:
        """The web interface."""
        return f"http://{self.host}:{self.web_port}"


@dataclass(frozen=True)
class Shape:
    """How large the cluster is.

    Attributes:
        datanodes: DataNodes; files have two replicas, or one if there is one DataNode.
        nodemanagers: NodeManagers.
        node_memory_mb: MiB that containers may take on a NodeManager.
        node_cores: virtual cores of a NodeManager.
    """

    datanodes: int = 2
    nodemanagers: int = 2
    node_memory_mb: int = 4096
    node_cores: int = 4


@dataclass(frozen=True)
class Cluster:
    """A cluster in a folder: `data/` and `run/` (pids and logs) of its daemons, `env.sh` for its clients."""

    folder: Path
    conf: Path
    shape: Shape
    daemons: tuple[Daemon, ...]

    def daemon(self, name: str) -> Daemon:
        """The daemon of that name."""
        return next(daemon for daemon in self.daemons if daemon.name == name)

    def data(self, daemon: Daemon) -> Path:
        """The folder of the daemon's persistent data."""
        return self.folder / "data" / daemon.name

    def client_environment(self) -> dict[str, str]:
        """Environment variables of a client: the folder of conf/hadoop, and values of the variables that it uses."""
        return {
            "HADOOP_CONF_DIR": str(self.conf),
            # A driver in client mode must be reachable by executors, which are on loopback.
            "SPARK_LOCAL_IP": MASTER_HOST,
            "IMAGELAKE_NAMENODE_HOST": MASTER_HOST,
            "IMAGELAKE_RESOURCEMANAGER_HOST": MASTER_HOST,
            "IMAGELAKE_REPLICATION": str(min(2, self.shape.datanodes)),
            "IMAGELAKE_NODE_MEMORY_MB": str(self.shape.node_memory_mb),
            "IMAGELAKE_NODE_CORES": str(self.shape.node_cores),
            **_strings(self.daemon(NAMENODE.name).ports),
            **_strings(self.daemon(RESOURCEMANAGER.name).ports),
        }

    def daemon_environment(self, daemon: Daemon) -> dict[str, str]:
        """Environment variables of a daemon: the client's, and its own host, folder and ports."""
        return {
            **self.client_environment(),
            "IMAGELAKE_HOST": daemon.host,
            "IMAGELAKE_BIND_HOST": daemon.host,
            "IMAGELAKE_DATA": str(self.data(daemon)),
            # Containers inherit it: a driver in cluster mode must not offer the address of a network card.
            "SPARK_LOCAL_IP": daemon.host,
            **_strings(daemon.ports),
        }


def plan(folder: Path, conf: Path, shape: Shape, choose_port: Callable[[int], int]) -> Cluster:
    """The daemons of a new cluster.

    Worker n of HDFS and of YARN share the address 127.0.0.(10 + n), so that Spark sees as many hosts as there are and
    can tell which replica is near. Ports differ all the same: the NameNode takes two DataNodes that call from
    one address and offer one port for the same one.

    Args:
        folder: absolute.
        conf: the folder of the XML files.
        shape: counts and sizes.
        choose_port: standard port (moved on by 10 from one worker to the next) -> port to use.
    """
    workers = [(DATANODE, n) for n in range(1, shape.datanodes + 1)]
    workers += [(NODEMANAGER, n) for n in range(1, shape.nodemanagers + 1)]

    def choose(role: Role, step: int) -> dict[str, int]:
        return {variable: choose_port(port + step) for variable, port in role.ports.items()}

    masters = [Daemon(role.name, role, MASTER_HOST, choose(role, 0)) for role in (NAMENODE, RESOURCEMANAGER)]
    nodes = [Daemon(f"{r.name}-{n}", r, f"127.0.0.{10 + n}", choose(r, 10 * (n - 1))) for r, n in workers]
    return Cluster(folder, conf, shape, (*masters, *nodes))


def _strings(ports: Mapping[str, int]) -> dict[str, str]:
    return {variable: str(port) for variable, port in ports.items()}
