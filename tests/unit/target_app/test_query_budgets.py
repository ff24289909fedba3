"""What each route may ask of the database, held against the policy table and against SQLite's own trace."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from synth import people
from target_app.policy import ROUTES, TABLE, RoutePolicy
from tests.unit.target_app.addresses import ADDRESSES, ARTICLE
from tests.unit.target_app.conftest import CORPUS, Opened
from tests.unit.target_app.test_articles_api import TEXT
from tests.unit.target_app.test_newsroom import DRAFT, csrf_of, etag_of

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]

ANN = people.member(0, seed=CORPUS.seed)


def calls(answer: httpx.Response) -> int:
    """The number of statements that a response tells."""
    found = re.search(r"\bdb-calls;dur=(\d+)", answer.headers["server-timing"])
    assert found is not None
    return int(found.group(1))


LARGE: dict[str, Any] = {
    **TEXT,
    "sections": [{"heading": f"Part {number}", "paragraphs": ["Long."] * 20} for number in range(50)],
    "categories": [f"category-{number}" for number in range(10)],
    "tags": [f"tag-{number}" for number in range(20)],
    "meta": {f'Key {number} "ä\\🙂" of 100': [number, {"deep": "\t'\"\\ 🙂"}] for number in range(100)},
}
"""As many keys, tags and categories as an article may have."""
SMALL = {"title": "Small", "intro": "Short."}


def budget(route: str, answer: httpx.Response) -> RoutePolicy:
    """The policy that an answer is held to: that a page is missing may cost what any missing page may."""
    policy, error = ROUTES[route], ROUTES["error"]
    return error if answer.status_code == 404 and error.statements > policy.statements else policy


class Meter:
    """Asks, and holds what each answer says against what SQLite ran for it."""

    def __init__(self, client: httpx.AsyncClient, traced: list[str]) -> None:
        self._client = client
        self._traced = traced

    async def ask(self, path: str, method: str = "GET", **options: object) -> httpx.Response:
        """One answer, whose count is right."""
        self._traced.clear()
        answer = await self._client.request(method, path, **options)  # type: ignore[arg-type]
        assert calls(answer) == len(self._traced), (method, path, "\n".join(self._traced))
        return answer


async def test_a_reader_costs_no_more_than_the_budget_and_a_stored_page_nothing(
    traced: list[str], open_copy: Opener
) -> None:
    """The first answer keeps to the budget; a second one, its 304 and its HEAD run no statement where it is kept."""
    kept = set()
    async with open_copy().client() as client:
        meter = Meter(client, traced)
        for route, path in ADDRESSES:
            first = await meter.ask(path)
            assert calls(first) <= budget(route, first).statements, path
            if "stored" not in first.headers["cache-status"]:
                continue
            kept.add("error" if first.status_code == 404 else route)
            stored = [await meter.ask(path), await meter.ask(path, "HEAD")]
            if "etag" in first.headers:
                stored.append(await meter.ask(path, headers={"if-none-match": first.headers["etag"]}))
                assert stored[-1].status_code == 304
            assert [(one.headers["x-cache"], calls(one)) for one in stored] == [("HIT", 0)] * len(stored), path
    assert kept == {policy.route for policy in TABLE if policy.shared is not None}


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
@pytest.mark.parametrize("member", [0, 1], ids=["editor", "reader"])
async def test_a_member_costs_the_look_up_of_the_session_more(
    member: int, method: str, traced: list[str], open_copy: Opener
) -> None:
    """The session is looked up once, whatever comes of it."""
    async with open_copy().member(member) as browser:
        meter = Meter(browser, traced)
        for route, path in ADDRESSES:
            answer = await meter.ask(path, method)
            assert calls(answer) <= budget(route, answer).member_statements, path


async def test_a_budget_is_not_more_than_is_needed(traced: list[str], open_copy: Opener) -> None:
    """The dearest page of a route costs all of its budget: else a statement too many would not be seen."""
    dearest = {route: 0 for route, _ in ADDRESSES}
    for_members = dict(dearest)
    opened = open_copy("page_cache=off")
    async with opened.client() as client, opened.member(0) as member:
        draft = (await client.post("/api/v1/articles", json={**TEXT, "status": "draft"})).headers["location"]
        for browser, costs in ((client, dearest), (member, for_members)):
            meter = Meter(browser, traced)
            for route, path in [*ADDRESSES, ("drafts", draft)]:
                answer = await meter.ask(path)
                costs[route] = (
                    max(calls(answer), costs[route]) if answer.status_code < 400 or route == "error" else costs[route]
                )
    assert dearest == {route: ROUTES[route].statements for route in dearest}
    own = {route: cost for route, cost in for_members.items() if ROUTES[route].own_statements}
    assert own == {route: ROUTES[route].member_statements for route in own}


async def test_whatever_is_sent_costs_no_more_than_its_budget(traced: list[str], open_copy: Opener) -> None:
    """Forms and programs that change something are counted as well, and every route that takes any is tried."""
    opened = open_copy()
    dearest: dict[str, int] = {}
    async with opened.client() as client, opened.member(0) as editor, opened.member(1) as reader:

        async def send(
            route: str, browser: httpx.AsyncClient, method: str, path: str, **options: object
        ) -> httpx.Response:
            answer = await Meter(browser, traced).ask(path, method, **options)
            assert answer.status_code < 400 or (route, answer.status_code) == ("login", 403), (
                method,
                path,
                answer.text,
            )
            dearest[route] = max(calls(answer), dearest.get(route, 0))
            return answer

        csrf = {browser: await csrf_of(browser, ARTICLE) for browser in (editor, reader)}
        for keep in ("1", "0"):
            await send("bookmark", reader, "POST", f"{ARTICLE}bookmark", data={"keep": keep, "csrf": csrf[reader]})
        said = await send("comment", reader, "POST", f"{ARTICLE}comments", data={"text": "Good.", "csrf": csrf[reader]})
        comment = said.headers["location"].rpartition("-")[2]
        await send("comment", editor, "POST", f"/comments/{comment}/delete", data={"csrf": csrf[editor]})

        for action in ("publish", "save"):
            form = {**DRAFT, "csrf": csrf[editor], "action": action}
            place = (await send("admin", editor, "POST", "/admin/new", data=form)).headers["location"]
        for action in ("publish", "save", "unpublish", "publish", "delete"):
            etag = await etag_of(editor, place)
            renamed = f"renamed-{etag[1]}"  # by its version, so that every change is also one of the address
            form = {**DRAFT, "slug": renamed, "csrf": csrf[editor], "etag": etag, "action": action}
            await send("admin", editor, "POST", place, data=form)

        renamed = CORPUS.ids[5]  # the next edition of the corpus brings its address back
        await client.put(f"/api/v1/articles/{renamed}", json={**TEXT, "slug": "away"}, headers={"if-match": "*"})
        for number in CORPUS.ids[:6]:
            await send("edit", client, "POST", "/anp/edit", json={"article": number})
        await send("api", client, "POST", "/api/v1/articles", json=TEXT)
        place = f"/api/v1/articles/{CORPUS.first_id}"
        etag = (await client.get(place)).headers["etag"]
        for method, options in (
            ("PUT", {"json": {**TEXT, "status": "draft"}}),
            ("PUT", {"json": {**TEXT, "slug": "renamed", "status": "published"}}),
            ("PATCH", {"json": {"title": "Other"}, "headers": {"content-type": "application/merge-patch+json"}}),
            ("DELETE", {}),
        ):
            headers = {"if-match": etag, **options.pop("headers", {})}  # type: ignore[dict-item]
            told = await send("api", client, method, place, headers=headers, **options)
            etag = told.headers.get("etag", "")
        await send("purge", client, "POST", "/anp/purge", json={"all": True})
        await send("purge", client, "POST", "/api/v1/purge", json={"tags": ["search"]})

        for password in ("wrong", ANN.password):
            await send("login", reader, "POST", "/login", data={"login": ANN.login, "password": password})
        await send("logout", reader, "POST", "/logout")
    assert dearest.keys() == {policy.route for policy in TABLE if policy.methods - {"GET"}}
    assert dearest == {route: ROUTES[route].posted for route in dearest}


async def test_only_an_address_that_no_article_has_is_looked_up_twice(traced: list[str], open_copy: Opener) -> None:
    """Whether it leads to the article that had it or nowhere; that of a draft is an article's."""
    opened = open_copy()
    opened.site.editing.set_status(CORPUS.first_id + 1, "draft")
    async with opened.client() as client:
        await client.put(f"/api/v1/articles/{CORPUS.first_id}", json={**TEXT, "slug": "x"}, headers={"if-match": "*"})
        meter = Meter(client, traced)
        answers = [await meter.ask(path) for path in (ARTICLE, "/articles/none/", opened.article_path(1))]
    assert [(one.status_code, calls(one)) for one in answers] == [(301, 2), (404, 2), (404, 1)]


async def test_what_a_change_costs_does_not_depend_on_the_article(traced: list[str], open_copy: Opener) -> None:
    """A hundred keys, twenty tags and ten categories are stored for what none of them cost."""
    assert await _costs(SMALL, traced, open_copy()) == await _costs(LARGE, traced, open_copy())


async def _costs(text: dict[str, Any], traced: list[str], opened: Opened) -> list[int]:
    """What it costs to create, replace, patch, type and delete an article, which is stored whole and in order."""
    headers = {"if-match": "*"}
    async with opened.client() as client, opened.member(0) as editor:
        meter, desk = Meter(client, traced), Meter(editor, traced)
        made = await meter.ask("/api/v1/articles", "POST", json=text)
        path = made.headers["location"]
        replaced = await meter.ask(path, "PUT", json=text, headers=headers)
        patched = await meter.ask(path, "PATCH", json={"title": "Other"}, headers=headers)
        told = (await client.get(path)).json()
        form = {**DRAFT, "title": "By a form", "csrf": await csrf_of(editor, ARTICLE), "action": "publish"}
        many = {"meta": json.dumps(text.get("meta", {})), "tags": ", ".join(text.get("tags", []))}
        typed = await desk.ask("/admin/new", "POST", data={**form, **many})
        deleted = await meter.ask(path, "DELETE", headers=headers)
    assert list(told["meta"].items()) == list(text.get("meta", {}).items())
    assert told["tags"] == text.get("tags", [])
    assert [one.status_code for one in (made, replaced, patched, typed, deleted)] == [201, 200, 200, 303, 204]
    return [calls(one) for one in (made, replaced, patched, typed, deleted)]


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
    path = ARTICLE
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
