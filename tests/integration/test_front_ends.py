"""The configurations of docs/front-ends, in the real nginx and the real Varnish, before the real site.

Where an answer is wanted that the site does not give, such as one that is kept for a second, a server that does as it
is told stands in its place.
"""

from __future__ import annotations

import email.utils
import gzip
import html
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from synth import Corpus, people
from target_app.figures import NAMES
from target_app.pages import ASSETS
from target_app.policy import TABLE, RoutePolicy
from tests import warm
from tests.fronts import KINDS, Answer, Front, ask, front_of
from tests.origin import Origin, Reply, Seen, told_origin
from tests.servers import Server, import_site, reference_site

CORPUS = Corpus(first_id=500, count=80, seed=3)
MEMBERS = [people.member(index, seed=CORPUS.seed) for index in range(2)]
FIRST = CORPUS.article(CORPUS.first_id)
FIELDS = {
    "slug": FIRST.slug,
    "id": str(FIRST.id),
    "tag": FIRST.tags[0],
    "category": FIRST.categories[0],
    "author": people.author(FIRST.author, seed=CORPUS.seed).login,
    "year": f"{FIRST.published:%Y}",
    "month": f"{FIRST.published:%m}",
    "word": FIRST.tags[0],
    "image": min(NAMES),
    "stylesheet": ASSETS[0].removeprefix("/static/"),
    "icon": ASSETS[1].removeprefix("/static/"),
}
READABLE = [
    (policy, address.format(**FIELDS))
    for policy in TABLE
    if "GET" in policy.methods
    for address in policy.kept or policy.addresses[:1]
]
DEADLINE_S = 60.0
FORM = "application/x-www-form-urlencoded"
STRANGER = "127.0.0.2"  # an address of this machine that no configuration names
FRESH = ("CDN-Cache-Control", "max-age=60")

A_SECOND = {'default 10;\n    "~^[0-9]$" $anp_told;': "default 1;"}
"""nginx keeps every page for a second, so that a test need not wait ten."""

VIEWER = re.compile(rb" viewer=(\w+)")
REVISION = re.compile(rb" revision=(\d+) ")


@dataclass(frozen=True, slots=True)
class Fronted:
    """The reference site behind a front end."""

    front: Front
    site: Server

    def made(self, route: str) -> Counter[str]:
        """How many answers of a route the site has given, by its own word."""
        stats = httpx.get(f"{self.site.url}/anp/stats").json()
        return Counter(stats["requests"]["by_route"].get(route, {}))


@dataclass(frozen=True, slots=True)
class Told:
    """A server that does as it is told behind a front end."""

    front: Front
    origin: Origin


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An imported site."""
    path = tmp_path_factory.mktemp("site") / "site.db"
    return import_site(path, first_id=CORPUS.first_id, count=CORPUS.count, seed=CORPUS.seed, members=len(MEMBERS))


@pytest.fixture(scope="module", params=KINDS)
def fronted(
    request: pytest.FixtureRequest, database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fronted]:
    """The site behind each front end; tests share it, and keep to articles of their own."""
    folder = tmp_path_factory.mktemp(request.param)
    with reference_site(database) as site, front_of(request.param, folder, site.port) as front:
        yield Fronted(front, site)


@pytest.fixture(scope="module", params=KINDS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A told server behind each front end; tests share it, and keep to paths of their own."""
    folder = tmp_path_factory.mktemp(request.param)
    with told_origin() as origin, front_of(request.param, folder, origin.port) as front:
        yield Told(front, origin)


@pytest.fixture(scope="module")
def varnish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A told server behind a Varnish of its own, whose ban lurker is in a hurry."""
    folder = tmp_path_factory.mktemp("varnish")
    hurry = ("-p", "ban_lurker_age=0.1", "-p", "ban_lurker_sleep=0.01")
    with told_origin() as origin, front_of("varnish", folder, origin.port, options=hurry) as front:
        yield Told(front, origin)


def article(place: int) -> str:
    """The path of an article."""
    return f"/articles/{CORPUS.article(CORPUS.first_id + place).slug}/"


def until(ask_once: Callable[[], Answer], fits: Callable[[Answer], bool]) -> Answer:
    """Ask until an answer fits."""
    end = time.monotonic() + DEADLINE_S
    while not fits(answer := ask_once()):
        assert time.monotonic() < end, f"never came; the last was {answer.status} {answer.headers}"
        time.sleep(0.02)
    return answer


def until_word(front: Front, path: str, word: str) -> Answer:
    """Ask for a page until the front says a word."""
    return until(lambda: front.ask(path), lambda answer: answer.word == word)


def post(front: Front, verb: str, *, source: str = "127.0.0.1", **body: Any) -> Answer:
    """Purge or edit, with a body of JSON."""
    return front.ask(f"/anp/{verb}", "POST", json.dumps(body).encode(), source=source, Content_Type="application/json")


def sign_in(front: Front, index: int, **headers: str) -> Answer:
    """Send the form of a member."""
    person = MEMBERS[index]
    form = urlencode({"login": person.login, "password": person.password}).encode()
    return front.ask("/login", "POST", form, Content_Type=FORM, **headers)


def cookie_of(front: Front, index: int) -> str:
    """The cookies of a member who has signed in through the front."""
    answer = sign_in(front, index)
    assert (answer.status, answer.word) == (303, "BYPASS")
    return f"theme=dark; {answer.headers['set-cookie'].partition(';')[0]}"


def numbered(origin: Origin, *fields: tuple[str, str]) -> Callable[[Seen], Reply]:
    """Pages that say how often their target has been asked for."""
    return lambda seen: (200, list(fields), b"%d" % len(origin.asked(seen.target)))


def revision_of(answer: Answer) -> int:
    """The edition that a page shows."""
    found = REVISION.search(text_of(answer))
    assert found is not None
    return int(found[1])


def text_of(answer: Answer) -> bytes:
    """The body, unpacked."""
    return gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body


# -- hits --------------------------------------------------------------------------------------------------------------


def test_the_second_reader_is_answered_by_the_front(fronted: Fronted) -> None:
    """One page is made; the hit speaks of this front's work alone, and the rest of it has not changed."""
    before = fronted.made("article")
    first, second = (fronted.front.ask(article(20)) for _ in range(2))
    assert (fronted.made("article") - before).total() == 1
    assert (first.status, first.word, second.status, second.word) == (200, "MISS", 200, "HIT")
    assert (first.reading.verdict, first.reading.edge_hit, first.reading.app_ran) == ("MISS", False, True)
    assert (second.reading.verdict, second.reading.edge_hit, second.reading.app_ran) == ("HIT", True, False)
    assert first.reading.layers[0].provider == "anp"
    assert "anp" not in {layer.provider for layer in second.reading.layers}
    assert re.search(r"db-calls;dur=[1-9]", first.headers["server-timing"])
    assert "server-timing" not in second.headers
    changing = {"cache-status", "x-cache", "server-timing", "age", "x-varnish", "accept-ranges"}
    framing = {"content-length", "transfer-encoding"}
    kept = [{k: v for k, v in one.headers.items() if k not in changing | framing} for one in (first, second)]
    assert kept[0] == kept[1]
    assert second.body == first.body
    assert second.headers["cache-control"] == "max-age=0, must-revalidate"


@pytest.mark.deep
def test_the_age_of_a_page_is_told(told: Told) -> None:
    """Varnish counts it, with the time before; nginx cannot count, and keeps the date from which others can."""
    date = email.utils.formatdate(time.time() - 100, usegmt=True)
    told.origin.reply = numbered(
        told.origin, ("CDN-Cache-Control", "max-age=3600"), ("Age", "100"), ("Date", date), ("X-Own", "1")
    )
    first, second = (told.front.ask("/age") for _ in range(2))
    assert (first.headers["age"], first.word, second.word, second.body) == ("100", "MISS", "HIT", b"1")
    assert (second.headers["date"], second.headers["x-own"]) == (date, "1")
    if told.front.kind == "varnish":
        layer = second.reading.layers[-1]
        assert (layer.age or 0) >= 100
        assert 3600 - 100 - DEADLINE_S < (layer.ttl or 0) <= 3600 - 100
    else:
        assert "age" not in second.headers


@pytest.mark.deep
@pytest.mark.parametrize(("policy", "target"), READABLE, ids=[target for _, target in READABLE])
def test_every_page_is_kept_by_the_sites_word(policy: RoutePolicy, target: str, fronted: Fronted) -> None:
    """What the policy lets caches keep is a hit the second time; all else passes, whatever its path or ending."""
    first, second = (fronted.front.ask(target) for _ in range(2))
    assert first.headers["cache-control"] == second.headers["cache-control"] == policy.browser
    if policy.shared is None:
        assert (first.reading.verdict, second.reading.verdict) == ("BYPASS", "BYPASS")
    else:
        assert (second.reading.verdict, second.word) == ("HIT", "HIT")


KEPT = {
    "fresh": (200, [FRESH]),
    "moved": (301, [FRESH, ("Location", "/elsewhere")]),
    "moved-too": (308, [FRESH, ("Location", "/elsewhere")]),
    "missing": (404, [FRESH]),
    "gone": (410, [FRESH]),
    "browsers-must-ask": (200, [FRESH, ("Cache-Control", "max-age=0, must-revalidate"), ("Expires", "0")]),
    "among-others": (200, [("CDN-Cache-Control", "stale-if-error=9, max-age=60 ,x=1")]),
    "packed": (200, [FRESH, ("Vary", "Accept-Encoding")]),
}
NOT_KEPT = {
    "no-word": (200, [("Cache-Control", "max-age=60")]),
    "s-maxage": (200, [("Cache-Control", "s-maxage=60")]),
    "expires": (200, [("Expires", "Fri, 01 Jan 2100 00:00:00 GMT")]),
    "of-nginx": (200, [("X-Accel-Expires", "60")]),
    "zero": (200, [("CDN-Cache-Control", "max-age=0")]),
    "text": (200, [("CDN-Cache-Control", 'max-age="60"')]),
    "negative": (200, [("CDN-Cache-Control", "max-age=-60")]),
    "other-name": (200, [("CDN-Cache-Control", "x-max-age=60")]),
    "private": (200, [FRESH, ("Cache-Control", "private")]),
    "no-store": (200, [FRESH, ("Cache-Control", "max-age=9, no-store")]),
    "no-store-for-caches": (200, [("CDN-Cache-Control", "max-age=60, no-store")]),
    "private-for-caches": (200, [("CDN-Cache-Control", "private, max-age=60")]),
    "cookie": (200, [FRESH, ("Set-Cookie", "a=b")]),
    "any-reader": (200, [FRESH, ("Vary", "*")]),
    "found": (302, [FRESH, ("Location", "/elsewhere")]),
    "see-other": (303, [FRESH, ("Location", "/elsewhere")]),
    "forbidden": (403, [FRESH]),
    "broken": (500, [FRESH]),
    "unavailable": (503, [FRESH]),
}


@pytest.mark.deep
@pytest.mark.parametrize("name", KEPT)
def test_what_may_be_kept_is(name: str, told: Told) -> None:
    """The origin hears of the second request only if it must."""
    status, fields = KEPT[name]
    told.origin.reply = lambda seen: (status, fields, b"page")
    answers = [told.front.ask(f"/kept/{name}.php?x") for _ in range(2)]
    assert [(answer.status, answer.word, answer.body) for answer in answers] == [
        (status, "MISS", b"page"),
        (status, "HIT", b"page"),
    ]
    assert len(told.origin.asked(f"/kept/{name}.php?x")) == 1


@pytest.mark.deep
@pytest.mark.parametrize("name", NOT_KEPT)
def test_what_may_not_be_kept_is_not(name: str, told: Told) -> None:
    """Each request reaches the origin, and each answer is called what it is: passed by, or failed."""
    status, fields = NOT_KEPT[name]
    told.origin.reply = lambda seen: (status, fields, b"page")
    answers = [told.front.ask(f"/not-kept/{name}.css") for _ in range(2)]
    word = "MISS" if status >= 500 else "BYPASS"
    assert [(answer.status, answer.word, answer.reading.verdict) for answer in answers] == [(status, word, word)] * 2
    assert len(told.origin.asked(f"/not-kept/{name}.css")) == 2


@pytest.mark.deep
def test_a_page_that_varies_is_kept_by_kind_or_not_at_all(told: Told) -> None:
    """Varnish keeps one for each language, nginx none; no reader is given another's."""
    told.origin.reply = lambda seen: (
        200,
        [FRESH, ("Vary", "Accept-Language")],
        seen.headers["accept-language"].encode(),
    )
    words = []
    for language in ("de", "en", "de", "en"):
        answer = told.front.ask("/languages", Accept_Language=language)
        assert answer.body == language.encode()
        words.append(answer.word)
    assert words == (["MISS", "MISS", "HIT", "HIT"] if told.front.kind == "varnish" else ["BYPASS"] * 4)


@pytest.mark.deep
def test_every_query_and_every_spelling_is_a_page_of_its_own(told: Told) -> None:
    """What differs in a byte of path or query is never shared; targets reach the origin as they came."""
    told.origin.reply = lambda seen: (200, [FRESH], seen.target.encode())
    targets = ["/k?", "/k?a=1&b=2", "/k?b=2&a=1", "/k?a=1", "/k?utm_source=x", "/k/", "/k%2F", "/%6b?a=1", "/k;a=1"]
    targets += ["/x/../k", "/x%2f..%2fk", "//k", "/k%3Fa=1", "/k%0a", "/K"]
    if told.front.kind == "varnish":
        targets.append("/k%00")  # which nginx refuses by itself
    for word in ("MISS", "HIT"):
        answers = [told.front.ask(target) for target in targets]
        assert [(answer.body.decode(), answer.word) for answer in answers] == [(target, word) for target in targets]


# -- members -----------------------------------------------------------------------------------------------------------


def test_pages_of_members_are_theirs_alone(fronted: Fronted) -> None:
    """Whoever comes in whatever order, on every page: for whom it was made is right, and members are passed by."""
    cookies = [cookie_of(fronted.front, index) for index in range(2)]
    names = [person.name.encode() for person in MEMBERS]
    marked = 0
    for _, target in READABLE:
        for viewer in (0, None, 1, None, 0, 1, None):
            headers = {} if viewer is None else {"Cookie": cookies[viewer]}
            answer = fronted.front.ask(target, **headers)
            text = text_of(answer)
            found = VIEWER.search(text)
            if found is not None:
                marked += 1
                assert found[1].decode() == ("anonymous" if viewer is None else MEMBERS[viewer].id), target
            others = [name for index, name in enumerate(names) if index != viewer]
            assert not any(name in text for name in others), target
            assert "set-cookie" not in answer.headers
            if viewer is not None:
                assert (answer.word, answer.reading.verdict) == ("BYPASS", "BYPASS"), target
    assert marked > 50


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "anp_session=x"},
        {"Cookie": "a=b; anp_session=x; c=d"},
        {"Cookie": "__Host-anp_session=x"},
        {"Cookie": ["a=b", "anp_session=x"]},
        {"Authorization": "Bearer x"},
        {"Authorization": "0"},
    ],
    ids=str,
)
def test_a_session_is_neither_looked_up_nor_kept(headers: dict[str, str | list[str]], told: Told) -> None:
    """Though the origin lets everybody keep it, what a session was given goes to nobody else, nor the other way."""
    told.origin.reply = numbered(told.origin, FRESH)
    path = "/session/" + re.sub(r"\W+", "-", str(headers))
    ways = [headers, {}, {}, headers, {}]
    answers = [told.front.ask(path, **way) for way in ways]
    assert [(answer.body, answer.word) for answer in answers] == [
        (b"1", "BYPASS"),
        (b"2", "MISS"),
        (b"2", "HIT"),
        (b"3", "BYPASS"),
        (b"2", "HIT"),
    ]
    name = next(iter(headers)).lower()
    assert [name in seen.headers for seen in told.origin.asked(path)] == [True, False, True]


@pytest.mark.deep
def test_other_cookies_make_no_page_of_their_own(told: Told) -> None:
    """They are kept from the origin where the answer is for all, and reach it where it is not."""
    told.origin.reply = numbered(told.origin, FRESH)
    answers = [told.front.ask("/cookies", Cookie=f"theme={theme}") for theme in ("dark", "light")]
    assert [answer.word for answer in answers] == ["MISS", "HIT"]
    told.front.ask("/cookies", "POST", b"", Cookie="theme=dark")
    assert ["cookie" in seen.headers for seen in told.origin.asked("/cookies")] == [False, True]


@pytest.mark.deep
def test_a_login_sets_its_cookie_once(fronted: Fronted) -> None:
    """The cookie of a login goes to who logged in, and no later answer at that address has it."""
    cookie_of(fronted.front, 0)
    for path in ("/login", "/me", "/"):
        for _ in range(2):
            assert "set-cookie" not in fronted.front.ask(path).headers


ENDINGS = ["/x.css", "%2fx.css", ";x.css", "?x.css", "%3fx.css", "%23x.css", "%00x.css", "%0ax.css", "/..%2fx.css"]
ENDINGS += ["/../static/x.css", "%2f..%2fstatic%2fx.css", ".css", "/%2e%2e/x.css", "//x.css", "\\x.css", "#x.css"]


@pytest.mark.deep
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_ending_makes_a_members_page_public(ending: str, fronted: Fronted) -> None:
    """A member is lured to a path that looks like a file; who comes after without a session sees nothing of it."""
    cookie = cookie_of(fronted.front, 0)
    secrets = [MEMBERS[0].name.encode(), MEMBERS[0].login.encode(), MEMBERS[0].id.encode()]
    for page in ("/me", article(2).removesuffix("/"), "/admin/new"):
        lured = fronted.front.ask(page + ending, Cookie=cookie)
        assert lured.word in {"BYPASS", ""} if "x-cache" in lured.headers else lured.status == 400
        for _ in range(2):
            answer = fronted.front.ask(page + ending)
            assert not any(secret in text_of(answer) for secret in secrets)
            assert "set-cookie" not in answer.headers


# -- requests as they pass ---------------------------------------------------------------------------------------------


@pytest.mark.deep
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_other_methods_pass(method: str, told: Told) -> None:
    """With body and answer untouched, and never out of the store or into it."""
    told.origin.reply = lambda seen: (201, [FRESH, ("Set-Cookie", "a=b")], b"done " + seen.body)
    body = bytes(range(256)) * 40
    for _ in range(2):
        answer = told.front.ask(f"/method/{method}", method, body)
        assert (answer.status, answer.body, answer.headers["set-cookie"]) == (201, b"done " + body, "a=b")
        assert (answer.word, answer.reading.verdict) == ("BYPASS", "BYPASS")
        assert answer.headers["cache-status"].endswith("; fwd=method")
    told.origin.reply = numbered(told.origin, FRESH)
    assert told.front.ask(f"/method/{method}").word == "MISS"


@pytest.mark.deep
def test_traces_are_refused(told: Told) -> None:
    """What a TRACE would echo, cookies included, is nobody's business."""
    answer = told.front.ask("/trace", "TRACE", Cookie="anp_session=x")
    assert (answer.status, told.origin.asked("/trace")) == (405, [])


@pytest.mark.deep
def test_who_asks_is_told_by_the_front_and_nobody_else(told: Told) -> None:
    """Fields that say who or where somebody is are written by the front; those of one connection end at it."""
    told.origin.reply = numbered(told.origin, FRESH)
    told.front.ask(
        "/who",
        source=STRANGER,
        X_Forwarded_For="127.0.0.1",
        X_Real_IP="127.0.0.1",
        Forwarded="for=127.0.0.1",
        X_Forwarded_Host="evil.example",
        TE="trailers",
        Keep_Alive="timeout=9",
        Proxy_Connection="keep-alive",
        Upgrade="websocket",
        Connection="X-Drop, Upgrade",
        X_Drop="1",
    )
    (seen,) = told.origin.asked("/who")
    assert seen.headers["x-forwarded-for"] == STRANGER
    gone = {"x-real-ip", "forwarded", "x-forwarded-host", "te", "keep-alive", "proxy-connection", "upgrade"}
    if told.front.kind == "varnish":
        gone.add("x-drop")  # nginx passes on what Connection names
    assert gone.isdisjoint(seen.headers)
    assert seen.headers.get("connection", "keep-alive").lower() == "keep-alive"


@pytest.mark.deep
def test_hosts_are_told_apart_in_one_spelling(told: Told) -> None:
    """The same page under two names is two pages; upper case makes no third."""
    told.origin.reply = lambda seen: (200, [FRESH], seen.headers["host"].encode())
    answers = [told.front.ask("/host", Host=host) for host in ("a.example", "b.example", "A.Example")]
    assert [(answer.body, answer.word) for answer in answers] == [
        (b"a.example", "MISS"),
        (b"b.example", "MISS"),
        (b"a.example", "HIT"),
    ]


@pytest.mark.deep
def test_connections_to_the_origin_are_kept(told: Told) -> None:
    """Misses one after another do not each connect anew."""
    told.origin.reply = numbered(told.origin, FRESH)
    for number in range(8):
        told.front.ask(f"/connection/{number}")
    connections = {told.origin.asked(f"/connection/{number}")[0].connection for number in range(8)}
    assert len(connections) <= 2


@pytest.mark.deep
def test_conditions_are_answered_by_the_front(fronted: Fronted) -> None:
    """A reader who has the page is told so without the site; one who has another is given this one."""
    page = until_word(fronted.front, article(3), "HIT")
    before = fronted.made("article")
    etag, changed = page.headers["etag"], page.headers["last-modified"]
    conditions = [{"If_None_Match": etag}, {"If_None_Match": f"W/{etag}"}, {"If_Modified_Since": changed}]
    if fronted.front.kind == "nginx":  # Varnish reads one tag only, and sends the page where there are more
        conditions.append({"If_None_Match": f'"other", {etag}'})
    for condition in conditions:
        answer = fronted.front.ask(article(3), **condition)
        assert (answer.status, answer.body, answer.word, answer.headers["etag"]) == (304, b"", "HIT", etag)
        assert answer.headers["cache-control"] == "max-age=0, must-revalidate"
        assert answer.reading.verdict == "HIT"
    stale = fronted.front.ask(article(3), If_None_Match='"other"')
    assert (stale.status, stale.body, stale.word) == (200, page.body, "HIT")
    assert fronted.made("article") == before


@pytest.mark.deep
def test_a_head_fills_the_store_and_is_answered_from_it(fronted: Fronted) -> None:
    """The page is made whole, once, for whichever of the two comes first."""
    before = fronted.made("article")
    answers = [fronted.front.ask(article(4), method) for method in ("HEAD", "GET", "HEAD")]
    assert [answer.word for answer in answers] == ["MISS", "HIT", "HIT"]
    assert [len(answer.body) > 0 for answer in answers] == [False, True, False]
    assert answers[2].headers["content-length"] == str(len(answers[1].body))
    assert (fronted.made("article") - before).total() == 1


@pytest.mark.deep
def test_a_part_is_cut_from_the_whole_page(fronted: Fronted) -> None:
    """Whoever asks first for ten bytes is not the cause of a page of ten bytes."""
    path = "/robots.txt"
    first = fronted.front.ask(path, Range="bytes=0-9")
    whole = fronted.front.ask(path)
    part = fronted.front.ask(path, Range="bytes=0-9")
    assert (whole.status, whole.word, part.word) == (200, "HIT", "HIT")
    assert text_of(whole).endswith(b"/sitemap.xml\n")
    assert first.body in {whole.body, whole.body[:10]}
    assert (part.status, part.body) == (206, whole.body[:10])
    packed = until_word(fronted.front, article(21), "HIT")
    assert fronted.front.ask(article(21), Range="bytes=0-9").body == packed.body[:10]
    unpacked = fronted.front.ask(article(21), Range="bytes=0-9", Accept_Encoding="identity")
    if fronted.front.kind == "varnish":
        assert (unpacked.status, unpacked.body) == (206, text_of(packed)[:10])
    else:  # it unpacks as it sends, and does not know of what it would cut
        assert (unpacked.status, unpacked.body) == (200, text_of(packed))


@pytest.mark.deep
def test_a_page_is_kept_once_for_all_codings(fronted: Fronted) -> None:
    """It is fetched packed, and unpacked for those who do not take it so."""
    before = fronted.made("article")
    packed = fronted.front.ask(article(5))
    plain = fronted.front.ask(article(5), Accept_Encoding="gzip;q=0")
    assert (packed.headers["content-encoding"], packed.word, plain.word) == ("gzip", "MISS", "HIT")
    assert plain.body == gzip.decompress(packed.body)
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] == f"W/{packed.headers['etag']}"
    assert plain.headers["vary"] == "Accept-Encoding"
    assert (fronted.made("article") - before).total() == 1


@pytest.mark.deep
def test_a_body_with_a_read_changes_no_page(fronted: Fronted) -> None:
    """What is sent along with a GET is no part of the question, and leaves no trace."""
    fat = fronted.front.ask(f"{article(6)}?", "GET", b"q=evil", Content_Type=FORM)
    thin = fronted.front.ask(f"{article(6)}?")
    assert (fat.status, thin.status, thin.word) == (200, 200, "HIT")
    assert fat.body == thin.body == fronted.front.ask(article(6)).body


def test_simultaneous_misses_are_one_render(fronted: Fronted, database: Path, tmp_path: Path) -> None:
    """Twelve readers of a page that takes a while wait for one and the same."""
    kind, readers = fronted.front.kind, 12
    start = threading.Barrier(readers)
    with (
        reference_site(database, "inject=article:miss:1:700") as site,
        front_of(kind, tmp_path, site.port) as front,
    ):

        def read(_: int) -> Answer:
            start.wait()
            return front.ask(article(7))

        with ThreadPoolExecutor(readers) as pool:
            answers = list(pool.map(read, range(readers)))
        assert Fronted(front, site).made("article") == {"MISS": 1}
        assert httpx.get(f"{site.url}/anp/stats").json()["cache"]["collapsed"] == 0
    assert len({answer.body for answer in answers}) == 1
    assert Counter(answer.word for answer in answers) == {"MISS": 1, "HIT": readers - 1}


# -- pages past their time ---------------------------------------------------------------------------------------------


@pytest.mark.deep
def test_a_page_past_its_time_is_sent_while_a_new_one_is_fetched(told: Told) -> None:
    """The reader does not wait for the origin, which is asked once."""
    release = threading.Event()
    fields = [("CDN-Cache-Control", "max-age=1, stale-while-revalidate=9, stale-if-error=60")]

    def reply(seen: Seen) -> Reply:
        number = len(told.origin.asked("/while"))
        if number == 2:
            release.wait(DEADLINE_S)
        return 200, fields, b"%d" % number

    told.origin.reply = reply
    assert told.front.ask("/while").word == "MISS"
    try:
        stale = [until_word(told.front, "/while", "STALE") for _ in range(3)]
        assert {answer.body for answer in stale} == {b"1"}
        assert {answer.reading.verdict for answer in stale} == {"STALE"}
        assert {answer.reading.layers[-1].ttl or 0 for answer in stale} <= set(range(-10, 0))
        assert not any("server-timing" in answer.headers for answer in stale)
    finally:
        release.set()
    assert until(lambda: told.front.ask("/while"), lambda answer: answer.body != b"1").body == b"2"


@pytest.mark.deep
@pytest.mark.parametrize("failure", [500, 502, 503, 504, None])
def test_an_old_page_stands_in_for_a_failure(failure: int | None, told: Told) -> None:
    """As long as the origin fails, readers see what there was; then they see what there is."""
    path = f"/failure/{failure}"
    fields = [("CDN-Cache-Control", "max-age=1, stale-if-error=600")]
    told.origin.reply = lambda seen: (200, fields, b"old")
    assert told.front.ask(path).body == b"old"
    told.origin.reply = lambda seen: None if failure is None else (failure, [FRESH], b"failed")
    answers = [until_word(told.front, path, "STALE") for _ in range(2)]
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"old")}
    assert {answer.reading.verdict for answer in answers} == {"STALE"}
    assert len(told.origin.asked(path)) >= 3
    told.origin.reply = lambda seen: (200, fields, b"new")
    assert until(lambda: told.front.ask(path), lambda answer: answer.word != "STALE").body == b"new"


@pytest.mark.deep
def test_where_there_is_no_old_page_the_failure_is_shown(told: Told) -> None:
    """A 503 of the origin's own passes as it is; no answer at all is a failure of the front's."""
    told.origin.reply = lambda seen: (503, [("Retry-After", "9")], b"failed")
    answer = told.front.ask("/failed")
    assert (answer.status, answer.body, answer.headers["retry-after"], answer.word) == (503, b"failed", "9", "MISS")
    told.origin.reply = lambda seen: None
    assert told.front.ask("/silent").status in {502, 503}
    told.origin.reply = numbered(told.origin, FRESH)
    assert [told.front.ask("/silent").word for _ in range(2)] == ["MISS", "HIT"]


@pytest.mark.deep
def test_without_a_word_for_it_no_old_page_stands_in(told: Told) -> None:
    """Varnish goes by the page's own stale-if-error; nginx, which has one rule for all pages, shows the old one."""
    told.origin.reply = lambda seen: (200, [("CDN-Cache-Control", "max-age=1")], b"old")
    told.front.ask("/strict")
    told.origin.reply = lambda seen: (503, [], b"failed")
    answer = until(lambda: told.front.ask("/strict"), lambda answer: answer.word != "HIT")
    if told.front.kind == "varnish":
        assert (answer.status, answer.body, answer.word) == (503, b"failed", "EXPIRED")
    else:
        assert (answer.status, answer.body, answer.word) == (200, b"old", "STALE")


@pytest.mark.deep
def test_an_old_page_stands_in_for_no_longer_than_it_may(varnish: Told) -> None:
    """After its stale-if-error the failure is shown."""
    varnish.origin.reply = lambda seen: (200, [("CDN-Cache-Control", "max-age=1, stale-if-error=1")], b"old")
    varnish.front.ask("/bounded")
    varnish.origin.reply = lambda seen: (503, [], b"failed")
    until_word(varnish.front, "/bounded", "STALE")
    answer = until(lambda: varnish.front.ask("/bounded"), lambda answer: answer.word != "STALE")
    assert (answer.status, answer.body) == (503, b"failed")


@pytest.mark.deep
@pytest.mark.parametrize("status", [403, 404, 410, 303])
def test_a_page_that_is_gone_is_not_shown_for_it(status: int, told: Told) -> None:
    """An answer that the page is no more is no failure, however willing the page was to stand in for one."""
    path = f"/gone/{status}"
    told.origin.reply = lambda seen: (200, [("CDN-Cache-Control", "max-age=1, stale-if-error=600")], b"old")
    told.front.ask(path)
    told.origin.reply = lambda seen: (status, [("Cache-Control", "no-store"), ("Location", "/")], b"gone")
    answer = until(lambda: told.front.ask(path), lambda answer: answer.word != "HIT")
    assert (answer.status, answer.body, answer.word) == (status, b"gone", "BYPASS")
    assert told.front.ask(path).status == status


@pytest.mark.deep
def test_an_expired_page_is_made_anew_or_confirmed(told: Told) -> None:
    """The origin is asked by the page's validator; its 304 makes the stored page good for another time."""
    fields = [("CDN-Cache-Control", "max-age=1"), ("ETag", '"1"'), ("Server-Timing", "db-calls;dur=3")]
    told.origin.reply = lambda seen: (304, fields, b"") if seen.headers.get("if-none-match") else (200, fields, b"one")
    assert told.front.ask("/confirmed").word == "MISS"
    answer = until_word(told.front, "/confirmed", "REVALIDATED")
    assert (answer.status, answer.body, answer.reading.verdict, answer.reading.edge_hit) == (
        200,
        b"one",
        "REVALIDATED",
        False,
    )
    told.origin.reply = lambda seen: (200, fields[:1], b"two")
    answer = until(lambda: told.front.ask("/confirmed"), lambda answer: answer.body == b"two")
    assert (answer.word, answer.reading.verdict) == ("EXPIRED", "EXPIRED")


def test_pages_stay_when_the_site_is_gone(fronted: Fronted, database: Path, tmp_path: Path) -> None:
    """What was kept is served, past its time too; what was not is a failure; then the site is back."""
    kind = fronted.front.kind
    changes = A_SECOND if kind == "nginx" else None
    with reference_site(database) as site, front_of(kind, tmp_path, site.port, changes=changes) as front:
        page = front.ask(article(8))
        site.process.kill()
        site.process.wait(DEADLINE_S)
        if kind == "nginx":
            answer = until_word(front, article(8), "STALE")
        else:
            answer = until(lambda: front.ask(article(8)), lambda _: "sick" in front.admin("backend.list").lower())
            assert answer.word == "HIT"
        assert (answer.status, text_of(answer)) == (200, text_of(page))
        missing = front.ask(article(9))
        assert missing.status in {502, 503}
        assert "server-timing" not in missing.headers
        with reference_site(database, options=["--port", str(site.port)]):
            assert until(lambda: front.ask(article(9)), lambda answer: answer.status == 200).word == "MISS"


@pytest.mark.deep
def test_a_hanging_site_is_not_waited_for(varnish: Told) -> None:
    """Once the probe has noticed, old pages are sent at once."""
    fields = [("CDN-Cache-Control", "max-age=1, stale-if-error=600")]
    varnish.origin.reply = lambda seen: (200, fields, b"old")
    varnish.front.ask("/hanging")
    asked = len(varnish.origin.asked("/hanging"))
    varnish.front.admin("backend.set_health", "site", "sick")
    try:
        answer = until_word(varnish.front, "/hanging", "STALE")
        assert (answer.body, len(varnish.origin.asked("/hanging"))) == (b"old", asked)
        assert varnish.front.ask("/never-asked").status == 503
    finally:
        varnish.front.admin("backend.set_health", "site", "auto")


# -- changes and purges: Varnish ---------------------------------------------------------------------------------------


def grouped(origin: Origin, groups: dict[str, str]) -> Callable[[Seen], Reply]:
    """Numbered pages of these groups; a POST names what its body names."""

    def reply(seen: Seen) -> Reply:
        if seen.method != "GET":
            return 200, [("Cache-Group-Invalidation", seen.body.decode())], b"changed"
        fields = [FRESH, *([("Cache-Groups", groups[seen.target])] if seen.target in groups else [])]
        return 200, fields, b"%d" % sum(one.method == "GET" for one in origin.asked(seen.target))

    return reply


GROUPS = {
    "/g/1": '"post-11", "post-12:card"',
    "/g/2": '"post-117"',
    "/g/3": '"post-12"',
    "/g/4": '"list", "post-117:card" , "post-3:card"',
    "/g/5": '"list"',
    "/g/6": '"list:0.1"',
}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("named", "dropped"),
    [
        ('"post-11"', {"/g/1"}),
        ('"post-117"', {"/g/2"}),
        ('"post-12", "nobody"', {"/g/3"}),
        ('"post-12:card"', {"/g/1"}),
        ('"list" ,"post-117"', {"/g/2", "/g/4", "/g/5"}),
        ('"list:0.1"', {"/g/6"}),
        ('"post-1"', set()),
        ('"lis"', set()),
        ('""', set()),
        ('"post-.*"', {*GROUPS, "/g/none"}),
        ('"x\\"y"', {*GROUPS, "/g/none"}),
        ('"a" && obj.status == 200', {*GROUPS, "/g/none"}),
    ],
)
def test_a_change_drops_the_groups_it_names(named: str, dropped: set[str], varnish: Told) -> None:
    """Those and no others; of what cannot be told apart from a pattern, everything: rather too much than too little."""
    varnish.origin.reply = grouped(varnish.origin, GROUPS)
    pages = [*GROUPS, "/g/none"]
    for page in pages:
        varnish.front.ask(page)
    assert {varnish.front.ask(page).word for page in pages} == {"HIT"}
    answer = varnish.front.ask("/change", "POST", named.encode())
    assert (answer.status, answer.headers["cache-group-invalidation"]) == (200, named)
    assert {page for page in pages if varnish.front.ask(page).word != "HIT"} == dropped


@pytest.mark.deep
def test_only_a_change_that_went_well_drops_anything(varnish: Told) -> None:
    """Neither a read nor a refusal does, whatever they name."""
    varnish.origin.reply = numbered(varnish.origin, FRESH, ("Cache-Groups", '"a"'))
    varnish.front.ask("/well")
    for method, status in (("GET", 200), ("OPTIONS", 200), ("POST", 404), ("POST", 500)):
        varnish.origin.reply = lambda seen, status=status: (status, [("Cache-Group-Invalidation", '"a"')], b"")
        varnish.front.ask("/other" if method == "GET" else "/well", method)
        assert varnish.front.ask("/well").word == "HIT"
    varnish.origin.reply = lambda seen: (303, [("Cache-Group-Invalidation", '"a"'), ("Location", "/")], b"")
    varnish.front.ask("/other", "DELETE")
    varnish.origin.reply = numbered(varnish.origin, FRESH)
    assert varnish.front.ask("/well").word == "MISS"


@pytest.mark.deep
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_a_change_drops_the_page_at_its_own_address(method: str, varnish: Told) -> None:
    """With that query and of that host, and no other."""
    varnish.origin.reply = numbered(varnish.origin, FRESH)
    pages = [(f"/own/{method}?a", "x.example"), (f"/own/{method}", "x.example"), (f"/own/{method}?a", "y.example")]
    for path, host in pages:
        varnish.front.ask(path, Host=host)
    varnish.front.ask(pages[0][0], method, b"", Host="X.Example")
    assert [varnish.front.ask(path, Host=host).word for path, host in pages] == ["MISS", "HIT", "HIT"]


@pytest.mark.deep
def test_a_page_whose_groups_cannot_be_read_is_not_kept(varnish: Told) -> None:
    """For nobody could purge it."""
    varnish.origin.reply = numbered(varnish.origin, FRESH, ("Cache-Groups", '"a.*"'))
    assert [varnish.front.ask("/unreadable").word for _ in range(2)] == ["BYPASS", "BYPASS"]


@pytest.mark.deep
def test_groups_on_several_lines_are_all_read(varnish: Told) -> None:
    """Of a page and of a change."""
    varnish.origin.reply = numbered(varnish.origin, FRESH, ("Cache-Groups", '"m1"'), ("Cache-Groups", '"m2"'))
    for named in ('"m2"', '"m1"'):
        varnish.front.ask("/lines")
        assert varnish.front.ask("/lines").word == "HIT"
        pages = varnish.origin.reply
        lines = [("Cache-Group-Invalidation", '"other"'), ("Cache-Group-Invalidation", named)]
        varnish.origin.reply = lambda seen, lines=lines: (200, lines, b"")
        varnish.front.ask("/other", "POST")
        varnish.origin.reply = pages
        assert varnish.front.ask("/lines").word == "MISS"


@pytest.mark.deep
@pytest.mark.parametrize("change", ["group", "address", "purge of groups", "purge of the address"])
def test_a_page_that_was_under_way_during_a_change_is_not_kept(change: str, varnish: Told) -> None:
    """Its reader asked before the change and may have it; the next one may not."""
    path = f"/race/{change.replace(' ', '-')}"
    asked, release = threading.Event(), threading.Event()
    groups = f'"race-{len(change)}"'

    def reply(seen: Seen) -> Reply:
        if seen.method == "POST":
            return 200, [("Cache-Group-Invalidation", groups)] if change == "group" else [], b""
        if len(varnish.origin.asked(path)) == 1:
            asked.set()
            release.wait(DEADLINE_S)
            return 200, [FRESH, ("Cache-Groups", groups)], b"old"
        return 200, [FRESH, ("Cache-Groups", groups)], b"new"

    varnish.origin.reply = reply
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(varnish.front.ask, path)
        try:
            assert asked.wait(DEADLINE_S)
            if change == "group":
                varnish.front.ask("/race/edit", "POST")
            elif change == "address":
                varnish.front.ask(path, "POST")
            elif change == "purge of groups":
                assert varnish.front.ask("/", "PURGE", Cache_Group_Invalidation=groups).status == 200
            else:
                assert varnish.front.ask(path, "PURGE").status == 200
        finally:
            release.set()
        assert reader.result().body == b"old"
    assert [(answer.word, answer.body) for answer in (varnish.front.ask(path) for _ in range(2))] == [
        ("MISS", b"new"),
        ("HIT", b"new"),
    ]


@pytest.mark.deep
def test_an_operator_purges_by_address_and_by_group(varnish: Told) -> None:
    """All at the address, or all of the groups."""
    varnish.origin.reply = grouped(varnish.origin, GROUPS)
    for headers, dropped in (
        ({}, ["/g/3"]),
        ({"Cache_Group_Invalidation": ['"post-12"', '"list"']}, ["/g/3", "/g/4", "/g/5"]),
    ):
        for page in GROUPS:
            varnish.front.ask(page)
        assert varnish.front.ask("/g/3", "PURGE", **headers).status == 200
        assert [page for page in GROUPS if varnish.front.ask(page).word != "HIT"] == dropped
    assert not any(seen.method == "PURGE" for seen in varnish.origin.seen)
    assert {varnish.front.ask(page).word for page in GROUPS} == {"HIT"}
    varnish.front.admin("ban", "obj.status", "!=", "0")
    assert {varnish.front.ask(page).word for page in GROUPS} == {"MISS"}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("status", "source", "headers"),
    [
        (403, STRANGER, {}),
        (403, STRANGER, {"Cache_Group_Invalidation": '"a"', "X_Forwarded_For": "127.0.0.1"}),
        (400, "127.0.0.1", {"Cache_Group_Invalidation": '".*"'}),
        (400, "127.0.0.1", {"Cache_Group_Invalidation": '"a)|(.*"'}),
        (400, "127.0.0.1", {"Cache_Group_Invalidation": '"a" && obj.status != 0'}),
    ],
)
def test_a_purge_that_is_refused_drops_nothing(
    status: int, source: str, headers: dict[str, str], varnish: Told
) -> None:
    """From elsewhere, or with what could be taken for a pattern."""
    varnish.origin.reply = numbered(varnish.origin, FRESH, ("Cache-Groups", '"a"'))
    varnish.front.ask("/refused")
    answer = varnish.front.ask("/refused", "PURGE", source=source, **headers)
    assert (answer.status, varnish.front.ask("/refused").word) == (status, "HIT")


@pytest.mark.deep
def test_the_lurker_carries_out_bans_by_itself(varnish: Told) -> None:
    """Without a request for the page, nothing of it nor of the ban is left."""
    varnish.origin.reply = grouped(varnish.origin, {f"/lurk/{number}": '"lurk"' for number in range(20)})
    for number in range(20):
        varnish.front.ask(f"/lurk/{number}")
    varnish.front.ask("/change", "POST", b'"lurk"')
    end = time.monotonic() + DEADLINE_S
    while "lurk" in varnish.front.admin("ban.list"):
        assert time.monotonic() < end, varnish.front.admin("ban.list")
        time.sleep(0.05)


@pytest.mark.deep
def test_while_readers_read_through_varnish_no_edit_is_forgotten(database: Path, tmp_path: Path) -> None:
    """Among many readers, nobody who asks after the answer to an edit reads what was there before it."""
    copy = tmp_path / "site.db"
    copy.write_bytes(database.read_bytes())
    one = CORPUS.first_id + 10
    reads: list[tuple[float, int, str]] = []
    finished: list[tuple[float, int]] = []
    over = threading.Event()
    settings = ("page_cache=off", "inject=article:any:0.5:2", "inject=edit:any:0.5:2")
    with reference_site(copy, *settings) as site, front_of("varnish", tmp_path, site.port) as front:

        def read() -> None:
            while not over.is_set():
                sent = time.monotonic()
                answer = front.ask(article(10))
                reads.append((sent, revision_of(answer), answer.word))

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read) for _ in range(4)]
            try:
                for _ in range(60):
                    answer = json.loads(post(front, "edit", article=one).body)
                    finished.append((time.monotonic(), answer["revision"]))
                    seen, end = len(reads), time.monotonic() + DEADLINE_S
                    while len(reads) <= seen + 6 and not any(reader.done() for reader in readers):
                        assert time.monotonic() < end
                        time.sleep(0.001)
            finally:
                over.set()
            for reader in readers:
                reader.result()
    stale = [
        (sent, revision)
        for sent, revision, _ in reads
        if revision < max((done for when, done in finished if when < sent), default=0)
    ]
    assert stale == []
    words = Counter(word for _, _, word in reads)
    assert words["HIT"] > words["MISS"] >= 60


@pytest.mark.deep
def test_varnish_shows_nothing_that_was_before_a_change(tmp_path: Path) -> None:
    """After each of many changes, every page is as the site makes it anew; what has not changed is still kept."""
    corpus = Corpus(first_id=900, count=24, seed=4)
    database = import_site(tmp_path / "site.db", first_id=900, count=24, seed=4, members=1)
    one, two = (f"/api/v1/articles/{number}" for number in (903, 910))
    text = {"title": "Fresh bread", "intro": "How it is baked.", "sections": [], "tags": ["bread"]}
    changes: list[tuple[str, str, dict[str, Any] | None]] = [
        ("/anp/edit", "POST", {"article": 905}),
        (one, "PATCH", {"title": "Another title"}),
        (one, "PATCH", {"slug": "another-address"}),
        (one, "PATCH", {"tags": ["bread"], "categories": ["kitchen"]}),
        (two, "PATCH", {"status": "draft"}),
        (two, "PATCH", {"status": "published"}),
        ("/api/v1/articles", "POST", {**text, "status": "published"}),
        (two, "DELETE", None),
        ("/api/v1/purge", "POST", {"path": "/"}),
    ]
    with reference_site(database, "page_cache=off") as site, front_of("varnish", tmp_path, site.port) as front:
        paths = {"/articles/another-address/", "/tags/bread/", "/categories/kitchen/", "/page/2/", "/page/3/"}
        paths |= {"/articles/fresh-bread-924/", "/search?q=bread", "/search?q=the", "/feed.xml", "/feed.json"}
        paths |= {"/atom.xml", "/sitemap.xml", "/robots.txt", "/api/v1/articles", one, two}
        paths |= {f"/articles/{corpus.article(number).slug}/" for number in corpus.ids}
        for path in ("/", "/tags/", "/categories/", "/authors/", "/archive/"):
            paths |= {path, *re.findall(r'href="(/[^"#?]*)"', httpx.get(site.url + path).text)}
        paths -= {path for path in paths if path.startswith(("/login", "/static"))}
        assert len(paths) > 60

        def seen() -> tuple[list[str], Counter[str]]:
            through = {path: front.ask(path) for path in sorted(paths)}
            anew = {path: ask(site.url, path, "GET", None, {}) for path in through}
            wrong = [
                path
                for path, answer in through.items()
                if (answer.status, text_of(answer)) != (anew[path].status, text_of(anew[path]))
            ]
            return wrong, Counter(answer.word for answer in through.values())

        assert seen() == ([], {"MISS": len(paths)})
        assert seen() == ([], {"HIT": len(paths)})
        for path, method, content in changes:
            body = None if content is None else json.dumps(content).encode()
            done = front.ask(path, method, body, Content_Type="application/json", If_Match="*")
            assert done.status in {200, 201, 204}, done.body
            wrong, words = seen()
            assert wrong == [], (method, path, content)
            assert words.keys() <= {"HIT", "MISS", "BYPASS"}
            assert (words["HIT"] == 0) == (path == "/api/v1/purge"), (method, path, content)


@pytest.mark.deep
def test_forms_of_members_and_editors_reach_varnish(database: Path, tmp_path: Path) -> None:
    """A comment is there for readers at once, an article that is taken down is not, and it can come back."""
    copy = tmp_path / "site.db"
    copy.write_bytes(database.read_bytes())
    number = CORPUS.first_id + 13
    page, desk, comment = article(13), f"/admin/articles/{number}", "Well said, and seen by all."
    with reference_site(copy) as site, front_of("varnish", tmp_path, site.port) as front:
        cookie = cookie_of(front, 0)

        def send(form: str, path: str, **fields: str) -> None:
            shown = text_of(front.ask(form, Cookie=cookie)).decode()
            for name in ("csrf", "etag"):
                if found := re.search(rf'name="{name}" value="([^"]*)"', shown):
                    fields[name] = html.unescape(found[1])
            body = urlencode(fields).encode()
            assert front.ask(path, "POST", body, Cookie=cookie, Content_Type=FORM).status == 303

        assert [front.ask(page).word for _ in range(2)] == ["MISS", "HIT"]
        send(page, f"{page}comments", text=comment)
        assert comment.encode() in text_of(front.ask(page))
        send(desk, desk, action="unpublish")
        assert [(answer.status, answer.word) for answer in (front.ask(page), front.ask(page))] == [
            (404, "MISS"),
            (404, "HIT"),
        ]
        draft = httpx.get(f"{site.url}/api/v1/drafts/{number}")
        again = {"Content_Type": "application/json", "If_Match": draft.headers["etag"]}
        body = json.dumps({"status": "published"}).encode()
        assert front.ask(f"/api/v1/articles/{number}", "PATCH", body, **again).status == 200
        assert comment.encode() in text_of(front.ask(page))


def test_an_edit_and_a_purge_at_the_site_reach_varnish(database: Path, tmp_path: Path) -> None:
    """Of an edit only what shows it is dropped; a purge of one article names it; one without names drops all."""
    copy = tmp_path / "site.db"
    copy.write_bytes(database.read_bytes())
    paths = [article(place) for place in (11, 40)]
    with reference_site(copy) as site, front_of("varnish", tmp_path, site.port) as front:

        def dropped() -> list[int]:
            words = [front.ask(path).word for path in paths]
            assert {front.ask(path).word for path in paths} == {"HIT"}
            return [place for place, word in enumerate(words) if word != "HIT"]

        assert dropped() == [0, 1]
        assert post(front, "edit", article=CORPUS.first_id + 11).status == 200
        assert [revision_of(front.ask(path)) for path in paths] == [1, 0]
        assert dropped() == []
        assert post(front, "purge", article=CORPUS.first_id + 40).status == 200
        assert dropped() == [1]
        for everything in ({"path": "/"}, {"all": True}):
            assert post(front, "purge", **everything).status == 200
            assert dropped() == [0, 1]
        assert post(front, "purge", all=True, source=STRANGER).status == 403
        assert dropped() == []


# -- changes: nginx ----------------------------------------------------------------------------------------------------


def test_nginx_fetches_a_page_anew_for_an_operator(database: Path, tmp_path: Path) -> None:
    """It cannot be told what an edit made stale, but to ask for one address again; strangers cannot tell it that."""
    copy = tmp_path / "site.db"
    copy.write_bytes(database.read_bytes())
    path = article(12)
    with reference_site(copy) as site, front_of("nginx", tmp_path, site.port) as front:
        assert [(answer.word, revision_of(answer)) for answer in (front.ask(path), front.ask(path))] == [
            ("MISS", 0),
            ("HIT", 0),
        ]
        for revision, method in ((1, "GET"), (2, "HEAD")):
            assert post(front, "edit", article=CORPUS.first_id + 12).status == 200
            ignored = front.ask(path, source=STRANGER, X_Refresh="1")
            assert (ignored.word, revision_of(ignored)) == ("HIT", revision - 1)
            refreshed = front.ask(path, method, X_Refresh="1")
            assert (refreshed.word, refreshed.reading.verdict) == ("BYPASS", "BYPASS")
            assert refreshed.headers["cache-status"].endswith(", nginx; fwd=request")
            after = front.ask(path, source=STRANGER)
            assert (after.word, revision_of(after)) == ("HIT", revision)


@pytest.mark.deep
def test_nginx_shows_an_edit_once_a_page_has_had_its_time(database: Path, tmp_path: Path) -> None:
    """Nobody tells it, and by and by the new edition is there."""
    copy = tmp_path / "site.db"
    copy.write_bytes(database.read_bytes())
    with reference_site(copy) as site, front_of("nginx", tmp_path, site.port, changes=A_SECOND) as front:
        assert revision_of(front.ask(article(12))) == 0
        assert post(front, "edit", article=CORPUS.first_id + 12).status == 200
        answer = until(lambda: front.ask(article(12)), lambda answer: revision_of(answer) == 1)
        assert answer.word in {"HIT", "EXPIRED"}


@pytest.mark.deep
def test_nginx_keeps_nothing_longer_than_it_is_told_to(tmp_path: Path) -> None:
    """The site's hour is cut to seconds, its seconds stand, and what never changes is kept as long as it may be."""
    replies = {
        "/hour": [("CDN-Cache-Control", "max-age=3600, stale-while-revalidate=300")],
        "/seconds": [("CDN-Cache-Control", "max-age=7, stale-while-revalidate=03")],
        "/ten": [("CDN-Cache-Control", "max-age=10")],
        "/for-ever": [("CDN-Cache-Control", "max-age=86400"), ("Cache-Control", "max-age=31536000, immutable")],
        "/never": [],
    }
    # What the translator says is heard when it is asked in the cache's place.
    seen_by_cache = {
        "proxy_hide_header Cache-Control;\n    proxy_hide_header Anp-": "proxy_hide_header Anp-",
        "    add_header Cache-Control $upstream_http_anp_cache_control always;\n": "",
    }
    with told_origin() as origin, front_of("nginx", tmp_path, origin.port, changes=seen_by_cache) as front:
        origin.reply = lambda seen: (200, replies[seen.target], b"")
        said = {target: front.ask(target).headers["cache-control"] for target in replies}
    assert said == {
        "/hour": "max-age=10, stale-while-revalidate=10",
        "/seconds": "max-age=7, stale-while-revalidate=3",
        "/ten": "max-age=10",
        "/for-ever": "max-age=86400",
        "/never": "no-store",
    }


# -- the whole set-up --------------------------------------------------------------------------------------------------


CLOSED = ["/anp/about", "/anp/stats", "//anp/about", "/x/../anp/about", "/%61np/about", "/metrics", "/metrics?x"]
CLOSED += ["/api/v1/drafts", "/api/v1/drafts/1", "//api/v1/drafts", "/api/v1/../v1/drafts"]


@pytest.mark.deep
@pytest.mark.parametrize("path", CLOSED)
def test_what_is_for_operators_is_closed_to_others(path: str, fronted: Fronted) -> None:
    """To the site everybody behind the front seems to be on this machine, and this machine may look inside."""
    answer = fronted.front.ask(path, source=STRANGER)
    assert answer.status in {403, 404}
    assert not answer.headers["content-type"].startswith(("application/json", "text/plain; version"))


CHANGING = ["/anp/edit", "/anp/purge", "/api/v1/purge", "/api/v1/articles", "/api/v1/articles/501"]


@pytest.mark.deep
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
@pytest.mark.parametrize("path", CHANGING)
def test_what_changes_the_site_is_closed_to_others(path: str, method: str, fronted: Fronted) -> None:
    """The front itself says so; the site is not asked."""
    body = json.dumps({"article": CORPUS.first_id}).encode()
    answer = fronted.front.ask(path, method, body, source=STRANGER, Content_Type="application/json", If_Match="*")
    assert (answer.status, "cache-status" in answer.headers) == (403, False)


@pytest.mark.deep
def test_what_is_for_all_is_open(fronted: Fronted) -> None:
    """Readers of the API among them."""
    for path in ("/api/v1/articles", "/api/v1/openapi.json", "/health/live", "/login"):
        assert fronted.front.ask(path, source=STRANGER).status == 200


@pytest.mark.deep
def test_the_documented_command_fits_a_site_behind_a_name(fronted: Fronted, database: Path, tmp_path: Path) -> None:
    """Forms of the site's own pages are taken, those of others refused; other names are not answered to."""
    words = ["--base-url", "http://www.site.example", "--allow-host", "site.example", "--purge-token", "secret"]
    with (
        reference_site(database, options=words) as site,
        front_of(fronted.front.kind, tmp_path, site.port) as front,
    ):
        name = {"Host": "www.site.example"}
        assert b"Sitemap: http://www.site.example/" in text_of(front.ask("/robots.txt", **name))
        alias = front.ask("/robots.txt", Host="site.example", X_Forwarded_Host="evil.example")
        assert b"http://www.site.example/" in text_of(alias)
        for _ in range(2):
            assert (front.ask("/", Host="evil.example").status, front.ask("/", Host="evil.example").word) == (
                400,
                "BYPASS",
            )
        assert sign_in(front, 0, Origin="http://www.site.example", **name).status == 303
        assert sign_in(front, 0, Origin="http://evil.example", **name).status == 403
        assert sign_in(front, 0, Sec_Fetch_Site="cross-site", **name).status == 403
        edit = json.dumps({"article": CORPUS.first_id}).encode()
        answers = [
            front.ask("/anp/purge", "POST", edit, Content_Type="application/json", **name, **token).status
            for token in ({}, {"X_Anp_Token": "wrong"}, {"X_Anp_Token": "secret"})
        ]
        assert answers == [403, 403, 200]


@pytest.mark.deep
@pytest.mark.parametrize(
    ("kind", "scenario", "words"),
    [
        ("nginx", "readers_and_members", ("--members", "2")),
        ("varnish", "publish_and_purge", ("--event-every", "300ms")),
    ],
)
def test_a_swarm_finds_nothing_wrong(
    kind: str, scenario: str, words: tuple[str, ...], database: Path, tmp_path: Path
) -> None:
    """Right pages for the right people, none older than it may be, and hits of the front called hits."""
    copy = tmp_path / "site.db"
    copy.write_bytes(database.read_bytes())
    with reference_site(copy) as site, front_of(kind, tmp_path, site.port) as front:
        done = warm.anp(
            *("swarm", "--host", front.url, "--scenario", scenario, "--rate", "60", "--duration", "3s"),
            *("--warmup", "500ms", "--prepare", "warm", "--json", *words),
            folder=tmp_path,
        )
    data = json.loads(done.stdout)
    assert {doubt["code"] for doubt in data["doubts"] if doubt["invalid"]} <= {"lag", "cpu", "achieved"}, data["doubts"]
    assert all(row["errors"] == row["failed_checks"] == 0 for row in data["rows"])
    requests: Counter[tuple[str, str]] = Counter()
    for row in data["rows"]:
        requests[row["persona"], row["cache"]] += row["requests"]
    readers = {cache: count for (persona, cache), count in requests.items() if persona == "reader"}
    assert readers["HIT"] > 0.5 * sum(readers.values())
    assert readers.keys() <= {"HIT", "MISS", "STALE", "EXPIRED", "REVALIDATED"}
    assert {cache for persona, cache in requests if persona != "reader"} <= {"BYPASS"}
