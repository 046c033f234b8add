"""The files that record a cluster: cluster.json for the next call of scripts/hadoop, env.sh for its clients."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path

from imagelake.cluster.hadoop.layout import ROLES, Cluster, Daemon, Shape
from imagelake.errors import ImageLakeError


def save(cluster: Cluster) -> None:
    """Write cluster.json and env.sh."""
    content = {
        "conf": str(cluster.conf),
        "shape": asdict(cluster.shape),
        "daemons": [
            {"name": daemon.name, "role": daemon.role.name, "host": daemon.host, "ports": dict(daemon.ports)}
            for daemon in cluster.daemons
        ],
    }
    _record(cluster.folder).write_text(json.dumps(content, indent=2) + "\n")
    exports = [f"export {name}={shlex.quote(value)}" for name, value in cluster.client_environment().items()]
    environment_file(cluster.folder).write_text("\n".join(exports) + "\n")


def load(folder: Path) -> Cluster | None:
    """The cluster of the folder, None if there never was one.

    Raises:
        ImageLakeError: cluster.json is damaged.
    """
    path = _record(folder)
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        daemons = [
            Daemon(entry["name"], ROLES[entry["role"]], entry["host"], entry["ports"]) for entry in content["daemons"]
        ]
        return Cluster(folder, Path(content["conf"]), Shape(**content["shape"]), tuple(daemons))
    except (ValueError, KeyError, TypeError) as error:
        raise ImageLakeError(f"{path} is damaged ({error!r}): delete it; the data of the cluster stays") from error


def environment_file(folder: Path) -> Path:
    """The file that a shell sources to reach the cluster."""
    return folder / "env.sh"


def _record(folder: Path) -> Path:
    return folder / "cluster.json"
