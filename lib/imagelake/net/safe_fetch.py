"""The bytes behind an address that a stranger gave: from the public internet only, whatever the address turns into.

A name is resolved here, once for each step; every address that it has must be public, and the connection goes to that
very address, so that a second answer of the name's server changes nothing. A redirect is an address like the first.
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
# Browsers and URL libraries disagree about these, and an address that two readers read differently is not fetched.
_DISPUTED = re.compile(r"[\x00-\x20\x7f\\]")

Resolver = Callable[[str, int], Sequence[str]]


class FetchError(ImageLakeError):
    """An address that is not fetched, or did not answer with a file; the message is for the one who gave it."""


@dataclass(frozen=True)
class Target:
    """One step on the way to a file: where to connect, and what to ask for."""

    scheme: str
    host: str
    port: int
    path: str


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a host, as the system's resolver knows them: it also reads 0x7f.1 and 2130706433."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class SafeFetch:
    """Fetches files of strangers' choice.

    Attributes:
        timeout_s: seconds for everything together.
        max_bytes: the longest file.
        allowed: networks that may be reached although they are not public, at any port; none but for tests and for
            operators who serve pictures from within.
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
        raise FetchError(f"the address leads on more than {MOST_REDIRECTS} times")

    def _step(self, target: Target, ends: float) -> bytes | str:
        """One request: the file, or the address that it leads on to."""
        addresses = self._addresses(target)
        try:
            with self._connected(target, addresses, ends) as connection:
                connection.request("GET", target.path, headers={"Accept": "image/*", "User-Agent": "ImageLake"})
                with connection.getresponse() as response:
                    return self._answer(response)
        except ssl.SSLCertVerificationError as error:
            raise FetchError(f"the server's certificate is not accepted: {error.verify_message}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchError(f"the server does not answer as one should ({type(error).__name__})") from None
        finally:
            # Whatever came of it: a line that was cut reads like a file that has ended.
            if time.monotonic() >= ends:
                raise FetchError(f"the file did not come within {self.timeout_s:g} s")

    def _addresses(self, target: Target) -> list[Address]:
        """Where the target's name leads; one address that is not public condemns all, for that is no mistake."""
        try:
            found = [ip_address(text) for text in self.resolver(target.host, target.port)]
        except (OSError, UnicodeError, ValueError):
            raise FetchError(f"there is no server named {target.host!r}") from None
        inside = bool(found) and all(is_in(address, self.allowed) for address in found)
        if not inside and not (found and all(map(is_public, found))):
            raise FetchError(f"{target.host!r} is not on the public internet")
        if not inside and target.port not in PORTS.values():
            raise FetchError(f"port {target.port} is not fetched from, only 80 and 443")
        return found

    @contextmanager
    def _connected(
        self, target: Target, addresses: Sequence[Address], ends: float
    ) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(target.host, target.port)
        # Else the header Host would name a port that the scheme implies.
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
    """What an address asks for.

    Raises:
        FetchError: it is not http or https, holds a user's name, or is read differently by different readers.
    """
    if len(url) > _LONGEST_URL or _DISPUTED.search(url):
        raise _no_address()
    try:
        parts = urlsplit(url)
        # As a resolver would: other digits become digits, and a letter beyond ASCII its xn-- form.
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


def _first_socket(addresses: Sequence[Address], port: int, ends: float) -> socket.socket:
    """A connection to the first address that answers."""
    for place, address in enumerate(addresses, start=1):
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            return socket.create_connection((str(address), port), timeout=left)
        except OSError:
            if place == len(addresses):
                raise
    raise TimeoutError


@contextmanager
def _cut_at(ends: float, plain: socket.socket) -> Iterator[None]:
    """Cut the line when time is up: a server that sends a byte now and then would never time out."""
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
    with suppress(OSError):  # the server may have been first
        line.shutdown(socket.SHUT_RDWR)
