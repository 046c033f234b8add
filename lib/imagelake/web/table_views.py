"""The pages of the tables: labels, accuracy, ranking, duplicates, the report and the shift between sets."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, RedirectResponse, Response

from imagelake.reports.names import clean_name
from imagelake.reports.numbers import decimal, percent
from imagelake.search.order import candidate_count
from imagelake.search.page import Page
from imagelake.serving.catalogue import ImageDetails
from imagelake.serving.duplicate_pages import duplicates_of
from imagelake.serving.parameters import DuplicateParameters, Text
from imagelake.serving.search import answers_of
from imagelake.serving.served_lake import Ranked, ServedLake
from imagelake.taxonomy.lake_labels import LakeLabels
from imagelake.web.guards import REPORT_POLICY
from imagelake.web.pages import address, render
from imagelake.web.problems import ProblemError, WayOn, unknown_name
from imagelake.web.tables import Tables

LISTED = 500
Numbered = tuple[ImageDetails, str]  # an image, and what is said of it first


class Sheet(BaseModel):
    """A page of a long list."""

    model_config = ConfigDict(frozen=True)

    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class LabelParameters(Sheet):
    """A label, and which of its images: all, or those that the network takes for another one."""

    name: Text
    show: Literal["all", "wrong"] = "all"
    predicted: Text | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether only mistakes are shown."""
        return self.show == "wrong" or self.predicted is not None

    def link_parameters(self) -> dict[str, Any]:
        """The parameters that differ from the defaults, for links."""
        return self.model_dump(exclude_defaults=True)


def table_views(served: ServedLake, tables: Tables, size: int) -> APIRouter:
    """The routes of these pages.

    Args:
        served: the lake.
        tables: its small tables.
        size: images on one page.
    """
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    known, page = served.catalogue.labels, partial(render, version=served.version)

    @router.get("/labels")
    def labels() -> str:
        measured = {row["label"]: row for row in tables.rows("label_accuracy")}
        counts = known.counts
        shown = [{"label": label, "images": n, **_accuracy(measured.get(label))} for label, n in counts.items()]
        return page("labels.html", title="Labels", rows=shown[:LISTED], total=len(shown), facets=_facets(tables))

    @router.get("/label")
    def label(parameters: Annotated[LabelParameters, Query()]) -> Response:
        name = parameters.name
        if name not in known.known:
            return RedirectResponse(address("/label", name=_known_label(known.known, name)), 303)
        part = Page(parameters.page, size)
        found, total = (_wrong_ones if parameters.is_wrong else _all_of_label)(served, parameters, part)
        confusions = [row for row in tables.rows("confusion") if row["label"] == name]
        content = page(
            "label.html",
            title=clean_name(name),
            parameters=parameters,
            found=found,
            images=known.counts.get(name, 0),
            readable=len(served.catalogue.of_label(name, None)),
            wrong=len(served.mistakes.of(name)),
            sheets=part.count(total),
            accuracy=next((row for row in tables.rows("label_accuracy") if row["label"] == name), None),
            said=sorted(confusions, key=lambda row: -row["images"])[:8],
        )
        return HTMLResponse(content)

    @router.get("/accuracy")
    def accuracy() -> str:
        return page(
            "accuracy.html",
            title="Accuracy by label",
            measured=tables.measured[:LISTED],
            others=tables.unmeasured[:LISTED],
            total=len(tables.rows("label_accuracy")),
            chart=tables.accuracy_chart,
        )

    @router.get("/ranking")
    def ranking(sheet: Annotated[Sheet, Query()]) -> str:
        best, part = tables.best(candidate_count(size)), Page(sheet.page, size)
        shown = best[part.rows]
        rows = [served.catalogue.row_of(row["image_id"]) for row in shown]
        listed = [(rank, row) for rank, row in zip(shown, rows, strict=True) if row is not None]
        details = served.catalogue.details([row for _, row in listed])
        return page(
            "ranking.html",
            title="Best images",
            ranked=[(rank, one) for (rank, _), one in zip(listed, details, strict=True)],
            measure=best[0]["measure"] if best else None,
            sheet=sheet.page,
            sheets=part.count(len(best)),
        )

    @router.get("/duplicates")
    def duplicates(parameters: Annotated[DuplicateParameters, Query()]) -> str:
        groups = served.duplicates
        return page(
            "duplicates.html",
            title="Duplicates",
            parameters=parameters,
            found=duplicates_of(served, parameters, size),
            published=groups.published,
            total=len(groups),
            spare=groups.spare,
            counts=groups.counts,
        )

    @router.get("/report")
    def report_folder() -> Response:
        return RedirectResponse("/report/", 308)  # links of the report are relative to its folder

    @router.get("/report/{name:path}")
    def report_file(name: str) -> Response:
        if name:
            return _csv(tables, name)
        content = tables.page("report")
        if content is None:
            detail = "the report has not been written: the job write_report writes it"
            raise ProblemError(404, detail, "There is no report yet")
        return HTMLResponse(content, headers={"Content-Security-Policy": REPORT_POLICY})

    @router.get("/shift/index.html")  # as the report links it
    @router.get("/shift")
    def shift() -> Response:
        content = tables.page("shift")
        if content is None:
            return HTMLResponse(page("shift.html", title="Shift"))
        return HTMLResponse(content, headers={"Content-Security-Policy": REPORT_POLICY})

    return router


def _all_of_label(served: ServedLake, parameters: LabelParameters, part: Page) -> tuple[list[Numbered], int]:
    """Images of a label on one page, the highest PPI first, and how many there are on all."""
    ranked = Ranked(served.catalogue.of_label(parameters.name, None)[: candidate_count(part.size)])
    answers = answers_of(served, ranked, part)
    return [(one.details, f"PPI {decimal(one.details.ppi)}") for one in answers], len(ranked.rows)


def _wrong_ones(served: ServedLake, parameters: LabelParameters, part: Page) -> tuple[list[Numbered], int]:
    """Images of a label that the network takes for something else, or for one label, and how many there are."""
    chosen = [one for one in served.mistakes.of(parameters.name) if parameters.predicted in (None, one.predicted)]
    shown = chosen[part.rows]
    details = served.catalogue.details([mistake.row for mistake in shown])
    said = [f"{clean_name(mistake.predicted)} {percent(mistake.score)}" for mistake in shown]
    return list(zip(details, said, strict=True)), len(chosen)


def _csv(tables: Tables, name: str) -> Response:
    """A CSV of the report, of which only published ones are read.

    Raises:
        ProblemError: the report has no such file.
    """
    content = tables.report_csv(name)
    if content is None:
        raise ProblemError(404, "the report has no such file", "There is no such file")
    file = name.rpartition("/")[2]
    return Response(content, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{file}"'})


def _known_label(labels: LakeLabels, name: str) -> str:
    """The label of the lake that is spelled somewhat like a name.

    Raises:
        ProblemError: there is none; suggests the nearest.
    """
    found = labels.find(name)
    if found is None:
        nearest = labels.nearest(name)
        ways = [WayOn(clean_name(label), address("/label", name=label)) for label in nearest]
        detail = "neither an image nor the hierarchy of this lake has such a label"
        raise ProblemError(404, detail, unknown_name("label", name), ways, nearest)
    return found


def _accuracy(row: dict[str, Any] | None) -> dict[str, Any]:
    names = ("covered", "top1", "top1_low", "top1_high")
    return {name: row[name] if row else None for name in names}


def _facets(tables: Tables) -> list[dict[str, Any]]:
    """The broadest labels that have images, most first."""
    top = [row for row in tables.rows("facets") if row["depth"] == 1 and row["images"]]
    return sorted(top, key=lambda row: -row["images"])
