"""The application: guards around pages, pictures and the API of one lake."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from imagelake import __version__
from imagelake.config import Config
from imagelake.net.safe_fetch import SafeFetch
from imagelake.serving.served_lake import ServedLake
from imagelake.serving.verdict_file import VerdictFile
from imagelake.web.api import api
from imagelake.web.export_views import export_views
from imagelake.web.guards import BodyLimit, HeadAsGet, OwnSiteOnly, RateLimit, SafeHeaders
from imagelake.web.judging_views import What, judging_views
from imagelake.web.map_views import map_views
from imagelake.web.media import media
from imagelake.web.photos import Photos
from imagelake.web.problems import NoTraces, install
from imagelake.web.search_views import search_views
from imagelake.web.table_views import table_views
from imagelake.web.tables import Tables


def pages_of(
    served: ServedLake, config: Config, fetch: SafeFetch, verdicts: Mapping[What, VerdictFile] | None = None
) -> FastAPI:
    """The pages, pictures and API of one version of a lake.

    Args:
        served: the lake.
        config: its sections web and judging.
        fetch: how photos behind addresses are fetched.
        verdicts: where verdicts are kept; None where browsers keep them.
    """
    rules, tables = config.web, Tables(served.lake)
    threads = os.cpu_count() or 1
    photos = Photos(served, fetch, threads, rules.queue_s)
    # Without FastAPI's documentation pages, which load scripts from other servers.
    app = FastAPI(title="ImageLake", version=__version__, docs_url=None, redoc_url=None)
    app.include_router(search_views(served, photos, rules.results, rules.upload_max_bytes))
    app.include_router(table_views(served, tables, rules.results))
    app.include_router(map_views(served))
    app.include_router(judging_views(served, verdicts or {}, config.judging.pairs))
    app.include_router(export_views(served))
    app.include_router(media(served, threads))
    app.include_router(api(served, photos, tables, rules.results))
    install(app)
    # Inside FastAPI's own handler of unexpected errors, which responds in plain text.
    app.add_middleware(NoTraces)
    return app


def guarded(app: ASGIApp, config: Config, hosts: Sequence[str]) -> ASGIApp:
    """The application inside its middleware; the last one added is the outermost.

    Args:
        app: the application.
        config: its section web.
        hosts: accepted values of the header Host, against DNS rebinding.
    """
    rules = config.web
    app = HeadAsGet(app)
    app = BodyLimit(app, rules.upload_max_bytes, rules.bodies_max_bytes)
    app = OwnSiteOnly(app)
    app = RateLimit(app, requests=rules.requests_per_minute, searches=rules.searches_per_minute)
    app = TrustedHostMiddleware(app, allowed_hosts=list(hosts), www_redirect=False)
    return SafeHeaders(app)
