"""Articles for programs: what they hold, how they are changed, and what is refused, with a reason."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from target_app.articles_api import ArticleOut, ListOut
from tests.unit.target_app.conftest import BASE, CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
ROOT = "/api/v1/articles"
FIRST = f"{ROOT}/{CORPUS.first_id}"
TEXT: dict[str, Any] = {
    "title": "Häuser & <Gärten>",
    "intro": "What was found.",
    "sections": [{"heading": "One", "paragraphs": ["A paragraph."], "code": {"language": "sql", "text": "SELECT 1;"}}],
    "checklist": ["Look"],
    "images": [{"source": "placehold.co", "url": "https://placehold.co/1.png", "caption": "A house"}],
    "final_notes": "Done.",
    "categories": ["gardens"],
    "tags": ["houses", "python"],
    "meta": {"summary": "Of houses", "deep": [{"a": [1, {"b": []}]}]},
}


async def test_the_list_holds_every_article_once_and_says_where_it_goes_on(open_copy: Opener) -> None:
    """Followed by its links, the list gives the corpus by number; every run but the last is full."""
    seen: list[int] = []
    address: str | None = f"{ROOT}?limit=10"
    async with open_copy().client() as client:
        while address:
            answer = await client.get(address)
            run = ListOut.model_validate(answer.json())
            assert run.total == CORPUS.count
            assert answer.links.get("next", {}).get("url") == run.next
            seen += [one.id for one in run.articles]
            address = run.next
    assert seen == list(CORPUS.ids)


async def test_an_article_is_told_whole(open_copy: Opener) -> None:
    """Every field is that of the corpus; the second answer is a hit, and its tag is answered with 304."""
    article = CORPUS.article(CORPUS.first_id)
    async with open_copy().client() as client:
        answer = await client.get(FIRST)
        again = await client.get(FIRST, headers={"if-none-match": answer.headers["etag"]})
    told = ArticleOut.model_validate(answer.json())
    assert (told.title, told.intro, told.final_notes) == (article.title, article.intro, article.final_notes)
    assert [one["heading"] for one in told.sections] == [one.heading for one in article.sections]
    assert list(told.meta) == list(article.meta)
    assert told.url == f"{BASE}/articles/{article.slug}/"
    assert (again.status_code, again.headers["x-cache"], again.content) == (304, "HIT", b"")


async def test_a_new_article_is_on_every_page_that_lists_it_and_gone_when_it_is_deleted(open_copy: Opener) -> None:
    """Created, it is first at home, in its tag's list and in the search; deleted, it is nowhere."""
    places = ("/", "/tags/houses/", "/categories/gardens/", "/authors/editors/", "/search?q=gärten", "/feed.json")
    async with open_copy().client() as client:
        before = {place: await client.get(place) for place in places}
        made = await client.post(ROOT, json=TEXT)
        page = await client.get(httpx.URL(made.json()["url"]).path)
        during = {place: (await client.get(place)).text for place in places}
        gone = await client.delete(made.headers["location"], headers={"if-match": made.headers["etag"]})
        after = {place: await client.get(place) for place in places}
        missing = await client.get(httpx.URL(made.json()["url"]).path)
    assert made.status_code == 201
    assert "Häuser &amp; &lt;Gärten&gt;" in page.text
    assert all(made.json()["slug"] in text for text in during.values())
    assert (gone.status_code, missing.status_code) == (204, 404)
    assert {place: (one.status_code, one.content) for place, one in before.items()} == {
        place: (one.status_code, one.content) for place, one in after.items()
    }


async def test_a_draft_is_seen_by_nobody_until_it_is_published(open_copy: Opener) -> None:
    """Neither its page nor any list shows it; among drafts it stands, and published it is there."""
    async with open_copy().client() as client:
        made = await client.post(ROOT, json={**TEXT, "status": "draft"})
        place, path = f"{ROOT}/{made.json()['id']}", httpx.URL(made.json()["url"]).path
        assert made.headers["location"] == f"/api/v1/drafts/{made.json()['id']}"
        hidden = [await client.get(path), await client.get(place), await client.get("/tags/houses/")]
        drafts = (await client.get("/api/v1/drafts")).json()["articles"]
        draft = await client.get(f"/api/v1/drafts/{made.json()['id']}")
        shown = await client.patch(place, json={"status": "published"}, headers={"if-match": draft.headers["etag"]})
        seen = [await client.get(path), await client.get(place), await client.get("/tags/houses/")]
    assert [one.status_code for one in hidden] == [404, 404, 404]
    assert [one["id"] for one in drafts] == [made.json()["id"]]
    assert draft.json()["title"] == TEXT["title"]
    assert shown.status_code == 200
    assert [one.status_code for one in seen] == [200, 200, 200]


async def test_a_change_wants_the_state_it_was_made_for(open_copy: Opener) -> None:
    """Without If-Match 428, with that of a state that has passed 412, and nothing has changed; ``*`` is any."""
    async with open_copy().client() as client:
        old = await client.get(FIRST)
        without = [await client.put(FIRST, json=TEXT), await client.delete(FIRST), await client.patch(FIRST, json={})]
        first = await client.put(FIRST, json=TEXT, headers={"if-match": old.headers["etag"]})
        late = [
            await client.put(FIRST, json=TEXT, headers={"if-match": old.headers["etag"]}),
            await client.patch(FIRST, json={"title": "x"}, headers={"if-match": old.headers["etag"]}),
            await client.delete(FIRST, headers={"if-match": old.headers["etag"]}),
        ]
        now = await client.get(FIRST)
        any_state = await client.patch(FIRST, json={"title": "Any"}, headers={"if-match": "*"})
    assert [one.status_code for one in without] == [428] * 3
    assert [one.status_code for one in late] == [412] * 3
    assert first.status_code == any_state.status_code == 200
    assert now.json()["title"] == TEXT["title"]
    assert all(one.json()["expected"] and one.json()["retryable"] is False for one in [*without, *late])


async def test_a_change_may_name_several_states_but_no_weak_one(open_copy: Opener) -> None:
    """One of a list is enough; of lists over two lines as well; a weak tag, and none at all, is no state."""
    async with open_copy().client() as client:
        tag = (await client.get(FIRST)).headers["etag"]
        refused = [
            await client.patch(FIRST, json={"title": "x"}, headers={"if-match": value})
            for value in (f"W/{tag}", '"other", "another"', "other", "")
        ]
        taken = await client.patch(FIRST, json={"title": "Listed"}, headers={"if-match": f'"other" , {tag},"another"'})
        tag = taken.headers["etag"]
        put = await client.put(FIRST, json=TEXT, headers={"if-match": f'"other", {tag}'})
        gone = await client.delete(FIRST, headers={"if-match": f'{put.headers["etag"]}, "other"'})
    assert [one.status_code for one in refused] == [412] * 4
    assert (taken.status_code, put.status_code, gone.status_code) == (200, 200, 204)


async def test_a_merge_patch_changes_what_it_names(open_copy: Opener) -> None:
    """Values are replaced, maps merged, null takes away; the rest stays, also the date of publication."""
    async with open_copy().client() as client:
        before = (await client.get(FIRST)).json()
        patch = {"title": "Another", "final_notes": None, "meta": {"topic": None, "new": {"a": 1}}}
        after = (await client.patch(FIRST, json=patch, headers={"if-match": "*"})).json()
    assert (after["title"], after["final_notes"]) == ("Another", "")
    assert after["meta"] == {**{k: v for k, v in before["meta"].items() if k != "topic"}, "new": {"a": 1}}
    same = ("id", "slug", "intro", "sections", "tags", "author", "published")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert after["revision"] == before["revision"] + 1


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"intro": "bell \x07"}, "intro"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"tags": ["a", "a"]}, "tags"),
        ({"meta": {"a": 1.5}}, "meta"),
        ({"meta": {"a": json.loads("[" * 70 + "]" * 70)}}, "meta"),
        ({"images": [{"source": "x", "url": "javascript:alert(1)", "caption": "x"}]}, "images"),
        ({"unknown": 1}, "unknown"),
    ],
)
async def test_a_text_that_is_none_is_refused_with_the_field(
    fault: dict[str, Any], named: str, open_copy: Opener
) -> None:
    """The problem names the field; nothing is stored."""
    opened = open_copy()
    body = json.dumps({**TEXT, **fault})
    async with opened.client() as client:
        answer = await client.post(ROOT, content=body, headers={"content-type": "application/json"})
        total = (await client.get(ROOT)).json()["total"]
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert named in answer.json()["detail"]
    assert total == CORPUS.count


async def test_a_slug_belongs_to_one_article(open_copy: Opener) -> None:
    """Another article's slug is refused with 409, its own is kept."""
    taken = CORPUS.article(CORPUS.first_id + 1).slug
    async with open_copy().client() as client:
        new = await client.post(ROOT, json={**TEXT, "slug": taken})
        changed = await client.put(FIRST, json={**TEXT, "slug": taken}, headers={"if-match": "*"})
        moved = await client.put(FIRST, json={**TEXT, "slug": "moved-away"}, headers={"if-match": "*"})
        old, at = (
            await client.get(f"/articles/{CORPUS.article(CORPUS.first_id).slug}/"),
            await client.get("/articles/moved-away/"),
        )
    assert [one.status_code for one in (new, changed, moved)] == [409, 409, 200]
    assert taken in new.json()["detail"]
    assert (old.status_code, old.headers["location"], at.status_code) == (301, "/articles/moved-away/", 200)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_who_may_not_purge_may_not_change(method: str, open_copy: Opener) -> None:
    """With a token only its holder, in either field; without one only this machine; never from another site's page."""
    address = ROOT if method == "POST" else FIRST
    sent: dict[str, Any] = {"json": TEXT} if method != "DELETE" else {}
    guarded, opened = open_copy(purge_token="secret"), open_copy()
    far = httpx.ASGITransport(app=opened.layers.app, client=("192.0.2.7", 1))
    async with guarded.client() as client, httpx.AsyncClient(transport=far, base_url=BASE) as stranger:
        refused = [
            await client.request(method, address, headers={"if-match": "*"}, **sent),
            await client.request(method, address, headers={"if-match": "*", "authorization": "Bearer no"}, **sent),
            await stranger.request(method, address, headers={"if-match": "*"}, **sent),
        ]
        async with opened.client() as local:
            foreign = {"if-match": "*", "origin": "http://evil.example"}
            refused.append(await local.request(method, address, headers=foreign, **sent))
        bearer = {"if-match": "*", "authorization": "Bearer secret"}
        accepted = await client.request(method, address, headers=bearer, **sent)
    assert [one.status_code for one in refused] == [403] * 4
    assert accepted.is_success


async def test_a_search_is_that_of_the_pages(open_copy: Opener) -> None:
    """The same articles in the same order, with the passage in plain text; too long a search is refused."""
    async with open_copy().client() as client:
        told = (await client.get("/api/v1/search?q=The%20CACHE")).json()
        page = (await client.get("/search?q=The%20CACHE")).text
        long = await client.get(f"/api/v1/search?q={'x' * 65}")
    places = [page.index(f"/articles/{one['slug']}/") for one in told["articles"]]
    assert told["query"] == "the cache"
    assert places == sorted(places)
    assert all("\x02" not in one["passage"] for one in told["articles"])
    assert long.status_code == 422


async def test_a_purge_by_tags_drops_what_carries_them(open_copy: Opener) -> None:
    """The answer counts the pages and names the groups for caches farther out."""
    opened = open_copy()
    async with opened.client() as client:
        for path in ("/", "/tags/", opened.article_path()):
            await client.get(path)
        answer = await client.post("/api/v1/purge", json={"tags": ["list-newest", "tags"]})
        words = [(await client.get(path)).headers["x-cache"] for path in ("/", "/tags/", opened.article_path())]
    assert answer.json() == {"purged": 2}
    assert answer.headers["cache-group-invalidation"] == '"list-newest", "tags"'
    assert words == ["MISS", "MISS", "HIT"]


async def test_an_id_is_never_used_again(open_copy: Opener) -> None:
    """Whoever knew the last article by its number does not find another under it."""
    last = f"{ROOT}/{CORPUS.ids[-1]}"
    async with open_copy().client() as client:
        await client.delete(last, headers={"if-match": "*"})
        made = await client.post(ROOT, json=TEXT)
        await client.delete(made.headers["location"], headers={"if-match": "*"})
        again = await client.post(ROOT, json=TEXT)
    assert made.json()["id"] == CORPUS.ids[-1] + 1
    assert again.json()["id"] == CORPUS.ids[-1] + 2


@pytest.mark.parametrize("path", ["/api/v1/none", "/api/", "/api/v1/articles/x", "/anp/none", f"{ROOT}/9999999"])
async def test_what_programs_do_not_find_is_a_problem(path: str, open_copy: Opener) -> None:
    """Never a page: problem+json, kept by nobody."""
    async with open_copy().client() as client:
        answer = await client.get(path)
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_method_names_those_that_are_right(open_copy: Opener) -> None:
    """Also where an address has several handlers."""
    async with open_copy().client() as client:
        one, many = await client.post(FIRST), await client.delete(ROOT)
    assert one.status_code == many.status_code == 405
    assert one.headers["allow"] == "DELETE, GET, HEAD, PATCH, PUT"
    assert many.headers["allow"] == "GET, HEAD, POST"
