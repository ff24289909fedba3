"""What each route may ask of the database, held against the policy table and against SQLite's own trace."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import httpx
import pytest

from synth import people
from target_app.policy import ROUTES, TABLE
from tests.unit.target_app.conftest import CORPUS, Opened
from tests.unit.target_app.test_pages import READABLE, TAG

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]

FURTHER = {
    "listing": ["/page/3/", "/page/1/", "/page/2"],
    "article": [READABLE["article"].rstrip("/")],
    "tag": ["/tags/", "/tags", f"/tags/{TAG}/page/1/"],
    "search": ["/search", "/search?q=the&page=2", "/search?q=zzzz"],
    "health": ["/health/ready"],
    "error": ["/articles/none/", "/tags/none/", "/page/99/", "/search?q=zzzz&page=2", "/sitemap-9.xml"],
}
"""Addresses of a route that are made in another way than its example."""
ADDRESSES = [(route, path) for route in READABLE for path in (READABLE[route], *FURTHER.get(route, []))]
ANN = people.member(0, seed=CORPUS.seed)
POSTS = {
    "login": [
        ("/login", {"data": {"login": ANN.login, "password": ANN.password}}),
        ("/login", {"data": {"login": "nobody", "password": "x"}}),
    ],
    "logout": [("/logout", {})],
    "purge": [("/anp/purge", {"json": {"all": True}})],
    "edit": [("/anp/edit", {"json": {"article": number}}) for number in CORPUS.ids[:5]],
}


def calls(answer: httpx.Response) -> int:
    """The number of statements that a response tells."""
    found = re.search(r"\bdb-calls;dur=(\d+)", answer.headers["server-timing"])
    assert found is not None
    return int(found.group(1))


class Meter:
    """Asks, and holds what each answer says against what SQLite ran for it."""

    def __init__(self, client: httpx.AsyncClient, traced: list[str]) -> None:
        self._client = client
        self._traced = traced

    async def ask(self, path: str, method: str = "GET", **options: object) -> httpx.Response:
        """One answer, whose count is right."""
        self._traced.clear()
        answer = await self._client.request(method, path, **options)  # type: ignore[arg-type]
        assert calls(answer) == len(self._traced), (method, path, self._traced)
        return answer


async def test_a_reader_costs_no_more_than_the_budget_and_a_stored_page_nothing(
    traced: list[str], open_copy: Opener
) -> None:
    """The first answer keeps to the budget; a second one, its 304 and its HEAD run no statement where it is kept."""
    async with open_copy().client() as client:
        meter = Meter(client, traced)
        for route, path in ADDRESSES:
            policy = ROUTES[route]
            first = await meter.ask(path)
            assert calls(first) <= policy.statements, path
            if policy.shared is None or first.headers["x-cache"] == "BYPASS":
                continue
            stored = [await meter.ask(path), await meter.ask(path, "HEAD")]
            if "etag" in first.headers:
                stored.append(await meter.ask(path, headers={"if-none-match": first.headers["etag"]}))
                assert stored[-1].status_code == 304
            assert [(one.headers["x-cache"], calls(one)) for one in stored] == [("HIT", 0)] * len(stored), path


async def test_a_head_that_comes_first_costs_what_a_get_does(traced: list[str], open_copy: Opener) -> None:
    """It has the page made, so that what it says is true."""
    opened = open_copy()
    async with opened.client() as client:
        meter = Meter(client, traced)
        for _, path in ADDRESSES:
            opened.layers.cache.purge_everything()
            head = await meter.ask(path, "HEAD")
            opened.layers.cache.purge_everything()
            get = await meter.ask(path)
            assert calls(head) == calls(get), path
            assert (head.status_code, head.content) == (get.status_code, b""), path


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_member_costs_the_look_up_of_the_session_more(
    method: str, traced: list[str], open_copy: Opener
) -> None:
    """The session is looked up once, whatever comes of it."""
    async with open_copy().member(0) as member:
        meter = Meter(member, traced)
        for route, path in ADDRESSES:
            assert calls(await meter.ask(path, method)) <= ROUTES[route].member_statements, path


async def test_a_budget_is_not_more_than_is_needed(traced: list[str], open_copy: Opener) -> None:
    """The dearest address of a route costs all of its budget: else a statement too many would not be seen."""
    dearest: dict[str, int] = {}
    async with open_copy("page_cache=off").client() as client:
        meter = Meter(client, traced)
        for route, path in ADDRESSES:
            dearest[route] = max(calls(await meter.ask(path)), dearest.get(route, 0))
    assert dearest == {route: ROUTES[route].statements for route in READABLE}


@pytest.mark.parametrize("route", POSTS)
async def test_a_form_costs_no_more_than_its_budget(route: str, traced: list[str], open_copy: Opener) -> None:
    """What is sent to a route is counted as well, by a reader and by a member."""
    opened = open_copy()
    async with opened.client() as client, opened.member(1) as member:
        for meter in (Meter(client, traced), Meter(member, traced)):
            for path, options in POSTS[route]:
                answer = await meter.ask(path, "POST", **options)
                assert answer.status_code < 400 or answer.status_code == 401
                assert calls(answer) <= ROUTES[route].posted


@pytest.mark.parametrize(
    "settings", [("page_cache=off",), ("meta_query=per_key",), ("similar=computed",), ("coalesce=off",)]
)
async def test_the_count_is_right_under_every_switch(
    settings: tuple[str, ...], traced: list[str], open_copy: Opener
) -> None:
    """Whatever a switch makes of the statements, the header tells those that SQLite ran."""
    opened = open_copy(*settings)
    async with opened.client() as client, opened.member(0) as member:
        for meter in (Meter(client, traced), Meter(member, traced)):
            for _, path in ADDRESSES:
                await meter.ask(path)


async def test_a_refresh_is_on_no_readers_bill(traced: list[str], open_copy: Opener) -> None:
    """Whoever is sent a stale page pays nothing; what making it anew cost is counted apart, and is what SQLite ran."""
    opened = open_copy("early_refresh=off")
    now = [1000.0]
    opened.layers.cache._clock = lambda: now[0]
    path = READABLE["article"]
    async with opened.client() as client:
        meter = Meter(client, traced)
        first = await meter.ask(path)
        now[0] += 3600 + 1
        traced.clear()
        stale = await client.get(path)
        await opened.layers.cache.drain()
        refreshed = len(traced)
    assert (stale.headers["x-cache"], calls(stale)) == ("STALE", 0)
    statistics = opened.site.statistics
    assert statistics.requests["article"].statements == calls(first)
    assert statistics.background.keys() == {"article"}
    work = statistics.background["article"]
    assert (work.pieces, work.statements) == (1, refreshed)
    assert refreshed == calls(first)
    assert work.rendering_seconds > 0
    assert work.seconds > work.rendering_seconds + work.statement_seconds


def test_every_route_is_asked() -> None:
    """No route of the table is left out of these tests."""
    asked: Mapping[str, object] = READABLE | POSTS
    assert {policy.route for policy in TABLE} == asked.keys()
