"""The API: the same results as the pages, as JSON; /openapi.json describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from imagelake.search.page import Page
from imagelake.search.query import Query as SearchedQuery
from imagelake.serving.catalogue import ImageDetails
from imagelake.serving.duplicate_pages import FoundGroup, duplicates_of
from imagelake.serving.parameters import DuplicateParameters, QueryParameters, SearchParameters, Text, WordParameters
from imagelake.serving.search import Found, query_of, search, search_by_words
from imagelake.serving.served_lake import ServedLake
from imagelake.web.pages import address
from imagelake.web.photos import BODY, Photos
from imagelake.web.problems import ProblemError
from imagelake.web.tables import Tables

_COMPLETIONS = 20
_PROBLEM = {"description": "A problem (RFC 9457)", "content": {"application/problem+json": {}}}
PROBLEMS: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 403, 404, 408, 410, 413, 415, 422, 429, 503), _PROBLEM)


_MOST = 240


class _Count(BaseModel):
    count: Annotated[int, Field(ge=1, le=_MOST)] | None = Field(None, description="results on one page")


class SearchByPhoto(SearchParameters, _Count):
    """The parameters of a search by photo."""


class SearchAgain(QueryParameters, _Count):
    """The parameters of a search by something known."""


class SearchByWords(WordParameters, _Count):
    """The parameters of a search by words."""


class DuplicateGroupsOf(DuplicateParameters, _Count):
    """Which groups of duplicates."""


class PredictedClass(BaseModel):
    """A class of the network and its score, 0 to 1."""

    name: str
    score: float


class Image(BaseModel):
    """An image's details."""

    model_config = ConfigDict(from_attributes=True)

    image_id: str
    path: str | None = Field(description="where the bytes came from")
    split: str | None
    format: str | None
    width: int | None
    height: int | None
    byte_size: int | None
    sha256: str | None
    ppi: float | None
    kind: str | None
    labels: tuple[str, ...]
    title: str | None
    author: str | None
    license: str | None
    landing_url: str | None
    error: str | None
    thumbnail: str
    original: str


class Result(BaseModel):
    """A result: an image, and its cosine to the query in the mode of similar images."""

    similarity: float | None
    image: Image


class Results(BaseModel):
    """The results of one page, and the classes that the network predicts for the query."""

    query: str | None
    link: str
    classes: list[PredictedClass]
    label: str | None = Field(description="the label that images of the same label are looked for by")
    predicted_label: str | None = Field(description="that of the best class, another one where no image has it")
    total: int
    page: int
    pages: int
    results: list[Result]


class WordResult(BaseModel):
    """An image that words find: whether it has one of their labels, and the highest score of one of their classes."""

    labelled: bool
    score: float
    image: Image


class WordResults(BaseModel):
    """What words find: images with one of their labels, then images predicted to have one, by score."""

    labels: tuple[str, ...]
    nearest: tuple[str, ...] = Field(description="labels like words that find nothing")
    labelled: int
    total: int
    page: int
    pages: int
    results: list[WordResult]


class DuplicateImage(BaseModel):
    """An image of a group, what makes it a duplicate of the one to keep, and how surely, 0 to 1."""

    evidence: str = Field(description="representative: the one to keep; bytes, pixels, thumbnail: equal; near")
    score: float
    image: Image


class Duplicates(BaseModel):
    """A group of images that show the same picture."""

    keep: str = Field(description="image_id of the best one, the first of the group")
    total: int
    labels: tuple[str, ...] = Field(description="of its images, where they exclude each other")
    splits: tuple[str, ...] = Field(description="of its images, where there are several")
    images: list[DuplicateImage] = Field(description="the first ones; all of them, page by page, with group=keep")


class DuplicatePage(BaseModel):
    """The groups of one page, or the images of one group."""

    published: bool = Field(description="false: find_duplicates has not run, and these are files of equal bytes")
    counts: dict[str, int] = Field(description="groups of each kind")
    total: int
    page: int
    pages: int
    groups: list[Duplicates]


def image_of(details: ImageDetails) -> Image:
    """An image's details as the API gives them."""
    known = {name: value for name, value in asdict(details).items() if name in Image.model_fields}
    links = {name: address(f"/{name}", id=details.image_id) for name in ("thumbnail", "original")}
    return Image.model_validate(known | links)


def api(served: ServedLake, photos: Photos, tables: Tables, size: int) -> APIRouter:
    """The routes of the API.

    Args:
        served: the lake.
        photos: takes photos from requests.
        tables: the small tables.
        size: answers on one page.
    """
    router = APIRouter(prefix="/api", responses=PROBLEMS)

    @router.get("/search")
    def search_again(parameters: Annotated[SearchAgain, Query()]) -> Results:
        """Search by a photo that was uploaded before, or by an image of the lake."""
        query = query_of(served, parameters)
        return _results(query, search(served, query, parameters, parameters.count or size), parameters)

    @router.post("/search", openapi_extra=BODY)
    async def search_by_photo(request: Request, parameters: Annotated[SearchByPhoto, Query()]) -> Results:
        """Search by a photo: the body is the photo, a form with it, or JSON with its address."""
        token, query = await photos.take(request)
        again = QueryParameters(**parameters.model_dump(exclude={"count"}), query=token)
        found = await run_sync(search, served, query, parameters, parameters.count or size)
        return _results(query, found, again)

    @router.get("/words")
    def words(parameters: Annotated[SearchByWords, Query()]) -> WordResults:
        """Search by words: labels, their synonyms and narrower labels, and the classes of the network."""
        found = search_by_words(served, parameters.words, Page(parameters.page, parameters.count or size))
        return WordResults(
            labels=found.labels,
            nearest=found.nearest,
            labelled=found.labelled,
            total=found.total,
            page=parameters.page,
            pages=found.pages,
            results=[
                WordResult(labelled=one.labelled, score=one.score, image=image_of(one.details)) for one in found.answers
            ],
        )

    @router.get("/complete")
    def complete(beginning: Text = "") -> list[str]:
        """Labels with images whose name, a word of it or a synonym begins so, those with most images first."""
        return served.words.completions(beginning, _COMPLETIONS)

    @router.get("/image")
    def image(id: Annotated[Text, Query()]) -> Image:
        """The details of one image."""
        row = served.catalogue.row_of(id)
        if row is None:
            raise ProblemError(404, "the lake has no such image")
        return image_of(served.catalogue.details([row])[0])

    @router.get("/duplicates")
    def duplicates(parameters: Annotated[DuplicateGroupsOf, Query()]) -> DuplicatePage:
        """Groups of duplicates, the largest first; of each the image to keep first."""
        found = duplicates_of(served, parameters, parameters.count or size)
        return DuplicatePage(
            published=served.duplicates.published,
            counts=served.duplicates.counts,
            total=found.total,
            page=parameters.page,
            pages=found.pages,
            groups=[_group(one) for one in found.groups],
        )

    @router.get("/tables")
    def published() -> dict[str, int]:
        """The published tables and folders with their rows."""
        return {name: manifest.rows for name, manifest in tables.manifests.items()}

    @router.get("/labels")
    def labels() -> dict[str, int]:
        """Clean labels with the number of images that have each, most first."""
        return served.catalogue.labels.counts

    @router.get("/accuracy")
    def accuracy() -> list[dict[str, Any]]:
        """The table label_accuracy."""
        return tables.rows("label_accuracy")

    return router


def _group(found: FoundGroup) -> Duplicates:
    return Duplicates(
        keep=found.keep_id,
        total=found.group.images,
        labels=found.group.labels,
        splits=found.group.splits,
        images=[
            DuplicateImage(evidence=copy.evidence, score=copy.score, image=image_of(details))
            for copy, details in found.copies
        ],
    )


def _results(query: SearchedQuery, found: Found, parameters: QueryParameters) -> Results:
    return Results(
        query=parameters.query,
        link=address("/search", QueryParameters(**parameters.model_dump()).link_parameters()),
        classes=[PredictedClass(name=name, score=score) for name, score in query.classes],
        label=found.label.name if found.label else None,
        predicted_label=found.label.best if found.label else None,
        total=found.total,
        page=parameters.page,
        pages=found.pages,
        results=[Result(similarity=one.similarity, image=image_of(one.details)) for one in found.answers],
    )
