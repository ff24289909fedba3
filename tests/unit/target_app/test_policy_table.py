"""The one table of cache policies: the site answers by it, the docs show it, and its examples are true."""

import re
from collections.abc import Callable

import pytest

from synth import people
from target_app.figures import NAMES
from target_app.pages import STYLESHEET_NAME
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
    pattern = re.sub(r"ID|YEAR|MONTH|PART|NAME", r"[a-z0-9-]+", known)
    assert all(re.fullmatch(pattern, tag) for tag in carried) or route.route == "error"
    assert all(len(tag) <= 32 for tag in carried)


@pytest.mark.parametrize(("route", "address", "reason"), REFUSED, ids=[f"{one[0].route}-{one[1]}" for one in REFUSED])
async def test_what_is_not_to_be_kept_is_not(route: RoutePolicy, address: str, reason: str, open_copy: Opener) -> None:
    """Asked twice, it is never a hit, and ``Cache-Status`` has the reason."""
    path = address.format(**FIELDS)
    async with open_copy().client() as client:
        answers = [await client.get(path) for _ in range(2)]
    assert [one.headers["x-cache"] for one in answers] == ["BYPASS"] * 2
    assert answers[1].headers["cache-status"] == f"anp; fwd=bypass; detail={reason}"


async def test_every_route_of_the_site_stands_in_the_table(open_copy: Opener) -> None:
    """No page without a policy: the addresses of the site and of the table are the same."""
    opened = open_copy()
    pages = opened.layers.cache._app._app._app  # type: ignore[attr-defined]
    served = {route.path for route in pages.router.routes if "{rest" not in route.path}
    slashless = {path.removesuffix("/") for path in served if path.endswith("/")}
    stated = {address.format_map(_Same(stylesheet=STYLESHEET_NAME)) for one in TABLE for address in one.addresses}
    assert served - slashless - {""} <= stated


class _Same(dict[str, str]):
    """Leaves a field as it is."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"
