"""The one table of cache policies: the site answers by it, the docs show it, and its examples are true."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from synth import people
from target_app.api import PATHS
from target_app.figures import NAMES
from target_app.pages import ICON_NAME, STYLESHEET_NAME
from target_app.policy import BYPASS, RULES, TABLE, RoutePolicy
from tests.policy_page import PAGE, page
from tests.unit.target_app.conftest import CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
FIRST = CORPUS.article(CORPUS.first_id)
FIELDS = {
    "slug": FIRST.slug,
    "id": str(FIRST.id),
    "tag": FIRST.tags[0],
    "category": FIRST.categories[0],
    "author": people.author(FIRST.author, seed=CORPUS.seed).login,
    "year": f"{FIRST.published:%Y}",
    "month": f"{FIRST.published:%m}",
    "number": "2",
    "word": FIRST.tags[0],
    "image": sorted(NAMES)[0],
    "stylesheet": STYLESHEET_NAME,
    "icon": ICON_NAME,
}
KEPT = [(route, address) for route in TABLE for address in route.kept]
REFUSED = [(route, address, reason) for route in TABLE for address, reason in route.refused]


def test_the_page_of_the_docs_is_the_table() -> None:
    """Written anew, it is what stands there."""
    assert PAGE.read_text() == page(), "run: make docs"


def test_every_rule_is_used_and_every_reason_is_known() -> None:
    """Nothing in the file is of no effect."""
    assert {route.rule.name for route in TABLE} == RULES.keys()
    assert {reason for route in TABLE for _, reason in route.refused} <= BYPASS.keys()


@pytest.mark.parametrize(("route", "address"), KEPT, ids=[f"{route.route}-{address}" for route, address in KEPT])
async def test_what_is_to_be_kept_is_kept(route: RoutePolicy, address: str, open_copy: Opener) -> None:
    """The second answer is a hit; the first costs what it may, carries its tags, and says what the rule says."""
    path = address.format(**FIELDS)
    async with open_copy().client() as client:
        first, second = await client.get(path), await client.get(path)
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    assert first.headers["cache-control"] == route.browser
    assert first.headers.get("cdn-cache-control") == route.shared
    calls = re.search(r"db-calls;dur=(\d+)", first.headers["server-timing"])
    assert calls is not None
    assert int(calls[1]) <= route.statements
    carried = re.findall(r'"([^"]+)"', first.headers.get("cache-groups", ""))
    known = "|".join(re.escape(re.split(r" of ", tag)[0]) for tag in route.tags)
    pattern = re.sub(r"ID|YEAR|MONTH|PART|NAME|HUNDRED", r"[a-z0-9-]+", known).replace("RUN", r"[0-9]+\.[0-9]+")
    assert all(re.fullmatch(pattern, tag) for tag in carried) or route.route == "error"
    assert len(carried) <= 32
    assert all(len(tag) <= 32 for tag in carried)


@pytest.mark.parametrize(("route", "address", "reason"), REFUSED, ids=[f"{one[0].route}-{one[1]}" for one in REFUSED])
async def test_what_is_not_to_be_kept_is_not(route: RoutePolicy, address: str, reason: str, open_copy: Opener) -> None:
    """Asked twice, it is never a hit, and ``Cache-Status`` has the reason."""
    path = address.format(**FIELDS)
    async with open_copy().client() as client:
        answers = [await client.get(path) for _ in range(2)]
    assert [one.headers["x-cache"] for one in answers] == ["BYPASS"] * 2
    assert answers[1].headers["cache-status"] == f"anp; fwd=bypass; detail={reason}"


async def test_the_table_and_the_site_have_the_same_routes_and_methods(open_copy: Opener) -> None:
    """No page without a policy, and no policy without a page; only what moves a reader on to a page is not named."""
    opened = open_copy()
    moved = served(opened) - stated(TABLE)
    assert stated(TABLE) - served(opened) == set()
    assert moved <= {(method, address.removesuffix("/")) for method, address in stated(TABLE)}
    async with opened.client() as client:
        for _, address in moved:
            path = address.format(**FIELDS)
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (301, f"{path}/")


async def test_a_route_in_the_site_or_the_table_alone_is_seen(open_copy: Opener) -> None:
    """A page, a method of the JSON side, or a line of the table without its other half is a difference."""
    opened = open_copy()
    before = served(opened)
    pages, api = _applications(opened)
    pages.router.routes.append(Route("/new/", PlainTextResponse("New.")))
    api.add_api_route("/api/v1/articles", list, methods=["DELETE"])
    assert served(opened) - before == {("any method", "/new/"), ("DELETE", "/api/v1/articles")}
    assert not served(opened) - before & stated(TABLE)
    line = replace(TABLE[0], takes={"/new/": ("GET",), "/": ("GET", "POST")})
    assert stated([*TABLE, line]) - before == {("GET", "/new/"), ("POST", "/")}


async def test_an_address_takes_the_methods_of_the_table_and_names_them_to_others(open_copy: Opener) -> None:
    """Whatever else it is asked with is answered with 405, and an ``Allow`` that is the line of the table."""
    async with open_copy().client() as client:
        for address, methods in takes(TABLE).items():
            allowed = methods | ({"HEAD"} if "GET" in methods else set())
            for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"} - allowed:
                answer = await client.request(method, address.format(**FIELDS, comment="1"))
                assert answer.status_code == 405, (method, address)
                assert set(re.split(", *", answer.headers["allow"])) == allowed, (method, address)


async def test_the_description_of_the_api_has_the_methods_of_the_table(open_copy: Opener) -> None:
    """It names every route of the JSON side but its own."""
    async with open_copy().client() as client:
        paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    of_programs = {one for one in stated(TABLE) if one[1].startswith(("/api/", "/anp/", "/health/", "/metrics"))}
    assert described == of_programs - {("GET", "/api/v1/openapi.json")}


def takes(table: Iterable[RoutePolicy]) -> dict[str, frozenset[str]]:
    """Address to the methods that the table has for it; the error page has none of its own."""
    fields = _Same(stylesheet=STYLESHEET_NAME, icon=ICON_NAME)
    return {
        address.format_map(fields): frozenset(methods)
        for policy in table
        if policy.route != "error"
        for address, methods in policy.takes.items()
    }


def stated(table: Iterable[RoutePolicy]) -> set[tuple[str, str]]:
    """Every (method, address) of the table."""
    return {(method, address) for address, methods in takes(table).items() for method in methods}


def served(opened: Opened) -> set[tuple[str, str]]:
    """Every (method, address) that the running site routes; HEAD goes without saying where there is GET."""
    return {
        (method, route.path)
        for application in _applications(opened)
        for route in application.routes
        if isinstance(route, APIRoute) or route.path not in PATHS
        for method in route.methods or {"any method"}
        if method != "HEAD"
    }


def _applications(opened: Opened) -> tuple[Starlette, FastAPI]:
    """The pages, and the JSON side, to which the pages have doors."""
    pages = opened.layers.cache._app._app._app  # type: ignore[attr-defined]
    (api,) = {route.app._app for route in pages.routes if route.path in PATHS}
    return pages, api


class _Same(dict[str, str]):
    """Leaves a field as it is."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"
