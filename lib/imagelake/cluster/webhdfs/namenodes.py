"""Which NameNodes to ask: as given, or from the environment, or from the site files of HADOOP_CONF_DIR."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementInclude, ElementTree

from imagelake.errors import ImageLakeError

VARIABLE = "IMAGELAKE_WEBHDFS"
EXAMPLE = "http://namenode:9870"
# Innermost first: `${env.A:-${env.B:-x}}`.
_EXPANSION = re.compile(
    r"\$\{(?:env\.(?P<variable>\w+)(?:(?P<operator>:?-)(?P<default>[^${}]*))?|(?P<name>[^${}\s]+))\}"
)


def find_namenodes(given: str | None, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The addresses, from the first of these sources that has any.

    Args:
        given: `http://a:9870,http://b:9870`, or None.
        environment: may have IMAGELAKE_WEBHDFS, in the same form, and HADOOP_CONF_DIR.

    Raises:
        ImageLakeError: an address is malformed, or there is none.
    """
    if listed := given or environment.get(VARIABLE):
        return tuple(check_address(text.strip()) for text in listed.split(",") if text.strip())
    folder = environment.get("HADOOP_CONF_DIR")
    found = from_site_files(Path(folder), environment) if folder else ()
    if not found:
        where = f"; the site files in HADOOP_CONF_DIR={folder} name none" if folder else ""
        advice = f"give --namenode {EXAMPLE}[,http://other:9870], or set {VARIABLE} or HADOOP_CONF_DIR"
        raise ImageLakeError(f"no NameNode is named: {advice}{where}")
    return tuple(check_address(address) for address in found)


def check_address(text: str) -> str:
    """The address without a slash at its end.

    Raises:
        ImageLakeError: it is not http(s)://host:port.
    """
    parts = urlsplit(text)
    try:
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port and parts.path in {"", "/"}
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise ImageLakeError(f"{text!r} is no address of a NameNode's web interface: write it as {EXAMPLE}")
    return text.rstrip("/")


def hdfs_path(text: str, namenodes: tuple[str, ...]) -> str:
    """The absolute path in `/folder` or `hdfs://host:8020/folder`.

    Raises:
        ImageLakeError: it is relative, of another scheme, or of a host that is not among the NameNodes.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        path = text
    elif scheme == "hdfs":
        host, _, path = rest.partition("/")
        path = f"/{path}"
        name = host.partition(":")[0]
        # A logical name of a highly available pair has no port and is no host.
        if ":" in host and name not in {urlsplit(namenode).hostname for namenode in namenodes}:
            raise ImageLakeError(
                f"{text} names another host than the NameNodes {', '.join(namenodes)}: write {path} alone"
            )
    else:
        raise ImageLakeError(f"{text} is not a path on HDFS: write /folder or hdfs://host:8020/folder")
    if not path.startswith("/") or {".", ".."} & set(path.split("/")):
        raise ImageLakeError(f"{text!r} is no absolute path on HDFS: write it as /folder, without . and ..")
    return "/" + "/".join(part for part in path.split("/") if part)


def from_site_files(folder: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The web addresses of the NameNodes in core-site.xml and hdfs-site.xml: one, or all of a highly available pair."""
    settings = read_settings(folder)

    def value(name: str) -> str:
        return _expand(settings.get(name, ""), settings, environment)

    secure = value("dfs.http.policy") == "HTTPS_ONLY"
    scheme, key = ("https", "dfs.namenode.https-address") if secure else ("http", "dfs.namenode.http-address")
    service = urlsplit(value("fs.defaultFS")).netloc
    if members := value(f"dfs.ha.namenodes.{service}"):
        hosts = [value(f"{key}.{service}.{member.strip()}") for member in members.split(",")]
    else:
        hosts = [value(key)]
    return tuple(f"{scheme}://{host}" for host in hosts if host)


def read_settings(folder: Path) -> dict[str, str]:
    """Name -> value, not yet expanded; a file that is not there has none.

    Raises:
        ImageLakeError: a file that is no XML, or includes one that is not there.
    """
    settings: dict[str, str] = {}
    for file in (folder / "core-site.xml", folder / "hdfs-site.xml"):
        if not file.is_file():
            continue
        try:
            root = ElementTree.parse(file).getroot()
            ElementInclude.include(root, base_url=str(file))
        except (ElementTree.ParseError, ElementInclude.FatalIncludeError, FileNotFoundError) as error:
            raise ImageLakeError(f"{file}: {error}") from None
        for entry in root.iter("property"):
            settings[(entry.findtext("name") or "").strip()] = (entry.findtext("value") or "").strip()
    return settings


def _expand(text: str, settings: Mapping[str, str], environment: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        if match["name"]:
            return settings.get(match["name"], "")
        value = environment.get(match["variable"])
        missing = value is None or (match["operator"] == ":-" and not value)
        return (match["default"] or "") if missing else str(value)

    for _ in range(20):  # as Hadoop does: a setting that leads back to itself ends
        expanded = _EXPANSION.sub(replacement, text)
        if expanded == text:
            break
        text = expanded
    return text
