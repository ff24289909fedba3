"""Disturbances of known size: lookups that find nothing, bursts of errors, a cache that says nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.types import Message, Receive, Scope, Send

from target_app.faults import Outages, skip_lookups
from target_app.page_cache import EXCHANGE, Exchange, Options, PageCache
from target_app.page_cache.representation import represent
from target_app.page_cache.store import Entry
from target_app.settings import Outage
from tests.unit.target_app.conftest import Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
KEY = ("http", b"site.example", b"/", b"")


async def _fine(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _status(app: Outages, path: str = "/") -> int:
    said: list[Message] = []

    async def note(message: Message) -> None:
        said.append(message)

    await app({"type": "http", "path": path, EXCHANGE: Exchange()}, _nothing, note)
    return int(said[0]["status"])


async def test_a_burst_refuses_its_share_and_nothing_outside_of_it() -> None:
    """A burst of two seconds comes with every tenth second after the start; half of the requests in it get 503."""
    now = [100.0]
    app = Outages(_fine, Outage(0.5, 2, 10), clock=lambda: now[0])

    refused = {}
    for second in (0, 5, 9.9, 10, 11.9, 12, 19.9, 20, 22):
        now[0] = 100.0 + second
        refused[second] = sum([await _status(app) == 503 for _ in range(1000)])

    assert {second for second, count in refused.items() if count} == {10, 11.9, 20}
    assert all(420 < refused[second] < 580 for second in (10, 11.9, 20)), refused


async def test_an_outage_spares_what_the_site_says_of_itself() -> None:
    """Control paths and health are answered while every page is refused."""
    now = [0.0]
    app = Outages(_fine, Outage(1, 2, 10), clock=lambda: now[0])
    now[0] = 10.5

    answers = {path: await _status(app, path) for path in ("/", "/articles/x/", "/anp/stats", "/health/live")}

    assert answers == {"/": 503, "/articles/x/": 503, "/anp/stats": 200, "/health/live": 200}


async def test_a_refused_request_is_counted_as_an_error_that_the_cache_passed_by(open_copy: Opener) -> None:
    """A 503 of a burst says BYPASS, must not be kept, and stands in the site's own counters."""
    opened = open_copy("errors=1:0.000001:0.000002")  # a burst every two microseconds: soon one is met

    async with opened.client() as client:
        answers = [await client.get("/") for _ in range(200)]
        stats = (await client.get("/anp/stats")).json()

    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert refused[0].headers["cache-status"] == "anp; fwd=bypass; detail=outage"
    assert refused[0].headers["cache-control"] == "no-store"
    assert stats["requests"]["by_route"]["error"] == {"BYPASS": len(refused)}


@pytest.mark.parametrize(("fraction", "found"), [(0.0, 2000), (0.25, 1500), (1.0, 0)])
def test_a_share_of_the_lookups_finds_nothing(fraction: float, found: int) -> None:
    """What is stored is found in all but the asked share of lookups, and stays stored."""
    cache = PageCache(_fine, Options())
    page = represent(200, [], b"page", validators=True, compression=False)
    entry = Entry(page, 0.0, 300.0, 300.0, 300.0, True, 0.0, "home", frozenset())
    cache.store.put(KEY, entry, cache.store.take_ticket())
    skip_lookups(cache, fraction)

    seen = [cache.store.get(KEY) for _ in range(2000)]

    assert sum(one == (entry,) for one in seen) == pytest.approx(found, abs=80)
    assert len(cache.store) == 1


async def test_a_skipped_lookup_is_a_miss_with_the_same_page(open_copy: Opener) -> None:
    """With every lookup skipped the page is made anew each time, says MISS, and reads as before."""
    opened = open_copy("cache_skip=1")

    async with opened.client() as client:
        answers = [await client.get(opened.article_path()) for _ in range(3)]

    assert {answer.headers["x-cache"] for answer in answers} == {"MISS"}
    assert len({answer.content for answer in answers}) == 1
    assert opened.site.statistics.statements > 0


async def test_a_silent_cache_says_nothing_of_itself(open_copy: Opener) -> None:
    """Neither of the headers that tell of a cache is sent; times and counts of the application still are."""
    opened = open_copy("fault=silent_cache")

    async with opened.client() as client:
        await client.get("/")
        answer = await client.get("/")

    assert {"cache-status", "x-cache", "age"}.isdisjoint(answer.headers)
    assert "cache;" not in answer.headers["server-timing"]
    assert "db-calls;dur=0" in answer.headers["server-timing"]
    assert "app;dur=" in answer.headers["server-timing"]


async def test_a_stall_holds_up_the_request_that_meets_it(open_copy: Opener) -> None:
    """The time the site reports for a page holds the stall it met."""
    opened = open_copy("stall=0.02:0.021")

    async with opened.client() as client:
        times = [float((await client.get("/")).headers["server-timing"].rpartition("app;dur=")[2]) for _ in range(60)]

    assert max(times) >= 20
