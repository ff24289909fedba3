"""Every response keeps to the contract: each route, in each state of the cache, and whatever can go wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import Any

import apsw
import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from target_app.delays import Delays, Stalls
from target_app.front import Front
from target_app.page_cache import Options, PageCache
from target_app.policy import ROUTES
from target_app.statistics import Statistics
from tests.contract import Reply, breaches, parsed
from tests.unit.target_app.addresses import ADDRESSES, ARTICLE, TAG
from tests.unit.target_app.conftest import BASE, CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
KEPT = [(route, path) for route, path in ADDRESSES if ROUTES[route].shared is not None]
REFRESHED = [(route, path) for route, path in KEPT if ROUTES[route].rule.while_revalidate]
RESCUED = [(route, path) for route, path in KEPT if ROUTES[route].rule.if_error]
GZIP = {"accept-encoding": "gzip"}
CACHED_ONLY = {"cache-control": "only-if-cached"}
FOREIGN = {"sec-fetch-site": "cross-site"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def ask(client: httpx.AsyncClient, path: str, method: str = "GET", **options: Any) -> Reply:
    """One exchange, its body as it was sent."""
    async with client.stream(method, path, **options) as answer:
        body = b"".join([chunk async for chunk in answer.aiter_raw()])
    asked, headers = (
        tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message.headers.raw)
        for message in (answer.request, answer)
    )
    return Reply(method, str(answer.request.url), asked, answer.status_code, headers, body)


def held(reply: Reply, word: str, status: int | None = None) -> dict[str, Any]:
    """Check a response against the contract and what is expected of it; gives what its Cache-Status says."""
    asked = reply.method, reply.url, reply.status
    assert breaches(reply) == [], asked
    assert reply["x-cache"] == word, asked
    assert status in {None, reply.status}, asked
    return parsed(reply["cache-status"])[-1][1]


def is_missing(route: str, reply: Reply) -> bool:
    """Whether a list has no such page: what holds for its route does not hold for that."""
    return reply.status == 404 and route != "error"


class Clock:
    """The cache's clock, in a test's hands."""

    def __init__(self, opened: Opened) -> None:
        self.now = 1000.0
        opened.layers.cache._clock = lambda: self.now


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_a_reader_is_told(coding: str, open_copy: Opener) -> None:
    """The first answer of every address, the stored one, its HEAD, its 304s and its parts."""
    headers = {"accept-encoding": coding}
    opened = open_copy()
    async with opened.client() as client:
        for route, path in ADDRESSES:
            opened.layers.cache.purge_everything()
            first = await ask(client, path, headers=headers)
            if first["x-cache"] == "BYPASS":
                assert ROUTES[route].shared is None
                assert held(first, "BYPASS") == {"fwd": "bypass", "detail": "nostore"}
                held(await ask(client, path, "HEAD", headers=headers), "BYPASS")
                continue
            told = held(first, "MISS")
            assert (told["fwd"], told["fwd-status"], told["stored"]) == ("uri-miss", first.status, True)
            for method in ("GET", "HEAD"):
                held(await ask(client, path, method, headers=headers), "HIT", first.status)
            for condition, name in {"if-none-match": "etag", "if-modified-since": "last-modified"}.items():
                if first.all(name):
                    held(await ask(client, path, headers={**headers, condition: first[name]}), "HIT", 304)
            if first.status == 200:
                held(await ask(client, path, headers={**headers, "range": "bytes=1-9"}), "HIT", 206)
                held(await ask(client, path, headers={**headers, "range": "bytes=9999999-"}), "HIT", 416)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_member_is_told(method: str, open_copy: Opener) -> None:
    """A session is passed by on every route, for that reason."""
    async with open_copy().member(0) as member:
        for _, path in ADDRESSES:
            told = held(await ask(member, path, method, headers=GZIP), "BYPASS")
            assert told == {"fwd": "bypass", "detail": "session"}


async def test_it_is_told_that_there_is_no_cache(open_copy: Opener) -> None:
    """Without the page cache every answer says so."""
    async with open_copy("page_cache=off").client() as client:
        for _, path in ADDRESSES:
            assert held(await ask(client, path, headers=GZIP), "BYPASS") == {"fwd": "bypass", "detail": "off"}


async def test_an_expired_page_is_told(open_copy: Opener) -> None:
    """A page whose time is over is made anew before the reader's eyes."""
    opened = open_copy("stale_while_revalidate=0", "early_refresh=off")
    clock = Clock(opened)
    async with opened.client() as client:
        for route, path in KEPT:
            if is_missing(route, await ask(client, path)):
                continue
            clock.now += ROUTES[route].shared_seconds or 0
            told = held(await ask(client, path, headers=GZIP), "EXPIRED")
            assert (told["fwd"], told["stored"]) == ("stale", True)
            held(await ask(client, path), "HIT")


async def test_a_stale_page_is_told(open_copy: Opener) -> None:
    """A page that is being made anew meanwhile, whole, as HEAD and as 304."""
    opened = open_copy("early_refresh=off")
    clock = Clock(opened)
    async with opened.client() as client:
        for route, path in REFRESHED:
            opened.layers.cache.purge_everything()  # two of the addresses may be one page
            if is_missing(route, first := await ask(client, path)):
                continue
            clock.now += (ROUTES[route].shared_seconds or 0) + 1
            told = held(await ask(client, path, headers=GZIP), "STALE", first.status)
            assert told == {"hit": True, "ttl": -1, "detail": "swr"}
            held(await ask(client, path, "HEAD"), "STALE", first.status)
            if first.all("etag"):
                held(await ask(client, path, headers={"if-none-match": first["etag"]}), "STALE", 304)
            await opened.layers.cache.drain()
            held(await ask(client, path), "HIT")


async def test_a_page_that_stands_in_for_a_failure_is_told(open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale page is sent where the application breaks."""
    opened = open_copy("early_refresh=off")
    clock = Clock(opened)
    async with opened.client() as client:
        for route, path in RESCUED:
            if is_missing(route, first := await ask(client, path)):
                continue
            clock.now += (ROUTES[route].shared_seconds or 0) + 1000
            with monkeypatch.context() as broken:
                for name in ("target_app.worker.Worker.run", "target_app.api.asyncio.to_thread"):
                    broken.setattr(name, None)
                told = held(await ask(client, path, headers=GZIP), "STALE", first.status)
            assert (told["fwd"], told["detail"]) == ("stale", "sie")


async def test_those_who_waited_are_told(open_copy: Opener) -> None:
    """One made the page, the others say that they waited for it."""
    async with open_copy().client() as client:
        replies = await asyncio.gather(*(ask(client, ARTICLE) for _ in range(8)))
    told = [held(reply, "MISS", 200) for reply in replies]
    assert sum("collapsed" in one for one in told) == 7
    assert sum("stored" in one for one in told) == 1


@pytest.mark.parametrize(
    ("path", "method", "options", "status", "told"),
    [
        ("/", "POST", {}, 405, {"fwd": "method"}),
        ("/", "M-SEARCH", {}, 405, {"fwd": "method"}),
        ("/login", "OPTIONS", {}, 405, {"fwd": "method"}),
        ("/anp/about", "DELETE", {}, 405, {"fwd": "method"}),
        ("/", "GET", {"headers": {"authorization": "Basic eA=="}}, 200, {"fwd": "bypass", "detail": "auth"}),
        ("/?s=x", "GET", {}, 200, {"fwd": "bypass", "detail": "query"}),
        ("/login", "GET", {}, 200, {"fwd": "bypass", "detail": "nostore"}),
        ("/", "GET", {"headers": CACHED_ONLY}, 504, {"fwd": "miss", "detail": "only-if-cached"}),
        ("/search?q=" + "x" * 65, "GET", {}, 400, {"fwd": "bypass", "detail": "query"}),
        ("/login", "POST", {"content": b"\xff", "headers": FORM}, 400, {"fwd": "method"}),
        ("/login", "POST", {"data": {"login": "x", "password": "y"}}, 403, {"fwd": "method"}),
        ("/login", "POST", {"headers": {**FORM, **FOREIGN}}, 403, {"fwd": "method"}),
        ("/anp/purge", "POST", {"json": {"all": True}, "headers": FOREIGN}, 403, {"fwd": "method"}),
        ("/login", "POST", {"content": b"x" * 9000, "headers": FORM}, 413, {"fwd": "method"}),
        ("/login", "POST", {"json": {}}, 415, {"fwd": "method"}),
        ("/anp/purge", "POST", {"json": {}}, 422, {"fwd": "method"}),
        ("/anp/edit", "POST", {"json": {"article": 1}}, 404, {"fwd": "method"}),
        ("/anp/purge", "POST", {"json": {"all": True}}, 200, {"fwd": "method"}),
        ("/anp/edit", "POST", {"json": {"article": CORPUS.first_id}}, 200, {"fwd": "method"}),
        ("/logout", "POST", {}, 303, {"fwd": "method"}),
    ],
)  # fmt: skip
async def test_what_is_passed_by_is_told(
    path: str, method: str, options: dict[str, Any], status: int, told: dict[str, Any], open_copy: Opener
) -> None:
    """Whatever is not for the cache says why, errors included."""
    async with open_copy().client() as client:
        assert held(await ask(client, path, method, **options), "BYPASS", status) == told


@pytest.mark.parametrize("host", ["evil.example", "", "site.example/x", "[::1"])
async def test_a_refused_host_is_told(host: str, open_copy: Opener) -> None:
    """Before anything else is done, and all the same."""
    async with open_copy(hosts=("site.example",)).client() as client:
        assert held(await ask(client, "/", headers={"host": host}), "BYPASS", 400) == {"fwd": "bypass"}


@pytest.mark.parametrize("path", [ARTICLE, "/", "/tags/", "/search?q=the", "/sitemap.xml", "/me", "/login", "/admin/"])
async def test_a_page_that_breaks_is_told(path: str, open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the site is an error page, for a reader and for a member."""
    opened = open_copy()
    async with opened.member(0) as member, opened.client() as client:
        for name in ("article", "listing", "index", "search", "sitemap", "me", "login", "desk"):
            monkeypatch.setattr(f"target_app.pages.Pages.{name}", None)
        replies = [await ask(one, path) for one in (client, member)]
    broken = [reply for reply in replies if reply.status != 303]
    assert broken
    for reply in broken:
        assert breaches(reply) == []
        assert reply.status == 500


@pytest.mark.parametrize("path", ["/anp/about", "/anp/revisions", "/anp/stats", "/metrics"])
async def test_a_defect_behind_the_api_is_told(path: str, open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a problem in JSON like every other."""
    opened = open_copy()
    monkeypatch.setattr("target_app.site.Site.about", None)
    monkeypatch.setattr("target_app.statistics.Statistics.to_dict", None)
    monkeypatch.setattr("target_app.statistics.Statistics.copy", None)
    monkeypatch.setattr("target_app.database.Library.revisions", None)
    async with opened.client() as client:
        reply = await ask(client, path)
    held(reply, "BYPASS" if reply["x-cache"] == "BYPASS" else "MISS", 500)
    assert reply["content-type"] == "application/problem+json"


async def test_a_failing_database_is_told(open_copy: Opener) -> None:
    """503 with a time to come back, from pages, the API and the question whether the site is ready."""
    opened = open_copy()
    async with opened.member(0) as member, opened.client() as client:
        with closing(apsw.Connection(str(opened.site.path))) as other:
            for table in ("article_meta", "article_term", "session"):
                other.execute(f"DROP TABLE {table}")
        replies = [await ask(one, path) for one in (client, member) for path in (ARTICLE, f"/tags/{TAG}/")]
        opened.site.path.unlink()
        replies.append(await ask(client, "/health/ready"))
        live = await ask(client, "/health/live")
    for reply in replies:
        assert breaches(reply) == []
        assert reply.status == 503
    assert {reply["retry-after"] for reply in replies} == {"5"}
    held(live, "BYPASS", 200)


async def test_an_outage_is_told(open_copy: Opener) -> None:
    """Errors made on purpose keep to the contract as well."""
    async with open_copy("errors=1:0.000001:0.000002").client() as client:
        replies = [await ask(client, "/") for _ in range(200)]
    refused = [reply for reply in replies if reply.status == 503]
    assert refused
    for reply in refused:
        assert held(reply, "BYPASS") == {"fwd": "bypass", "detail": "outage"}


@asynccontextmanager
async def fronted(app: ASGIApp, clock: Callable[[], float] = lambda: 0.0) -> AsyncIterator[httpx.AsyncClient]:
    """Another application behind the site's front and page cache."""
    cache = PageCache(app, Options(early=0.0), clock)
    front = Front(cache, hosts=(), delays=Delays(()), stalls=Stalls(None), statistics=Statistics(), hit=cache.hit)
    transport = httpx.ASGITransport(app=front, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def answering(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> ASGIApp:
    """An application that has one answer, and knows what its validator is for."""
    fields = list(headers)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked = dict(scope["headers"]).get(b"if-none-match")
        unchanged = asked is not None and asked == dict(fields).get(b"etag")
        length = [] if unchanged else [(b"content-length", b"%d" % len(body))]
        said = [field for field in fields if not unchanged or field[0] != b"content-type"]
        await send({"type": "http.response.start", "status": 304 if unchanged else status, "headers": [*said, *length]})
        await send({"type": "http.response.body", "body": b"" if unchanged else body})

    return app


async def test_a_page_that_was_found_unchanged_is_told() -> None:
    """The application is asked with the stored validator, and says that nothing has changed."""
    now = [1000.0]
    page = answering(
        200,
        [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"cache-control", b"max-age=0, must-revalidate"),
            (b"cdn-cache-control", b"max-age=60"),
            (b"etag", b'"one"'),
            (b"x-content-type-options", b"nosniff"),
        ],
        b"page",
    )
    async with fronted(page, lambda: now[0]) as client:
        held(await ask(client, "/"), "MISS", 200)
        now[0] += 61
        told = held(await ask(client, "/"), "REVALIDATED", 200)
        assert (told["fwd"], told["fwd-status"], told["stored"]) == ("stale", 304, True)
        held(await ask(client, "/"), "HIT", 200)


async def test_an_application_that_breaks_without_a_word_is_told() -> None:
    """The front answers in its place."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError

    async with fronted(broken) as client:
        for method in ("GET", "HEAD", "POST"):
            reply = await ask(client, "/", method)
            assert breaches(reply) == []
            assert reply.status == 500
            assert (reply.body == b"") == (method == "HEAD")


COST = 'cache;desc="%s";dur=1.000, db;dur=%d, db-calls;dur=%d, render;dur=0.000, app;dur=%d.000'


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        ({"cache-status": "anp; hit; fwd=miss"}, "both"),
        ({"cache-status": "anp; fwd=uri-miss"}, "a hit that is none"),
        ({"cache-status": "anp; hit; ttl=5; detail=why"}, "detail"),
        ({"cache-status": "anp; hit; ttl=5, other; hit"}, "members"),
        ({"x-cache": "hit"}, "x-cache"),
        ({"date": "yesterday"}, "date"),
        ({"age": "-1"}, "age"),
        ({"x-content-type-options": "sniff"}, "x-content-type-options"),
        ({"server-timing": 'cache;desc="HIT";dur=1, db;dur=0, db-calls;dur=0, app;dur=1'}, "server-timing"),
        ({"server-timing": COST % ("MISS", 0, 0, 1)}, "desc"),
        ({"server-timing": COST % ("HIT", 2, 1, 9)}, "cost something"),
        ({"server-timing": COST % ("HIT", 0, 0, 0)}, "more than the whole"),
        ({"content-length": "3"}, "bad"),
    ],
)  # fmt: skip
async def test_the_check_finds_what_is_wrong(change: dict[str, str], breach: str, open_copy: Opener) -> None:
    """A response of which one field is false does not pass."""
    async with open_copy().client() as client:
        await ask(client, ARTICLE)
        reply = await ask(client, ARTICLE)
    held(reply, "HIT")
    headers = tuple((name, change.get(name, value)) for name, value in reply.headers)
    assert any(re.search(breach, one) for one in breaches(replace(reply, headers=headers)))
