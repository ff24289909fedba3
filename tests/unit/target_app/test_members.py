"""Signing in and out, and that nothing made for a member reaches anybody else."""

import itertools
import re
from collections.abc import Callable

import pytest

from synth import people
from target_app.page_cache.representation import http_date
from target_app.policy import TABLE
from tests.unit.target_app.conftest import CORPUS, Opened
from tests.unit.target_app.test_pages import READABLE

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
PAGES = [READABLE[policy.route] for policy in TABLE if policy.route in READABLE and policy.route not in {"stats"}]
SUFFIXES = ["", "x.css", "%2fx.css", ";x.css", "?x.css", "%00x.css", "/../x.css"]
ANN = people.member(0, seed=CORPUS.seed)


async def test_signing_in_leads_to_the_members_page(open_copy: Opener) -> None:
    """After the form the member is greeted by name, with a reading list of the corpus."""
    async with open_copy().member(0) as member:
        page = await member.get("/me")
    assert page.status_code == 200
    assert ANN.name in page.text
    assert page.text.count('<article class="card">') == 5


@pytest.mark.parametrize(
    ("login", "password"), [(ANN.login, "wrong"), ("nobody", ANN.password), ("", ""), (ANN.login, "")]
)
async def test_a_wrong_pair_is_refused_without_a_session(login: str, password: str, open_copy: Opener) -> None:
    """The form comes back with 403 (a 401 has to name a scheme of HTTP's own), and no cookie."""
    async with open_copy().client() as client:
        answer = await client.post("/login", data={"login": login, "password": password})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert 'action="/login"' in answer.text


async def test_signing_out_ends_the_session_at_the_site(open_copy: Opener) -> None:
    """The old cookie is worth nothing afterwards."""
    async with open_copy().member(0) as member:
        token = member.cookies["anp_session"]
        assert (await member.post("/logout")).status_code == 303
        answer = await member.get("/me", headers={"cookie": f"anp_session={token}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/me")


async def test_signing_in_on_an_article_leads_back_to_it(open_copy: Opener) -> None:
    """All readers are given the same link, the article's own address; the page it leads to is not kept."""
    opened = open_copy()
    path = opened.article_path()
    async with opened.client() as client:
        pages = [await client.get(path), await client.get(path)]
        assert [page.headers["x-cache"] for page in pages] == ["MISS", "HIT"]
        assert set(re.findall(r'href="(/login[^"]*)"', pages[1].text)) == {f"/login?next={path}"}
        assert set(re.findall(r'href="(/login[^"]*)"', (await client.get("/")).text)) == {"/login"}
        forms = [await client.get(f"/login?next={path}") for _ in range(2)]
        assert {(form.headers["x-cache"], form.headers["cache-control"]) for form in forms} == {
            ("BYPASS", "private, no-store")
        }
        place = re.findall(r'name="next" value="([^"]*)"', forms[0].text)[0]
        answer = await client.post("/login", data={"login": ANN.login, "password": ANN.password, "next": place})
    assert (answer.status_code, answer.headers["location"]) == (303, path)


async def test_readers_are_told_that_members_may_comment(open_copy: Opener) -> None:
    """Those who have not signed in, with the way to do so; members have the form."""
    opened = open_copy()
    words = "Members may say something about this article"
    async with opened.client() as client, opened.member(0) as member:
        assert words in (await client.get(opened.article_path())).text
        page = (await member.get(opened.article_path())).text
    assert words not in page
    assert "/login" not in page


async def test_an_article_without_tags_has_no_empty_line_for_them(open_copy: Opener) -> None:
    """Nothing stands where nothing is to be said."""
    async with open_copy().client() as client:
        text = {"title": "Plain", "slug": "plain", "intro": "It has no tags."}
        assert (await client.post("/api/v1/articles", json=text)).status_code == 201
        page = (await client.get("/articles/plain/")).text
    assert not re.search(r"<p[^>]*>\s*</p>", page)


async def test_signing_in_again_changes_the_session(open_copy: Opener) -> None:
    """A new session id is given and the one before is closed."""
    async with open_copy().member(0) as member:
        before = member.cookies["anp_session"]
        await member.post("/login", data={"login": ANN.login, "password": ANN.password})
        after = member.cookies["anp_session"]
        old = await member.get("/me", headers={"cookie": f"anp_session={before}"})
    assert before != after
    assert old.status_code == 303


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(open_copy: Opener) -> None:
    """HttpOnly, SameSite and the whole site as its path; the database holds only a hash of it."""
    opened = open_copy()
    async with opened.client() as client:
        answer = await client.post("/login", data={"login": ANN.login, "password": ANN.password})
    cookie = answer.headers["set-cookie"]
    token = cookie.split("=", 1)[1].split(";")[0]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert token.encode() not in opened.site.path.read_bytes()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/articles/x/", "/articles/x/"),
        ("//evil.example", "/me"),
        ("/\\evil.example", "/me"),
        ("https://evil.example", "/me"),
        ("/a\r\nx: y", "/me"),
        ("/a b", "/me"),
        ("", "/me"),
    ],
)
async def test_going_on_after_signing_in_stays_on_the_site(asked: str, given: str, open_copy: Opener) -> None:
    """Only a plain path of this site is followed."""
    async with open_copy().client() as client:
        answer = await client.post("/login", data={"login": ANN.login, "password": ANN.password, "next": asked})
    assert answer.headers["location"] == given


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout", "/anp/purge", "/anp/edit"])
async def test_unsafe_requests_from_other_sites_are_refused(
    path: str, headers: dict[str, str], open_copy: Opener
) -> None:
    """What a browser sends on behalf of another site changes nothing."""
    async with open_copy().client() as client:
        if path.startswith("/anp/"):
            answer = await client.post(path, headers=headers, json={"article": CORPUS.first_id})
        else:
            answer = await client.post(path, headers=headers, data={"login": ANN.login, "password": ANN.password})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [(b"{}", "application/json", 415), (b"login=" + b"x" * 9000, "application/x-www-form-urlencoded", 413),
     (b"\xff", "application/x-www-form-urlencoded", 400), (b"a&" * 40, "application/x-www-form-urlencoded", 400)],
)  # fmt: skip
async def test_odd_forms_are_refused(content: bytes, kind: str, status: int, open_copy: Opener) -> None:
    """A form of another kind, too large or unreadable gets a page that says so."""
    async with open_copy().client() as client:
        answer = await client.post("/login", content=content, headers={"content-type": kind})
    assert answer.status_code == status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nothing_of_a_member_reaches_anybody_else(method: str, open_copy: Opener) -> None:
    """On every route and with every deceptive suffix: members fill first, then an anonymous reader finds no trace."""
    opened = open_copy()
    traces = [
        text.encode()
        for index in (0, 1)
        for member in [people.member(index, seed=CORPUS.seed)]
        for text in (member.id, member.name, member.login)
    ]
    async with opened.member(0) as ann, opened.member(1) as ben, opened.client() as nobody:
        for path, suffix in itertools.product(PAGES, SUFFIXES):
            address = path + suffix
            for member in (ann, ben):
                answer = await member.request(method, address)
                assert answer.headers["x-cache"] == "BYPASS", address
                assert "age" not in answer.headers
            answer = await nobody.get(address)
            assert not any(trace in answer.content for trace in traces), address
            assert b"viewer=m" not in answer.content, address
        assert (await ann.get(READABLE["article"])).content.count(b"viewer=m000000") == 1


async def test_a_members_answer_is_never_kept_by_anyone(open_copy: Opener) -> None:
    """It says so to browsers, has no validator and no word to shared caches, and no condition shortens it."""
    async with open_copy().member(0) as member:
        answer = await member.get(
            READABLE["article"], headers={"if-modified-since": http_date().decode(), "if-none-match": "*"}
        )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert not {"etag", "last-modified", "cdn-cache-control", "cache-groups"} & answer.headers.keys()


async def test_an_unknown_session_is_nobody_and_still_bypasses(open_copy: Opener) -> None:
    """A made-up cookie gets the anonymous page, made for this request and not kept."""
    async with open_copy().client() as client:
        answer = await client.get("/", headers={"cookie": "anp_session=made-up"})
        after = await client.get("/")
    assert "viewer=anonymous" in answer.text
    assert "detail=session" in answer.headers["cache-status"]
    assert after.headers["x-cache"] == "MISS"
