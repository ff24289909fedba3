"""The pages over a real database, asked through all layers."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin
from xml.etree import ElementTree

import apsw
import httplint
import pytest

from synth import people
from target_app.figures import NAMES
from target_app.pages import STYLESHEET_NAME
from target_app.policy import ROUTES, TABLE
from tests.unit.target_app.conftest import BASE, CORPUS, MEMBERS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
FIRST = CORPUS.article(CORPUS.first_id)
TAG = FIRST.tags[0]
LISTS = (
    f"/tags/{TAG}/",
    f"/categories/{FIRST.categories[0]}/",
    f"/authors/{people.author(FIRST.author, seed=CORPUS.seed).login}/",
    f"/archive/{FIRST.published:%Y}/",
    f"/archive/{FIRST.published:%Y/%m}/",
)
"""A list of each kind, beside that of all articles."""


def _examples() -> dict[str, str]:
    """A path of every route that answers GET."""
    fields = {
        "slug": CORPUS.article(CORPUS.first_id).slug,
        "tag": TAG,
        "word": TAG,
        "image": sorted(NAMES)[0],
        "stylesheet": STYLESHEET_NAME,
    }
    return {policy.route: policy.example.format(**fields) for policy in TABLE if policy.route not in _POSTED}


_POSTED = {"logout", "purge", "edit"}
READABLE = _examples()


class _Links(HTMLParser):
    """The addresses a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value and not value.startswith("#") and ("rel", "canonical") not in attrs:
                self.found.add(value)


@pytest.mark.parametrize("policy", [one for one in TABLE if one.route in READABLE], ids=lambda one: one.route)
async def test_every_route_answers_as_its_policy_says(policy, open_copy: Opener) -> None:  # type: ignore[no-untyped-def]
    """Cache-Control, CDN-Cache-Control, the second answer's class and the number of statements are the table's."""
    async with open_copy().client() as client:
        first, second = await client.get(READABLE[policy.route]), await client.get(READABLE[policy.route])
    assert first.headers["cache-control"] == policy.browser
    assert first.headers.get("cdn-cache-control") == policy.shared
    assert second.headers["x-cache"] == ("HIT" if policy.shared else "BYPASS")
    assert _calls(first) <= policy.statements


@pytest.mark.parametrize("route", READABLE)
@pytest.mark.parametrize("as_member", [False, True])
async def test_no_response_is_bad_http(route: str, as_member: bool, open_copy: Opener) -> None:
    """A linter of HTTP messages finds nothing bad in the cold and the warm answer of any route."""
    opened = open_copy()
    async with opened.member(0) if as_member else opened.client() as client:
        for _ in range(2):
            async with client.stream("GET", READABLE[route], headers={"accept-encoding": "gzip"}) as answer:
                content = b"".join([chunk async for chunk in answer.aiter_raw()])
            linter = httplint.HttpResponseLinter()
            linter.base_uri = BASE + READABLE[route]
            linter.process_response_topline(b"HTTP/1.1", str(answer.status_code).encode(), b"")
            linter.process_headers([(name, value) for name, value in answer.headers.raw])
            linter.feed_content(content)
            linter.finish_content(True)
            bad = [note.summary for note in linter.notes if note.level is httplint.note.levels.BAD]
            assert bad == []


async def test_every_address_on_the_pages_answers(open_copy: Opener) -> None:
    """All links, pictures and style sheets of the pages are relative to the root, and none is dead."""
    async with open_copy().client() as client:
        for page in (READABLE["home"], READABLE["article"], READABLE["tag"], READABLE["search"], "/tags/", "/login"):
            links = _Links()
            links.feed((await client.get(page)).text)
            assert links.found
            for link in links.found:
                assert link.startswith("/")
                assert (await client.get(urljoin(page, link))).status_code == 200, link


async def test_an_article_page_holds_all_of_the_article(open_copy: Opener) -> None:
    """Every text of the article that synth makes is on its page."""
    opened = open_copy()
    async with opened.client() as client:
        for place in range(10):
            article = CORPUS.article(CORPUS.first_id + place)
            text = _text((await client.get(opened.article_path(place))).text)
            expected = [article.title, article.intro, article.final_notes, *article.checklist, *article.meta]
            for section in article.sections:
                expected += [section.heading, *section.paragraphs, section.code.text if section.code else ""]
            expected += [image.caption for image in article.images]
            expected += [CORPUS.article(other).title for other in CORPUS.similar(article.id)]
            for part in expected:
                assert " ".join(part.split()) in text


@pytest.mark.parametrize("viewer", ["anonymous", "m000001"])
async def test_marks_tell_page_article_and_viewer_within_the_first_kilobyte(viewer: str, open_copy: Opener) -> None:
    """The mark is in the head of the bytes, and is what synth says."""
    opened = open_copy()
    article = CORPUS.article(CORPUS.first_id)
    async with opened.member(1) if viewer != "anonymous" else opened.client() as client:
        page = (await client.get(opened.article_path())).content[:1024]
        home = (await client.get("/")).content[:1024]
    mark = f"page=article id={article.id} revision=0 digest={article.digest} viewer={viewer}"
    assert f'<meta name="anp-mark" content="{mark}">'.encode() in page
    assert f'<meta name="anp-mark" content="page=home viewer={viewer}">'.encode() in home


async def test_a_members_page_costs_one_statement_more(open_copy: Opener) -> None:
    """Looking up the session is one statement, the page itself costs what it costs anybody."""
    opened = open_copy("page_cache=off")
    async with opened.member(0) as member, opened.client() as client:
        for path in (READABLE["home"], READABLE["article"], READABLE["tag"]):
            assert _calls(await member.get(path)) == _calls(await client.get(path)) + 1


async def test_one_statement_per_meta_key_changes_the_cost_of_a_page_and_not_its_content(open_copy: Opener) -> None:
    """The bytes are the same; the statements are as many more as there are keys."""
    bodies, calls = [], []
    for switches in ((), ("meta_query=per_key",)):
        opened = open_copy(*switches)
        async with opened.client() as client:
            answer = await client.get(opened.article_path())
        bodies.append(answer.content)
        calls.append(_calls(answer))
    assert bodies[0] == bodies[1]
    keys = len(CORPUS.article(CORPUS.first_id).meta)
    assert calls == [4, 4 + keys]


async def test_similar_posts_that_are_looked_for_share_most_tags(open_copy: Opener) -> None:
    """They are those of a count over the whole corpus, the newest first among equals; all else on the page is as ever.

    The page costs as many statements, and is dropped when an article gets one of its tags or loses it.
    """
    opened, stored = open_copy("similar=computed"), open_copy()
    for place in (5, 6, 7, 8):  # the first articles of a corpus have fewer similar ones stored
        article = CORPUS.article(CORPUS.first_id + place)
        async with opened.client() as client, stored.client() as other:
            answer, usual = [await each.get(opened.article_path(place)) for each in (client, other)]
        tags = set(article.tags)
        shared = {one.id: len(tags & set(one.tags)) for one in CORPUS if one.id != article.id}
        best = sorted(shared, key=lambda one: (shared[one], CORPUS.article(one).published, one), reverse=True)[:4]
        before, _, rest = answer.text.partition('class="similar"')
        section, _, after = rest.partition("</section>")
        slugs = re.findall(r'href="/articles/([^"/]+)/"', section)
        assert list(dict.fromkeys(slugs)) == [CORPUS.article(one).slug for one in best if shared[one]]
        assert before == usual.text.partition('class="similar"')[0]
        assert after == usual.text.partition('class="similar"')[2].partition("</section>")[2]
        assert _calls(answer) == _calls(usual) == 4
        groups = answer.headers["cache-groups"]
        assert all(f'"tagged-{tag}"' in groups for tag in article.tags)


async def test_lists_hold_every_article_once_newest_first(open_copy: Opener) -> None:
    """Walking the pages from the home page gives the corpus in order of publication."""
    slugs: list[str] = []
    path: str | None = "/"
    async with open_copy().client() as client:
        while path:
            text = (await client.get(path)).text
            slugs += re.findall(r'<h2><a href="/articles/([^"]+)/">', text)
            older = re.search(r'rel="next" href="([^"]+)"', text)
            path = older.group(1) if older else None
    newest_first = sorted(CORPUS, key=lambda article: (article.published, article.id), reverse=True)
    assert slugs == [article.slug for article in newest_first]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/page/1/", "/"), ("/page/01/", "/"), ("/page/02/", "/page/2/"), ("/page/2", "/page/2/"), ("/tags", "/tags/"),
        ("/sitemap-01.xml", "/sitemap-1.xml"),
        *(
            (f"{root}page/{number}/", target)
            for root in LISTS
            for number, target in (("1", root), ("001", root), ("02", f"{root}page/2/"))
        ),
    ],
)  # fmt: skip
async def test_each_page_has_one_address(path: str, target: str, open_copy: Opener) -> None:
    """Other spellings of an address are moved for good to the one it has, whatever the list."""
    async with open_copy().client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (301, target)


@pytest.mark.parametrize(
    "path",
    [
        "/page/0/", "/page/00/", "/page/00000002/", "/tags/none/page/2/",
        "/page/-1/", "/page/999/", "/page/x/", "/tags/none/", "/articles/none/",
        "/articles/none/x.css", "/login/", "/images/bars-99.svg", "/sitemap-2.xml", "/%2e%2e/", "/articles%2Fx/",
        "/tags/%00/", "/tags/%41", "//", "/static/site.css", "/home", "/me/x.css",
    ],
)  # fmt: skip
async def test_what_is_no_page_is_not_found(path: str, open_copy: Opener) -> None:
    """Addresses that no page has get a page that says so."""
    async with open_copy().client() as client:
        answer = await client.get(httpx_raw(path))
    assert answer.status_code == 404
    assert 'content="page=error viewer=anonymous"' in answer.text


def _head(html: str) -> dict[str, str | None]:
    """The canonical address, the description and the word to crawlers of a page."""
    patterns = {
        "canonical": r'<link rel="canonical" href="([^"]*)">',
        "description": r'<meta name="description" content="([^"]*)">',
        "robots": r'<meta name="robots" content="([^"]*)">',
    }
    found = {name: re.findall(pattern, html) for name, pattern in patterns.items()}
    assert all(len(each) <= 1 for each in found.values())
    return {name: unescape(each[0]) if each else None for name, each in found.items()}


@pytest.mark.parametrize("root", ["/", "/tags/", "/categories/", "/authors/", "/archive/", *LISTS])
async def test_a_list_names_its_address_and_says_what_it_is(root: str, open_copy: Opener) -> None:
    """Whatever a tracker appended; a page of articles says which begin it, so that no two are described alike."""
    async with open_copy().client() as client:
        paths = [root] + ([f"{root}page/2/"] if 'rel="next"' in (await client.get(root)).text else [])
        pages = [await client.get(path, params={"utm_source": "x"}) for path in paths]
    heads = [_head(page.text) for page in pages]
    assert [head["canonical"] for head in heads] == [BASE + path for path in paths]
    assert all(head["robots"] is None for head in heads)
    for page, head in zip(pages, heads, strict=True):
        titles = re.findall(r'<article class="card">.*?<h2><a [^>]*>([^<]+)</a>', page.text, re.DOTALL)[:3]
        assert head["description"]
        assert all(unescape(title) in head["description"] for title in titles)
    assert len({head["description"] for head in heads}) == len(heads)


async def test_an_article_names_its_address_and_is_described_by_its_introduction(open_copy: Opener) -> None:
    """As its card does."""
    opened = open_copy()
    async with opened.client() as client:
        head = _head((await client.get(opened.article_path())).text)
    assert head == {"canonical": BASE + opened.article_path(), "description": FIRST.intro, "robots": None}


@pytest.mark.parametrize(
    ("path", "robots"),
    [("/search", "noindex"), ("/search?q=the", "noindex"), ("/login", None), ("/none/", None)],
)
async def test_what_is_not_to_be_found_names_no_address(path: str, robots: str | None, open_copy: Opener) -> None:
    """Searches, forms and missing pages; a search says that it is not to be found."""
    async with open_copy().client() as client:
        head = _head((await client.get(path)).text)
    assert head == {"canonical": None, "description": None, "robots": robots}


async def test_the_sites_sign_is_where_pages_and_custom_say(open_copy: Opener) -> None:
    """The same drawing, kept for good under the one address and for a day under the other."""
    async with open_copy().client() as client:
        (linked,) = re.findall(r'<link rel="icon" type="image/svg\+xml" href="([^"]+)">', (await client.get("/")).text)
        named, usual = await client.get(linked), await client.get("/favicon.ico")
    assert named.content == usual.content
    assert ElementTree.fromstring(named.content).tag.endswith("svg")
    assert {one.headers["content-type"] for one in (named, usual)} == {"image/svg+xml"}
    assert [one.headers["cache-control"] for one in (named, usual)] == [
        ROUTES[route].browser for route in ("static", "image")
    ]


async def test_the_details_of_an_article_stand_under_a_plain_heading(open_copy: Opener) -> None:
    """One that needs no explanation, and names the box for assistive technology."""
    opened = open_copy()
    async with opened.client() as client:
        page = (await client.get(opened.article_path())).text
    assert '<aside class="meta" aria-labelledby="details">\n<h2 id="details">Article details</h2>' in page


async def test_a_missing_page_leads_on_to_pages_that_are_there(open_copy: Opener) -> None:
    """It says nothing of what the home page holds."""
    async with open_copy().client() as client:
        page = (await client.get("/none/")).text
        main = page.partition("<main")[2].partition("</main>")[0]
        links = re.findall(r'href="([^"]+)"', main)
        assert [(await client.get(link)).status_code for link in links] == [200] * 3
    assert "every article" not in main


async def test_a_wrong_method_is_told_which_ones_there_are(open_copy: Opener) -> None:
    """A page does not take POST and says what it takes; nothing of it is stored."""
    async with open_copy().client() as client:
        answer = await client.post("/")
        search = await client.post("/search", data={"q": "the"})
        form = await client.put("/login")
        told = await client.post("/anp/revisions")
    assert {one.status_code for one in (answer, search, form, told)} == {405}
    assert set(answer.headers["allow"].split(", ")) == set(search.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert told.headers["allow"] == "GET, HEAD"
    assert set(form.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_simultaneous_first_readers_cost_one_render(open_copy: Opener) -> None:
    """Twenty cold requests for an article at once run its four statements once."""
    opened = open_copy()
    async with opened.client() as client:
        answers = await asyncio.gather(*(client.get(opened.article_path()) for _ in range(20)))
    assert opened.site.statistics.statements == 4
    assert len({answer.content for answer in answers}) == 1
    assert sum("collapsed" in answer.headers["cache-status"] for answer in answers) == 19


async def test_a_page_that_fails_is_an_error_page_and_is_not_kept(
    open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is told that trying again is safe, and it is: the next answer is the page."""
    opened = open_copy()
    async with opened.client() as client:
        with monkeypatch.context() as patched:
            patched.setattr("target_app.pages.Pages.article", None)
            broken = await client.get(opened.article_path())
        again = await client.get(opened.article_path())
    assert (broken.status_code, again.status_code) == (500, 200)
    assert "Trying again is safe" in broken.text
    assert broken.headers["cache-status"] == "anp; fwd=uri-miss; fwd-status=500"


async def test_without_its_tables_the_site_is_unavailable_for_a_while(open_copy: Opener) -> None:
    """A failing database is 503 with a time to come back; a stored page is still served."""
    opened = open_copy()
    async with opened.client() as client:
        await client.get(opened.article_path(0))
        with closing(apsw.Connection(str(opened.site.path))) as other:
            other.execute("DROP TABLE article_meta")
        stored, failed = await client.get(opened.article_path(0)), await client.get(opened.article_path(1))
    assert (stored.status_code, failed.status_code) == (200, 503)
    assert failed.headers["retry-after"] == "5"


async def test_feed_and_sitemap_name_absolute_addresses_of_the_configured_base(open_copy: Opener) -> None:
    """They are well-formed, and no header of the request shows in them."""
    async with open_copy().client() as client:
        answers = [
            await client.get(path, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
            for path in ("/feed.xml", "/sitemap.xml", "/robots.txt")
        ]
    feed, sitemap = (ElementTree.fromstring(answer.content) for answer in answers[:2])
    links = [element.text or "" for element in feed.iter("link")]
    places = [element.text or "" for element in sitemap.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert len(links) == 1 + 20
    assert len(places) == CORPUS.count
    assert all(link.startswith(f"{BASE}/") for link in (*links, *places))
    assert not any("evil" in answer.text for answer in answers)


async def test_a_large_sitemap_is_an_index_of_parts(open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """More addresses than one sitemap may hold are spread over parts, each there once."""
    monkeypatch.setattr("target_app.database.library.SITEMAP_PART", 20)
    name = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
    async with open_copy().client() as client:
        index = ElementTree.fromstring((await client.get("/sitemap.xml")).content)
        parts = [(element.text or "").removeprefix(BASE) for element in index.iter(name)]
        places = [
            element.text
            for part in parts
            for element in ElementTree.fromstring((await client.get(part)).content).iter(name)
        ]
    assert len(parts) == 3
    assert len(set(places)) == len(places) == CORPUS.count


async def test_pictures_are_well_formed_and_there_for_every_name(open_copy: Opener) -> None:
    """Each drawing is XML of a kilobyte or two."""
    async with open_copy().client() as client:
        for name in NAMES:
            answer = await client.get(f"/images/{name}.svg")
            assert ElementTree.fromstring(answer.content).tag.endswith("svg")
            assert len(answer.content) < 3_000


async def test_ready_says_why_not_when_the_database_is_gone(open_copy: Opener) -> None:
    """Without its file the site lives but is not ready, in problem+json with a reason."""
    opened = open_copy()
    async with opened.client() as client:
        assert (await client.get("/health/ready")).status_code == 200
        opened.site.path.unlink()
        answer = await client.get("/health/ready")
        assert (await client.get("/health/live")).status_code == 200
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["detail"] == "the database is gone"
    assert answer.json()["retryable"] is True


async def test_a_stale_page_is_better_than_none(open_copy: Opener) -> None:
    """With the database gone, pages whose time is over are still sent; others say that trying again is safe."""
    opened = open_copy("early_refresh=off")
    now = [1000.0]
    opened.layers.cache._clock = lambda: now[0]
    async with opened.client() as client:
        first = await client.get(opened.article_path())
        opened.site.library.close()
        now[0] += 3600 + 301
        stale, other = await client.get(opened.article_path()), await client.get(opened.article_path(1))
        now[0] += 86_400
        beyond = await client.get(opened.article_path())
    assert (stale.status_code, stale.content, stale.headers["x-cache"]) == (200, first.content, "STALE")
    assert "detail=sie" in stale.headers["cache-status"]
    assert stale.headers["age"] == "3901"
    assert (other.status_code, other.headers["retry-after"]) == (503, "5")
    assert beyond.status_code == 503


async def test_a_page_that_has_just_ended_is_sent_while_it_is_made_anew(open_copy: Opener) -> None:
    """The reader does not wait, and pays for no statement; the next one has the new page."""
    opened = open_copy("early_refresh=off")
    now = [1000.0]
    opened.layers.cache._clock = lambda: now[0]
    async with opened.client() as client:
        await client.get(opened.article_path())
        now[0] += 3600 + 299
        stale = await client.get(opened.article_path())
        await opened.layers.cache.drain()
        new = await client.get(opened.article_path())
        statistics = (await client.get("/anp/stats")).json()
    assert (stale.headers["x-cache"], new.headers["x-cache"], new.headers["age"]) == ("STALE", "HIT", "0")
    assert "db-calls;dur=0" in stale.headers["server-timing"]
    assert statistics["cache"]["refreshed"] == 1


async def test_about_says_what_the_site_is(open_copy: Opener) -> None:
    """Corpus, members and settings are those the site was opened with; the clock is this machine's."""
    before = time.time()
    async with open_copy("cache_ttl=7").client() as client:
        about = (await client.get("/anp/about")).json()
    assert before <= about["now"] <= time.time()
    assert about["search"] is True
    assert about["site"] == "anp-reference"
    assert about["corpus"] == json.loads(json.dumps(CORPUS.to_dict()))
    assert about["members"] == MEMBERS
    assert about["settings"]["cache_ttl"] == "7"


async def test_about_names_every_file_of_the_pages(open_copy: Opener) -> None:
    """The style sheet and the drawings that pages show are listed, and all that is listed is there."""
    links = _Links()
    async with open_copy().client() as client:
        for page in (READABLE["home"], READABLE["article"], READABLE["tag"], READABLE["search"], "/tags/", "/login"):
            links.feed((await client.get(page)).text)
        assets = (await client.get("/anp/about")).json()["assets"]
        assert {(await client.get(path)).status_code for path in assets} == {200}
    shown = {link for link in links.found if link.startswith(("/static/", "/images/"))}
    assert shown <= set(assets)
    assert {path for path in assets if path.startswith("/static/")} <= shown


async def test_stats_count_answers_by_route_and_class(open_copy: Opener) -> None:
    """Every answer is counted once, under its route and what the cache did."""
    opened = open_copy()
    async with opened.member(0) as member, opened.client() as client:
        for browser in (client, client, member):
            await browser.get(opened.article_path())
        stats = (await client.get("/anp/stats")).json()
    assert stats["requests"]["by_route"] == {"article": {"BYPASS": 1, "HIT": 1, "MISS": 1}, "login": {"BYPASS": 1}}
    assert stats["logins"] == {"accepted": 1, "refused": 0, "throttled": 0}
    assert stats["cache"]["entries"] == 1


async def test_a_delay_falls_on_its_route_and_class_only(open_copy: Opener) -> None:
    """The injected delay is in the time the site reports for a hit, and in no other answer."""
    opened = open_copy("inject=article:hit:1:20")
    async with opened.client() as client:
        times = [_app_ms(await client.get(opened.article_path())) for _ in range(2)]
        stats = (await client.get("/anp/stats")).json()
    assert times[1] >= 20
    assert stats["delayed"] == 1
    assert 0.02 <= stats["delayed_seconds"] <= times[1] / 1e3 + 1e-6


async def test_an_unknown_host_is_refused_and_leaves_nothing(open_copy: Opener) -> None:
    """Only the site's own names are answered; ports and case do not matter."""
    opened = open_copy(hosts=("site.example",))
    async with opened.client() as client:
        answers = [
            (await client.get("/", headers={"host": host})).status_code
            for host in ("evil.example", "Site.Example:8080", "site.example.", "site.example/x", "")
        ]
    assert answers == [400, 200, 200, 400, 400]


def httpx_raw(path: str) -> str:
    """The path as it is, out of reach of the client's tidying."""
    return BASE + path if path != "//" else BASE + "//"


def _calls(answer) -> int:  # type: ignore[no-untyped-def]
    return int(re.search(r"db-calls;dur=(\d+)", answer.headers["server-timing"]).group(1))  # type: ignore[union-attr]


def _app_ms(answer) -> float:  # type: ignore[no-untyped-def]
    return float(re.search(r"app;dur=([\d.]+)", answer.headers["server-timing"]).group(1))  # type: ignore[union-attr]


def _text(html: str) -> str:
    parts: list[str] = []
    reader = HTMLParser()
    reader.handle_data = parts.append  # type: ignore[method-assign]
    reader.feed(html)
    return " ".join(" ".join(parts).split())
