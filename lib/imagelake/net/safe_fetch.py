"""Fetches files from untrusted addresses, from the public internet only, to prevent server-side request forgery.

A host name is resolved once for each request; all its addresses must be public, and the connection goes to one of
these, so that a later DNS answer has no effect. Each redirect is checked in the same way.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote, urljoin, urlsplit

from imagelake.errors import ImageLakeError
from imagelake.net.public_address import Address, Network, is_in, is_public

MOST_REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 65_536
_LONGEST_URL = 2_048
# URL parsers disagree about these characters; an ambiguous address is not fetched.
_DISPUTED = re.compile(r"[\x00-\x20\x7f\\]")

Resolver = Callable[[str, int], Sequence[str]]


class FetchError(ImageLakeError):
    """An address was refused or did not answer with a file; the message is for the user who gave it.

    Attributes:
        detail: the reason as the operator may know it; strangers must not learn which internal names exist.
    """

    def __init__(self, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.detail = detail or message


@dataclass(frozen=True)
class Target:
    """One request: the host and port to connect to, and the path."""

    scheme: str
    host: str
    port: int
    path: str


def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a host by the system's resolver, which also reads 0x7f.1 and 2130706433."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class SafeFetch:
    """Fetches files from untrusted addresses.

    Attributes:
        timeout_s: seconds for all requests of one file.
        max_bytes: the longest file.
        allowed: networks that may be reached although they are not public, at any port; for tests, and for operators
            with internal image servers.
        resolver: host and port -> addresses.
        tls: how servers prove who they are.
    """

    timeout_s: float
    max_bytes: int
    allowed: Sequence[Network] = ()
    resolver: Resolver = resolve
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def fetch(self, url: str) -> bytes:
        """The file at an address, after at most three redirects.

        Raises:
            FetchError: the address is no http(s) address on the public internet, or does not give a file in time.
        """
        ends = time.monotonic() + self.timeout_s
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._step(target_of(url), ends)
            if isinstance(answer, bytes):
                return answer
            url = _led_to(url, answer)
        raise FetchError(f"the address redirects more than {MOST_REDIRECTS} times")

    def _step(self, target: Target, ends: float) -> bytes | str:
        """Send one request; returns the file, or the address of the redirect."""
        addresses = self._addresses(target)
        try:
            with self._connected(target, addresses, ends) as connection:
                connection.request("GET", target.path, headers={"Accept": "image/*", "User-Agent": "ImageLake"})
                with connection.getresponse() as response:
                    return self._answer(response)
        except ssl.SSLCertVerificationError as error:
            raise FetchError(f"the server's certificate is not accepted: {error.verify_message}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchError(f"the server's response is not valid HTTP ({type(error).__name__})") from None
        finally:
            # Also after success: a connection that the timer closed looks like the end of a file.
            if time.monotonic() >= ends:
                raise FetchError(f"the file was not received within {self.timeout_s:g} s")

    def _addresses(self, target: Target) -> list[Address]:
        """The addresses of the target's host; all are refused if one is not public, as in a DNS rebinding attack."""
        try:
            found = [ip_address(text) for text in self.resolver(target.host, target.port)]
        except (OSError, UnicodeError, ValueError):
            raise _unreachable(target.host, "no server has this name") from None
        inside = bool(found) and all(is_in(address, self.allowed) for address in found)
        if not inside and not (found and all(map(is_public, found))):
            raise _unreachable(target.host, "its address is not public, and no allowed network has it")
        if not inside and target.port not in PORTS.values():
            raise FetchError(f"port {target.port} is not fetched from, only 80 and 443")
        return found

    @contextmanager
    def _connected(
        self, target: Target, addresses: Sequence[Address], ends: float
    ) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(target.host, target.port)
        # Otherwise the header Host would contain the scheme's default port.
        connection.default_port = PORTS[target.scheme]
        with _first_socket(addresses, target.port, ends) as plain, _cut_at(ends, plain):
            secure = target.scheme == "https"
            connection.sock = self.tls.wrap_socket(plain, server_hostname=target.host) if secure else plain
            try:
                yield connection
            finally:
                connection.close()

    def _answer(self, response: http.client.HTTPResponse) -> bytes | str:
        location = response.getheader("Location")
        if response.status in _REDIRECTS and location:
            return location
        if response.status != http.client.OK:
            raise FetchError(f"the server answers {response.status}, not with a file")
        content = bytearray()
        while chunk := response.read1(_CHUNK_BYTES):
            content += chunk
            if len(content) > self.max_bytes:
                raise FetchError(f"the file is longer than {self.max_bytes:,} bytes")
        if response.length:
            raise FetchError("the server ended in the middle of the file")
        return bytes(content)


def target_of(url: str) -> Target:
    """The request that an address stands for.

    Raises:
        FetchError: it is not http or https, contains a user name, or is ambiguous.
    """
    if len(url) > _LONGEST_URL or _DISPUTED.search(url):
        raise _no_address()
    try:
        parts = urlsplit(url)
        # Normalised like a resolver does: Unicode digits to ASCII, other letters to their xn-- form.
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        query = f"?{parts.query}" if parts.query else ""
        path = quote(f"{parts.path or '/'}{query}", safe="/:?&=%+,;@!$'()*~")
    except ValueError:  # a port that is no number, a name that is none
        raise _no_address() from None
    if parts.scheme not in PORTS or not host:
        raise FetchError("an address begins with http:// or https:// and a server's name")
    if parts.username is not None or parts.password is not None:
        raise FetchError("an address with a user's name or password is not fetched")
    return Target(parts.scheme, host.rstrip("."), port or PORTS[parts.scheme], path)


def _led_to(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise _no_address() from None


def _no_address() -> FetchError:
    return FetchError("this is no address of a file on the web")


def _unreachable(host: str, reason: str) -> FetchError:
    """One message for a name that does not exist and for one that is internal."""
    message = f"{host!r} is not on the public internet"
    return FetchError(message, f"{message}: {reason}")


def _first_socket(addresses: Sequence[Address], port: int, ends: float) -> socket.socket:
    """A connection to the first address that answers."""
    for position, address in enumerate(addresses, start=1):
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            return socket.create_connection((str(address), port), timeout=left)
        except OSError:
            if position == len(addresses):
                raise
    raise TimeoutError


@contextmanager
def _cut_at(ends: float, plain: socket.socket) -> Iterator[None]:
    """Close the connection when time is up: a server that sends single bytes would never reach the socket's timeout."""
    with plain.dup() as line:
        guard = threading.Timer(max(0.0, ends - time.monotonic()), _cut, [line])
        guard.daemon = True
        guard.start()
        try:
            yield
        finally:
            guard.cancel()
            guard.join()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):  # the server may have closed it already
        line.shutdown(socket.SHUT_RDWR)
