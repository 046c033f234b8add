"""The command line of scripts/serve: what cannot be served is one line, and only names of its own are answered to."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from imagelake.web.__main__ import allowed_hosts, main
from imagelake.web.options import parser


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--root", "{nowhere}"], "there is no folder"),
        (["--root", "{empty}"], "there is no table images"),
        (["--set", "web.nothing=1"], "unknown setting of section [web] 'nothing'"),
        (["--set", "web.results=0"], "web.results"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """A root without a lake, a lake without tables and a wrong setting end at once, with the reason and status 2."""
    (tmp_path / "empty").mkdir()
    places = {"nowhere": tmp_path / "nowhere", "empty": tmp_path / "empty"}
    assert main([argument.format(**places) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("serve: ")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["--host", "name"], ["--port", "-1"], ["--port", "65536"], ["--allow-network", "10.1.2.3/8"],
     ["--allow-net", "::/0"], ["--user", "a", "--kerberos"]],
)  # fmt: skip
def test_wrong_options_are_refused(arguments: list[str]) -> None:
    """An address that is none, a port out of range, a network with host bits, a shortened option, two at odds."""
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)


def test_names_that_the_server_answers_to() -> None:
    """On loopback its own names, and those that are given; elsewhere those that are given, or any."""
    loopback = {"localhost", "127.0.0.1", "[::1]"}
    assert set(allowed_hosts(parser().parse_args([]))) == loopback
    assert set(allowed_hosts(parser().parse_args(["--host", "::1"]))) == loopback
    assert set(allowed_hosts(parser().parse_args(["--allow-host", "lake.example"]))) == {*loopback, "lake.example"}
    assert allowed_hosts(parser().parse_args(["--host", "0.0.0.0"])) == ["*"]
    assert allowed_hosts(parser().parse_args(["--host", "0.0.0.0", "--allow-host", "a"])) == ["a"]
    assert parser().parse_args(["--host", "localhost"]).host == "127.0.0.1"


def test_nothing_listens_elsewhere_unless_asked() -> None:
    """The default address is loopback, the default networks are none, and no proxy is believed."""
    options = parser().parse_args([])
    assert (options.host, options.allow_network, options.proxy) == ("127.0.0.1", [], None)
    assert socket.inet_aton(options.host)[0] == 127
