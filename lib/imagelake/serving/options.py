"""The options of the commands that open a finished lake, and the lake that they name."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic.fields import FieldInfo

from imagelake.config import Config, load_config, settings_help
from imagelake.installation import command_name
from imagelake.net.public_address import Network
from imagelake.net.safe_fetch import SafeFetch
from imagelake.serving.parameters import SearchParameters

if TYPE_CHECKING:
    from imagelake.lake.published import PublishedLake

_SEARCH_DESCRIPTION = """\
Which images of a finished lake look like this one? The answers of scripts/serve in the terminal, without a server.

Needs no Java. Tables are read from a local root, or from hdfs:// through WebHDFS. The first search of a lake fetches
its index into --cache, which scripts/serve shares.
"""


def search_parser() -> argparse.ArgumentParser:
    """The command line of one search."""
    made = lake_parser(command_name("search"), _SEARCH_DESCRIPTION)
    add = made.add_argument
    add("photo", metavar="PHOTO", help="a file, an http(s) address, or the image_id of an image of the lake")
    for name, field in SearchParameters.model_fields.items():
        if name != "page":
            add(f"--{name.replace('_', '-')}", metavar=name.upper(), help=_help_of(field))
    add("--json", action="store_true", help="print JSON, as the API gives it, instead of a list")
    add("--count", metavar="N", type=int, default=10, help="how many answers (default: %(default)s)")
    return made


def lake_of(options: argparse.Namespace) -> tuple[PublishedLake, Config]:
    """The lake that parsed options of either command name, and the settings that hold for it.

    Raises:
        ImageLakeError: a setting is wrong, or the lake cannot be opened.
    """
    from imagelake.lake.published import open_lake  # help does not wait for the reader of tables

    config = load_config(options.config, options.settings)
    return open_lake(options.root or config.lake.root, options.namenode, options.user, options.kerberos), config


def _help_of(field: FieldInfo) -> str:
    chosen = [option for part in (field.annotation, *get_args(field.annotation)) for option in get_args(part)]
    names = [option for option in chosen if isinstance(option, str)]
    return f"{field.description} ({', '.join(names)})" if names else str(field.description)


def lake_parser(prog: str, description: str) -> argparse.ArgumentParser:
    """A command about a lake: which one, and how it is read."""
    made = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=settings_help(("web", "search")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--root", metavar="DIR", help="the lake: a local folder or hdfs:// (lake.root)")
    add("--cache", metavar="DIR", type=Path, default=Path("var/web"), help="for the index and thumbnails "
        "(default: %(default)s)")  # fmt: skip
    add("--namenode", metavar="URLS", help="http://host:9870[,http://other:9870], for hdfs://")
    who = made.add_mutually_exclusive_group()
    who.add_argument("--user", metavar="NAME", help="who asks HDFS, without Kerberos (default: you)")
    who.add_argument("--kerberos", action="store_true", help="ask HDFS by the ticket of kinit")
    add("--config", metavar="FILE", type=Path, action="append", default=[], help="a TOML file of settings; repeatable")
    add("--set", metavar="SECTION.KEY=VALUE", dest="settings", action="append", default=[], help="one setting, e.g. "
        "web.results=48; may be repeated, and wins over --config")  # fmt: skip
    add("--allow-network", metavar="CIDR", type=_network, action="append", default=[], help="let addresses of photos "
        "lead into a network that is not public; repeatable, beside search.allow_networks")  # fmt: skip
    return made


def fetch_of(config: Config, allowed: Sequence[Network]) -> SafeFetch:
    """How photos behind addresses are fetched: as the section search says, and from the option's networks."""
    rules = config.search
    return SafeFetch(rules.url_timeout_s, rules.url_max_bytes, [*rules.allow_networks, *allowed])


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no network such as 10.1.0.0/16: {error}") from None
