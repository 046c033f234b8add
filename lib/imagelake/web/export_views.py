"""Chosen images of a page as a file: CSV, paths or COCO."""

from __future__ import annotations

from collections.abc import Sequence

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from starlette.responses import Response

from imagelake.serving.export import MEDIA_TYPES, ExportFormat, exported
from imagelake.serving.served_lake import ServedLake
from imagelake.web.problems import ProblemError

_MOST = 2_000  # fields of a form, and so images


def export_views(served: ServedLake) -> APIRouter:
    """The route that answers the form below a list of images.

    Args:
        served: the lake.
    """
    router = APIRouter(include_in_schema=False)

    @router.post("/export")
    async def export(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=_MOST) as form:
            chosen = form.getlist("id") or form.getlist("all")
            wanted = str(form.get("format", "csv"))
        for name in MEDIA_TYPES:
            if wanted == name:
                return await run_sync(_exported, served, list(map(str, chosen)), name)
        raise ProblemError(422, f"there is no format {wanted!r}; there are {', '.join(MEDIA_TYPES)}")

    return router


def _exported(served: ServedLake, chosen: Sequence[str], wanted: ExportFormat) -> Response:
    """Images as a file.

    Raises:
        ProblemError: none is chosen, or the lake does not have one.
    """
    rows = [served.catalogue.row_of(name) for name in dict.fromkeys(chosen)]
    known = [row for row in rows if row is not None]
    if not known or len(known) < len(rows):
        raise ProblemError(422, "choose images of this lake to export", "No images were chosen")
    name, media_type = MEDIA_TYPES[wanted]
    content = exported(served.catalogue.details(known), wanted, served.boxes.of)
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
