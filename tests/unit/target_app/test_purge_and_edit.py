"""Edits and purges through the site: sound, precise, and only by who may."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.unit.target_app.conftest import BASE, CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
SEARCHES = ("/search?q=the", "/search?q=the&page=2", "/search?q=zzzz")


async def _warm(opened: Opened, client: httpx.AsyncClient) -> dict[str, bytes]:
    paths = [opened.article_path(place) for place in range(CORPUS.count)]
    paths += ["/", "/page/2/", "/page/3/", "/feed.xml", "/sitemap.xml", "/tags/", *SEARCHES]
    return {path: (await client.get(path)).content for path in paths}


@pytest.mark.parametrize("place", [0, 7, 20, 44])
async def test_after_an_edit_every_page_is_what_a_fresh_render_gives(place: int, open_copy: Opener) -> None:
    """No warmed page is stale; what the edit left as it was is still a hit, but for the sitemap and the searches."""
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
    dropped = {path for path in unchanged if warm[path].headers["x-cache"] != "HIT"}
    assert dropped <= {"/sitemap.xml", *SEARCHES}


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


async def test_an_edit_does_not_take_an_address_from_another_article(open_copy: Opener) -> None:
    """The article was renamed, another has its slug of the corpus: the problem names it, and nothing is changed."""
    opened, article_id = open_copy(), CORPUS.first_id
    slug = CORPUS.article(article_id).slug
    async with opened.client() as client:
        text = {"title": "Other", "intro": "Short."}
        place = f"/api/v1/articles/{article_id}"
        await client.put(place, json={**text, "slug": "renamed"}, headers={"if-match": "*"})
        await client.post("/api/v1/articles", json={**text, "slug": slug})
        before = (await client.get(place)).headers["etag"]
        answer = await client.post("/anp/edit", json={"article": article_id})
        after = (await client.get(place)).headers["etag"]
    assert answer.status_code == 409
    assert answer.json()["detail"] == f"the slug {slug} of article {article_id} belongs to another article by now"
    assert before == after


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


@pytest.mark.parametrize(
    ("what", "groups"),
    [
        ({"article": 5}, '"post-5", "post-5:card", "post-5:comments", "posts", "posts-0"'),
        ({"tags": ["list-newest"]}, '"list-newest"'),
        ({"path": "/"}, None),
        ({"all": True}, '"*"'),
    ],
)
async def test_the_answer_to_a_purge_names_its_groups(what: object, groups: str | None, open_copy: Opener) -> None:
    """An address has none."""
    async with open_copy().client() as client:
        answer = await client.post("/anp/purge", json=what)
    assert (answer.status_code, answer.headers.get("cache-group-invalidation")) == (200, groups)


async def test_a_browser_that_knows_the_old_page_gets_the_new_one(open_copy: Opener) -> None:
    """After an edit neither the old tag nor the old date is answered with 304."""
    opened = open_copy()
    async with opened.client() as client:
        old = await client.get(opened.article_path())
        await client.post("/anp/edit", json={"article": CORPUS.first_id})
        by_tag = await client.get(opened.article_path(), headers={"if-none-match": old.headers["etag"]})
        by_date = await client.get(opened.article_path(), headers={"if-modified-since": old.headers["last-modified"]})
    assert (by_tag.status_code, by_date.status_code) == (200, 200)


class _Held:
    """An application whose answers can be held back once they are made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.gate = asyncio.Event()
        self.made = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything; hold the answers to reading."""

        async def hold(message: Message) -> None:
            if scope["method"] == "GET":
                self.made.set()
                await self.gate.wait()
            await send(message)

        await self._app(scope, receive, hold)


@pytest.mark.parametrize("coalesce", ["on", "off"])
@pytest.mark.parametrize("search", [False, True])
async def test_a_page_made_before_an_edit_is_never_served_to_who_comes_after(
    coalesce: str, search: bool, open_copy: Opener
) -> None:
    """Rendered from the old text and held up until after the edit's answer, it goes to who asked for it and no further.

    Neither joining that render nor reading the store gives the old page to anybody who asks after the edit.
    """
    opened = open_copy(f"coalesce={coalesce}")
    path = "/search?q=the" if search else opened.article_path()
    cache = opened.layers.cache
    cache.flights._patience = 60  # who joins the older render stays with it until this test gives up
    held = cache._app = _Held(cache._app)
    async with opened.client() as client:
        early = asyncio.create_task(client.get(path))
        await held.made.wait()
        edit = await client.post("/anp/edit", json={"article": CORPUS.first_id})
        assert edit.status_code == 200
        held.made.clear()
        late = asyncio.create_task(client.get(path))
        await asyncio.wait_for(held.made.wait(), 10)  # it has a render of its own
        held.gate.set()
        answers = [await early, await late, await client.get(path)]
        await client.post("/anp/purge", json={"all": True})
        fresh = await client.get(path)
    assert "stored" not in answers[0].headers["cache-status"]
    assert [answer.headers["x-cache"] for answer in answers] == ["MISS", "MISS", "HIT"]
    assert {answer.content for answer in answers[1:]} == {fresh.content}
    if not search:
        assert "revision=0" in answers[0].text
        assert "revision=1" in answers[1].text


async def test_an_answer_that_is_late_brings_no_old_page_back(open_copy: Opener) -> None:
    """With answers to misses delayed, read, edited and read again: each reads what there was when it asked."""
    opened = open_copy("inject=article:miss:1:20", "inject=edit:any:1:5")
    async with opened.client() as client:
        for revision in range(5):
            early = asyncio.create_task(client.get(opened.article_path()))
            await _until(lambda: opened.site.statistics.delayed > 0)
            edit = await client.post("/anp/edit", json={"article": CORPUS.first_id})
            late = await client.get(opened.article_path())
            assert f"revision={revision} " in (await early).text
            assert f"revision={edit.json()['revision']} " in late.text
            await client.post("/anp/purge", json={"all": True})
            opened.site.statistics.delayed = 0


async def _until(condition: Callable[[], bool]) -> None:
    async def poll() -> None:
        while not condition():
            await asyncio.sleep(0.001)

    await asyncio.wait_for(poll(), 10)


async def test_revisions_are_those_of_the_edited_articles(open_copy: Opener) -> None:
    """None at first; then every edited article with as many as it had, and its page says the same."""
    opened = open_copy()
    async with opened.client() as client:
        assert (await client.get("/anp/revisions")).json() == {"revisions": {}}
        answers = [
            (await client.post("/anp/edit", json={"article": CORPUS.first_id + place})).json() for place in (3, 0, 3)
        ]
        told = await client.get("/anp/revisions")
        page = await client.get(opened.article_path(3))
    assert told.json() == {"revisions": {str(CORPUS.first_id): 1, str(CORPUS.first_id + 3): 2}}
    assert told.headers["cache-control"] == "no-store"
    assert [answer["revision"] for answer in answers] == [1, 1, 2]
    assert f"revision=2 digest={answers[2]['digest']}" in page.text


@pytest.mark.parametrize(
    ("order", "body"),
    [
        ("edit", {"article": CORPUS.first_id}),
        ("purge", {"article": CORPUS.first_id}),
        ("purge", {"path": "{path}"}),
        ("purge", {"all": True}),
    ],
)
async def test_with_the_fault_a_purge_drops_nothing_and_says_so_and_without_it_all_that_it_names(
    order: str, body: dict[str, object], open_copy: Opener
) -> None:
    """The article that changed beneath is served as it was by the broken build, and anew by the sound one."""
    told, words = [], []
    for fault in ("stale_after_purge", "none"):
        opened = open_copy(f"fault={fault}")
        body = {name: opened.article_path() if value == "{path}" else value for name, value in body.items()}
        async with opened.client() as client:
            await client.get(opened.article_path())
            told.append((await client.post(f"/anp/{order}", json=body)).json()["purged"])
            answer = await client.get(opened.article_path())
        words.append((answer.headers["x-cache"], f"revision={int(order == 'edit')} " in answer.text))
    assert told == [0, 1]
    assert words == [("HIT", order != "edit"), ("MISS", True)]


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
