"""Edits and purges through the site: sound, precise, and only by who may."""

from collections.abc import Callable

import httpx
import pytest

from target_app.api import groups_of_edit
from tests.unit.target_app.conftest import BASE, CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]


async def _warm(opened: Opened, client: httpx.AsyncClient) -> dict[str, bytes]:
    paths = [opened.article_path(place) for place in range(CORPUS.count)]
    paths += ["/", "/page/2/", "/page/3/", "/feed.xml", "/sitemap.xml", "/tags/"]
    return {path: (await client.get(path)).content for path in paths}


@pytest.mark.parametrize("place", [0, 7, 20, 44])
async def test_after_an_edit_every_page_is_what_a_fresh_render_gives(place: int, open_copy: Opener) -> None:
    """No warmed page is stale, and every page the edit left as it was is still a hit, but for the sitemap."""
    opened = open_copy()
    async with opened.client() as client:
        before = await _warm(opened, client)
        edit = await client.post("/anp/edit", json={"article": CORPUS.first_id + place})
        warm = {path: await client.get(path) for path in before}
        await client.post("/anp/purge", json={"all": True})
        fresh = {path: (await client.get(path)).content for path in before}
    revised = CORPUS.article(CORPUS.first_id + place, revision=1)
    assert edit.json()["digest"] == revised.digest
    assert f"revision=1 digest={revised.digest}".encode() in fresh[opened.article_path(place)]
    assert {path: answer.content for path, answer in warm.items()} == fresh
    unchanged = [path for path in before if before[path] == fresh[path]]
    dropped = [path for path in unchanged if warm[path].headers["x-cache"] != "HIT"]
    assert dropped in ([], ["/sitemap.xml"])


@pytest.mark.parametrize("body", [{"all": True}, {"path": "/"}, {"article": CORPUS.first_id}])
async def test_a_purge_drops_what_it_names(body: dict[str, object], open_copy: Opener) -> None:
    """Everything, a path, or an article's page with all that shows its card."""
    opened = open_copy()
    async with opened.client() as client:
        before = await _warm(opened, client)
        count = (await client.post("/anp/purge", json=body)).json()["purged"]
        missed = [path for path in before if (await client.get(path)).headers["x-cache"] != "HIT"]
    assert len(missed) == count
    expected = {"all": len(before), "path": 1}.get(next(iter(body)))
    assert opened.article_path() in missed if expected is None else len(missed) == expected


@pytest.mark.parametrize(
    "body",
    [{}, {"all": False}, {"article": 1, "all": True}, {"article": -1}, {"article": 2**53}, {"path": "x"}, {"x": 1}, []],
)
async def test_a_purge_of_nothing_in_particular_is_a_problem(body: object, open_copy: Opener) -> None:
    """What does not name exactly one thing is refused in problem+json."""
    async with open_copy().client() as client:
        answer = await client.post("/anp/purge", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["retryable"] is False


async def test_an_edit_of_an_article_that_is_not_there_says_which_are(open_copy: Opener) -> None:
    """The problem names the id and the range of the corpus."""
    async with open_copy().client() as client:
        answer = await client.post("/anp/edit", json={"article": 1})
    assert answer.status_code == 404
    assert answer.json()["detail"] == f"no article 1; the corpus holds {CORPUS.ids[0]} to {CORPUS.ids[-1]}"


@pytest.mark.parametrize(("token", "status"), [(None, 403), ("wrong", 403), ("schlüssel", 403), ("secret", 200)])
async def test_with_a_token_only_its_holder_may_purge(token: str | None, status: int, open_copy: Opener) -> None:
    """The token counts, wherever the request comes from."""
    headers = {"x-anp-token": token.encode()} if token else {}
    async with open_copy(purge_token="secret").client() as client:
        answer = await client.post("/anp/purge", json={"all": True}, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("unix", 403)])
async def test_without_a_token_only_this_machine_may_purge(address: str, status: int, open_copy: Opener) -> None:
    """Loopback peers may, whatever the headers of the others claim."""
    transport = httpx.ASGITransport(app=open_copy().layers.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        answer = await client.post("/anp/purge", json={"all": True}, headers={"x-forwarded-for": "127.0.0.1"})
    assert answer.status_code == status


async def test_the_answer_to_an_edit_names_the_groups_it_made_stale(open_copy: Opener) -> None:
    """Caches farther out can drop the same pages."""
    async with open_copy().client() as client:
        answer = await client.post("/anp/edit", json={"article": CORPUS.first_id})
    assert '"post-11730"' in answer.headers["cache-group-invalidation"]
    assert groups_of_edit(5, card=True) == ["post-5", "sitemap", "post-5:card"]


async def test_a_browser_that_knows_the_old_page_gets_the_new_one(open_copy: Opener) -> None:
    """After an edit neither the old tag nor the old date is answered with 304."""
    opened = open_copy()
    async with opened.client() as client:
        old = await client.get(opened.article_path())
        await client.post("/anp/edit", json={"article": CORPUS.first_id})
        by_tag = await client.get(opened.article_path(), headers={"if-none-match": old.headers["etag"]})
        by_date = await client.get(opened.article_path(), headers={"if-modified-since": old.headers["last-modified"]})
    assert (by_tag.status_code, by_date.status_code) == (200, 200)


@pytest.mark.parametrize("fault", ["leak_member_page", "wrong_article", "stale_after_purge"])
async def test_each_broken_build_is_broken_as_it_says(fault: str, open_copy: Opener) -> None:
    """The leak shows a member to others, the wrong article another id, the stale page an old revision."""
    opened = open_copy(f"fault={fault}")
    first, second = opened.article_path(0), opened.article_path(1)
    async with opened.member(0) as member, opened.client() as client:
        if fault == "leak_member_page":
            await member.get(first)
            assert "viewer=m000000" in (await client.get(first)).text
        elif fault == "wrong_article":
            await client.get(first)
            assert f"id={CORPUS.first_id} " in (await client.get(second)).text
        else:
            await client.get(first)
            await client.post("/anp/edit", json={"article": CORPUS.first_id})
            assert "revision=0" in (await client.get(first)).text
