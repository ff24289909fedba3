"""The session cookie, its end, who may send the forms, and that the site goes on while passwords are hashed."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing

import apsw
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from synth import people
from target_app import passwords
from target_app.callers import is_cross_site, is_local, network
from target_app.sessions import LIFETIME
from tests.unit.target_app.conftest import CORPUS, MEMBERS, Opened
from tests.unit.target_app.wire import FORM, JSON, PUBLIC_ADDRESSES, Wire, as_json

Opener = Callable[..., Opened]
OURS = "http://site.example"
NAMES = {OURS: b"anp_session", "https://site.example": b"__Host-anp_session"}


@pytest.mark.anyio
@pytest.mark.parametrize("base_url", NAMES)
async def test_the_cookie_is_as_strict_as_its_site_allows(base_url: str, open_copy: Opener) -> None:
    """Out of reach of scripts and of other sites' forms; over https also encrypted and bound to the very host.

    The browser forgets it when it is told with the same flags.
    """
    opened = open_copy(base_url=base_url)
    site = Wire.of(opened)
    cookie = await site.sign_in(0)
    given = (await _sign_in(site)).field(b"set-cookie")
    taken = (await site.ask(b"/logout", cookie, method=b"POST")).field(b"set-cookie")
    flags = {b"HttpOnly", b"SameSite=lax", b"Path=/"} | ({b"Secure"} if base_url.startswith("https") else set())
    for line in (given, taken):
        pair, *attributes = line.split(b"; ")
        assert pair.partition(b"=")[0] == NAMES[base_url]
        assert flags <= set(attributes)
        assert (b"Secure" in attributes) is base_url.startswith("https")
        assert not any(attribute.lower().startswith(b"domain") for attribute in attributes)
    assert b"Max-Age=%d" % LIFETIME in given
    assert b"Max-Age=0" in taken


@pytest.mark.anyio
@pytest.mark.parametrize("base_url", NAMES)
async def test_only_the_sites_own_name_of_the_cookie_counts(base_url: str, open_copy: Opener) -> None:
    """A session under the other name, as a neighbour of the host might plant it, is nobody's; either bypasses."""
    site = Wire.of(open_copy(base_url=base_url))
    token = (await site.sign_in(0))[1].partition(b"=")[2]
    for name in NAMES.values():
        page = await site.ask(b"/me", (b"cookie", b"%b=%b" % (name, token)))
        assert page.status == (200 if name == NAMES[base_url] else 303)
        home = await site.ask(b"/", (b"cookie", b"%b=%b" % (name, token)))
        assert b"detail=session" in home.field(b"cache-status")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "written",
    [b"anp_session=%b", b"anp_session =%b", b" anp_session= %b", b'anp_session="%b"', b"a=b;anp_session\t=%b"],
)
async def test_however_the_cookie_is_written_the_cache_stands_aside(written: bytes, open_copy: Opener) -> None:
    """Whatever the site takes for a session, the cache has taken for one before."""
    opened = open_copy()
    site = Wire.of(opened)
    await site.ask(b"/")
    token = (await site.sign_in(0))[1].partition(b"=")[2]
    page = await site.ask(b"/", (b"cookie", written % token))
    assert b"viewer=m000000" in page.body
    assert b"detail=session" in page.field(b"cache-status")


@pytest.mark.anyio
async def test_a_session_ends_when_its_time_is_over(open_copy: Opener) -> None:
    """Its row goes with one of the next sign-ins, some rows at a time; sessions that still hold stay."""
    opened = open_copy()
    site, sessions = Wire.of(opened), opened.site.sessions
    now = [1_000_000.0]
    sessions._clock = lambda: now[0]
    cookies = [await site.sign_in(0) for _ in range(3)]
    with closing(apsw.Connection(str(opened.site.path))) as other:
        other.executemany("INSERT INTO session VALUES (?, 'm000001', 1)", [(b"%d" % number,) for number in range(100)])
        now[0] += LIFETIME - 1
        assert [(await site.ask(b"/me", cookie)).status for cookie in cookies] == [200] * 3
        left = []
        for _ in range(5):
            await site.sign_in(1)
            left += other.execute("SELECT count(*) FROM session").fetchall()[0]
        now[0] += 1
        assert [(await site.ask(b"/me", cookie)).status for cookie in cookies] == [303] * 3
        await site.sign_in(1)
        left += other.execute("SELECT count(*) FROM session").fetchall()[0]
    assert left == [72, 41, 10, 7, 8, 6]


@pytest.mark.anyio
async def test_a_made_up_session_is_not_taken_over(open_copy: Opener) -> None:
    """A session id that somebody planted before the sign-in is not the member's afterwards."""
    site = Wire.of(open_copy())
    planted = (b"cookie", b"anp_session=planted")
    answer = await _sign_in(site, planted)
    assert answer.status == 303
    assert b"planted" not in answer.field(b"set-cookie")
    assert (await site.ask(b"/me", planted)).status == 303


@pytest.mark.anyio
async def test_pages_are_answered_while_passwords_are_hashed(
    open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fifty sign-ins under way and none of them done, cold pages, members' pages and hits all come through."""
    opened = open_copy()
    site = Wire.of(opened)
    cookie = await site.sign_in(0)
    gate, begun = threading.Event(), threading.Event()

    def hash_when_told(encoded: str | None, password: str) -> bool:
        begun.set()
        assert gate.wait(60), "no page came through"
        return passwords.password_matches(encoded, password)

    monkeypatch.setattr("target_app.membership.password_matches", hash_when_told)
    logins = [asyncio.create_task(_sign_in(site, index=number % MEMBERS)) for number in range(50)]
    try:
        await asyncio.to_thread(begun.wait, 60)
        pages = [
            await site.ask(address, *fields)
            for _ in range(2)
            for address in PUBLIC_ADDRESSES.values()
            for fields in ((), (cookie,))
        ]
        assert not any(login.done() for login in logins)
    finally:
        gate.set()
        answers = await asyncio.gather(*logins)
    assert {page.status for page in pages} == {200, 404}
    assert {page.field(b"x-cache") for page in pages} == {b"MISS", b"HIT", b"BYPASS"}
    assert {answer.status for answer in answers} == {303}


async def _sign_in(site: Wire, *fields: tuple[bytes, bytes], index: int = 0):  # type: ignore[no-untyped-def]
    person = people.member(index, seed=CORPUS.seed)
    form = httpx.QueryParams({"login": person.login, "password": person.password})
    return await site.ask(b"/login", FORM, *fields, method=b"POST", body=str(form).encode())


def _request(
    fields: list[tuple[bytes, bytes]], host: bytes = b"site.example", client: str | None = "127.0.0.1"
) -> Request:
    return Request(
        {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": [(b"host", host), *fields],
            "client": (client, 1) if client is not None else None,
        }
    )


@pytest.mark.parametrize(
    ("fields", "base_url", "host", "is_foreign"),
    [
        ({}, OURS, "site.example", False),  # no browser, or one without any of these
        ({"sec-fetch-site": "same-origin"}, OURS, "site.example", False),
        ({"sec-fetch-site": "none"}, OURS, "site.example", False),
        ({"sec-fetch-site": "same-site"}, OURS, "site.example", True),
        ({"sec-fetch-site": "cross-site"}, OURS, "site.example", True),
        ({"sec-fetch-site": ""}, OURS, "site.example", True),
        ({"sec-fetch-site": "cross-site", "origin": "http://site.example"}, OURS, "site.example", True),
        ({"origin": "http://site.example"}, OURS, "site.example", False),
        ({"origin": "http://SITE.example:80"}, OURS, "site.example", False),
        ({"origin": "http://localhost:8000"}, "http://127.0.0.1:8000", "localhost:8000", False),
        ({"origin": "https://site.example"}, "http://127.0.0.1:8000", "site.example", False),
        ({"origin": "https://site.example"}, "https://site.example:443", "inner:8000", False),
        ({"origin": "https://site.example"}, "https://site.example", "site.example:443", False),
        ({"origin": "http://site.example"}, "https://site.example", "site.example", True),
        ({"origin": "http://site.example:81"}, OURS, "site.example", True),
        ({"origin": "http://evil.example"}, OURS, "site.example", True),
        ({"origin": "http://site.example.evil.example"}, OURS, "site.example", True),
        ({"origin": "http://evil.example/site.example"}, OURS, "site.example", True),
        ({"origin": "http://site.example@evil.example"}, OURS, "site.example", True),
        ({"origin": "null"}, OURS, "site.example", True),
        ({"origin": ""}, OURS, "", True),
        ({"origin": "null"}, OURS, "null", True),
        ({"origin": "file://"}, OURS, "site.example", True),
        ({"origin": "http://["}, OURS, "site.example", True),
        ({"origin": "http://\xbc"}, OURS, "site.example", True),
        ({"referer": "http://site.example/login?next=/me"}, OURS, "site.example", False),
        ({"referer": "http://site.example"}, OURS, "site.example", False),
        ({"referer": "http://evil.example/?http://site.example/"}, OURS, "site.example", True),
        ({"referer": "about:blank"}, OURS, "site.example", True),
        ({"origin": "http://site.example", "referer": "http://evil.example/"}, OURS, "site.example", False),
    ],
)  # fmt: skip
def test_who_sent_a_form_is_told_from_what_the_browser_says(
    fields: dict[str, str], base_url: str, host: str, is_foreign: bool
) -> None:
    """The browser's own word first, then the origin, then the page; only a page of this site is no stranger."""
    lines = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    assert is_cross_site(_request(lines, host.encode()), base_url) is is_foreign


@pytest.mark.parametrize("name", [b"sec-fetch-site", b"origin", b"referer"])
def test_of_two_words_of_a_browser_the_worse_one_counts(name: bytes) -> None:
    """A field that stands twice is foreign if either line is."""
    own = b"same-origin" if name == b"sec-fetch-site" else b"http://site.example"
    for lines in ([(name, own), (name, b"http://evil.example")], [(name, b"http://evil.example"), (name, own)]):
        assert is_cross_site(_request(lines), "http://site.example")


@given(st.lists(st.tuples(st.sampled_from([b"origin", b"referer", b"host", b"forwarded"]), st.binary(max_size=30))))
def test_no_words_break_the_reading_of_them(lines: list[tuple[bytes, bytes]]) -> None:
    """Any bytes are read as somebody's."""
    request = _request([(name, value) for name, value in lines if name != b"host"])
    assert isinstance(is_cross_site(request, "http://site.example"), bool)
    assert isinstance(is_local(request, "http://site.example"), bool)


@pytest.mark.parametrize(
    ("client", "fields", "host", "local"),
    [
        ("127.0.0.1", {}, "127.0.0.1:8000", True),
        ("127.9.9.9", {}, "site.example", True),
        ("::1", {}, "[::1]:8000", True),
        ("::ffff:127.0.0.1", {}, "localhost", True),
        ("192.0.2.7", {}, "localhost", False),
        (None, {}, "localhost", False),
        ("192.0.2.7", {"x-forwarded-for": "127.0.0.1"}, "localhost", False),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, "localhost", False),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1, 192.0.2.7"}, "localhost", False),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7, 127.0.0.1"}, "localhost", False),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1, ::1"}, "localhost", True),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1:5000, [::1]:80"}, "localhost", True),
        ("127.0.0.1", {"x-forwarded-for": ""}, "localhost", False),
        ("127.0.0.1", {"x-real-ip": "192.0.2.7"}, "localhost", False),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7;proto=http"}, "localhost", False),
        ("127.0.0.1", {"forwarded": 'for="[::1]:80", for=127.0.0.1'}, "localhost", True),
        ("127.0.0.1", {"forwarded": "proto=http"}, "localhost", False),
        ("127.0.0.1", {"origin": "http://localhost:8000"}, "localhost:8000", True),
        ("127.0.0.1", {"origin": "http://127.0.0.1:8000"}, "127.0.0.1:8000", True),
        ("127.0.0.1", {"origin": "http://site.example"}, "site.example", True),
        ("127.0.0.1", {"origin": "http://rebound.example"}, "rebound.example", False),
        ("127.0.0.1", {"sec-fetch-site": "same-origin"}, "rebound.example", False),
    ],
)
def test_local_is_who_asks_from_this_machine_and_for_nobody_else(
    client: str | None, fields: dict[str, str], host: str, local: bool
) -> None:
    """A proxy here that names a stranger speaks for the stranger; a page under a strange name is a stranger's."""
    lines = [(name.encode(), value.encode()) for name, value in fields.items()]
    assert is_local(_request(lines, host.encode(), client), "http://site.example") is local


@pytest.mark.parametrize(
    ("client", "through", "told"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("unix", None, "unix"),
        (None, None, ""),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # what a stranger says of itself counts for nothing
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("::1", "203.0.113.9,[2001:db8:1:2:3::4]:80", "2001:db8:1:2::/64"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_a_network_is_what_one_customer_has(client: str | None, through: str | None, told: str) -> None:
    """An IPv4 address or the first half of an IPv6 one; a proxy on this machine says whose."""
    fields = [] if through is None else [(b"x-forwarded-for", through.encode())]
    assert network(_request(fields, client=client)) == told


@pytest.mark.anyio
async def test_a_proxy_on_this_machine_does_not_open_the_purge_to_all(open_copy: Opener) -> None:
    """What came from elsewhere through it needs the token like everybody."""
    site = Wire.of(open_copy())
    body = as_json({"all": True})
    through = [
        (await site.ask(b"/anp/purge", JSON, (b"x-forwarded-for", origin), method=b"POST", body=body)).status
        for origin in (b"192.0.2.7", b"127.0.0.1")
    ]
    assert through == [403, 200]
