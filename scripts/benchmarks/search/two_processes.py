"""The gain of two cores on this machine: FAISS's assignment and encoding, most of a build's work, in two processes.

Two of them at once, which share nothing, each do half of what one does alone. The ratio of times is the least that a
build on two cores can reach, given the machine's caches, memory and clock.

    python two_processes.py VECTORS QUANTIZER BATCHES
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from imagelake.transforms.search.image_index import ROWS_AT_ONCE, open_quantizer

PER_ROUND, ROUNDS = 40, 5  # batches as large as a build's, and rounds


def two_to_one(vectors: Path, quantizer: Path) -> float:
    """Seconds of two processes with half of the batches each to those of one with all, median of alternating rounds."""
    return statistics.median(
        encoding(vectors, quantizer, [0, 1]) / encoding(vectors, quantizer, [0]) for _ in range(ROUNDS)
    )


def encoding(vectors: Path, quantizer: Path, cores: list[int]) -> float:
    """Seconds until the slowest of the processes is done, without their starts."""
    started = [
        subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, __file__, vectors, quantizer, str(PER_ROUND // len(cores))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for core in cores
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return max(float(process.communicate()[0]) for process in started)


def main() -> int:
    """One process: says that it is ready, waits for a line, encodes, and prints its seconds."""
    vectors, quantizer, batches = sys.argv[1:]
    features = np.load(vectors, mmap_mode="r")[: ROWS_AT_ONCE * PER_ROUND].astype(np.float32)
    opened = open_quantizer(Path(quantizer).read_bytes())
    opened.assign(features[:ROWS_AT_ONCE])
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    for turn in range(int(batches)):
        opened.assign(features[turn * ROWS_AT_ONCE : (turn + 1) * ROWS_AT_ONCE])
    print(time.perf_counter() - start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
