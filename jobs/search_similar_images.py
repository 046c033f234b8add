"""Reverse image search: what does the lake hold that looks like these images, or shows what they show?

Reads image_index, index_quantizer, predictions, labels_clean, image_quality, image_bytes, images, hierarchy,
label_accuracy, model, and heads where one of them predicted the images; queries are files, hdfs:// paths, http(s)
addresses or image_ids of the lake, and without any, one image of each label.
Only the cells nearest to a query are read. Writes search_queries, search_results and the page search_page/index.html.
Cost: at most 8 s for ten queries in a lake of 20,000 images, on two cores.

    spark-submit jobs/search_similar_images.py --root var/lake --query lion.jpg --set search.label=Carnivore
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from imagelake.config import Config
from imagelake.lake.predicting_network import unmeasured_classes
from imagelake.reports.rows import ReportRows
from imagelake.reports.search_page import write_search_page
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.options import Shortcut
from imagelake.runtime.resolve.search import (
    possible_query_files,
    published_index,
    published_network,
    query_files,
    query_reader,
    search_rules,
)
from imagelake.search.index_files import INDEX_TABLE, TRAINED_FOLDER
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.report.rows import images_to_show
from imagelake.transforms.search.label_meanings import label_meanings
from imagelake.transforms.search.queries import PhotoSettings, query_images, query_rows
from imagelake.transforms.search.search import LakeImages, search
from imagelake.vision.head import HEADS

SEARCHED = ("predictions", "labels_clean", "image_quality", "image_bytes", "images")


def run(work: Work, config: Config) -> None:
    """Read the queries, find their neighbours, show both."""
    rules = search_rules(config.search)
    photos = PhotoSettings(image_limits(config.images), config.report.thumbnail_side)
    reader = query_reader(config.search, config.images.max_bytes, work.lake.storage)
    network, index = published_network(work.lake), published_index(work.lake)
    index.trained.description.require_model(network.card.features)
    lake = LakeImages(work.lake.root, *(work.read(name) for name in SEARCHED))
    unmeasured = unmeasured_classes(network, work.lake.require("label_accuracy"))
    meanings = label_meanings(lake.labels_clean, work.read("hierarchy"), work.read("label_accuracy"), unmeasured)
    images = query_images(config.search.queries, lake, reader, network, photos)
    readable = {image.row["query"]: image.query for image in images if image.query}
    queries = work.write("search_queries", query_rows(work.lake.spark, images))
    results = work.write("search_results", search(lake, index, readable, meanings, rules))
    frames = {"search_queries": queries.toPandas(), "search_results": results.toPandas()}
    shown = make_thumbnails(lake.image_bytes, images_to_show(frames), photos.thumbnail_side, photos.limits)
    with tempfile.TemporaryDirectory() as scratch:
        write_search_page(ReportRows("Search", frames, shown), Path(scratch))
        work.write_folder("search_page", Path(scratch), files=1)
    work.account("queries", len(images), len(readable), {"undecodable": len(images) - len(readable)})
    work.note("page", f"{work.lake.address('search_page')}/index.html")


JOB = Job(
    name="search_similar_images",
    doc=__doc__,
    run=run,
    reads=(INDEX_TABLE, TRAINED_FOLDER, *SEARCHED, "hierarchy", "label_accuracy", "model", HEADS),
    optional=(HEADS,),
    writes=("search_queries", "search_results", "search_page"),
    settings=("search", "images", "report"),
    files=lambda config: query_files(config.search),
    optional_files=lambda config: possible_query_files(config.search),
    shortcuts=(
        Shortcut("--query", "IMAGE", "search.queries", "an image to look for; repeatable"),
        Shortcut(
            "--allow-network",
            "CIDR",
            "search.allow_networks",
            "let addresses of queries lead into a network that is not public; repeatable",
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
