"""The options of scripts/serve."""

from __future__ import annotations

import argparse
import ipaddress
from pathlib import Path

from imagelake.installation import command_name
from imagelake.serving.options import lake_parser

_DESCRIPTION = """\
Serve a finished lake in the browser: reverse image search, labels, accuracy, ranking, duplicates and the
report, and judge pairs and labels there.

Needs no Java. Tables are read from a local root, or from hdfs:// through WebHDFS. Photos that are searched for are not
kept; their features are, for links, as long as the server runs. Photos behind addresses come from the public internet
only, from the ports 80 and 443.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = lake_parser(command_name("serve"), _DESCRIPTION)
    add = made.add_argument
    add("--host", metavar="ADDRESS", type=_address, default="127.0.0.1", help="to listen on (default: %(default)s)")
    add("--port", metavar="N", type=_port, default=8000, help="to listen on (default: %(default)s)")
    add("--allow-host", metavar="NAME", action="append", default=[], help="a name that the server is called by, such "
        "as that of a proxy in front of it; repeatable")  # fmt: skip
    add("--verdicts", metavar="FOLDER", type=Path, help="of this machine: keep what people judge there, as CSV for "
        "judge_duplicates and record_verdicts (default: it stays in their browsers)")  # fmt: skip
    add("--proxy", metavar="ADDRESS", help="a proxy in front, whose X-Forwarded-For is believed")
    return made


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address; 0.0.0.0 is every one of this machine") from None


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535, where 0 is any free one")
    return int(text)
