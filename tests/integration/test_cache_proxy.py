"""``python -m target_app cache`` before a real origin, over real sockets."""

from __future__ import annotations

import email.utils
import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import http_sf
import pytest

from tests import structured, warm
from tests.servers import SITE, caching_proxy, import_site, reference_site

Proxies = Callable[..., AbstractContextManager[str]]
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Seen:
    """One request as it reached the origin."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Origin:
    """A server that answers as it is told, and remembers what it was asked."""

    url: str = ""
    reply: Callable[[Seen], Reply | None] = lambda seen: (200, {}, b"")
    seen: list[Seen] = field(default_factory=list)


@pytest.fixture
def origin() -> Iterator[Origin]:
    """An origin on a free port; a reply of None closes the connection without a word."""
    state = Origin()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Seen(self.command, self.path, headers, self.rfile.read(length))
            state.seen.append(asked)
            reply = state.reply(asked)
            if reply is None:
                self.close_connection = True
                return
            status, fields, body = reply
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **fields}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.close_connection = int(fields.get("Content-Length", len(body))) > len(body)

        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self._answer
            raise AttributeError(name)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(origin: Origin, tmp_path: Path) -> Proxies:
    """Runs a cache before the origin, and gives its URL; arguments are further options."""

    @contextmanager
    def run(*options: str) -> Iterator[str]:
        with caching_proxy(origin.url, tmp_path, *options) as server:
            yield server.url

    return run


@pytest.fixture
def site_cache(proxy: Proxies) -> Iterator[str]:
    """A cache of the profile ``site`` that knows two more session cookies."""
    with proxy("--profile", "site", "--session-cookie", "shop_login", "--session-cookie", "member-of") as url:
        yield url


@contextmanager
def started(*words: str) -> Iterator[tuple[dict[str, Any], int]]:
    """A process of a module of ours: what it announced, and its id; it ends when asked to."""
    with subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "it did not start"
            yield json.loads(line), process.pid
        finally:
            process.terminate()
            assert process.wait(30) == 0


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def cache(self) -> dict[str, object]:
        """Parameters of our member of Cache-Status, which is the last."""
        members = http_sf.parse(self.headers["cache-status"].encode(), tltype="list")
        name, parameters = members[-1]
        assert str(name) == "anp"
        return {key: value if isinstance(value, bool | int) else str(value) for key, value in parameters.items()}


def ask(url: str, target: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        structured.check(response.getheaders())
        lines: dict[str, str] = {}
        for name, value in response.getheaders():
            lines[name.lower()] = f"{lines[name.lower()]}, {value}" if name.lower() in lines else value
        return Answer(response.status, lines, response.read())
    finally:
        connection.close()


def test_what_the_origin_calls_fresh_is_not_asked_for_again(origin: Origin, proxy: Proxies) -> None:
    """The second reader has the same bytes, an Age, the origin's Date, and the origin does not hear of it."""
    date = email.utils.formatdate(time.time() - 100, usegmt=True)
    origin.reply = lambda seen: (200, {"Cache-Control": "max-age=3600", "Date": date, "X-Own": "1"}, b"page")
    with proxy() as url:
        first, second = ask(url), ask(url)
    assert (first.body, second.body, len(origin.seen)) == (b"page", b"page", 1)
    assert first.cache == {"fwd": "uri-miss", "fwd-status": 200, "stored": True, "ttl": first.cache["ttl"]}
    assert second.cache["hit"] is True
    assert (second.headers["date"], second.headers["x-own"]) == (date, "1")
    assert int(second.headers["age"]) >= 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "M-SEARCH", "FROB", "foo", "get"])
def test_methods_fields_and_bodies_pass_untouched(origin: Origin, proxy: Proxies, method: str) -> None:
    """What is no read is the origin's business, in every byte; fields of one connection stay on it."""
    origin.reply = lambda seen: (201, {"X-Answer": "a; b", "Connection": "X-Hop", "X-Hop": "1"}, b"\x00\xff done")
    body = bytes(range(256)) * 300
    with proxy() as url:
        answer = ask(url, "/a%2Fb/../c?x=%20&x=1&y", method, body, X_Unknown="  v  ", Connection="X-Drop", X_Drop="1")
    (seen,) = origin.seen
    assert (seen.method, seen.target, seen.body) == (method, "/a%2Fb/../c?x=%20&x=1&y", body)
    assert seen.headers["x-unknown"] == "v"
    assert "x-drop" not in seen.headers
    assert "1.1 anp" in seen.headers["via"]
    assert (answer.status, answer.body, answer.headers["x-answer"]) == (201, b"\x00\xff done", "a; b")
    assert "x-hop" not in answer.headers
    assert answer.cache == {"fwd": "method"}


@pytest.mark.parametrize("profile", ["rfc", "site"])
def test_what_the_origin_is_told_of_its_own_address_makes_another_page(
    origin: Origin, proxy: Proxies, profile: str
) -> None:
    """Behind a proxy that ends TLS, links and cookies of http and https are not mixed, nor those of two names."""
    told = ({}, {"X_Forwarded_Proto": "https"}, {"X_Forwarded_Host": "other.example"}, {"Host": "third.example"})

    def links(seen: Seen) -> Reply:
        own = f"{seen.headers.get('x-forwarded-proto', 'http')}://{seen.headers['x-forwarded-host']}"
        return 200, {"Cache-Control": "max-age=60", "CDN-Cache-Control": "max-age=60"}, own.encode()

    origin.reply = links
    with proxy("--profile", profile) as url:
        answers = [ask(url, **fields) for _ in range(2) for fields in told]
    names = [urllib.parse.urlsplit(url).netloc, "other.example", "third.example"]
    assert [answer.body.decode() for answer in answers] == [
        f"http://{names[0]}",
        f"https://{names[0]}",
        f"http://{names[1]}",
        f"http://{names[2]}",
    ] * 2
    assert [answer.cache.get("hit") for answer in answers] == [None] * 4 + [True] * 4


def test_the_origin_is_told_for_whom_and_by_what_name_it_is_asked(origin: Origin, proxy: Proxies) -> None:
    """As proxies do: the caller's address comes last in the list, the name is that of the first who was asked."""
    with proxy() as url:
        ask(url, "/1")
        ask(url, "/2", X_Forwarded_For="198.51.100.7", X_Forwarded_Host="first.example")
    assert [seen.headers["x-forwarded-for"] for seen in origin.seen] == ["127.0.0.1", "198.51.100.7, 127.0.0.1"]
    names = [seen.headers["x-forwarded-host"] for seen in origin.seen]
    assert names == [urllib.parse.urlsplit(url).netloc, "first.example"]
    assert {seen.headers["host"] for seen in origin.seen} == {urllib.parse.urlsplit(origin.url).netloc}


def test_the_site_behind_it_is_open_to_nobody_else(tmp_path: Path) -> None:
    """What this machine may do to the site without a token, others may not through the cache, by whatever name."""
    with (
        reference_site(import_site(tmp_path / "site.db", count=5)) as site,
        caching_proxy(site.url, tmp_path) as proxy,
    ):
        purge = {"method": "POST", "body": b'{"all": true}', "Content_Type": "application/json"}
        statuses = [
            ask(proxy.url, "/anp/purge", **purge, **fields).status  # type: ignore[arg-type]
            for fields in (
                {},
                {"Host": "localhost"},
                {"Host": "evil.example"},
                {"X_Forwarded_Host": "evil.example"},
                {"X_Forwarded_Host": "["},
                {"X_Forwarded_For": "198.51.100.7"},
            )
        ]
    assert statuses == [200, 200, 403, 403, 403, 403]


def test_a_change_makes_the_next_read_a_new_one(origin: Origin, proxy: Proxies) -> None:
    """After a PUT that went well the page is asked for anew."""
    origin.reply = lambda seen: (200, {"Cache-Control": "max-age=3600"}, b"%d" % len(origin.seen))
    with proxy() as url:
        bodies = [ask(url).body, ask(url).body, ask(url, method="PUT", body=b"x").body, ask(url).body]
    assert bodies == [b"1", b"1", b"2", b"3"]


def test_what_the_origin_tells_of_its_work_is_told_once(origin: Origin, proxy: Proxies) -> None:
    """Server-Timing goes on with the answer it came with, a 304 and a bypass too; a hit says nothing of work."""
    made = {"Cache-Control": "max-age=60", "ETag": '"1"', "Server-Timing": "db;dur=5", "X-Own": "1", "Age": "7"}
    date = email.utils.formatdate(time.time() - 300, usegmt=True)
    origin.reply = lambda seen: (200, made, b"page")
    with proxy() as url:
        answers = [ask(url), ask(url), ask(url, method="POST")]
        made["Date"] = date
        answers += [ask(url, "/old")]
        origin.reply = lambda seen: (304, {"Cache-Control": "max-age=60", "Server-Timing": "db;dur=1"}, b"")
        answers += [ask(url, "/old"), ask(url, "/old")]
    assert [answer.cache.get("hit") for answer in answers] == [None, True, None, None, None, True]
    assert [answer.headers.get("server-timing") for answer in answers] == [
        "db;dur=5", None, "db;dur=5", "db;dur=5", "db;dur=1", None,
    ]  # fmt: skip
    assert {answer.headers["x-own"] for answer in answers} == {"1"}
    assert answers[2].headers["age"] == "7"


def test_compressed_answers_stay_as_they_are(origin: Origin, proxy: Proxies) -> None:
    """A coding is the origin's; its bytes are neither unpacked nor packed again."""
    packed = b"\x1f\x8b\x08 not really gzip"
    fields = {"Cache-Control": "max-age=60", "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    origin.reply = lambda seen: (200, fields, packed)
    with proxy() as url:
        answers = [ask(url, Accept_Encoding="gzip"), ask(url, Accept_Encoding="gzip"), ask(url)]
    assert {(answer.body, answer.headers["content-encoding"]) for answer in answers} == {(packed, "gzip")}
    assert [answer.cache.get("fwd") for answer in answers] == ["uri-miss", None, "vary-miss"]


def test_head_is_answered_from_a_stored_get(origin: Origin, proxy: Proxies) -> None:
    """The length is that of the body that is not sent."""
    origin.reply = lambda seen: (200, {"Cache-Control": "max-age=60"}, b"page")
    with proxy() as url:
        ask(url)
        head = ask(url, method="HEAD")
    assert (head.status, head.body, head.headers["content-length"], len(origin.seen)) == (200, b"", "4", 1)


@pytest.mark.parametrize(("profile", "fields"), [("site", {"Cookie": "session=x"}), ("rfc", {"Cookie": "mine=x"})])
@pytest.mark.parametrize("told", [{"Content-Length": "4", "ETag": '"own"'}, {"Content-Length": "4"}])
def test_head_that_is_passed_by_is_answered_as_the_origin_answers_it(
    profile: str, fields: dict[str, str], told: dict[str, str], origin: Origin, proxy: Proxies
) -> None:
    """The length and the tag are the origin's own, if it gave one: of the body that it left out nothing is known."""
    origin.reply = lambda seen: (200, told, b"")
    with proxy("--profile", profile, "--session-cookie", "mine") as url:
        head = ask(url, method="HEAD", **fields)
    assert [seen.method for seen in origin.seen] == ["HEAD"]
    assert (head.status, head.cache) == (200, {"fwd": "bypass", "detail": "session"})
    assert (head.headers["content-length"], head.headers.get("etag")) == ("4", told.get("ETag"))


def test_a_tunnel_is_refused(origin: Origin, proxy: Proxies) -> None:
    """CONNECT never comes to the origin, and is answered in one plain line with 501."""
    with proxy() as url:
        answer = ask(url, "site.example:443", "CONNECT")
    assert (answer.status, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")
    assert (answer.body[:7], answer.body.count(b"\n"), origin.seen) == (b"CONNECT", 1, [])


def test_an_origin_that_breaks_off_is_a_502_and_the_stale_page_stands_in(origin: Origin, proxy: Proxies) -> None:
    """No half page is sent or kept; with stale-if-error an old page is better than none."""
    with proxy() as url:
        origin.reply = lambda seen: (200, {"Cache-Control": "max-age=60", "Content-Length": "100"}, b"half")
        assert ask(url, "/half").status == 502
        origin.reply = lambda seen: None
        assert ask(url, "/gone").status == 502
        old = email.utils.formatdate(time.time() - 300, usegmt=True)
        fields = {"Cache-Control": "max-age=60, stale-if-error=9999", "Date": old, "ETag": '"1"'}
        origin.reply = lambda seen: (200, fields, b"old")
        assert ask(url, "/old").body == b"old"
        origin.reply = lambda seen: None
        answer = ask(url, "/old")
    assert (answer.status, answer.body, answer.cache["detail"]) == (200, b"old", "sie")


def test_what_an_origin_sends_too_much_is_nobodys_answer(origin: Origin, proxy: Proxies) -> None:
    """Bytes beyond the announced length end with their connection, though they look like an answer."""
    forged = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 6\r\n\r\nforged"
    origin.reply = lambda seen: (200, {"Content-Length": "4"}, b"page" + forged)
    with proxy() as url:
        bodies = [ask(url, f"/{number}").body for number in range(5)]
    assert bodies == [b"page"] * 5
    assert [seen.target for seen in origin.seen] == [f"/{number}" for number in range(5)]


def test_status_of_caches_before_stands_first(origin: Origin, proxy: Proxies) -> None:
    """Cache-Status goes from the origin to the user."""
    origin.reply = lambda seen: (200, {"Cache-Status": "inner; hit"}, b"page")
    with proxy() as url:
        members = http_sf.parse(ask(url).headers["cache-status"].encode(), tltype="list")
    assert [str(name) for name, _ in members] == ["inner", "anp"]


def test_the_site_profile_keeps_only_what_is_meant_for_it(origin: Origin, proxy: Proxies) -> None:
    """Cache-Control is the browser's; a session, a cookie and a query are passed by."""
    fields = {"Cache-Control": "max-age=60"}
    origin.reply = lambda seen: (200, fields, b"page")
    with proxy("--profile", "site") as url:
        assert [ask(url).cache.get("detail") for _ in range(2)] == ["nostore", "nostore"]
        fields["CDN-Cache-Control"] = "max-age=60"
        assert [ask(url, "/kept").cache.get("hit") for _ in range(2)] == [None, True]
        assert ask(url, "/kept", Cookie="anp_session=x").cache == {"fwd": "bypass", "detail": "session"}
        assert ask(url, "/kept?x=1").cache == {"fwd": "bypass", "detail": "query"}
        fields["Set-Cookie"] = "a=b"
        assert [ask(url, "/cookie").cache.get("hit") for _ in range(2)] == [None, None]


@pytest.mark.parametrize(
    "origin_url",
    [
        "127.0.0.1:80",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1/path",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:abc",
        "http://[::1",
        "http://a b",
        "http://user:word@127.0.0.1",
    ],
)
def test_what_is_no_origin_is_refused_in_one_line(origin_url: str) -> None:
    """Exit code 2 before anything listens; the value and what to write are named."""
    done = warm.run("target_app", "cache", "--origin", origin_url, modules=SITE)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert origin_url in done.stderr
    assert "http://127.0.0.1:8000" in done.stderr


@pytest.mark.parametrize(
    "cookie",
    [
        *("sessionid=x", "PHPSESSID=x", "JSESSIONID=x", "laravel_session=x", "_shop_session=x", "SESSab12=x"),
        *("connect.sid=x", "ASP.NET_SessionId=x", "wordpress_logged_in_12=x", "a=b; __Host-sessionid=x"),
        *("theme=dark; shop_login=x", "member-of=x"),
    ],
)
def test_the_site_profile_passes_by_who_has_signed_in_elsewhere(cookie: str, origin: Origin, site_cache: str) -> None:
    """With cookies of common frameworks, and with those that are named; in both directions, and no other cookie."""
    origin.reply = lambda seen: (200, {"CDN-Cache-Control": "max-age=60"}, seen.headers.get("cookie", "").encode())
    path = f"/{cookie.partition('=')[0]}"
    assert ask(site_cache, path, Cookie=cookie).cache == {
        "fwd": "bypass",
        "detail": "session",
    }
    assert ask(site_cache, path, Cookie="theme=dark").cache["fwd"] == "uri-miss"
    answer = ask(site_cache, path, Cookie=cookie)
    assert (answer.cache, answer.body) == ({"fwd": "bypass", "detail": "session"}, cookie.encode())


def test_the_rfc_profile_passes_by_named_cookies_alone(origin: Origin, proxy: Proxies) -> None:
    """The standard knows no sessions; whoever names one has it passed by."""
    origin.reply = lambda seen: (200, {"Cache-Control": "max-age=60"}, b"page")
    with proxy("--session-cookie", "mine") as url:
        assert [ask(url, Cookie="sessionid=x").cache.get("hit") for _ in range(2)] == [None, True]
        assert ask(url, Cookie="mine=x").cache == {"fwd": "bypass", "detail": "session"}


@pytest.mark.parametrize(
    "words",
    [
        *(("--max-bytes", "-5"), ("--timeout", "0"), ("--timeout", "nan")),
        *(("--session-cookie", "a=b"), ("--session-cookie", "a b"), ("--session-cookie", "")),
    ],
)
def test_values_that_make_no_sense_are_refused_in_one_line(words: tuple[str, str]) -> None:
    """The value is named, and what can be."""
    done = warm.run("target_app", "cache", "--origin", "http://127.0.0.1:1", *words, modules=SITE)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words[1] in done.stderr


def test_the_command_of_the_user_starts_it(origin: Origin) -> None:
    """``anp cache`` is the same process, announced in one line."""
    origin.reply = lambda seen: (200, {"Cache-Control": "max-age=60"}, b"page")
    with started("harness", "cache", "--origin", origin.url) as (announced, process):
        assert (announced["origin"], announced["profile"], announced["pid"]) == (origin.url, "rfc", process)
        assert [ask(announced["url"]).cache.get("hit") for _ in range(2)] == [None, True]
