"""The Java and the jars that daemons and command lines run on."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagelake.errors import ImageLakeError

OLDEST_JAVA = 17
_INSTALL_JAVA = "On Debian: apt-get install openjdk-17-jre-headless. Or set JAVA_HOME to one that is there."
# Small daemons: one collector thread each, and the quick compiler only, which halves the time until they are ready.
_JVM_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True)
class Runtime:
    """Java's home, the folder that Maven filled, the folder of the XML files."""

    java_home: Path
    jars: Path
    conf: Path

    def command(self, main: str, heap_mb: int, properties: Sequence[str] = ()) -> list[str]:
        """A command line up to and with the main class.

        Args:
            main: Java class.
            heap_mb: largest heap, MiB.
            properties: `name=value`.
        """
        classpath = f"{self.conf}:{self.jars}/web:{self.jars}/*"
        java = str(self.java_home / "bin" / "java")
        return [java, f"-Xmx{heap_mb}m", *_JVM_OPTIONS, *(f"-D{p}" for p in properties), "-cp", classpath, main]


def find_java_home() -> Path:
    """JAVA_HOME, or the home of the java on PATH.

    Raises:
        ImageLakeError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else Path(shutil.which("java") or "java-is-not-on-PATH")
    if not java.is_file():
        raise ImageLakeError(f"no Java: {f'JAVA_HOME is {home}' if home else 'java is not on PATH'}. {_INSTALL_JAVA}")
    found = java.resolve().parents[1]
    _check_version(found)
    return found


def find_jars(pom: Path, cache: Path, say: Callable[[str], None]) -> Path:
    """The folder of the jars that the pom asks for, resolved by Maven unless an unchanged pom was resolved before.

    Args:
        pom: conf/hadoop/pom.xml.
        cache: has one folder for each digest of a pom.
        say: called with a message before a download.

    Raises:
        ImageLakeError: Maven is missing or failed.
    """
    folder = cache / hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        say(f"resolving Hadoop's jars with Maven into {folder} (about 100 MB, once)")
        cache.mkdir(parents=True, exist_ok=True)
        _resolve(pom, folder)
    return folder / "jars"


def _resolve(pom: Path, folder: Path) -> None:
    """Run Maven in a temporary folder, so that an interrupted download is not taken for a complete one."""
    aside = Path(tempfile.mkdtemp(prefix="resolving-", dir=folder.parent))
    try:
        _run_maven([f"--file={pom}", f"-Doutput.folder={aside}", "package"])
        if not folder.exists():
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _run_maven(arguments: Sequence[str]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ImageLakeError(
            "no Maven: mvn is not on PATH. On Debian: apt-get install maven. "
            "In a container: its image was built for another conf/hadoop/pom.xml; docker compose build"
        )
    outcome = subprocess.run(
        [maven, "--batch-mode", "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        reason = "\n".join(outcome.stdout.strip().splitlines()[:8])
        raise ImageLakeError(f"Maven could not resolve the jars of {arguments[0]}:\n{reason}")


def _check_version(java_home: Path) -> None:
    release = java_home / "release"
    match = re.search(r'JAVA_VERSION="(\d+)', release.read_text()) if release.is_file() else None
    if match and int(match[1]) < OLDEST_JAVA:
        raise ImageLakeError(f"{java_home} is Java {match[1]}; Spark needs {OLDEST_JAVA} or later. {_INSTALL_JAVA}")
