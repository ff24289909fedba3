"""The layers of a site put together: front, page cache, pages, JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import apsw
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from target_app.access import timing_for
from target_app.access_log import AccessLog
from target_app.api import PATHS, make_api
from target_app.background import Background
from target_app.delays import Delays, Stalls
from target_app.faults import Outages, break_cache, break_front, break_pages, skip_lookups
from target_app.front import Front
from target_app.membership import MemberRoutes
from target_app.newsroom import EditorRoutes
from target_app.page_cache import Options, PageCache
from target_app.policy import QUERIES, TRACKING
from target_app.problems import of_what_is_not_kept
from target_app.routes import ReadingRoutes
from target_app.routing import RoutesByBeginning
from target_app.site import Site


@dataclass(frozen=True, slots=True)
class Layers:
    """A site's application, and its page cache for those who look inside."""

    app: ASGIApp
    cache: PageCache


class _CanonicalPaths:
    """Only plain paths: an address of this site needs no percent-encoding, so one that has it is not a page's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"%" in scope["raw_path"]:
            scope = {**scope, "path": scope["raw_path"].decode("ascii", "replace")}
        await self._app(scope, receive, send)


class _HeadAsGet:
    """Lets an application that knows no HEAD answer it: the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "method": "GET"} if scope["method"] == "HEAD" else scope, receive, send)


def build_app(
    site: Site,
    *,
    hosts: Iterable[str] = (),
    log: AccessLog | None = None,
    server_timing: str = "public",
    clock: Callable[[], float] = time.monotonic,
) -> Layers:
    """The ASGI application of a site.

    Args:
        site: Open database and settings.
        hosts: Host names it answers to; none given: any well-formed one.
        log: Where a line is written about each request, if anywhere.
        server_timing: Who is told what a response cost, one of ``target_app.server_timing.SERVER_TIMING``.
        clock: By which pages grow old in the page cache; seconds.

    Raises:
        SettingError: Only bearers of the token are to be told, and the site has none.
    """
    reading = ReadingRoutes(site)
    settings = site.settings
    pages = Starlette(
        exception_handlers={HTTPException: reading.failed, apsw.Error: reading.failed, Exception: reading.failed},
    )
    cache = PageCache(
        Background(break_pages(settings.fault, _CanonicalPaths(pages)), site.statistics),
        Options(
            enabled=settings.page_cache,
            ttl_cap=settings.cache_ttl,
            while_revalidate=settings.stale_while_revalidate,
            if_error=settings.stale_if_error,
            early=1.0 if settings.early_refresh else 0.0,
            max_bytes=settings.cache_bytes,
            coalesce=settings.coalesce,
            compression=settings.compression,
            queries=QUERIES,
            ignored=TRACKING,
        ),
        news=site.generations.changed,
        unkept=of_what_is_not_kept,
        clock=clock,
    )
    api = _HeadAsGet(make_api(site, cache, log))
    pages.router = RoutesByBeginning(
        [
            *reading.routes(),
            *MemberRoutes(site).routes(),
            *EditorRoutes(site).routes(),
            *(Route(path, api, methods=None, name=path) for path in PATHS),
        ]
    )
    skip_lookups(cache, settings.cache_skip)
    outermost = break_cache(settings.fault, cache)
    if settings.errors is not None:
        outermost = Outages(outermost, settings.errors)
    front = Front(
        outermost,
        hosts=hosts,
        delays=Delays(settings.inject),
        stalls=Stalls(settings.stall),
        statistics=site.statistics,
        hit=cache.hit if outermost is cache else None,
        timing=timing_for(server_timing, site.purge_token, site.wrong_tokens),
        log=log,
    )
    return Layers(break_front(settings.fault, front), cache)
