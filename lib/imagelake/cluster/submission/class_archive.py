"""Java's archive of Spark's classes, with which a driver on this machine starts in half the processor time.

Java calls it class data sharing: classes that were read, verified and laid out once are mapped into memory. An archive
is of one Java and one class path; with another it is left aside without a word.

    python -m imagelake.cluster.submission.class_archive    # makes it, unless it is there
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from PIL import Image

from imagelake.cluster.submission.command import Submission, local_properties
from imagelake.cluster.submission.spark import environment, spark_home
from imagelake.installation import conf_folder

_SILENT = "-Xlog:cds*=off"


def archive_file() -> Path:
    """Where the archive is, beside the packages that it is of; an empty file where it could not be made."""
    return Path(sys.prefix) / "share" / "imagelake" / f"spark-{version('pyspark')}.jsa"


def with_archive(variables: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of a driver on this machine, which starts from the archive where there is one.

    Args:
        variables: as `environment` makes them; those of a user with a SPARK_CONF_DIR of his own stay as they are.
    """
    file = archive_file()
    if not (file.is_file() and file.stat().st_size) or not _is_ours(variables):
        return variables
    return _started(variables, f"-XX:SharedArchiveFile={file}")


def make_once() -> None:
    """Make the archive for drivers of this machine, unless that was done or tried, or nothing may be written there."""
    if not archive_file().exists() and _is_ours(environment()):
        sys.stderr.write("Preparing a quick start of Spark (once; half a minute)\n")
        with suppress(OSError):
            make()


def make() -> bool:
    """Make the archive of the classes that a small job loads; whether that went well.

    A run of about ten seconds, and as long again for Java to write 170 MB. Java judges whether it fits when it is used.
    """
    target = archive_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made, photos = Path(scratch) / "classes.jsa", Path(scratch) / "photos"
        photos.mkdir()
        Image.new("RGB", (8, 8)).save(photos / "photo.png")
        source = (f"lake.root={scratch}/lake", "source.type=folder", f"source.path={photos}")
        arguments = tuple(word for setting in source for word in ("--set", setting))
        command = Submission("ingest_images", arguments, "client", local_properties()).command()
        variables = _started(environment(), f"-XX:ArchiveClassesAtExit={made}")
        done = subprocess.run(command, env=variables, capture_output=True, check=False)
        good = done.returncode == 0 and made.is_file()
        if not good:
            made.touch()
        made.replace(target)
    return good


def _is_ours(variables: Mapping[str, str]) -> bool:
    return Path(variables["SPARK_CONF_DIR"]) == conf_folder() / "spark"


def _started(variables: Mapping[str, str], option: str) -> Mapping[str, str]:
    """The environment with an option of Java, and the settings of conf/spark by other ways than the class path.

    A folder with files in it can be no part of the class path of an archive.
    """
    logging = f'"-Dlog4j2.configurationFile={conf_folder() / "spark" / "log4j2.properties"}"'
    options = [f'"{option}"', _SILENT, logging, variables.get("SPARK_SUBMIT_OPTS", "")]
    return {
        **variables,
        "SPARK_CONF_DIR": str(spark_home() / "conf"),  # which is not there: pyspark brings none
        "SPARK_SUBMIT_OPTS": " ".join(filter(None, options)),
    }


if __name__ == "__main__":
    make_once()
