"""Which NameNodes are asked, and what is taken for a path on HDFS."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagelake.cluster.webhdfs.namenodes import find_namenodes, hdfs_path
from imagelake.errors import ImageLakeError
from project import PROJECT

_HA = {
    "fs.defaultFS": "hdfs://lake",
    "dfs.ha.namenodes.lake": "one, two",
    "dfs.namenode.http-address.lake.one": "a:9870",
    "dfs.namenode.http-address.lake.two": "${second}:${env.PORT:-9870}",
    "dfs.namenode.https-address.lake.one": "a:9871",
    "dfs.namenode.https-address.lake.two": "b:9871",
    "second": "${env.SECOND:-${env.OTHER-b}}",
}


def _site(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    entries = "".join(
        f"<property><name>{name}</name><value>{value}</value></property>" for name, value in settings.items()
    )
    (folder / "hdfs-site.xml").write_text(f"<configuration>{entries}</configuration>")
    return {"HADOOP_CONF_DIR": str(folder)}


def test_the_option_goes_before_the_variable_and_that_before_the_site_files(tmp_path: Path) -> None:
    """The first place that names any decides."""
    environment = _site(tmp_path, {"dfs.namenode.http-address": "c:9870"})
    assert find_namenodes(None, environment) == ("http://c:9870",)
    environment["IMAGELAKE_WEBHDFS"] = "http://b:9870/, http://d:1"
    assert find_namenodes(None, environment) == ("http://b:9870", "http://d:1")
    assert find_namenodes("https://a:9871", environment) == ("https://a:9871",)


def test_the_projects_own_site_files_are_understood() -> None:
    """conf/hadoop names the compose service by default and what the environment says otherwise."""
    environment = {"HADOOP_CONF_DIR": str(PROJECT / "conf" / "hadoop")}
    assert find_namenodes(None, environment) == ("http://namenode:9870",)
    local = {"IMAGELAKE_NAMENODE_HOST": "127.0.0.1", "IMAGELAKE_NAMENODE_WEB_PORT": "20001"}
    assert find_namenodes(None, environment | local) == ("http://127.0.0.1:20001",)


def test_a_highly_available_pair_is_found_with_expansions(tmp_path: Path) -> None:
    """Members in their order; nested defaults, other settings and empty variables expand as Hadoop does it."""
    environment = _site(tmp_path, _HA)
    assert find_namenodes(None, environment) == ("http://a:9870", "http://b:9870")
    assert find_namenodes(None, environment | {"OTHER": "x", "PORT": ""})[1] == "http://x:9870"
    _site(tmp_path, _HA | {"dfs.http.policy": "HTTPS_ONLY"})
    assert find_namenodes(None, environment) == ("https://a:9871", "https://b:9871")


def test_a_setting_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    """As an address that is none, not as an endless loop."""
    environment = _site(tmp_path, {"dfs.namenode.http-address": "${dfs.namenode.http-address}"})
    with pytest.raises(ImageLakeError, match="no address"):
        find_namenodes(None, environment)


@pytest.mark.parametrize(
    "address", ["namenode:9870", "hdfs://namenode:8020", "http://namenode", "http://n:x", "http://n:1/p"]
)
def test_what_is_no_web_address_is_quoted_with_an_example(address: str) -> None:
    """The error says how to write it."""
    with pytest.raises(ImageLakeError) as caught:
        find_namenodes(address, {})
    assert repr(address) in str(caught.value)
    assert "http://namenode:9870" in str(caught.value)


def test_no_namenode_anywhere_lists_the_ways_to_name_one(tmp_path: Path) -> None:
    """With an empty environment, and with site files that name none."""
    with pytest.raises(ImageLakeError, match=r"--namenode.*IMAGELAKE_WEBHDFS.*HADOOP_CONF_DIR"):
        find_namenodes(None, {})
    with pytest.raises(ImageLakeError, match=str(tmp_path)):
        find_namenodes(None, _site(tmp_path, {}))


def test_site_files_that_are_no_xml_are_named(tmp_path: Path) -> None:
    """The file and the place in it."""
    (tmp_path / "core-site.xml").write_text("<configuration>")
    with pytest.raises(ImageLakeError, match=r"core-site\.xml: .*line 1"):
        find_namenodes(None, {"HADOOP_CONF_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", "/"),
        ("/a//b/", "/a/b"),
        ("hdfs://a:8020/x", "/x"),
        ("hdfs://lake/x", "/x"),
        ("hdfs:///x", "/x"),
        ("/a b%20#é", "/a b%20#é"),
    ],
)
def test_a_path_is_taken_from_either_form(text: str, path: str) -> None:
    """A bare path, or the address that Spark is given; nothing in it is decoded."""
    assert hdfs_path(text, ("http://a:9870",)) == path


@pytest.mark.parametrize("text", ["folder", "s3://a/b", "/a/../b", "http://a:9870/x", "hdfs://other:8020/x", ""])
def test_what_is_no_place_on_these_namenodes_is_refused(text: str) -> None:
    """Relative, of another scheme, or on another cluster than the one that would be written to."""
    with pytest.raises(ImageLakeError, match="write"):
        hdfs_path(text, ("http://a:9870",))
