"""Convert the network once to the one file that executors run, so that only this job needs TensorFlow.

Reads the weights: the embedded ones, Keras's own, or a .weights.h5 or .keras file, local or on HDFS. Writes the folder
model. Its driver needs TensorFlow, which the environment of executors leaves out: on YARN, run it in client mode.

    spark-submit jobs/convert_model.py --root var/lake --set model.weights=mobilenet_v1_1.0_224.weights.h5
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from imagelake.cluster.command import main
from imagelake.cluster.job import Job, Work
from imagelake.config import Config
from imagelake.transforms.label_classes import read_class_map
from imagelake.transforms.model import class_files, convert_model, save_network, weights_files


def run(work: Work, config: Config) -> None:
    """Build, fill, convert, keep."""
    model = config.model
    class_map = read_class_map(model, work.lake.storage)
    with tempfile.TemporaryDirectory() as scratch:
        network = save_network(convert_model(model, len(class_map), work.lake.storage), Path(scratch))
        work.tell(
            "network", f"{model.architecture} {model.alpha:g} at {model.resolution} px, {len(class_map):,} classes"
        )
        work.tell("size", f"{network.stat().st_size / 2**20:,.1f} MiB for {model.engine}")
        work.write_folder("model", Path(scratch), files=1)


def files(config: Config) -> tuple[str, ...]:
    """The weights and the class file: other ones make the job run again."""
    return (*weights_files(config.model), *class_files(config.model))


JOB = Job(name="convert_model", doc=__doc__, run=run, writes=("model",), settings=("model",), files=files)

if __name__ == "__main__":
    sys.exit(main(JOB))
