"""The JSON side: health, what the site is, its counters, purge and edit. Errors are problem+json."""

from __future__ import annotations

import hmac
import os
import time
from http import HTTPStatus
from typing import Annotated, Any

import apsw
from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from synth.model import MAX_ID, Article
from target_app import __version__
from target_app.bodies import BoundedBodies
from target_app.callers import is_local, network
from target_app.errors import DatabaseFileError
from target_app.figures import IMAGES
from target_app.page_cache import EXCHANGE, PageCache
from target_app.pages import ASSETS
from target_app.routes import refuse_cross_site
from target_app.site import Site

PATHS = (
    "/health/live",
    "/health/ready",
    "/anp/about",
    "/anp/revisions",
    "/anp/stats",
    "/anp/purge",
    "/anp/edit",
    "/anp/openapi.json",
)
_NO_STORE = {"cache-control": "no-store"}


class Purge(BaseModel):
    """What to drop: exactly one of an article's pages, the page at a path, or everything."""

    model_config = ConfigDict(extra="forbid")
    article: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None
    path: Annotated[str, Field(pattern=r"^/[!-~]*$", max_length=2048)] | None = None
    all: bool = False


class Edit(BaseModel):
    """Which article gets its next revision."""

    model_config = ConfigDict(extra="forbid")
    article: Annotated[int, Field(ge=0, le=MAX_ID)]


def make_api(site: Site, cache: PageCache) -> FastAPI:
    """The JSON application of a site whose pages are kept in ``cache``."""
    api = FastAPI(
        title="anp reference site", version=__version__, docs_url=None, redoc_url=None, openapi_url="/anp/openapi.json"
    )
    api.add_middleware(BoundedBodies)
    api.add_exception_handler(HTTPException, _problem_of_http)
    api.add_exception_handler(RequestValidationError, _problem_of_input)
    api.add_exception_handler(apsw.Error, _problem_of_database)

    @api.get("/health/live")
    async def live(request: Request) -> JSONResponse:
        """Whether the process answers."""
        return _json(request, "health", {"status": "live"})

    @api.get("/health/ready")
    async def ready(request: Request) -> JSONResponse:
        """Whether pages can be made."""
        request.scope[EXCHANGE].route = "health"
        try:
            await site.worker.run(site.library.check)
        except DatabaseFileError as error:
            return _problem(503, str(error), retryable=True)
        return _json(request, "health", {"status": "ready"})

    @api.get("/anp/about")
    async def about(request: Request) -> JSONResponse:
        """What this site is: corpus, members, settings; what it offers; and its clock, in Unix seconds."""
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

    @api.get("/anp/revisions")
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

    @api.post("/anp/purge")
    async def purge(request: Request, what: Purge, x_anp_token: Annotated[str | None, Header()] = None) -> JSONResponse:
        """Drop pages from the cache."""
        request.scope[EXCHANGE].route = "purge"
        _authorize(request, site, x_anp_token)
        if (what.article is not None) + (what.path is not None) + what.all != 1:
            raise HTTPException(422, "name one of article, path or all")
        if what.article is not None:
            purged = cache.purge(groups_of_edit(what.article, card=True))
        elif what.path is not None:
            purged = cache.purge_path(what.path.encode())
        else:
            purged = cache.purge_everything()
        return _json(request, "purge", {"purged": purged})

    @api.post("/anp/edit")
    async def edit(request: Request, what: Edit, x_anp_token: Annotated[str | None, Header()] = None) -> JSONResponse:
        """Store the next revision of an article, then drop every page that shows what changed."""
        request.scope[EXCHANGE].route = "edit"
        _authorize(request, site, x_anp_token)
        before, after = await site.worker.run(_store_next_revision, site, what.article)
        groups = groups_of_edit(after.id, card=_card_fields(before) != _card_fields(after))
        purged = cache.purge(groups)
        answer = _json(
            request,
            "edit",
            {
                "article": after.id,
                "slug": after.slug,
                "revision": after.revision,
                "digest": after.digest,
                "purged": purged,
            },
        )
        answer.headers["cache-group-invalidation"] = ", ".join(f'"{group}"' for group in groups)
        return answer

    return api


def _store_next_revision(site: Site, article_id: int) -> tuple[Article, Article]:
    """Put the next revision of an article in the place of the stored one; gives both."""
    revision = site.desk.article_revision(article_id)
    if revision is None:
        ids = site.corpus.ids
        raise HTTPException(404, f"no article {article_id}; the corpus holds {ids[0]} to {ids[-1]}")
    before = site.corpus.article(article_id, revision=revision)
    after = site.corpus.article(article_id, revision=revision + 1)
    with site.desk.transaction():
        site.desk.replace_article(after, changed=int(time.time()))
    return before, after


def groups_of_edit(article_id: int, *, card: bool) -> list[str]:
    """What an edit of an article makes stale: its page, the sitemap and all searches, and what shows a changed card."""
    return [f"post-{article_id}", "sitemap", "search", *([f"post-{article_id}:card"] if card else [])]


def _card_fields(article: Article) -> tuple[Any, ...]:
    figure = article.images[0].caption if article.images else None
    return article.title, article.slug, article.intro, article.published, article.tags, figure


def _authorize(request: Request, site: Site, token: str | None) -> None:
    refuse_cross_site(request, site.base_url)
    if site.purge_token is None:
        if not is_local(request, site.base_url):
            raise HTTPException(403, "only this machine may do this; start the site with a purge token to allow others")
        return
    caller = network(request)
    if wait := site.wrong_tokens.wait(caller):
        detail = f"too many wrong tokens came from this network; none is read for {wait} s, not even the right one"
        raise HTTPException(429, detail, headers={"retry-after": str(wait)})
    if not hmac.compare_digest((token or "").encode(), site.purge_token.encode()):
        if token is not None:
            site.wrong_tokens.fail(caller)
        raise HTTPException(403, "X-Anp-Token is missing or wrong; send the token the site was started with")


def _json(request: Request, route: str, content: dict[str, Any]) -> JSONResponse:
    request.scope[EXCHANGE].route = route
    return JSONResponse(content, headers=_NO_STORE)


def _problem(status: int, detail: str, *, retryable: bool, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, "retryable": retryable},
        status,
        headers={**_NO_STORE, **(headers or {})},
        media_type="application/problem+json",
    )


async def _problem_of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, error.detail, retryable=False, headers=dict(error.headers or {}))


async def _problem_of_input(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
    return _problem(422, faults, retryable=False)


async def _problem_of_database(request: Request, error: Exception) -> JSONResponse:
    return _problem(503, f"the database failed ({error})", retryable=True, headers={"retry-after": "5"})
