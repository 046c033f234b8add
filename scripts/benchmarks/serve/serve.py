"""Fifty simultaneous users of a served lake: each searches by photos, looks at results, filters, follows links.

The users run on the same machine as the server. Each waits a second on average between two steps, then requests
everything that a page shows. Percentiles of each step go to
var/bench/serve.json, and with --docs into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import requests
from results import PROJECT, keep, machine, say, write_docs
from rich.console import Console
from rich.table import Table

PHOTOS, SHOWN = 64, 24
ALONE = 40  # photos of one user before the others start
STEPS = {
    "alone": "from an uploaded photo to its answers, nobody else there",
    "first": "the first page",
    "photo": "from an uploaded photo to the page of its answers",
    "again": "the answers to a clicked image",
    "filters": "the same with filters",
    "image": "one image in detail",
    "labels": "labels or accuracy",
    "thumbnail": "a thumbnail",
}


class Times:
    """Seconds of each step, and what went wrong. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.counting = False

    def note(self, step: str, seconds: float, error: str | None) -> None:
        """One step."""
        with self._lock:
            if self.counting:
                self.seconds[step].append(seconds)
                if error:
                    self.errors.append(f"{step}: {error}")


class User(threading.Thread):
    """A user who repeats rounds until stopped."""

    def __init__(self, url: str, photos: list[bytes], times: Times, stop: threading.Event, seed: int) -> None:
        super().__init__(daemon=True)
        self._url, self._photos, self._times, self._stop_now = url, photos, times, stop
        self._draw = random.Random(seed)
        self._http = requests.Session()
        self._http.trust_env = False

    def run(self) -> None:
        """One round after the other."""
        time.sleep(self._draw.uniform(0, 2))
        while not self._stop_now.is_set():
            self._round()

    def _round(self) -> None:
        self._look(self._page("first", "/"))
        answers = self._photo()
        self._look(answers)
        links = re.findall(r'href="(/search\?image=[^"]+)"', answers)
        if not links:
            return
        chosen = unescape(self._draw.choice(links))
        self._look(self._page("again", chosen))
        self._look(self._page("filters", f"{chosen}&min_ppi=15&order=both"))
        self._look(self._page("image", chosen.replace("/search?image=", "/image?id=")))
        self._page("labels", self._draw.choice(["/labels", "/accuracy", "/ranking"]))

    def _photo(self) -> str:
        return self._timed("photo", "POST", "/search", files={"photo": ("p.jpg", self._draw.choice(self._photos))})

    def _page(self, step: str, path: str) -> str:
        return self._timed(step, "GET", path)

    def _look(self, page: str) -> None:
        for path in re.findall(r'src="(/(?:thumbnail|photo)\?[^"]+)"', page)[:SHOWN]:
            self._timed("thumbnail", "GET", unescape(path))
        self._stop_now.wait(self._draw.uniform(0.5, 1.5))

    def _timed(self, step: str, method: str, path: str, **what: Any) -> str:
        if self._stop_now.is_set():
            return ""
        began, error = time.monotonic(), None
        try:
            answer = self._http.request(method, f"{self._url}{path}", timeout=60, **what)
            error = None if answer.ok else f"{answer.status_code} for {path}"
            text = answer.text if answer.headers["Content-Type"].startswith("text/html") else ""
        except requests.RequestException as problem:
            error, text = f"{type(problem).__name__} for {path}", ""
        self._times.note(step, time.monotonic() - began, error)
        return text


@contextmanager
def served(root: str, cache: str) -> Iterator[str]:
    """The address of a server of its own."""
    rates = ["--set", "web.searches_per_minute=1000000", "--set", "web.requests_per_minute=1000000"]
    command: list[str | Path] = [PROJECT / "scripts" / "serve", "--root", root, "--port", "0", "--cache", cache, *rates]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield next(line for line in process.stdout if line.startswith("http://")).split()[0]
    except StopIteration:
        raise SystemExit(f"the server did not start: is {root} a finished lake?") from None
    finally:
        process.terminate()
        process.wait()


def photos_of(root: str) -> list[bytes]:
    """Some files of the lake that can be decoded."""
    quality = pq.read_table(f"{root}/image_quality", columns=["image_id"])["image_id"].to_pylist()
    chosen = random.Random(1).sample(sorted(quality), min(PHOTOS, len(quality)))
    found = pq.read_table(f"{root}/image_bytes", filters=[("image_id", "in", chosen)])["content"].to_pylist()
    return [bytes(content) for content in found]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The contest, and its figures."""
    photos, times, stop = photos_of(options.root), Times(), threading.Event()
    with tempfile.TemporaryDirectory() as cache, served(options.root, cache) as url:
        times.counting = True
        alone(url, photos, times)
        times.counting = False
        users = [User(url, photos, times, stop, seed) for seed in range(options.users)]
        for user in users:
            user.start()
        say(f"{options.users} users, warming up for {options.warm_up} s")
        time.sleep(options.warm_up)
        times.counting = True
        say(f"measuring for {options.seconds} s")
        time.sleep(options.seconds)
        times.counting = False
        stop.set()
        for user in users:
            user.join(90)
    return figures(times, options, len(pq.read_table(f"{options.root}/image_index", columns=["image_id"])))


def alone(url: str, photos: list[bytes], times: Times) -> None:
    """One program that sends photos to the API one after the other; the first few open files and are not counted."""
    with requests.Session() as http:
        http.trust_env = False
        for place in range(ALONE + 5):
            began = time.monotonic()
            headers = {"Content-Type": "image/jpeg"}
            answer = http.post(f"{url}/api/search", photos[place % len(photos)], headers=headers, timeout=60)
            if place >= 5:
                error = None if answer.ok else f"{answer.status_code} for a photo"
                times.note("alone", time.monotonic() - began, error)


def figures(times: Times, options: argparse.Namespace, images: int) -> dict[str, Any]:
    """Counts, percentiles and errors."""
    rows = {
        step: {
            "count": len(found),
            "median_ms": round(1000 * percentile(found, 0.5), 1),
            "p95_ms": round(1000 * percentile(found, 0.95), 1),
            "p99_ms": round(1000 * percentile(found, 0.99), 1),
        }
        for step in STEPS
        if (found := times.seconds.get(step))
    }
    every = [second for step, found in times.seconds.items() if step != "alone" for second in found]
    return {
        "machine": machine(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "images": images,
        "users": options.users,
        "seconds": options.seconds,
        "requests": len(every),
        "requests_per_s": round(len(every) / options.seconds, 1),
        "p95_ms": round(1000 * percentile(every, 0.95), 1),
        "errors": len(times.errors),
        "first_errors": times.errors[:5],
        "steps": rows,
    }


def percentile(values: list[float], share: float) -> float:
    """The value that a share of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def show(result: dict[str, Any]) -> None:
    """The table, for people."""
    table = Table(title=f"{result['users']} users for {result['seconds']} s on {result['machine']}")
    for column in ("", "requests", "median ms", "p95 ms", "p99 ms"):
        table.add_column(column, justify="left" if not column else "right")
    for step, row in result["steps"].items():
        table.add_row(STEPS[step], *(f"{row[name]:,}" for name in ("count", "median_ms", "p95_ms", "p99_ms")))
    console = Console(width=110)
    console.print(table)
    console.print(
        f"  {result['requests']:,} requests, {result['requests_per_s']:,} a second, {result['errors']} errors, "
        f"p95 {result['p95_ms']:,} ms"
    )
    for error in result["first_errors"]:
        console.print(f"  {error}")


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The table in docs/benchmarks.md."""
    lines = [
        f"{result['users']} users for {result['seconds']} s, one second on average between two steps of each, on "
        f"{result['machine']} that also runs the users; {result['images']:,} images, "
        f"{result['requests_per_s']:,} requests a second, {result['errors']} errors, p95 "
        f"of all {result['p95_ms']:,} ms:",
        "",
        "| step | requests | median, ms | p95, ms | p99, ms |",
        "|---|---|---|---|---|",
    ]
    for step, row in result["steps"].items():
        lines.append(f"| {STEPS[step]} | {row['count']:,} | {row['median_ms']} | {row['p95_ms']} | {row['p99_ms']} |")
    return lines


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench serve", description=__doc__)
    made.add_argument("--root", default="var/lake", help="a finished local lake; default %(default)s")
    made.add_argument("--users", type=int, default=50, help="at once; default %(default)s")
    made.add_argument("--seconds", type=int, default=60, help="counted; default %(default)s")
    made.add_argument("--warm-up", type=int, default=10, help="seconds before that; default %(default)s")
    made.add_argument("--docs", action="store_true", help="write the table into docs/benchmarks.md")
    return made


def main() -> int:
    """Run, keep and show; returns 1 where a request failed."""
    options = parser().parse_args()
    options.root = str(Path(options.root).resolve())
    result = run(options)
    keep("serve", result)
    show(result)
    if options.docs:
        write_docs("serve", docs_lines(result))
    return 1 if result["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
