"""The protocol of contestants: load once, then run over the photos at each order.

A contestant is a process of its own, pinned to the cores of the contest. All of them run at once but only one works, so
that rounds alternate and noise of the machine affects all alike.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # each contestant imports what it needs, and no more
    import numpy as np
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

SIDE = 224
BATCH = 32


def folder() -> Path:
    """The folder of the photos, weights and converted networks of the contest.

    From the environment, which workers that a framework starts inherit.
    """
    return Path(os.environ["CONTEST_FOLDER"])


Run = Callable[[Path, str], dict[str, int]]
"""From a Parquet file of photos, and the contestant's argument, to every photo's best class, by image_id."""


def serve(get_ready: Callable[[], Run]) -> None:
    """Run the orders on standard input: each line has a file of photos and an argument, as JSON.

    Args:
        get_ready: loads what is loaded once.
    """
    # Libraries print to standard output; the protocol uses a copy of it.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    run = get_ready()
    answers.write(json.dumps("ready") + "\n")
    for line in sys.stdin:
        photos, argument = json.loads(line)
        began = time.perf_counter()
        best = run(Path(photos), argument)
        seconds = time.perf_counter() - began
        answers.write(json.dumps({"seconds": seconds, "best": best}) + "\n")


def keras_model() -> Any:
    """MobileNet as Keras users load it."""
    import tensorflow as tf  # type: ignore[import-untyped]

    tf.config.threading.set_intra_op_parallelism_threads(len(os.sched_getaffinity(0)))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = tf.keras.applications.MobileNet(weights=None, classes=1000)
    model.load_weights(folder() / "network.weights.h5")
    return model


def pixels_of(content: bytes) -> NDArray[np.float32]:
    """A photo as the tutorials read one: whole, squeezed to the input's size, -1 to 1; float32 [224, 224, 3]."""
    import io

    import numpy as np
    from PIL import Image

    image = Image.open(io.BytesIO(content)).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32) / 127.5 - 1


def local_spark() -> SparkSession:
    """A local Spark session with one task slot for each core of the contest."""
    from imagelake.runtime.session import start_session

    return start_session(
        "contest",
        {
            "spark.master": f"local[{len(os.sched_getaffinity(0))}]",
            "spark.driver.memory": "2g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            # Its second compiler takes a second or two of a core until the JVM is warm: nothing in a job of hours, a
            # tenth of one of seconds, which is not what is measured here.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "64",
        },
    )


def spark_photos(spark: SparkSession, path: Path) -> DataFrame:
    """The photos of a file, in one task a core, or of all files of a folder, in one task a file if there are enough.

    A model that each task loads thus costs a contestant once a round.
    """
    lengths = [file.stat().st_size for file in (path.iterdir() if path.is_dir() else [path])]
    task = min(max(lengths), sum(lengths) // len(os.sched_getaffinity(0)) + 1)
    spark.conf.set("spark.sql.files.maxPartitionBytes", task)
    return spark.read.parquet(str(path))
