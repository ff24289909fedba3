"""Searching: the one form of a search, what is found, and how pages of results are kept."""

import asyncio
import hashlib
import html
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from urllib.parse import parse_qsl, quote, urlencode

import apsw
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.model import Article
from target_app.app import build_app
from target_app.policy import ROUTES
from target_app.search import LONGEST, fingerprint, normalised, read_page, read_words
from target_app.settings import Settings
from target_app.site import open_site
from tests.unit.target_app.conftest import BASE, CORPUS, Opened

Opener = Callable[..., Opened]
SYNTAX = st.lists(st.sampled_from([*"\"'*^:(){}[]-+.,;%\\ \t\n\x00aA", "AND", "OR", "NOT", "NEAR"])).map("".join)
TEXTS = st.text() | SYNTAX
FIRST = CORPUS.article(CORPUS.first_id)
TAG = FIRST.tags[0]
canonical_query = ROUTES["search"].canonical_query


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  Slow\t QUERIES ", "slow queries"),
        ("Straße", "strasse"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u00a0a\u2003b\u3000", "a b"),
        ("a\x00b\x9fc", "a b c"),
        ("", ""),
        ("\u212b", "\u00e5"),
    ],
)
def test_a_search_has_one_form(text: str, form: str) -> None:
    """Case, composition, control characters and spacing make no difference."""
    assert normalised(text) == form


@given(TEXTS)
def test_the_one_form_is_its_own(text: str) -> None:
    """Normalising again changes nothing; the form is composed, and has neither control characters nor double spaces."""
    form = normalised(text)
    assert normalised(form) == form
    assert unicodedata.is_normalized("NFC", form)
    assert form.split(" ") == (form.split() or [""])
    assert "Cc" not in {unicodedata.category(letter) for letter in form}


def test_the_fingerprint_is_that_of_the_documented_rule() -> None:
    """The first 12 hex digits of the SHA-256 of the UTF-8 of the one form; the empty search has one too."""
    assert fingerprint(normalised("Caf\u00e9")) == hashlib.sha256(b"caf\xc3\xa9").hexdigest()[:12]
    assert fingerprint("") == "e3b0c44298fc"


@pytest.mark.parametrize(
    ("query", "form"),
    [
        (b"q=Slow++Queries", b"q=slow+queries"),
        (b"page=2&q=slow", b"q=slow&page=2"),
        (b"q=slow&page=2", b"q=slow&page=2"),
        (b"q=slow&page=1", b"q=slow"),
        (b"q=slow&page=", b"q=slow"),
        (b"q=%73low", b"q=slow"),
        (b"q=", b""),
        (b"q", b""),
        (b"q=a%26page=2", b"q=a%26page%3D2"),
        (b"q=slow&utm_source=x", None),
        (b"utm_source=x", None),
        (b"Q=slow", None),
        (b"q=slow&q=fast", None),
        (b"q=slow&page=0", None),
        (b"q=slow&page=02", None),
        (b"q=slow&page=6", None),
        (b"q=" + b"a" * LONGEST, b"q=" + b"a" * LONGEST),
        (b"q=" + b"a" * (LONGEST + 1), None),
        (b"q=\xff", None),
        (b"q=a;page=2", b"q=a%3Bpage%3D2"),
    ],
)
def test_a_query_has_one_form_or_none(query: bytes, form: bytes | None) -> None:
    """Order, spelling and defaults make no other page; what the route does not read, or reads twice, has no form."""
    assert canonical_query(query) == form


@given(TEXTS, st.sampled_from(["", "1", "2", "5"]), st.booleans())
def test_the_one_form_of_a_query_is_its_own(text: str, page: str, swapped: bool) -> None:
    """It reads back as the same words and page, whatever the order of the parameters."""
    parts = [("q", text), ("page", page)]
    form = canonical_query(urlencode(parts[::-1] if swapped else parts).encode())
    words, number = read_words(text), read_page(page)
    if words is None:
        assert form is None
    else:
        assert form is not None
        assert canonical_query(form) == form
        assert dict(parse_qsl(form.decode())) == {k: v for k, v in (("q", words), ("page", number)) if v}


@pytest.fixture(scope="module")
def layers(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A site that is only searched."""
    path = tmp_path_factory.mktemp("searched") / "site.db"
    shutil.copy(imported, path)
    with closing(open_site(path, Settings(page_cache=False), base_url=BASE)) as site:
        yield Opened(site, build_app(site))


@settings(max_examples=150, deadline=None)
@given(query=TEXTS.map(quote) | st.binary().map(quote))
def test_no_search_breaks_the_site(query: str, layers: Opened) -> None:
    """Any text is answered with results, with none, or refused for its length; it never is an error of the site."""

    async def ask() -> httpx.Response:
        async with layers.client() as client:
            return await client.get(f"/search?q={query}")

    answer = asyncio.run(ask())
    if answer.status_code == 200:
        words = read_words(answer.request.url.params.get("q", ""))
        assert words is not None
        assert f"page=search query={fingerprint(words)} viewer=anonymous" in answer.text
    else:
        assert answer.status_code == 400


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["{word} OR zzzz", "zzzz OR {word}", "topic : {word}", "{part}*", "NOT zzzz", "^zzzz"])
async def test_no_word_is_an_operator(text: str, layers: Opened) -> None:
    """What other searches take for an alternative, a column, a prefix or a negation is looked for as words."""
    async with layers.client() as client:
        answer = await client.get("/search", params={"q": text.format(word=TAG, part=TAG[:3])})
    assert _found(answer) == []
    assert "No article holds all of these words" in answer.text


@pytest.mark.anyio
async def test_a_search_finds_the_articles_that_hold_all_its_words(layers: Opened) -> None:
    """In the title, the summary, the body and the topic, in any case and order, whatever their endings and accents."""
    code = next(section.code for article in CORPUS for section in article.sections if section.code)
    async with layers.client() as client:
        for article in (CORPUS.article(CORPUS.first_id + place) for place in (0, 9, 44)):
            topic = article.meta["topic"]
            assert isinstance(topic, str)
            texts = [article.title, article.intro, article.sections[0].paragraphs[0], article.final_notes, topic]
            for text in (*texts, *article.tags):
                words = text[:LONGEST].rsplit(" ", 1)[0].upper().split()[::-1]
                assert article.slug in await _all_found(client, " ".join(words))
        assert await _all_found(client, code.text.split()[0])
        assert await _all_found(client, "qu\u00e9ry") == await _all_found(client, "queries")


@pytest.mark.anyio
async def test_a_title_counts_more_than_a_mention(layers: Opened) -> None:
    """Those named after the word stand before the others on the whole."""
    word = "cache"
    titled = {article.slug for article in CORPUS if word in article.title.lower()}
    async with layers.client() as client:
        found = await _all_found(client, word)
    assert 0 < len(titled) < len(found)
    places = {named: [n for n, slug in enumerate(found) if (slug in titled) is named] for named in (True, False)}
    assert median(places[True]) < median(places[False])


@pytest.mark.anyio
async def test_no_results_are_shown_beyond_the_fifth_page(layers: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine pages' worth of results are five pages, and the sixth is not found."""
    for module in ("pages", "routes"):
        monkeypatch.setattr(f"target_app.{module}.PAGE_SIZE", 5)
    async with layers.client() as client:
        found = await _all_found(client, "the")
        sixth = await client.get("/search", params={"q": "the", "page": "6"})
    assert len(set(found)) == len(found) == 25
    assert sixth.status_code == 404


@pytest.mark.anyio
async def test_results_come_in_pages_with_each_article_once(layers: Opened) -> None:
    """Following the links gives every result once; the pages that cannot be are not found."""
    async with layers.client() as client:
        found = await _all_found(client, "the")
        beyond = [(await client.get("/search", params={"q": "the", "page": page})).status_code for page in "4602"]
    assert sorted(found) == sorted(article.slug for article in CORPUS)
    assert beyond == [404, 404, 404, 200]


@pytest.mark.anyio
async def test_what_is_shown_of_a_search_is_escaped_and_marked(layers: Opened) -> None:
    """Found words are marked in the passage, the search stands in the form, and no search becomes markup."""
    async with layers.client() as client:
        page = (await client.get("/search", params={"q": "Page Caches"})).text
        odd = (await client.get("/search", params={"q": "<script>\"' & zzzz"})).text
    assert 'value="page caches"' in page
    assert re.search(r"<mark>pages?</mark>", page, re.IGNORECASE)
    assert page.count("<mark>") == page.count("</mark>")
    assert "<script>" not in odd
    assert 'value="&lt;script&gt;&#34;&#39; &amp; zzzz"' in odd


@pytest.mark.anyio
async def test_a_passage_shows_where_one_part_of_the_article_ends(layers: Opened) -> None:
    """A heading and the paragraph below it are not run together."""
    async with layers.client() as client:
        page = (await client.get("/search", params={"q": "the"})).text
    passages = re.findall(r"</h2>\s*<p>(.*?)</p>", page, re.DOTALL)
    assert len(passages) == 20
    assert any(" · " in passage for passage in passages)
    assert not any("\n" in passage for passage in passages)


@pytest.mark.anyio
async def test_pages_of_results_are_not_for_search_engines(layers: Opened) -> None:
    """They, the empty one too, ask not to be indexed; other lists do not."""
    async with layers.client() as client:
        searches = [(await client.get(path)).text for path in ("/search", "/search?q=the", "/search?q=the&page=2")]
        home = (await client.get("/")).text
    assert all('<meta name="robots" content="noindex">' in page for page in searches)
    assert "noindex" not in home


@pytest.mark.anyio
async def test_equal_searches_share_one_page(open_copy: Opener) -> None:
    """Order, case, spaces, a needless page number and what trackers append hit the page that is kept for a minute."""
    opened = open_copy()
    async with opened.client() as client:
        first = await client.get("/search?q=%20SLOW++Page&page=1")
        others = [
            await client.get(path)
            for path in (
                "/search?q=slow+page",
                "/search?page=&q=Slow%20Page",
                "/search?page=1&q=slow+page",
                "/search?utm_source=a&q=slow+page&utm_source=b;q=c&fbclid",
            )
        ]
        page_two = await client.get("/search?q=slow+page&page=2")
    assert "stored; ttl=60" in first.headers["cache-status"]
    assert {answer.headers["x-cache"] for answer in others} == {"HIT"}
    assert {answer.content for answer in others} == {first.content}
    assert page_two.headers["x-cache"] == "MISS"
    assert f"page=search query={fingerprint('slow page')} viewer=anonymous" in first.text


@pytest.mark.anyio
@pytest.mark.parametrize("member", [False, True], ids=["nobody", "member"])
async def test_a_search_that_is_too_long_is_told_so(member: bool, open_copy: Opener) -> None:
    """With the limit, the length, and the words in the field, so that they can be shortened; a browser cuts nothing."""
    opened = open_copy()
    words = "<slow> page " * 10
    async with opened.member(1) if member else opened.client() as client:
        answer = await client.get("/search", params={"q": words})
    assert answer.status_code == 400
    length = len(normalised(words))
    refusal = f"A search has at most {LONGEST} characters, and this one has {length}. Search for fewer words."
    assert f'<p class="refusal" role="alert">{refusal}</p>' in answer.text
    assert f'name="q" value="{html.escape(normalised(words))}"' in answer.text
    assert "maxlength" not in answer.text
    assert "No article holds" not in answer.text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("q=slow&s=x", 200),
        ("utm_source=x&s=x", 200),
        ("q=slow&UTM_source=x", 200),
        ("q=slow&utm%5Fsource=x", 200),
        ("q=slow&q=slow", 200),
        ("q=slow&page=2&x", 200),
        ("q=slow&page=01", 404),
        ("q=" + "a" * (LONGEST + 1), 400),
    ],
)
async def test_a_search_with_anything_else_in_it_is_made_anew_each_time(
    query: str, status: int, open_copy: Opener
) -> None:
    """It is answered as far as it can be, and is neither looked up nor kept."""
    opened = open_copy()
    async with opened.client() as client:
        await client.get("/search?q=slow")
        stored = len(opened.layers.cache.store)
        answers = [await client.get(f"/search?{query}") for _ in range(2)]
    assert {(answer.status_code, answer.headers["cache-status"]) for answer in answers} == {
        (status, "anp; fwd=bypass; detail=query")
    }
    assert len(opened.layers.cache.store) == stored


@pytest.mark.anyio
async def test_a_kept_page_follows_from_its_key_alone(open_copy: Opener) -> None:
    """Whichever way it was asked for first, the stored page is the one that the one form of the address gives."""
    opened, plain = open_copy(), open_copy("page_cache=off")
    async with opened.client() as client, plain.client() as fresh:
        for text in ("Slow%00page", "slow%2bpage", "SLOW;page", "slow%26page=2", "%C5%BFlow", "s%CC%A8low"):
            first = await client.get(f"/search?page=1&q={text}")
            assert "stored" in first.headers["cache-status"]
            assert (await fresh.get(f"/search?q={text}")).content == first.content


@pytest.mark.anyio
async def test_a_members_search_is_their_own(open_copy: Opener) -> None:
    """It greets the member, bypasses the cache and costs one statement more."""
    opened = open_copy("page_cache=off")
    async with opened.member(0) as member, opened.client() as client:
        answer, other = await member.get("/search?q=slow"), await client.get("/search?q=slow")
    assert "viewer=m000000" in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    calls = [re.search(r"db-calls;dur=(\d+)", one.headers["server-timing"]) for one in (answer, other)]
    assert [int(found.group(1)) for found in calls if found] == [2, 1]


@pytest.mark.anyio
async def test_an_edit_is_found_at_once_and_what_it_took_out_is_not(open_copy: Opener) -> None:
    """The stored results are dropped with every edit, and the index holds exactly what the articles say."""
    opened = open_copy()
    number = next(
        number
        for number in CORPUS.ids
        if _sentences(CORPUS.article(number)) != _sentences(CORPUS.article(number, revision=1))
    )
    before, after = CORPUS.article(number), CORPUS.article(number, revision=1)
    gone = min(_sentences(before) - _sentences(after), key=len)[:LONGEST].rsplit(" ", 1)[0]
    come = min(_sentences(after) - _sentences(before), key=len)[:LONGEST].rsplit(" ", 1)[0]
    async with opened.client() as client:
        assert before.slug in _found(await client.get("/search", params={"q": gone}))
        warm = [await client.get("/search", params={"q": text}) for text in (gone, come)]
        edit = await client.post("/anp/edit", json={"article": number})
        answers = [await client.get("/search", params={"q": text}) for text in (gone, come)]
    assert warm[0].headers["x-cache"] == "HIT"
    assert '"search"' in edit.headers["cache-group-invalidation"]
    assert [answer.headers["x-cache"] for answer in answers] == ["MISS", "MISS"]
    assert after.slug in _found(answers[1])
    _check_index(opened.site.path)


@pytest.mark.anyio
async def test_an_edit_that_fails_leaves_the_index_as_it_was(open_copy: Opener) -> None:
    """Article and index change together or not at all."""
    opened = open_copy()
    with closing(apsw.Connection(str(opened.site.path))) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON article_term BEGIN SELECT RAISE(ABORT, 'no room'); END")
    async with opened.client() as client:
        assert (await client.post("/anp/edit", json={"article": CORPUS.first_id})).status_code == 503
        assert opened.article_path() in (await client.get("/search", params={"q": FIRST.title.split()[-1]})).text
    _check_index(opened.site.path)


def _check_index(path: Path) -> None:
    """Compare every word in the index, with its place, to an index made anew from the articles."""
    columns = "title, summary, body, topic"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(
            f"CREATE VIRTUAL TABLE temp.anew USING fts5({columns}, tokenize = 'porter unicode61 remove_diacritics 2');"
            f"INSERT INTO anew (rowid, {columns}) SELECT id, {columns} FROM article_text;"
            "CREATE VIRTUAL TABLE temp.words_anew USING fts5vocab(temp, anew, instance);"
            "CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, article_search, instance)"
        )
        held, made = (
            set(connection.execute(f"SELECT term, doc, col, offset FROM {name}")) for name in ("words", "words_anew")
        )
    assert len(held) > 10_000
    assert held == made


def _sentences(article: Article) -> set[str]:
    return {paragraph for section in article.sections for paragraph in section.paragraphs}


def _found(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return re.findall(r'<h2><a href="/articles/([^"]+)/">', answer.text)


async def _all_found(client: httpx.AsyncClient, text: str) -> list[str]:
    """The slugs of all results, page after page as the links lead."""
    answer = await client.get("/search", params={"q": text})
    slugs = _found(answer)
    while older := re.search(r'rel="next" href="([^"]+)"', answer.text):
        answer = await client.get(html.unescape(older.group(1)))
        slugs += _found(answer)
    return slugs
