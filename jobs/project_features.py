"""Project the features of every image onto a plane: a map on which similar images lie near each other.

Reads predictions. Writes image_map, one row an image with features. A sample of the lake is laid out by t-SNE on the
driver; every image then lies between the nearest ones of the sample. The same features give the same map.
Cost: at most 30 s for 1,212 images of 256 features on two cores, of which the layout takes 9 s of one, whatever the
number of images.

    spark-submit jobs/project_features.py --root var/lake --set map.landmarks=2000
"""

from __future__ import annotations

import sys

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.tables import TABLES
from imagelake.transforms.project.image_map import learn_map, put_on_map, with_features


def run(work: Work, config: Config) -> None:
    """Learn the map on the driver, then put every image on it."""
    images = with_features(work.read("predictions"))
    rows = images.count()
    if rows:
        learnt = learn_map(images, rows, config.map.landmarks)
        work.write("image_map", put_on_map(images, learnt))
        work.note("laid out", f"{len(learnt.points):,} images; the others lie between them")
    else:
        work.write("image_map", work.lake.spark.createDataFrame([], TABLES["image_map"].ddl))
    total = work.lake.require("predictions").rows
    work.account("images", total, work.rows["image_map"], {"undecodable": total - rows})
    work.images = rows


JOB = Job(
    name="project_features",
    doc=__doc__,
    run=run,
    reads=("predictions",),
    writes=("image_map",),
    settings=("map",),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
