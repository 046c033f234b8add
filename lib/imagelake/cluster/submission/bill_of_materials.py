"""The bill of materials of what travels to a cluster, as CycloneDX 1.6 (ECMA-424) has it in JSON.

It is read from the very files that travel, not from what they were made of: the library's zip with its networks and
tables, the archive of Python packages, and that of Spark's jars. Equal files give equal bytes: no time is in it, and
the serial number follows from the rest.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import uuid
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

from imagelake import __version__
from imagelake.cluster.submission.package import Package

NAME = "imagelake.cdx.json"
_NETWORKS = (".tflite", ".h5", ".keras", ".onnx")
_METADATA = ".dist-info/METADATA"
_LONGEST_LICENCE = 100  # some packages have the whole text in this field
_SERIALS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:imagelake:bill-of-materials")

Component = dict[str, Any]


def write_bill(package: Package, folder: Path) -> Path:
    """Write the bill of a package into a folder; the file."""
    target = folder / NAME
    target.write_text(bill_of_materials(package), encoding="utf-8")
    return target


def bill_of_materials(package: Package) -> str:
    """The bill of a package, as JSON."""
    library = {
        "type": "application",
        "bom-ref": "imagelake",
        "name": "imagelake",
        "version": __version__,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "hashes": _hashes_of_file(package.library),
    }
    components = [
        *_data(package.library),
        _archive(package.environment, list(_packages(package.environment))),
        _archive(package.spark_jars, list(_jars(package.spark_jars))),
        *([_archive(package.training, list(_packages(package.training)))] if package.training else []),
    ]
    bill: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": library},
        "components": components,
    }
    content = json.dumps(bill, sort_keys=True)
    return json.dumps({**bill, "serialNumber": f"urn:uuid:{uuid.uuid5(_SERIALS, content)}"}, indent=2) + "\n"


def _data(library: Path) -> Iterator[Component]:
    """The networks and the tables of labels in the library's zip."""
    with zipfile.ZipFile(library) as archive:
        for name in sorted(archive.namelist()):
            network = name.endswith(_NETWORKS)
            if network or name.endswith(".csv"):
                component_type = "machine-learning-model" if network else "data"
                yield _component(component_type, name, __version__, _hashes(archive.read(name)))


def _packages(environment: Path) -> Iterator[Component]:
    """The Python packages in an archive of folders, by their own metadata."""
    with tarfile.open(environment) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if len(path.parts) != 2 or not member.name.endswith(_METADATA):
                continue
            file = archive.extractfile(member)
            assert file is not None, f"{member.name} is no file"
            stated = BytesParser().parse(file, headersonly=True)
            name, version = str(stated["Name"]), str(stated["Version"])
            purl = f"pkg:pypi/{canonicalize_name(name)}@{version}"
            yield _component("library", name, version) | {"purl": purl, "bom-ref": purl} | _licences(stated)


def _licences(stated: Message) -> Component:
    if expression := stated["License-Expression"]:
        return {"licenses": [{"expression": str(expression)}]}
    named = str(stated["License"] or "").strip()
    if named and "\n" not in named and len(named) <= _LONGEST_LICENCE:
        return {"licenses": [{"license": {"name": named}}]}
    classified = [one.rpartition(" :: ")[2] for one in stated.get_all("Classifier", []) if one.startswith("License ::")]
    return {"licenses": [{"license": {"name": one}} for one in classified]} if classified else {}


def _jars(archive: Path) -> Iterator[Component]:
    """The jars in a zip, with the Maven coordinates that they state themselves."""
    with zipfile.ZipFile(archive) as jars:
        for file in sorted(jars.namelist()):
            content = jars.read(file)
            artifact, version, group = _coordinates(file.removesuffix(".jar"), content)
            found = _component("library", artifact, version, _hashes(content))
            if group:
                purl = f"pkg:maven/{group}/{artifact}@{version}"
                found |= {"group": group, "purl": purl}
            yield found | {"bom-ref": f"jar/{file}"}


def _coordinates(stem: str, content: bytes) -> tuple[str, str, str]:
    """Artifact, version and group of a jar; of the libraries within a shaded one, that which it is named after."""
    with zipfile.ZipFile(io.BytesIO(content)) as jar:
        for name in jar.namelist():
            if not (name.startswith("META-INF/maven/") and name.endswith("/pom.properties")):
                continue
            lines = jar.read(name).decode("utf-8", "replace").splitlines()
            stated = dict(line.strip().split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
            # A classifier, such as a platform, may follow.
            if f"{stem}-".startswith(f"{stated.get('artifactId')}-{stated.get('version')}-"):
                return stated["artifactId"], stated["version"], stated.get("groupId", "")
    artifact, _, version = stem.rpartition("-")
    return (artifact, version, "") if artifact and version[:1].isdigit() else (stem, "", "")


def _archive(file: Path, components: list[Component]) -> Component:
    return _component("file", file.name, "", _hashes_of_file(file)) | {
        "bom-ref": f"file/{file.name}",
        "components": sorted(components, key=lambda one: (one["name"].lower(), one.get("version", ""), one["bom-ref"])),
    }


def _component(component_type: str, name: str, version: str, hashes: list[Component] | None = None) -> Component:
    found: Component = {"type": component_type, "bom-ref": f"{component_type}/{name}", "name": name}
    if version:
        found["version"] = version
    if hashes:
        found["hashes"] = hashes
    return found


def _hashes(content: bytes) -> list[Component]:
    return [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]


def _hashes_of_file(path: Path) -> list[Component]:
    with path.open("rb") as file:
        return [{"alg": "SHA-256", "content": hashlib.file_digest(file, "sha256").hexdigest()}]
