"""Addresses that strangers give: none, in whatever form or by whatever way, leads to a server that is not public."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_server import OddServer

from imagelake.net.public_address import is_public
from imagelake.net.safe_fetch import FetchError, SafeFetch, target_of
from project import skip_or_fail

# The part of a public server is played by another loopback address that is explicitly allowed.
STAGE = "127.0.0.2"
TRUST = ssl.create_default_context()  # reading every certificate authority takes longer than a test
ALLOWED = (ip_network(f"{STAGE}/32"),)

LOOPBACK = (
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "127.255.255.254", "2130706433",
    "0x7f000001", "0x7F.0.0.1", "0x7f.1", "0177.0.0.1", "017700000001", "0177.0x0.0.1", "0.0.0.0", "0", "0x0",
    "127.0.0.1.", "127.000.000.001", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2002:7f00:1::1]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "\uff11\uff12\uff17.0.0.1",
    "127\u30020\u30020\u30021", "\u2460\u2461\u2466.0.0.1",
)  # fmt: skip
ELSEWHERE = (
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0xc0a80101", "169.254.169.254",
    "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "100.64.0.1", "100.100.100.200", "100.127.255.255", "192.0.0.8",
    "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "168.63.129.16", "192.88.99.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[ff0e::1]", "[fc00::1]",
    "[fdff::1]", "[fec0::1]", "[2001:db8::1]", "[2001:2::1]", "[2001:10::1]", "[3fff::1]", "[100::1]", "[5f00::1]",
    "[2002:a00:1::]", "[64:ff9b::a00:1]",
)  # fmt: skip
HOSTILE = (*LOOPBACK, *ELSEWHERE)
# Read one way by one library and another way by the next.
DISPUTED = (
    "http://127.0.0.1\\@{stage}/", "http://{stage}\\@127.0.0.1/", "http://{stage}@127.0.0.1:{port}/",
    "http://a:b@{stage}/", "http://127.0.0.1:{port}\t/", "http://127.0.0.1:{port}\n@{stage}/", "http:/\\127.0.0.1/",
    "//127.0.0.1:{port}/", "127.0.0.1:{port}", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/", "jar:http://127.0.0.1!/", "data:image/png;base64,AAAA", "http://", "http://:{port}/",
    "http://127.0.0.1:port/", "http://127.0.0.1:99999/", "http://[::1/", "http://\ud800/", "", " ",
    "http://{stage}:{port} /", "h\u0442tp://127.0.0.1/",
)  # fmt: skip


@pytest.fixture
def inside() -> Iterator[OddServer]:
    """A server that nobody may reach."""
    with OddServer("127.0.0.1") as server:
        yield server


@pytest.fixture
def stage(inside: OddServer) -> Iterator[OddServer]:
    """A server that may be reached, at the same port as the one that may not."""
    with OddServer(STAGE, inside.port) as server:
        yield server


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address to which a connection is tried."""
    tried: list[str] = []
    connect = socket.create_connection

    def noted(address: tuple[str, int], timeout: float | None = None) -> socket.socket:
        tried.append(address[0])
        return connect(address, timeout)

    monkeypatch.setattr("imagelake.net.safe_fetch.socket.create_connection", noted)
    return tried


def fetcher(**changes: object) -> SafeFetch:
    return SafeFetch(**{"timeout_s": 5.0, "max_bytes": 1000, "allowed": ALLOWED, "tls": TRUST, **changes})  # type: ignore[arg-type]


def test_there_are_enough_hostile_forms() -> None:
    """At least forty, all different."""
    assert len(set(HOSTILE)) == len(HOSTILE) >= 40


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "localhost"]
)
def test_the_forms_are_dangerous(inside: OddServer, host: str) -> None:
    """Without our checks these reach the server inside: the tests below would notice."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{host}:{inside.port}/", timeout=5) as answer:
        assert answer.read() == b"file"
    assert inside.connections == 1


@pytest.mark.parametrize("host", HOSTILE)
def test_no_hostile_host_is_reached_directly(inside: OddServer, connects: list[str], host: str) -> None:
    """Neither with http nor with https, at the server's own port nor at the default one."""
    for url in (f"http://{host}:{inside.port}/", f"https://{host}:{inside.port}/", f"http://{host}/", f"HTTP://{host}"):
        with pytest.raises(FetchError):
            fetcher().fetch(url)
    assert connects == []
    assert inside.connections == 0


@pytest.mark.parametrize("host", HOSTILE)
def test_no_hostile_host_is_reached_by_a_redirect(
    inside: OddServer, stage: OddServer, connects: list[str], host: str
) -> None:
    """Whatever the status, with and without a scheme, at once or at the second step."""
    quoted = host.encode("idna").decode() if not host.isascii() and "[" not in host else host
    for status in (301, 302, 303, 307, 308):
        stage.leads_to("/", f"http://{quoted}:{inside.port}/", status)
        with pytest.raises(FetchError):
            fetcher().fetch(stage.url)
    stage.leads_to("/", f"//{quoted}:{inside.port}/")
    stage.leads_to("/first", "/")
    with pytest.raises(FetchError):
        fetcher().fetch(f"{stage.url}/first")
    assert set(connects) == {STAGE}
    assert inside.connections == 0


def addresses_of(host: str) -> list[str]:
    """What a resolver without a network makes of a host; nothing of what it takes for a name."""
    try:
        found = socket.getaddrinfo(host.strip("[]").replace("%25", "%"), 80, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [str(entry[4][0]) for entry in found]


@pytest.mark.parametrize("host", [host for host in HOSTILE if host.isascii() and addresses_of(host)])
def test_no_hostile_host_is_reached_by_a_name(inside: OddServer, connects: list[str], host: str) -> None:
    """A name whose server answers with such an address, alone or among public ones, leads nowhere."""
    hostile = addresses_of(host)
    for answer in (hostile, ["93.184.215.14", *hostile], [*hostile, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]):
        with pytest.raises(FetchError, match="not on the public internet"):
            fetcher(resolver=lambda *_, answer=answer: answer).fetch(f"http://innocent.example:{inside.port}/")
    assert connects == []
    assert inside.connections == 0


@pytest.mark.parametrize("form", DISPUTED)
def test_disputed_addresses_are_not_read_at_all(inside: OddServer, connects: list[str], form: str) -> None:
    """Other schemes, user names, white space, backslashes and broken addresses end before any name is looked up."""
    asked: list[str] = []

    def resolve(host: str, _: object) -> list[str]:
        asked.append(host)
        return [STAGE]

    fetch = fetcher(resolver=resolve)
    with pytest.raises(FetchError):
        fetch.fetch(form.replace("{stage}", STAGE).replace("{port}", str(inside.port)))
    assert asked == []
    assert connects == []
    assert inside.connections == 0


@pytest.mark.parametrize("form", [form for form in DISPUTED if form.isascii() and form.strip() and "\n" not in form])
def test_no_disputed_address_is_followed(inside: OddServer, stage: OddServer, form: str) -> None:
    """As a redirect such an address ends there as well, or is a path of the server that named it."""
    stage.leads_to("/", form.replace("{stage}", STAGE).replace("{port}", str(inside.port)))
    with suppress(FetchError):
        assert fetcher().fetch(stage.url) == b"file"
    assert inside.connections == 0


def test_a_name_that_changes_its_answer_changes_nothing(inside: OddServer, stage: OddServer) -> None:
    """The address that was checked is the one that is used, however often its name is asked afterwards."""
    for first, second in ((STAGE, "127.0.0.1"), ("127.0.0.1", STAGE)):
        answers = cycle([[first], [second]])
        fetch = fetcher(resolver=lambda *_, answers=answers: next(answers))
        for _ in range(4):
            with suppress(FetchError):
                assert fetch.fetch(f"http://rebinding.example:{stage.port}/") == b"file"
    assert stage.connections == 4
    assert inside.connections == 0


def test_a_redirect_to_a_name_that_has_moved_inside(inside: OddServer, stage: OddServer) -> None:
    """Each step is resolved and checked anew: a redirect to the same name, now loopback, is refused."""
    stage.leads_to("/", "/again")
    answers = iter([[STAGE], ["127.0.0.1"]])
    with pytest.raises(FetchError, match="not on the public internet"):
        fetcher(resolver=lambda *_: next(answers)).fetch(f"http://moving.example:{stage.port}/")
    assert (stage.connections, inside.connections) == (1, 0)


def test_strangers_do_not_learn_which_internal_names_exist(inside: OddServer) -> None:
    """A name that does not exist and one that leads inside give the same message; only the operator's differs."""

    def unknown(*_: object) -> list[str]:
        raise socket.gaierror

    refused = []
    for resolver in (unknown, lambda *_: ["10.1.2.3"], lambda *_: []):
        with pytest.raises(FetchError) as error:
            fetcher(resolver=resolver).fetch(f"http://intranet.example:{inside.port}/")
        refused.append(error.value)
    assert {str(error) for error in refused} == {"'intranet.example' is not on the public internet"}
    assert "no server has this name" in refused[0].detail
    assert "is not public" in refused[1].detail


def test_an_allowed_network_is_reached_and_no_other(stage: OddServer) -> None:
    """What an operator allows is fetched from any port; at most three redirects are followed; the host is the name."""
    assert fetcher().fetch(stage.url) == b"file"
    for step in range(4):
        stage.leads_to(f"/{step}", f"/{step + 1}")
    assert fetcher().fetch(f"{stage.url}/1") == b"file"
    with pytest.raises(FetchError, match="more than 3 times"):
        fetcher().fetch(f"{stage.url}/0")
    fetcher(resolver=lambda *_: [STAGE]).fetch(f"http://pictures.example:{stage.port}/a%20b?c=ä")
    assert stage.hosts[-1] == f"pictures.example:{stage.port}"


def test_public_servers_are_asked_at_the_ports_of_the_web_only() -> None:
    """A port that no web server has is refused before anything is sent to it."""
    for port in (22, 25, 6379, 8080, 9870):
        with pytest.raises(FetchError, match="only 80 and 443"):
            fetcher(resolver=lambda *_: ["93.184.215.14"]).fetch(f"http://somewhere.example:{port}/")


def test_the_environments_proxies_are_not_asked(stage: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name by itself, after our check."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.9:9")
    assert fetcher().fetch(stage.url) == b"file"


def drip(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"x")
        time.sleep(0.05)


def drip_headers(request: BaseHTTPRequestHandler) -> None:
    """A header that does not end."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        request.wfile.write(b"x")
        time.sleep(0.05)


def silence(_: BaseHTTPRequestHandler) -> None:
    """Nothing at all."""
    time.sleep(3)


@pytest.mark.parametrize("answer", [drip, drip_headers, silence])
def test_time_is_counted_over_everything(stage: OddServer, answer: object) -> None:
    """A server that keeps the line busy or silent is left at the end of the time."""
    stage.answers["/"] = answer  # type: ignore[assignment]
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"within 0\.5 s"):
        fetcher(timeout_s=0.5, max_bytes=10**6).fetch(stage.url)
    assert time.monotonic() - began < 1.0


def test_length_is_counted_as_it_comes(stage: OddServer) -> None:
    """An endless file ends at the limit, whatever its header announces; one that breaks off is no file."""

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 4096)

    def short(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"x")

    stage.answers |= {"/endless": endless, "/short": short}
    with pytest.raises(FetchError, match="longer than 1,000 bytes"):
        fetcher().fetch(f"{stage.url}/endless")
    with pytest.raises(FetchError, match="in the middle"):
        fetcher().fetch(f"{stage.url}/short")


def test_an_answer_that_is_no_file_is_told(stage: OddServer) -> None:
    """A status other than 200, an answer that is no HTTP and a port where nobody is are errors of the address."""

    def missing(request: BaseHTTPRequestHandler) -> None:
        request.send_error(404)

    def nonsense(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"\x00\xff\r\n\r\n")

    stage.answers |= {"/missing": missing, "/nonsense": nonsense}
    with pytest.raises(FetchError, match="answers 404"):
        fetcher().fetch(f"{stage.url}/missing")
    with pytest.raises(FetchError, match="not valid HTTP"):
        fetcher().fetch(f"{stage.url}/nonsense")
    with pytest.raises(FetchError, match="not valid HTTP"):
        fetcher().fetch(f"http://{STAGE}:1/")


def test_certificates_are_checked_against_the_name(inside: OddServer, tmp_path: Path) -> None:
    """The name goes into the handshake and the certificate must bear it, although the connection goes to an address."""
    if shutil.which("openssl") is None:
        skip_or_fail("no openssl on the PATH, which makes the certificate")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=pictures.example",
    ]
    names = ["-addext", "subjectAltName=DNS:pictures.example", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    asked: list[str | None] = []
    serving.sni_callback = lambda _, name, __: asked.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with OddServer(STAGE, tls=serving) as server:
        fetch = fetcher(resolver=lambda *_: [STAGE], tls=trusting)
        assert fetch.fetch(f"https://pictures.example:{server.port}/") == b"file"
        assert asked == ["pictures.example"]
        with pytest.raises(FetchError, match="certificate"):
            fetch.fetch(f"https://other.example:{server.port}/")
        with pytest.raises(FetchError, match="certificate"):
            fetcher(resolver=lambda *_: [STAGE]).fetch(f"https://pictures.example:{server.port}/")
    assert inside.connections == 0


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_public_in_ipv6_clothes(address: IPv4Address) -> None:
    """Mapped, compatible, translated, 6to4 and Teredo addresses are refused, also those of public IPv4 addresses."""
    number = int(address)
    prefixes = {"::ffff:0:0": 0, "::": 0, "64:ff9b::": 0, "64:ff9b:1::": 0, "2002::": 80, "2001::": 64, "fe80::": 0}
    for prefix, shift in prefixes.items():
        assert not is_public(IPv6Address(int(IPv6Address(prefix)) | number << shift))


@given(st.ip_addresses())
def test_ours_is_stricter_than_pythons(address: IPv4Address | IPv6Address) -> None:
    """What Python's registry does not call global, or calls multicast or reserved, is not public here either."""
    if is_public(address):
        assert address.is_global
        assert not any((address.is_multicast, address.is_reserved, address.is_link_local, address.is_loopback))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
             "192.0.1.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"]
)  # fmt: skip
def test_public_servers_are_public(text: str) -> None:
    """Well-known public addresses, and the neighbours of what is not, pass."""
    address = IPv6Address(text) if ":" in text else IPv4Address(text)
    assert is_public(address)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """Whatever is given, nothing but our own error comes of it, and what passes can be sent in a request line."""
    for url in (text, f"http://{text}", f"http://host.example/{text}"):
        try:
            target = target_of(url)
        except FetchError:
            continue
        assert target.scheme in {"http", "https"}
        assert target.path.isascii()
        assert not set(target.path) & set(" \r\n")
        http.client.HTTPConnection("host.example")._validate_path(target.path)  # type: ignore[attr-defined]
