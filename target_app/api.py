"""The JSON side: health, what the site is, its counters, purge and edit, and the articles of ``/api/v1``."""

from __future__ import annotations

import asyncio
import os
import time
from functools import cache as remembered
from typing import Annotated, Any

import apsw
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from synth.model import MAX_ID
from target_app import __version__
from target_app.access import Gate
from target_app.access_log import AccessLog
from target_app.articles_api import ArticlesApi, Purge
from target_app.bodies import BoundedBodies, JsonRoute
from target_app.editing import AbsentError, TakenError
from target_app.errors import DatabaseFileError
from target_app.figures import IMAGES
from target_app.metrics import add_metrics
from target_app.page_cache import EXCHANGE, PageCache
from target_app.pages import ASSETS
from target_app.problems import BODY, JSON, LIVE, SPEAKING, ProblemError, install, responses, without_database
from target_app.responses import Responses, invalidation
from target_app.site import Site

PATHS = tuple(f"{begin}{{rest:path}}" if begin.endswith("/") else begin for begin in SPEAKING)
"""Where the JSON side begins."""


class Edit(BaseModel):
    """Which article gets its next revision."""

    model_config = ConfigDict(extra="forbid")
    article: Annotated[int, Field(strict=True, ge=0, le=MAX_ID)]


def make_api(site: Site, cache: PageCache, log: AccessLog | None = None) -> FastAPI:
    """The JSON application of a site whose pages are kept in ``cache`` and whose requests are noted in ``log``."""
    api = FastAPI(
        title="anp reference site",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # answered below, as a route of the policy table
        redirect_slashes=False,  # to a whole URL, whose host would be what the request says it is
    )
    api.add_middleware(BoundedBodies)
    api.router.route_class = JsonRoute
    install(api, site.troubles)
    gate = Gate(site.base_url, site.purge_token, site.wrong_tokens)
    articles = ArticlesApi(site, cache)
    articles.install(api, gate)
    add_metrics(api, site, cache, log, gate)
    _add_description(api, site)

    @api.get("/health/live")
    async def live(request: Request) -> JSONResponse:
        """Whether the process answers."""
        return _json(request, "health", {"status": "live"})

    @api.get("/health/ready", responses=responses(503))
    async def ready(request: Request) -> JSONResponse:
        """Whether pages can be made."""
        request.scope[EXCHANGE].route = "health"
        try:
            await site.worker.run(site.library.check)
        except (DatabaseFileError, apsw.Error) as error:
            return without_database(site.troubles.note(error), retryable=True)
        return _json(request, "health", {"status": "ready"})

    @api.get("/anp/about")
    async def about(request: Request) -> JSONResponse:
        """What this site is: corpus (null: articles of a file), members, settings, offers; its clock, Unix seconds."""
        return _json(
            request,
            "about",
            {
                "site": "anp-reference",
                "version": __version__,
                **site.about(),
                "search": True,
                "assets": [*ASSETS, *IMAGES],
                "pid": os.getpid(),
                "now": time.time(),
            },
        )

    @api.get("/anp/revisions", responses=responses(503))
    async def revisions(request: Request) -> JSONResponse:
        """The stored revision of every article that was edited, by its id."""
        request.scope[EXCHANGE].route = "revisions"
        return _json(request, "revisions", {"revisions": await site.worker.run(site.library.revisions)})

    @api.get("/anp/stats")
    async def stats(request: Request) -> JSONResponse:
        """Counters since the start."""
        store = cache.store
        pages = {
            "entries": len(store),
            "bytes": store.bytes,
            "evictions": store.evictions,
            "collapsed": cache.flights.waited,
            "refreshed": cache.refreshes,
            "rescued": cache.rescues,
        }
        return _json(request, "stats", {**site.statistics.to_dict(), "cache": pages})

    @api.post("/anp/purge", dependencies=gate.guards, responses=responses(*BODY, *gate.statuses, 503))
    async def purge(request: Request, what: Purge) -> JSONResponse:
        """Drop pages from the cache."""
        answer = _json(request, "purge", {"purged": await articles.drop(what)})
        answer.headers.update(invalidation(what.named()))
        return answer

    @api.post("/anp/edit", dependencies=gate.guards, responses=responses(*BODY, *gate.statuses, 404, 409, 503))
    async def edit(request: Request, what: Edit) -> JSONResponse:
        """Store the next revision of an article of the corpus, which drops every page that shows what changed."""
        request.scope[EXCHANGE].route = "edit"
        dropped = cache.store.dropped
        try:
            change, revision = await site.writer.run(site.editing.revise, what.article)
        except AbsentError:
            if site.corpus is None:
                raise ProblemError(
                    404,
                    f"no other edition of article {what.article}: no corpus has it; change it by /api/v1/articles",
                    expected="an article of a corpus",
                ) from None
            ids = site.corpus.ids
            raise ProblemError(
                404,
                f"no article {what.article}; the corpus holds {ids[0]} to {ids[-1]}",
                expected=f"a number from {ids[0]} to {ids[-1]}",
            ) from None
        except TakenError as error:
            raise ProblemError(
                409,
                f"the slug {error.args[0]} of article {what.article} belongs to another article by now",
                expected="an article whose slug in the corpus no other has",
            ) from None
        cache.catch_up()
        assert change.face is not None
        answer = _json(
            request,
            "edit",
            {
                "article": change.article_id,
                "slug": change.face.slug,
                "revision": revision,
                "digest": change.face.digest,
                "purged": cache.store.dropped - dropped,
            },
        )
        answer.headers.update(invalidation(change.tags))
        return answer

    return api


def _add_description(api: FastAPI, site: Site) -> None:
    """Let the API say what it takes and gives, as OpenAPI."""
    answers, one_at_a_time = Responses(site), asyncio.Lock()

    @remembered
    def description() -> bytes:
        return to_json(api.openapi())

    @api.get("/api/v1/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        """What this side of the site takes and gives."""
        request.scope[EXCHANGE].route = "openapi"
        # A tenth of a second of work, once in a process: too long for the event loop and for the thread of the pages,
        # and too dear for every start.
        async with one_at_a_time:
            body = await asyncio.to_thread(description)
        return answers.document("openapi", body, JSON)


def _json(request: Request, route: str, content: dict[str, Any]) -> JSONResponse:
    request.scope[EXCHANGE].route = route
    return JSONResponse(content, headers=LIVE)
