"""Lists by tag, category, author and date hold what they say; feeds hold the newest, each in its own format."""

import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import apsw
import httpx
import pytest

from synth import people
from synth.model import Article
from target_app.drafting import from_fields
from tests.unit.target_app.conftest import BASE, CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
NEWEST = sorted(CORPUS, key=lambda article: (article.published, article.id), reverse=True)


def author(article: Article) -> str:
    """The slug of an article's author."""
    return people.author(article.author, seed=CORPUS.seed).login


async def walk(client: httpx.AsyncClient, path: str | None) -> list[str]:
    """The slugs of a list, followed from page to page."""
    slugs: list[str] = []
    while path:
        text = (await client.get(path)).text
        slugs += re.findall(r'<h2><a href="/articles/([^"]+)/">', text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        path = older.group(1) if older else None
    return slugs


async def test_every_list_holds_its_articles_newest_first(open_copy: Opener) -> None:
    """Those that have the tag, the category, the author, the year and the month, and no others."""
    lists: dict[str, Callable[[Article], bool]] = {}
    for article in list(CORPUS)[:12]:
        lists |= {f"/tags/{tag}/": lambda one, tag=tag: tag in one.tags for tag in article.tags}
        lists |= {f"/categories/{name}/": lambda one, name=name: name in one.categories for name in article.categories}
        lists[f"/authors/{author(article)}/"] = lambda one, index=article.author: one.author == index
        year, month = article.published.year, article.published.month
        lists[f"/archive/{year}/"] = lambda one, year=year: one.published.year == year
        lists[f"/archive/{year}/{month:02}/"] = lambda one, when=(year, month): (
            (one.published.year, one.published.month) == when
        )
    async with open_copy().client() as client:
        for path, belongs in lists.items():
            assert await walk(client, path) == [one.slug for one in NEWEST if belongs(one)], path


async def test_the_indexes_name_every_list_with_its_count(open_copy: Opener) -> None:
    """Tags, categories, authors and months."""
    expected = {
        "/tags/": Counter(f"/tags/{tag}/" for one in CORPUS for tag in one.tags),
        "/categories/": Counter(f"/categories/{name}/" for one in CORPUS for name in one.categories),
        "/authors/": Counter(f"/authors/{author(one)}/" for one in CORPUS),
        "/archive/": Counter(f"/archive/{one.published:%Y/%m}/" for one in CORPUS),
    }
    async with open_copy().client() as client:
        for path, counts in expected.items():
            text = (await client.get(path)).text
            told = dict(re.findall(r'<a class="tag" href="([^"]+)">[^<]+</a> (\d+)', text))
            assert {place: int(count) for place, count in told.items()} == counts


@pytest.mark.parametrize(
    "path",
    ["/archive/2025/13/", "/archive/2025/0/", "/archive/25/", "/archive/1999/", "/archive/x/", "/authors/none/",
     "/categories/none/", "/archive/2025/1/", "/archive/2025/01/page/99/"],
)  # fmt: skip
async def test_a_list_of_nothing_is_not_found(path: str, open_copy: Opener) -> None:
    """One address for each list, and none for an empty one."""
    async with open_copy().client() as client:
        assert (await client.get(path)).status_code == 404


async def test_the_three_feeds_hold_the_same_articles(open_copy: Opener) -> None:
    """The twenty newest with title, address, text and moment, read back from each format."""
    atom = "{http://www.w3.org/2005/Atom}"
    async with open_copy().client() as client:
        rss = ElementTree.fromstring((await client.get("/feed.xml")).content)
        feed = ElementTree.fromstring((await client.get("/atom.xml")).content)
        answer = await client.get("/feed.json")
    told = json.loads(answer.content)
    from_rss = [
        (item.findtext("title"), item.findtext("link"), item.findtext("description"), _rfc822(item.findtext("pubDate")))
        for item in rss.iter("item")
    ]
    from_atom = [
        (
            entry.findtext(f"{atom}title"),
            entry.find(f"{atom}link").get("href"),  # type: ignore[union-attr]
            entry.findtext(f"{atom}summary"),
            datetime.fromisoformat(entry.findtext(f"{atom}published") or ""),
        )
        for entry in feed.iter(f"{atom}entry")
    ]
    from_json = [
        (item["title"], item["url"], item["summary"], datetime.fromisoformat(item["date_published"]))
        for item in told["items"]
    ]
    expected = [
        (one.title, f"{BASE}/articles/{one.slug}/", one.intro, one.published.replace(microsecond=0))
        for one in NEWEST[:20]
    ]
    assert from_rss == from_atom == from_json == expected
    assert answer.headers["content-type"] == "application/feed+json"
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert feed.findtext(f"{atom}updated") == max(
        entry.findtext(f"{atom}updated") or "" for entry in feed.iter(f"{atom}entry")
    )


async def entries(client: httpx.AsyncClient) -> dict[str, dict[str, str]]:
    """Feed to what it calls each article: id to address."""
    atom = "{http://www.w3.org/2005/Atom}"
    rss = ElementTree.fromstring((await client.get("/feed.xml")).content)
    feed = ElementTree.fromstring((await client.get("/atom.xml")).content)
    told = (await client.get("/feed.json")).json()
    assert {item.find("guid").get("isPermaLink") for item in rss.iter("item")} == {"false"}  # type: ignore[union-attr]
    return {
        "rss": {item.findtext("guid") or "": item.findtext("link") or "" for item in rss.iter("item")},
        "atom": {
            entry.findtext(f"{atom}id") or "": entry.find(f"{atom}link").get("href") or ""  # type: ignore[union-attr]
            for entry in feed.iter(f"{atom}entry")
        },
        "json": {item["id"]: item["url"] for item in told["items"]},
    }


@pytest.mark.parametrize("base_url", [BASE, "http://127.0.0.1:8000", "http://[::1]:8000"])
async def test_feeds_know_an_article_by_an_id_that_outlives_its_address(base_url: str, open_copy: Opener) -> None:
    """Renamed, it is the same entry of all three, whose ids are URNs and each article's own."""
    opened, newest = open_copy(base_url=base_url), NEWEST[0]
    async with opened.client() as client:
        before = await entries(client)
        text = from_fields({"title": newest.title, "intro": newest.intro, "slug": "renamed"})
        opened.site.editing.rewrite(newest.id, text, None, etags=None)
        after = await entries(client)
    assert before["rss"] == before["atom"] == before["json"]
    assert len(before["rss"]) == 20
    assert all(re.fullmatch("urn:uuid:[0-9a-f-]{36}", one) for one in before["rss"])
    (renamed,) = (one for one, address in before["rss"].items() if address.endswith(f"/{newest.slug}/"))
    assert after == {feed: {**ids, renamed: f"{base_url}/articles/renamed/"} for feed, ids in before.items()}


async def test_two_sites_have_no_ids_in_common_and_a_change_of_scheme_makes_no_new_ones(open_copy: Opener) -> None:
    """A reader's program may follow both, and does not show all again when a site goes over to https."""
    ids = {}
    for base_url in (BASE, "https://site.example", "http://other.example"):
        async with open_copy(base_url=base_url).client() as client:
            ids[base_url] = (await entries(client))["atom"].keys()
    assert ids[BASE] == ids["https://site.example"]
    assert not ids[BASE] & ids["http://other.example"]


def _rfc822(text: str | None) -> datetime:
    return parsedate_to_datetime(text or "")


INDEXES = ["/tags/", "/categories/", "/authors/", "/archive/"]
FEEDS = ["/feed.xml", "/atom.xml", "/feed.json"]
SITEMAPS = ["/sitemap.xml", "/sitemap-1.xml"]
LISTS = [
    "/",
    f"/categories/{NEWEST[0].categories[0]}/",
    f"/authors/{author(NEWEST[0])}/",
    f"/archive/{NEWEST[0].published:%Y}/",
]


@pytest.mark.parametrize("path", [*LISTS, *INDEXES, *FEEDS, *SITEMAPS])
async def test_a_list_says_when_what_it_shows_last_changed(path: str, open_copy: Opener) -> None:
    """Of the sitemap that is the last change of an article, and of the indexes the last that came."""
    async with open_copy().client() as client:
        told = (await client.get(path)).headers["last-modified"]
        unchanged = await client.get(path, headers={"if-modified-since": told})
    assert unchanged.status_code == 304
    if path in SITEMAPS:
        assert _rfc822(told) == max(article.modified for article in CORPUS).replace(microsecond=0)
    elif path in INDEXES:
        assert _rfc822(told) == NEWEST[0].published.replace(microsecond=0)


@pytest.mark.parametrize(
    "path", ["/robots.txt", "/search", "/search?q=the", "/api/v1/articles", "/api/v1/openapi.json"]
)
async def test_what_has_no_honest_date_has_none(path: str, open_copy: Opener) -> None:
    """It has an entity tag, which says more."""
    async with open_copy().client() as client:
        answer = await client.get(path)
    assert "last-modified" not in answer.headers
    assert "etag" in answer.headers


@pytest.mark.parametrize("path", [*LISTS, *INDEXES, *FEEDS, *SITEMAPS])
async def test_nothing_was_changed_later_than_now(path: str, open_copy: Opener) -> None:
    """An article that is dated ahead does not make a date that RFC 9110 forbids."""
    opened = open_copy()
    with closing(apsw.Connection(str(opened.site.path))) as other:
        other.execute("UPDATE article SET changed = changed + 4000000000, card_changed = card_changed + 4000000000")
        other.execute("UPDATE article_term SET published = published + 4000000000")
    async with opened.client() as client:
        answer = await client.get(path)
    assert _rfc822(answer.headers["last-modified"]) <= _rfc822(answer.headers["date"])


@pytest.mark.parametrize("path", [*LISTS, *INDEXES, *FEEDS, *SITEMAPS])
async def test_a_list_says_when_it_changed_also_when_something_left_it(path: str, open_copy: Opener) -> None:
    """A browser that knows the list with an article in it is not told that it is unchanged once that is gone."""
    article = NEWEST[0]
    async with open_copy().client() as client:
        before = await client.get(path)
        etag = (await client.get(f"/api/v1/articles/{article.id}")).headers["etag"]
        await client.delete(f"/api/v1/articles/{article.id}", headers={"if-match": etag})
        after = await client.get(path, headers={"if-modified-since": before.headers["last-modified"]})
    assert after.status_code == 200
    assert _rfc822(after.headers["last-modified"]) > _rfc822(before.headers["last-modified"])


async def test_a_site_without_articles_still_has_a_home_page(open_copy: Opener) -> None:
    """Feeds and sitemap are there, too, and empty."""
    opened = open_copy()
    for article_id in CORPUS.ids:
        opened.site.editing.delete(article_id)
    async with opened.client() as client:
        answers = {
            path: await client.get(path) for path in ("/", "/feed.xml", "/atom.xml", "/feed.json", "/sitemap.xml")
        }
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 200)
    assert "Nothing has been published yet" in answers["/"].text
    for path in ("/feed.xml", "/atom.xml", "/sitemap.xml"):
        ElementTree.fromstring(answers[path].content)


@pytest.mark.parametrize("path", ["/feed.xml", "/atom.xml", "/feed.json"])
async def test_feeds_are_compressed(open_copy: Callable[..., Opened], path: str) -> None:
    """Whatever their type ends in, they are texts."""
    async with open_copy().client() as client:
        feed = await client.get(path, headers={"accept-encoding": "gzip"})
    assert feed.headers["content-encoding"] == "gzip"
