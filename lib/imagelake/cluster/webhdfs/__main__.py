"""The command lines of scripts/upload and scripts/download."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from imagelake.cluster.webhdfs.client import Access, WebHdfs
from imagelake.cluster.webhdfs.download import Download
from imagelake.cluster.webhdfs.namenodes import find_namenodes, hdfs_path
from imagelake.cluster.webhdfs.pool import Account, run_all
from imagelake.cluster.webhdfs.retry import Clock, Retrier, WebHdfsRetryPolicy
from imagelake.cluster.webhdfs.transfer import TransferOptions
from imagelake.cluster.webhdfs.transfer_progress import TransferProgress
from imagelake.cluster.webhdfs.upload import Upload
from imagelake.errors import ImageLakeError
from imagelake.installation import command_name
from imagelake.net.option_types import at_least_one, seconds

_UPLOAD = """\
Put a local file, or all that is in a local folder, into a folder on HDFS: LOCAL/a/b becomes HDFS_FOLDER/a/b.

Each file is written beside its place, compared with the local one by HDFS's own checksum, then renamed: under its own
name a file is always whole. What is there already with the same content is skipped, so the same command goes on where
an interrupted one stopped.
"""
_DOWNLOAD = """\
Bring a file, or all that is in a folder on HDFS, into a local folder: HDFS_PATH/a/b becomes LOCAL_FOLDER/a/b.

Each file comes into a part beside its place, is compared with HDFS's own checksum, then renamed: under its own name a
file is always whole. What is there already with the same content is skipped, so the same command goes on where an
interrupted one stopped.
"""
_EPILOG = """\
The NameNodes are those of --namenode; else of IMAGELAKE_WEBHDFS, in the same form; else of the site files in
HADOOP_CONF_DIR. With several, the next is asked when one is on standby or does not answer.

Exit status: 0 when every file is in its place; 1 when one is not (each is listed with its reason) or the run ended
early; 2 for a wrong command line; 130 after Ctrl-C.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when every file was transferred or is there already, 1 otherwise, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    account, began = Account(), time.monotonic()
    done = {"upload": "uploaded", "download": "downloaded"}[options.command]
    try:
        _transfer(options, account)
    except ImageLakeError as error:
        return _end_early(options.command, str(error), account)
    except OSError as error:
        return _end_early(options.command, f"{error.filename}: {error.strerror}", account)
    except KeyboardInterrupt:
        _end_early(options.command, "interrupted", account)
        return 130
    sys.stderr.write(_problems_text(account))
    print(_summary_text(done, account, time.monotonic() - began))
    return 1 if account.problems else 0


def _transfer(options: argparse.Namespace, account: Account) -> None:
    namenodes = find_namenodes(options.namenode)
    remote = hdfs_path(options.remote, namenodes)
    clock = Clock()
    with TransferProgress(Console(stderr=True), options.command) as progress:
        retrier = Retrier(WebHdfsRetryPolicy(timeout_s=options.timeout), clock, progress.note)
        store = WebHdfs(Access(namenodes, options.user, options.kerberos), retrier)
        transfer = TransferOptions(store, retrier, progress, options.force, getattr(options, "block_size", None))
        local = Path(options.local)
        work = Upload(local, remote, transfer) if options.command == "upload" else Download(remote, local, transfer)
        progress.expect(*work.totals())
        run_all(work.items(), options.workers, clock.stop, account)


def _end_early(command: str, reason: str, account: Account) -> int:
    done = account.files + account.skipped
    rest = f"; {done:,} files are in place, the same command goes on with the others" if done else ""
    sys.stderr.write(f"{_problems_text(account)}{command}: {reason}{rest}\n")
    return 1


def _problems_text(account: Account) -> str:
    """Every file that was not transferred, with its reason; a line each."""
    return "".join(f"failed: {problem.name}: {problem.reason}\n" for problem in account.problems)


def _summary_text(verb: str, account: Account, seconds: float) -> str:
    """`uploaded 3 files, 1.5 MB in 2.0 s (0.8 MB/s); 7 were there already; 0 failed`."""
    size, speed = account.bytes / 1e6, account.bytes / 1e6 / max(seconds, 1e-9)
    amount = f"{verb} {account.files:,} files, {size:,.1f} MB in {seconds:.1f} s ({speed:.1f} MB/s)"
    return f"{amount}; {account.skipped:,} were there already; {len(account.problems):,} failed"


def _parser() -> argparse.ArgumentParser:
    """Both commands, the first word of which names the script."""
    top = argparse.ArgumentParser(prog="imagelake", description="Files to HDFS and back.", allow_abbrev=False)
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
        name, prog=command_name(name), description=description, epilog=_EPILOG, formatter_class=raw, allow_abbrev=False
    )


def _add_common(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--namenode", metavar="URLS", help="http://host:9870[,http://other:9870]")
    who = command.add_mutually_exclusive_group()
    who.add_argument("--user", metavar="NAME", help="who asks, on a cluster without Kerberos (default: you)")
    who.add_argument("--kerberos", action="store_true", help="authenticate by the ticket of kinit")
    add("--force", action="store_true", help="replace what is there with other content")
    add("--workers", type=at_least_one, default=4, metavar="N", help="files at a time (default: %(default)s)")
    text = "seconds to wait for a NameNode that serves (default: %(default)s)"
    add("--timeout", type=seconds, default=120.0, metavar="S", help=text)


if __name__ == "__main__":
    sys.exit(main())
