"""A real Kerberos on loopback: MIT's KDC as a process of its own, with everything it keeps in one folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REALM = "IMAGELAKE.TEST"
PACKAGES = "krb5-kdc krb5-admin-server krb5-user"
_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
_ENCRYPTION = "aes256-cts-hmac-sha1-96:normal"

# Names are taken as they are: nothing on loopback resolves back to what it was called by.
_KRB5_CONF = """\
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
"""
_KDC_CONF = """\
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principals
    key_stash_file = {folder}/stash
    supported_enctypes = {encryption}
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
"""


@dataclass(frozen=True)
class Kdc:
    """A running KDC."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process, in C or in Java, know this realm and no ticket."""
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "JAVA_TOOL_OPTIONS": f"-Djava.security.krb5.conf={self.folder / 'krb5.conf'}",
            "KRB5CCNAME": str(self.folder / "no-ticket"),
        }

    def keytab(self, name: str, principals: Sequence[str]) -> Path:
        """A file with the keys of principals, which are made."""
        path = self.folder / f"{name}.keytab"
        made = [f"addprinc -randkey {principal}" for principal in principals]
        exported = [f"ktadd -k {path} {principal}" for principal in principals]
        self._call("kadmin.local", "-r", REALM, typed="\n".join([*made, *exported, "quit", ""]))
        return path

    def ticket(self, principal: str, keytab: Path, life: str = "1h") -> dict[str, str]:
        """The environment of a process with a ticket."""
        path = self.folder / f"ticket-{principal.partition('/')[0]}-{life}"
        self._call("kinit", "-l", life, "-c", str(path), "-k", "-t", str(keytab), principal)
        return {**self.environment, "KRB5CCNAME": str(path)}

    def _call(self, program: str, *arguments: str, typed: str = "") -> None:
        _call(self.environment, program, *arguments, typed=typed)


def is_installed() -> bool:
    """Whether all programs of Kerberos are on this machine."""
    return all(_find(program) for program in _PROGRAMS)


@contextmanager
def running_kdc(folder: Path, port: int) -> Iterator[Kdc]:
    """A new realm, and the KDC that serves it."""
    kdc = Kdc(folder)
    values = {"realm": REALM, "port": port, "folder": folder, "encryption": _ENCRYPTION}
    (folder / "krb5.conf").write_text(_KRB5_CONF.format(**values))
    (folder / "kdc.conf").write_text(_KDC_CONF.format(**values))
    _call(kdc.environment, "kdb5_util", "create", "-s", "-r", REALM, "-P", "of this test alone")
    command = [str(_find("krb5kdc")), "-n", "-r", REALM]
    with subprocess.Popen(command, env={**os.environ, **kdc.environment}, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield kdc
        finally:
            process.terminate()


def _find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def _call(environment: Mapping[str, str], program: str, *arguments: str, typed: str = "") -> None:
    command = [_find(program) or program, *arguments]
    told = {**os.environ, **environment}
    done = subprocess.run(command, env=told, input=typed, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the KDC does not listen"
            time.sleep(0.05)
        else:
            return
