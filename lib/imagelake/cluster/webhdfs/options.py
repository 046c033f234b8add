"""The options of scripts/upload and scripts/download."""

from __future__ import annotations

import argparse

from imagelake.net.option_types import at_least_one, seconds

_UPLOAD = """\
Upload a local file, or everything in a local folder, to a folder on HDFS: LOCAL/a/b becomes HDFS_FOLDER/a/b.

Each file is written under a temporary name, compared with the local one by HDFS's own checksum, then renamed, so that
a file under its own name is always complete. Files that are there already with the same content are skipped, so the
same command continues an interrupted one.
"""
_DOWNLOAD = """\
Download a file, or everything in a folder on HDFS, to a local folder: HDFS_PATH/a/b becomes LOCAL_FOLDER/a/b.

Each file is written to a part file, compared with HDFS's own checksum, then renamed, so that a file under its own name
is always complete. Files that are there already with the same content are skipped, so the same command continues an
interrupted one.
"""
_EPILOG = """\
The NameNodes are those of --namenode; else of IMAGELAKE_WEBHDFS, in the same form; else of the site files in
HADOOP_CONF_DIR. With several, the next is tried when one is on standby or does not answer.

Exit status: 0 when every file was transferred or is there already; 1 when one failed (each is listed with its reason)
or the run ended early; 2 for a wrong command line; 130 after Ctrl-C.
"""


def parser() -> argparse.ArgumentParser:
    """Both commands, the first word of which names the script."""
    top = argparse.ArgumentParser(prog="scripts/", description="Files to HDFS and back.", allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True, metavar="upload|download")
    upload = _command(commands, "upload", _UPLOAD)
    upload.add_argument("local", metavar="LOCAL", help="file or folder")
    upload.add_argument("remote", metavar="HDFS_FOLDER", help="/folder or hdfs://host:8020/folder; made where missing")
    upload.add_argument(
        "--block-size", type=at_least_one, metavar="BYTES", help="of the files on HDFS (default: the cluster's)"
    )
    _add_common(upload)
    download = _command(commands, "download", _DOWNLOAD)
    download.add_argument("remote", metavar="HDFS_PATH", help="/file, /folder or hdfs://host:8020/folder")
    download.add_argument("local", metavar="LOCAL_FOLDER", help="made where missing")
    _add_common(download)
    return top


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, description: str
) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(
        name, prog=f"scripts/{name}", description=description, epilog=_EPILOG, formatter_class=raw, allow_abbrev=False
    )


def _add_common(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--namenode", metavar="URLS", help="http://host:9870[,http://other:9870]")
    who = command.add_mutually_exclusive_group()
    who.add_argument("--user", metavar="NAME", help="the HDFS user on a cluster without Kerberos (default: you)")
    who.add_argument("--kerberos", action="store_true", help="authenticate by the ticket of kinit")
    add("--force", action="store_true", help="replace what is there with other content")
    add("--workers", type=at_least_one, default=4, metavar="N", help="files at a time (default: %(default)s)")
    text = "seconds to wait for a NameNode that serves (default: %(default)s)"
    add("--timeout", type=seconds, default=120.0, metavar="S", help=text)
