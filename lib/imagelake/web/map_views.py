"""The map: images as points, near each other where their features are alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, field_validator
from starlette.responses import HTMLResponse

from imagelake.reports.names import listed
from imagelake.search.filters import Filters
from imagelake.serving.parameters import Text
from imagelake.serving.served_lake import ServedLake
from imagelake.web.pages import render

_POINTS = 3_000
_COLOURED = 5  # labels with a colour of their own
_SIDE, _BEYOND = 1_000, 0.02  # of the drawing; points outside the frame lie on its edge
_LABELS_NAMED = 3
_LABELS_OFFERED = 2_000


class MapParameters(BaseModel):
    """Which images of the map stand out. An empty value says nothing, as a form sends it."""

    model_config = ConfigDict(frozen=True)

    label: Text | None = None

    @field_validator("label")
    @classmethod
    def _unsaid(cls, value: str | None) -> str | None:
        return value or None


@dataclass(frozen=True)
class Point:
    """An image on the map: units of the drawing from the top left, its colour's number (0: none), its labels."""

    image_id: str
    x: float
    y: float
    colour: int
    labels: str


def map_views(served: ServedLake) -> APIRouter:
    """The route of the map.

    Args:
        served: the lake.
    """
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    by_id = served.catalogue.by_id

    @router.get("/map")
    def image_map(parameters: Annotated[MapParameters, Query()]) -> str:
        allowed = served.catalogue.allowed(Filters(label=parameters.label), None)
        marked = () if allowed is None else served.map.rows(_POINTS, allowed, by_id)
        return render(
            "map.html",
            title="Map",
            version=served.version,
            label=parameters.label,
            points=_points(served, served.map.rows(_POINTS, None, by_id)),
            marked=_points(served, marked),
            coloured=list(_coloured(served)),
            total=int((~np.isnan(served.map.points[:, 0])).sum()),
            offered=served.words.offered[:_LABELS_OFFERED],
        )

    return router


def _coloured(served: ServedLake) -> dict[str, int]:
    """Labels with the numbers of their colours, from 1: the most frequent, those first that have no narrower ones.

    A broad label such as Animal would give most points one colour.
    """
    labels = served.catalogue.labels
    narrow_first = sorted(labels.counts, key=lambda label: len(labels.known.ids_and_narrower(label)) > 1)
    return {label: number for number, label in enumerate(narrow_first[:_COLOURED], 1)}


def _points(served: ServedLake, rows: Iterable[int]) -> list[Point]:
    colours, (left, bottom, right, top) = _coloured(served), served.map.frame
    points = []
    for row in map(int, rows):
        x, y = map(float, served.map.points[row])
        own = served.catalogue.labels.labels_of(row)
        points.append(
            Point(
                image_id=served.catalogue.image_id(row),
                x=_SIDE * _within((x - left) / (right - left)),
                y=_SIDE * (1 - _within((y - bottom) / (top - bottom))),
                colour=next((colours[label] for label in own if label in colours), 0),
                labels=listed(own, _LABELS_NAMED),
            )
        )
    return points


def _within(share: float) -> float:
    return min(max(share, -_BEYOND), 1 + _BEYOND)
