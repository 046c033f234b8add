"""Project the features of every image onto a plane: a map on which similar images lie near each other.

Reads predictions. Writes image_map, one row an image with features, and the folder map_landmarks. A sample of the lake
is laid out by t-SNE on the driver; every image then lies between the nearest ones of the sample. The same features give
the same map, and images stay where they are until a tenth of the sample has changed.
Cost: at most 30 s for 1,212 images of 256 features on two cores, of which the layout takes 9 s of one, whatever the
number of images.

    spark-submit jobs/project_features.py --root var/lake --set map.landmarks=2000
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from imagelake.config import Config
from imagelake.measures.neighbour_map import NeighbourMap
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.learnt import Arrays, learnt, recipe_of_learning
from imagelake.tables import TABLES
from imagelake.transforms.project.image_map import learn_map, put_on_map, with_features
from imagelake.transforms.rows.sampled_images import sampled_images

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LANDMARKS, LAYOUT = "map_landmarks", ("features", "points")


def run(work: Work, config: Config) -> None:
    """Lay out a sample on the driver, or take the layout of the last run, then put every image on the map."""
    images, landmarks = with_features(work.read("predictions")), config.map.landmarks
    rows = images.count()
    sample = sampled_images(work.read("predictions"), min(1.0, landmarks / max(rows, 1)))
    recipe = recipe_of_learning(work, learn_map, landmarks)
    arrays = learnt(work, LANDMARKS, sample, recipe, lambda: _layout(images, rows, landmarks))
    if rows:
        work.write("image_map", put_on_map(images, NeighbourMap(**{name: arrays[name] for name in LAYOUT})))
        work.note("laid out", f"{len(arrays['points']):,} images; the others lie between them")
    else:
        work.write("image_map", work.lake.spark.createDataFrame([], TABLES["image_map"].ddl))
    total = work.lake.require("predictions").rows
    work.account("images", total, work.rows["image_map"], {"undecodable": total - rows})
    work.images = rows


def _layout(images: DataFrame, rows: int, landmarks: int) -> Arrays:
    """The arrays of a map; none where there are no images."""
    layout = learn_map(images, rows, landmarks) if rows else None
    return {name: getattr(layout, name) for name in LAYOUT} if layout else {}


JOB = Job(
    name="project_features",
    doc=__doc__,
    run=run,
    reads=("predictions",),
    writes=("image_map", "map_landmarks"),
    settings=("map",),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
