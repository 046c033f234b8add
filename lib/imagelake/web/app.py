"""The application: guards around pages, pictures and the API of one lake."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from imagelake import __version__
from imagelake.config import Config
from imagelake.web.api import api
from imagelake.web.guards import BodyLimit, OwnSiteOnly, RateLimit, SafeHeaders
from imagelake.web.media import media
from imagelake.web.photos import Photos
from imagelake.web.problems import NoTraces, install
from imagelake.web.safe_fetch import SafeFetch
from imagelake.web.search_views import search_views
from imagelake.web.served_lake import ServedLake
from imagelake.web.table_views import table_views
from imagelake.web.tables import Tables


def make_app(served: ServedLake, config: Config, fetch: SafeFetch, hosts: Sequence[str]) -> FastAPI:
    """The application of one lake.

    Args:
        served: the lake.
        config: its section web.
        fetch: how photos behind addresses are fetched.
        hosts: names that requests may call this server by; a page elsewhere may point a name of its own here.
    """
    rules, tables = config.web, Tables(served.lake)
    threads = os.cpu_count() or 1
    photos = Photos(served, fetch, threads)
    # Without its own pages of the API's description, which load their scripts from elsewhere.
    app = FastAPI(title="ImageLake", version=__version__, docs_url=None, redoc_url=None)
    app.include_router(search_views(served, photos, rules.results, rules.upload_max_bytes))
    app.include_router(table_views(served, tables, rules.results))
    app.include_router(media(served, threads))
    app.include_router(api(served, photos, tables, rules.results))
    install(app)
    # The one that is added last stands outermost.
    app.add_middleware(NoTraces)
    app.add_middleware(BodyLimit, max_bytes=rules.upload_max_bytes)
    app.add_middleware(OwnSiteOnly)
    app.add_middleware(RateLimit, requests=rules.requests_per_minute, searches=rules.searches_per_minute)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(SafeHeaders)
    return app
