"""Where the project's own files are: beside lib/ in a checkout, inside the package where it was installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = PACKAGE.parents[1]
# Only an installed package holds these; in a checkout they lie beside lib/.
PACKED_FOLDERS = ("conf", "jobs")
# Of the drawn sample's network, inside the package.
SAMPLE_WEIGHTS = "samples/weights/mobilenet_v1_0.25_128.weights.h5"


def is_installed() -> bool:
    """Whether this is an installed package rather than a checkout."""
    return (PACKAGE / "conf").is_dir()


def conf_folder() -> Path:
    """The settings of the project, of Spark, of Hadoop."""
    return (PACKAGE if is_installed() else _CHECKOUT) / "conf"


def jobs_folder() -> Path:
    """The files that spark-submit runs."""
    return (PACKAGE if is_installed() else _CHECKOUT) / "jobs"


def work_folder() -> Path:
    """What is built for a cluster and kept of one: var/ of the checkout, or of the working folder."""
    return (Path.cwd() if is_installed() else _CHECKOUT) / "var"


def scripts_folder() -> Path | None:
    """The scripts of a checkout; an installed package has none."""
    return None if is_installed() else _CHECKOUT / "scripts"


def command_name(command: str) -> str:
    """What a user calls a command: scripts/fetch_open_images in a checkout, else imagelake fetch-open-images."""
    return f"imagelake {command}" if is_installed() else f"scripts/{command.replace('-', '_')}"
