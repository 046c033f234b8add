"""Pictures and static files; names from clients are looked up, never used as paths."""

from __future__ import annotations

import hashlib
from typing import Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query
from starlette.responses import Response

from imagelake.serving.parameters import Text
from imagelake.serving.served_lake import ServedLake
from imagelake.web.guards import FILE_POLICY
from imagelake.web.pages import MEDIA_TYPES, static_files
from imagelake.web.problems import ProblemError

# The formats that browsers show; others are downloads.
_SHOWN = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_KEPT = "private, max-age=31536000, immutable"  # an address changes when its content does


def media(served: ServedLake, threads: int) -> APIRouter:
    """The routes of pictures and static files.

    Args:
        served: the lake.
        threads: thumbnails made at a time.
    """
    router = APIRouter(include_in_schema=False)

    # Requests wait for a thumbnail without a thread, which pages need.
    making = CapacityLimiter(threads)

    @router.get("/thumbnail")
    async def thumbnail(id: Annotated[Text, Query()], v: Text = "") -> Response:
        row = served.catalogue.row_of(id)
        content = None if row is None else await run_sync(served.thumbnail, row, limiter=making)
        if content is None:
            raise ProblemError(404, "there is no picture of this image", "There is no such picture")
        headers = {"Cache-Control": _KEPT} if v == served.version else {}
        return Response(content, media_type="image/jpeg", headers=headers)

    @router.get("/photo")
    def photo(query: Annotated[Text, Query()]) -> Response:
        prediction = served.queries.get(query)
        if prediction is None:
            raise ProblemError(410, "this photo is no longer kept", "This photo is no longer kept")
        return Response(prediction.thumbnail, media_type="image/jpeg", headers={"Cache-Control": _KEPT})

    @router.get("/original")
    def original(id: Annotated[Text, Query()]) -> Response:
        row = served.catalogue.row_of(id)
        content = None if row is None else served.originals.read(row)
        if row is None or content is None:
            raise ProblemError(404, "the lake has no bytes of this image", "There is no such picture")
        media_type = _SHOWN.get(served.catalogue.details([row])[0].format or "")
        headers = {"Content-Security-Policy": FILE_POLICY}
        if media_type is None:
            name = hashlib.sha256(id.encode("utf-8", "replace")).hexdigest()[:16]
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return Response(content, media_type=media_type or "application/octet-stream", headers=headers)

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        content = static_files().get(name)
        if content is None:
            raise ProblemError(404, "there is no such file")
        media_type = MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return Response(content, media_type=media_type, headers={"Cache-Control": _KEPT})

    return router
