"""HDFS in secure mode with a real KDC: tickets, keytabs and tokens work, and their lack is an error that says so."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hdfs  # type: ignore[import-untyped]
import pytest
from kdc import PACKAGES, is_installed
from secure_hdfs import SecureHdfs, running_secure_hdfs

from imagelake.cluster.webhdfs.namenodes import from_site_files
from project import PROJECT, skip_or_fail

# The daemons are this process's children and outlive the objects that started them.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
_SHELL = "org.apache.hadoop.fs.FsShell"
_FETCH = "org.apache.hadoop.hdfs.tools.DelegationTokenFetcher"


@pytest.fixture(scope="module")
def secure(hadoop_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureHdfs]:
    """The cluster, with one folder of alice's."""
    if not is_installed():
        skip_or_fail(f"no Kerberos: apt-get install {PACKAGES}")
    if importlib.util.find_spec("requests_kerberos") is None:
        skip_or_fail("no Kerberos for Python: pip install 'hdfs[kerberos]' (needs gcc and libkrb5-dev)")
    from hdfs.ext.kerberos import KerberosClient  # type: ignore[import-untyped]

    with running_secure_hdfs(tmp_path_factory.mktemp("secure"), hadoop_jars) as cluster:
        superuser = KerberosClient(cluster.webhdfs_url)
        superuser.makedirs("/alice", permission="755")
        superuser.set_owner("/alice", owner="alice")
        yield cluster


@pytest.fixture(scope="module")
def expired(secure: SecureHdfs) -> Mapping[str, str]:
    """The environment of a client whose ticket was good for a second."""
    environment = secure.client("alice", life="1s")
    time.sleep(2)
    return environment


def _upload(
    secure: SecureHdfs, environment: Mapping[str, str], *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    command = ("imagelake.cluster.webhdfs", "upload", *map(str, arguments))
    return secure.python(environment, *command, "--namenode", secure.webhdfs_url)


def _draw(secure: SecureHdfs, environment: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """A small job in local mode, with its tables on the secure cluster."""
    told = {**environment, "SPARK_CONF_DIR": str(PROJECT / "conf" / "spark"), "PYSPARK_PYTHON": sys.executable}
    job = ("draw_sample_lake", "--force", "--root", f"{secure.url}/alice/lake", "--set", "sample.images=4")
    return secure.python(told, "imagelake.cli", "submit", *options, *job)


def _token(secure: SecureHdfs, client: hdfs.Client, method: str, **parameters: str) -> dict[str, Any]:
    """What WebHDFS answers of delegation tokens, for which the package has no methods."""
    url = f"{secure.webhdfs_url}/webhdfs/v1/"
    answer = client._session.request(method, url, params=parameters, timeout=20)
    assert answer.ok, answer.text
    return dict(answer.json()) if answer.content else {}


def test_a_ticket_lets_java_write_and_read(secure: SecureHdfs, tmp_path: Path) -> None:
    """The bytes come back, and the file is of the ticket's user whoever runs the process."""
    (tmp_path / "file").write_text("of alice\n")
    alice = secure.client("alice")
    written = secure.java(alice, _SHELL, "-put", str(tmp_path / "file"), "/alice/java")
    assert written.returncode == 0, written.stderr
    read = secure.java(alice, _SHELL, "-cat", "/alice/java")
    assert read.stdout == "of alice\n"
    listed = secure.java(alice, _SHELL, "-stat", "%u", "/alice/java")
    assert listed.stdout == "alice\n"


@pytest.mark.parametrize("who", ["nobody", "expired"])
def test_java_without_a_valid_ticket_gets_nothing(secure: SecureHdfs, expired: Mapping[str, str], who: str) -> None:
    """Not even a listing."""
    done = secure.java(secure.stranger() if who == "nobody" else expired, _SHELL, "-ls", "/")
    assert done.returncode == 1
    assert "Client cannot authenticate via:[TOKEN, KERBEROS]" in done.stderr


def test_an_upload_with_a_ticket_arrives_and_is_not_sent_twice(secure: SecureHdfs, tmp_path: Path) -> None:
    """Written, compared by HDFS's own checksum, and found to be there by the next run."""
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))
    (tmp_path / "empty").touch()
    alice = secure.client("alice")
    sent = _upload(secure, alice, tmp_path, "/alice/upload", "--kerberos")
    assert (sent.returncode, "uploaded 2 files" in sent.stdout) == (0, True), sent.stderr
    again = _upload(secure, alice, tmp_path, "/alice/upload", "--kerberos")
    assert "2 were there already; 0 failed" in again.stdout


@pytest.mark.tried(
    "Files to HDFS",
    "an upload without a ticket, with an expired one, under a name that is only claimed",
    "one line with the remedy",
)
@pytest.mark.parametrize("who", ["nobody", "expired", "believed"])
def test_an_upload_without_a_valid_ticket_is_one_line(
    secure: SecureHdfs, expired: Mapping[str, str], tmp_path: Path, who: str
) -> None:
    """With the address and the remedy, at once; a name that is only claimed is not believed either."""
    (tmp_path / "file").touch()
    identity = ("--user", "nn") if who == "believed" else ("--kerberos",)
    began = time.monotonic()
    done = _upload(secure, expired if who == "expired" else secure.stranger(), tmp_path, "/alice/x", *identity)
    assert done.returncode == 1
    assert time.monotonic() - began < 20
    (line,) = done.stderr.strip().splitlines()
    assert all(words in line for words in (f"{secure.webhdfs_url}/alice/x", "run kinit", "--kerberos"))


def test_an_upload_with_the_ticket_of_another_names_that_user(secure: SecureHdfs, tmp_path: Path) -> None:
    """And how to become one who may."""
    (tmp_path / "file").touch()
    done = _upload(secure, secure.client("bob"), tmp_path, "/alice/x", "--kerberos")
    assert done.returncode == 1
    assert all(words in done.stderr for words in ("Permission denied: user=bob", "kinit NAME", secure.webhdfs_url))


def test_a_token_reads_through_webhdfs_without_a_ticket(secure: SecureHdfs) -> None:
    """GETDELEGATIONTOKEN gives what another process can read with, until it is cancelled."""
    from hdfs.ext.kerberos import KerberosClient

    superuser = KerberosClient(secure.webhdfs_url)
    superuser.write("/of-nn", b"secret", overwrite=True)
    token = _token(secure, superuser, "GET", op="GETDELEGATIONTOKEN", renewer="nn")["Token"]["urlString"]
    client = hdfs.TokenClient(secure.webhdfs_url, token)
    with client.read("/of-nn") as reader:
        assert reader.read() == b"secret"
    _token(secure, superuser, "PUT", op="CANCELDELEGATIONTOKEN", token=token)
    with pytest.raises(hdfs.HdfsError, match="can't be found in cache"):
        client.status("/of-nn")


def test_a_job_without_a_ticket_says_what_to_do(secure: SecureHdfs) -> None:
    """One line, the last one, and no Java stack; spark-submit sends a driver's errors to its own output."""
    done = _draw(secure, secure.stranger())
    assert done.returncode == 1
    assert "\tat " not in done.stdout + done.stderr
    line = done.stdout.strip().splitlines()[-1]
    words = (f"draw_sample_lake: {secure.url}/alice/lake", "kinit", "--principal and --keytab")
    assert all(word in line for word in words), done.stdout


def test_a_job_with_a_keytab_needs_no_ticket(secure: SecureHdfs) -> None:
    """--principal and --keytab of scripts/submit."""
    done = _draw(secure, secure.stranger(), "--principal", "alice", "--keytab", str(secure.people))
    assert done.returncode == 0, done.stderr
    assert "4 images" in done.stdout


def test_a_token_in_a_file_is_enough_for_java(secure: SecureHdfs, tmp_path: Path) -> None:
    """One that was fetched by `scripts/hadoop fetchdt` with a ticket; jobs find it by the same variable."""
    fetched = secure.java(secure.client("alice"), _FETCH, "--renewer", "alice", str(tmp_path / "token"))
    assert fetched.returncode == 0, fetched.stderr
    bearer = {**secure.stranger(), "HADOOP_TOKEN_FILE_LOCATION": str(tmp_path / "token")}
    written = secure.java(bearer, _SHELL, "-put", str(tmp_path / "token"), "/alice/by-token")
    assert written.returncode == 0, written.stderr
    listed = secure.java(bearer, _SHELL, "-stat", "%u %b", "/alice/by-token")
    assert listed.stdout == f"alice {(tmp_path / 'token').stat().st_size}\n"


def test_the_web_address_is_found_in_files_that_include_others() -> None:
    """conf/hadoop-secure holds only what differs."""
    environment = {"IMAGELAKE_NAMENODE_HOST": "one"}
    assert from_site_files(PROJECT / "conf" / "hadoop-secure", environment) == ("http://one:9870",)
