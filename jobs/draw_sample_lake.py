"""Draw the sample lake: animals and their annotations, in the format of the published Open Images files.

Writes the folder sample_files, with the planted facts in planted.json.
Cost: 37 images/s, drawn by the driver on one core.

    spark-submit jobs/draw_sample_lake.py --root var/lake --set sample.images=400
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.samples import write_sample_lake


def run(work: Work, config: Config) -> None:
    """Draw into a local folder, then upload it to the lake."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "sample_files"
        write_sample_lake(folder, config.sample.images, config.sample.seed)
        files = sum(1 for path in folder.rglob("*") if path.is_file())
        work.write_folder("sample_files", folder, files)
    work.images = config.sample.images
    work.note("drawn", f"{config.sample.images:,} images of seed {config.sample.seed}")


JOB = Job(name="draw_sample_lake", doc=__doc__, run=run, writes=("sample_files",), settings=("sample",))

if __name__ == "__main__":
    sys.exit(main(JOB))
