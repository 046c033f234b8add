"""The bill of materials fits CycloneDX's own schema, and names what is in the files that travel, with their hashes."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from imagelake.cluster.submission.bill_of_materials import bill_of_materials
from imagelake.cluster.submission.library import library_zip
from imagelake.cluster.submission.package import Package
from imagelake.installation import PACKAGE, SAMPLE_WEIGHTS

PACKAGES = {
    "numpy-2.4.0.dist-info": "Name: numpy\nVersion: 2.4.0\nLicense-Expression: BSD-3-Clause AND MIT\n\nText\n",
    "PIL_like-1.0.dist-info": "Name: PIL_like\nVersion: 1.0\nLicense: " + "whole text " * 40 + "\n\n",
    "typed-3.dist-info": "Name: typed\nVersion: 3\nClassifier: License :: OSI Approved :: MIT License\n\n",
}
POM = "#made\ngroupId={group}\nartifactId={artifact}\nversion={version}\n"


def jar(*poms: tuple[str, str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for group, artifact, version in poms:
            path = f"META-INF/maven/{group}/{artifact}/pom.properties"
            made.writestr(zipfile.ZipInfo(path), POM.format(group=group, artifact=artifact, version=version))
        made.writestr(zipfile.ZipInfo("A.class"), b"\xca\xfe")
    return stream.getvalue()


JARS = {
    "commons-io-2.16.1.jar": jar(("org.other", "shaded", "1"), ("commons-io", "commons-io", "2.16.1")),
    "netty-tcnative-2.0.76.Final-linux-x86_64.jar": jar(("io.netty", "netty-tcnative", "2.0.76.Final")),
    "no-pom-at-all-1.0.jar": jar(),
    "unversioned.jar": jar(),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The real library, and small archives of packages and jars."""
    folder = tmp_path_factory.mktemp("package")
    environment, jars = folder / "environment-python3.11-abc.tar.gz", folder / "spark-jars-4.3.0.zip"
    with (
        environment.open("wb") as file,
        gzip.GzipFile("", "wb", 5, file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for name, text in PACKAGES.items():
            member = tarfile.TarInfo(f"{name}/METADATA")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        archive.addfile(tarfile.TarInfo("numpy/_vendor/old-1.dist-info/METADATA"))
    with zipfile.ZipFile(jars, "w") as zip_file:
        for name, content in JARS.items():
            zip_file.writestr(zipfile.ZipInfo(name), content)
    return Package(library_zip(folder), environment, jars, "3.11")


@pytest.fixture(scope="module")
def bill(package: Package) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(bill_of_materials(package))
    return made


def test_the_bill_fits_the_schema_of_cyclonedx(bill: dict[str, Any]) -> None:
    """The schema that CycloneDX publishes takes it, and refuses it with a wrong type."""
    spec = importlib.util.find_spec("cyclonedx")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "schema" / "_res"
    base = "http://cyclonedx.org/schema/"
    parts = [
        (f"{base}{file.name}", json.loads(file.read_text(encoding="utf-8")))
        for file in folder.glob("*.SNAPSHOT.schema.json")
    ]
    schema = json.loads((folder / "bom-1.6.SNAPSHOT.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema, registry=jsonschema_rs.Registry(parts))
    assert [str(error) for error in validator.iter_errors(bill)] == []
    assert not validator.is_valid(bill | {"version": "one"})
    assert not validator.is_valid(bill | {"components": [{"type": "spaceship", "name": "x"}]})


def nested(bill: dict[str, Any], beginning: str) -> dict[str, dict[str, Any]]:
    (archive,) = [one for one in bill["components"] if one["name"].startswith(beginning)]
    return {one["name"]: one for one in archive["components"]}


def test_the_bill_names_what_travels_with_its_hashes(bill: dict[str, Any], package: Package) -> None:
    """The three files, the networks, packages by name and version, jars by their own coordinates."""
    hashes = {one["name"]: one["hashes"][0]["content"] for one in bill["components"]}
    for file in (package.environment, package.spark_jars):
        assert hashes[file.name] == hashlib.sha256(file.read_bytes()).hexdigest()
    library = bill["metadata"]["component"]
    assert library["hashes"][0]["content"] == hashlib.sha256(package.library.read_bytes()).hexdigest()
    assert hashes[f"imagelake/{SAMPLE_WEIGHTS}"] == hashlib.sha256((PACKAGE / SAMPLE_WEIGHTS).read_bytes()).hexdigest()
    networks = {one["name"] for one in bill["components"] if one["type"] == "machine-learning-model"}
    shipped = {f"imagelake/{file.relative_to(PACKAGE)}" for file in (PACKAGE / "samples" / "weights").iterdir()}
    assert networks == {name for name in shipped if not name.endswith(".py")}
    packages, jars = nested(bill, "environment"), nested(bill, "spark-jars")
    assert {name: one["purl"] for name, one in packages.items()} == {
        "numpy": "pkg:pypi/numpy@2.4.0",
        "PIL_like": "pkg:pypi/pil-like@1.0",
        "typed": "pkg:pypi/typed@3",
    }
    assert packages["numpy"]["licenses"] == [{"expression": "BSD-3-Clause AND MIT"}]
    assert "licenses" not in packages["PIL_like"]
    assert packages["typed"]["licenses"] == [{"license": {"name": "MIT License"}}]
    assert jars["commons-io"]["purl"] == "pkg:maven/commons-io/commons-io@2.16.1"
    assert jars["netty-tcnative"]["purl"] == "pkg:maven/io.netty/netty-tcnative@2.0.76.Final"
    assert (jars["no-pom-at-all"]["version"], "purl" in jars["no-pom-at-all"]) == ("1.0", False)
    assert "version" not in jars["unversioned"]
    expected = hashlib.sha256(JARS["commons-io-2.16.1.jar"]).hexdigest()
    assert jars["commons-io"]["hashes"][0]["content"] == expected


def test_equal_files_have_equal_bills(package: Package, tmp_path: Path) -> None:
    """Made twice, it is the same bytes; of other files it has another number."""
    bill = bill_of_materials(package)
    assert bill_of_materials(package) == bill
    other = tmp_path / package.spark_jars.name
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a-1.jar"), jar())
    changed = bill_of_materials(Package(package.library, package.environment, other, package.python))
    assert json.loads(changed)["serialNumber"] != json.loads(bill)["serialNumber"]


def test_every_part_has_a_reference_of_its_own(bill: dict[str, Any]) -> None:
    """Documents that refer to parts of the bill find exactly one."""
    references = [one["bom-ref"] for one in bill["components"]]
    references += [part["bom-ref"] for one in bill["components"] for part in one.get("components", [])]
    assert len(references) == len(set(references))
