"""The command lines of scripts/upload and scripts/download."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from imagelake.cluster.webhdfs.client import Access, WebHdfs
from imagelake.cluster.webhdfs.display import Display
from imagelake.cluster.webhdfs.download import Download
from imagelake.cluster.webhdfs.namenodes import find_namenodes, hdfs_path
from imagelake.cluster.webhdfs.options import parser
from imagelake.cluster.webhdfs.pool import Account, run_all
from imagelake.cluster.webhdfs.retry import Clock, Retrier, RetryPolicy
from imagelake.cluster.webhdfs.summary import problems_text, summary_text
from imagelake.cluster.webhdfs.transfer import TransferOptions
from imagelake.cluster.webhdfs.upload import Upload
from imagelake.errors import ImageLakeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when every file was transferred or is there already, 1 otherwise, 130 after Ctrl-C.
    """
    options = parser().parse_args(arguments)
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
    sys.stderr.write(problems_text(account))
    print(summary_text(done, account, time.monotonic() - began))
    return 1 if account.problems else 0


def _transfer(options: argparse.Namespace, account: Account) -> None:
    namenodes = find_namenodes(options.namenode)
    remote = hdfs_path(options.remote, namenodes)
    clock = Clock()
    with Display(Console(stderr=True), options.command) as display:
        retrier = Retrier(RetryPolicy(timeout_s=options.timeout), clock, display.note)
        store = WebHdfs(Access(namenodes, options.user, options.kerberos), retrier)
        transfer = TransferOptions(store, retrier, display, options.force, getattr(options, "block_size", None))
        local = Path(options.local)
        work = Upload(local, remote, transfer) if options.command == "upload" else Download(remote, local, transfer)
        display.expect(*work.totals())
        run_all(work.items(), options.workers, clock.stop, account)


def _end_early(command: str, reason: str, account: Account) -> int:
    done = account.files + account.skipped
    rest = f"; {done:,} files are done, the same command continues with the others" if done else ""
    sys.stderr.write(f"{problems_text(account)}{command}: {reason}{rest}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
