"""Download a chosen slice of Open Images V7 from its public addresses, in the layout in which it is published.

The folder then holds the class names, the hierarchy, of every large CSV file the rows of the chosen images, and
their bytes, as ``scripts/run --open-images DIR`` reads them. The same command continues a run that was interrupted or
killed.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from imagelake.errors import ImageLakeError
from imagelake.installation import command_name
from imagelake.net.option_types import at_least_one, seconds
from imagelake.net.transfer import DownloadError, DownloadRetryPolicy
from imagelake.open_images.addresses import SPLITS, load_addresses
from imagelake.open_images.slice_download import DownloadOptions, Slice, SliceDownload
from imagelake.open_images.slice_folder import SliceFolder, locked
from imagelake.open_images.slice_progress import SliceProgress

BESIDE_OUT = object()
EPILOG = """\
examples:
  COMMAND --out lions --labels Lion,Tiger --per-label 100
  COMMAND --out zoo --labels Lion --labels /m/07dm6 --split validation --split test

Images are chosen among those with a human-verified label, or a box, of confidence 1 whose bytes are published. The
CSV files are streamed and only rows of chosen images are kept: about 150 MB are read for validation, 500 MB for test,
18 GB for train (13 GB with --keep-full). failed.csv lists images that failed; choice.json records the chosen images.

Exit status: 0 when every chosen image is there, 1 when some are not or the run ended in an error, 2 for a wrong
command line, 130 after Ctrl-C. Whatever the status, the same command continues the download.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status."""
    options = _parser().parse_args(arguments)
    folder = SliceFolder(options.out)
    try:
        return _download(options, folder)
    except DownloadError as error:
        hint = "check the network or HTTPS_PROXY, or give a mirror with --base-url; " if not error.reached else ""
        return _fail(f"{error}\n{hint}what {folder.root} holds stays, the same command goes on from there")
    except ImageLakeError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename or folder.root}: {error.strerror or error}")
    except KeyboardInterrupt:
        print(f"\ninterrupted; the same command goes on with what {folder.root} lacks", file=sys.stderr)
        return 130


def _download(options: argparse.Namespace, folder: SliceFolder) -> int:
    wanted = Slice(
        tuple(options.labels), tuple(dict.fromkeys(options.split or ["validation"])), options.per_label, options.seed
    )
    addresses = load_addresses(options.config, options.base_url)
    full = _full_folder(options)
    policy = DownloadRetryPolicy(retries=options.retries, timeout_s=options.timeout)
    download = DownloadOptions(addresses, options.workers, policy, full)
    with (
        folder.opened(),
        locked(full / ".lock", full) if full else nullcontext(),
        SliceProgress(Console(stderr=True)) as progress,
    ):
        summary = SliceDownload(wanted, folder, download, progress).run()
    print(summary.text(folder))
    return 1 if summary.failures else 0


def _full_folder(options: argparse.Namespace) -> Path | None:
    if options.keep_full is None:
        return None
    out = options.out.resolve()
    full: Path = (
        options.keep_full.resolve() if options.keep_full is not BESIDE_OUT else out.with_name(f"{out.name}-full")
    )
    if full.is_relative_to(out):
        raise ImageLakeError(f"--keep-full {full} lies in --out {out}: whoever reads the slice would read all of it")
    return full


def _fail(message: str) -> int:
    print(f"fetch_open_images: {message}", file=sys.stderr)
    return 1


def _labels(text: str) -> list[str]:
    """The labels in one option: comma-separated, as in CSV, so that a name with a comma can be quoted."""
    labels = [label.strip() for label in next(csv.reader([text], skipinitialspace=True), [])]
    if not any(labels):
        raise argparse.ArgumentTypeError("no label given; write for example Lion,Tiger")
    return [label for label in labels if label]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=command_name("fetch-open-images"),
        description=(__doc__ or "").split("\n\n")[0],
        epilog=EPILOG.replace("COMMAND", command_name("fetch-open-images")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what")
    what.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the slice; made where it is missing"
    )
    what.add_argument(
        "--labels", type=_labels, action="extend", required=True, metavar="NAMES",
        help='class names or MIDs, comma-separated, repeatable; quote a name with a comma: \'"Bow, arrow",Lion\'',
    )  # fmt: skip
    what.add_argument(
        "--per-label",
        type=at_least_one,
        default=100,
        metavar="N",
        help="most images of each label in each split (default: 100)",
    )
    what.add_argument(
        "--split", choices=SPLITS, action="append", help="train, validation or test, repeatable (default: validation)"
    )
    what.add_argument("--seed", type=int, default=7, help="another seed chooses other images (default: 7)")
    return _add_download_options(parser)


def _add_download_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    how = parser.add_argument_group("how")
    how.add_argument(
        "--workers", type=at_least_one, default=8, metavar="N", help="images downloaded at a time (default: 8)"
    )
    how.add_argument(
        "--keep-full", nargs="?", type=Path, const=BESIDE_OUT, metavar="FULL",
        help="keep the whole CSV files too, in FULL (default: beside DIR, as DIR-full), where other slices find them",
    )  # fmt: skip
    how.add_argument(
        "--base-url", metavar="URL", help="a mirror that serves the published paths, instead of both addresses"
    )
    how.add_argument("--config", type=Path, metavar="FILE", help="addresses (default: conf/open_images.toml)")
    how.add_argument(
        "--retries", type=int, default=5, metavar="N", help="attempts after a failure without progress (default: 5)"
    )
    how.add_argument(
        "--timeout", type=seconds, default=30.0, metavar="S", help="seconds to wait for an answer (default: 30)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
