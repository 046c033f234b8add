"""Reverse image search: what does the lake hold that looks like these images, or shows what they show?

Reads image_index, index_quantizer, predictions, labels_clean, image_quality, image_bytes, images, classes, hierarchy
and model; queries are files, hdfs:// paths or http(s) addresses, and without any, one image of each label.
Only the cells nearest to a query are read. Writes search_queries, search_results and the page search_page/index.html.

    spark-submit jobs/search_similar_images.py --root var/lake --query lion.jpg --set search.label=Carnivore
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from imagelake.config import Config
from imagelake.lake.storage import to_uri
from imagelake.reports.rows import ReportRows
from imagelake.reports.search_page import write_search_page
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Shortcut, Work
from imagelake.runtime.resolve.labels import check_label_files, label_class_files, read_label_rules
from imagelake.runtime.resolve.network import load_network
from imagelake.transforms.labels.label_classes import label_classes, vocabulary
from imagelake.transforms.predict.model import features_name, image_limits
from imagelake.transforms.predict.thumbnails import make_thumbnails
from imagelake.transforms.report.rows import images_to_show
from imagelake.transforms.search.nearest import SearchedIndex
from imagelake.transforms.search.queries import query_images, query_rows
from imagelake.transforms.search.search import LakeImages, search
from imagelake.transforms.search.trained_index import published_index
from imagelake.vision.packed import open_engine

SEARCHED = ("predictions", "labels_clean", "image_quality", "image_bytes", "images")
NAMING = ("classes", "hierarchy")


def run(work: Work, config: Config) -> None:
    """See the queries, find their neighbours, show both."""
    spark, storage = work.lake.spark, work.lake.storage
    lake = LakeImages(*(work.read(name) for name in SEARCHED))
    words = vocabulary(lake.labels_clean, *(work.read(name) for name in NAMING))
    meanings = label_classes(words, read_label_rules(config, storage))
    network = load_network(work.folder("model"), config.model, storage)
    trained, rows = published_index(work.lake)
    trained.description.require_model(features_name(network, config.model))
    asked = query_images(lake, storage, meanings, lambda: open_engine(network), config)
    found = [image.query for image in asked if image.query]
    queries = work.write("search_queries", query_rows(spark, asked))
    index = SearchedIndex(work.read("image_index"), rows, trained)
    results = work.write("search_results", search(lake, index, found, words, config.search))
    frames = {"search_queries": queries.toPandas(), "search_results": results.toPandas()}
    limits = image_limits(config.images)
    shown = make_thumbnails(lake.image_bytes, images_to_show(frames), config.report.thumbnail_side, limits)
    with tempfile.TemporaryDirectory() as scratch:
        write_search_page(ReportRows("Search", frames, shown), Path(scratch))
        work.write_folder("search_page", Path(scratch), files=1)
    work.account("queries", len(asked), len(found), {"undecodable": len(asked) - len(found)})
    work.note("page", f"{work.lake.address('search_page')}/index.html")


def files(config: Config) -> tuple[str, ...]:
    """What classes mean, and the query files; an address on the web counts by its name."""
    local = (to_uri(query) for query in config.search.queries if not query.startswith(("http://", "https://")))
    return (*label_class_files(config), *local)


JOB = Job(
    name="search_similar_images",
    doc=__doc__,
    run=run,
    reads=("image_index", "index_quantizer", *SEARCHED, *NAMING, "model"),
    writes=("search_queries", "search_results", "search_page"),
    settings=("search", "model", "source", "images", "report"),
    files=files,
    check=check_label_files,
    shortcuts=(Shortcut("--query", "IMAGE", "search.queries", "an image to look for; repeatable"),),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
