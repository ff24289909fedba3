"""The page cache around a small application whose every render is counted and can be held up."""

import asyncio
import dataclasses
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field

import http_sf
import pytest
from starlette.types import Receive, Scope, Send

from target_app.page_cache import EXCHANGE, NOT_KEPT, RFC, SITE, Exchange, Options, PageCache, Profile
from target_app.page_cache.fields import Headers
from target_app.page_cache.flight import Flights
from tests import structured

pytestmark = pytest.mark.anyio
KEPT: Headers = [(b"cdn-cache-control", b"max-age=300"), (b"content-type", b"text/html")]
BODY = b"<p>page</p>" * 100
DATE = b"Sun, 29 Nov 2026 10:00:00 GMT"
DATED = 1795946400.0
"""The same in Unix seconds: what the bench's calendar says when its clock says 1000."""


@dataclass
class Application:
    """Answers every request with the same headers, waits for ``gate`` if there is one, and counts.

    Attributes:
        at_once: Renders under way, and the most there ever were.
        knows_head: Whether it leaves the body out by itself where only the head is asked for.
    """

    headers: Headers = field(default_factory=lambda: list(KEPT))
    status: int = 200
    body: bytes = BODY
    gate: asyncio.Event | None = None
    renders: int = 0
    at_once: tuple[int, int] = (0, 0)
    fails: bool = False
    knows_head: bool = False
    queries: list[bytes] = field(default_factory=list)
    asked: dict[bytes, bytes] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, in two parts."""
        self.renders += 1
        self.at_once = (self.at_once[0] + 1, max(self.at_once[0] + 1, self.at_once[1]))
        self.queries.append(scope["query_string"])
        self.asked = dict(scope["headers"])
        body = b"" if self.knows_head and scope["method"] == "HEAD" else self.body
        try:
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.at_once = (self.at_once[0] - 1, self.at_once[1])
        if self.fails:
            raise RuntimeError("the render failed")
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})


@dataclass
class Answer:
    """What came back; ``every`` has all lines of a field, ``headers`` the last."""

    status: int
    headers: dict[str, str]
    body: bytes
    exchange: Exchange
    every: dict[str, list[str]]


@dataclass
class Bench:
    """A cache around an application, with a clock that stands still until it is moved."""

    app: Application
    options: Options = field(default_factory=Options)
    now: float = 1000.0
    coin: float = 0.0

    def __post_init__(self) -> None:
        self.cache = PageCache(
            self.app,
            self.options,
            clock=lambda: self.now,
            wall=lambda: DATED + self.now - 1000,
            coin=lambda: self.coin,
        )

    async def ask(self, path: str = "/", method: str = "GET", scheme: str = "http", **headers: str) -> Answer:
        """Send one request."""
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        exchange = Exchange()
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "raw_path": path.encode(),
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"host", b"site.example"), *raw],
            EXCHANGE: exchange,
        }
        sent = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await self.cache(scope, None, send)  # type: ignore[arg-type]
        start, body = sent
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        every: dict[str, list[str]] = {}
        for name, value in start["headers"]:
            every.setdefault(name.decode(), []).append(value.decode())
        structured.check(
            [*((name, line) for name in every for line in every[name]), ("cache-status", exchange.status.decode())]
        )
        return Answer(start["status"], found, body["body"], exchange, every)


async def test_the_second_reader_gets_the_stored_page() -> None:
    """A hit gives the same bytes and does not enter the application."""
    bench = Bench(Application())
    first, second = await bench.ask(), await bench.ask()
    assert (first.exchange.word, second.exchange.word, bench.app.renders) == ("MISS", "HIT", 1)
    assert second.body == first.body == BODY


@pytest.mark.parametrize("profile", [RFC, SITE])
async def test_a_page_for_one_scheme_is_not_given_to_readers_of_the_other(profile: Profile) -> None:
    """Absolute addresses and cookies may differ by it; a change drops the pages of both."""
    bench = Bench(Application(), Options(profile=profile))
    asked = [await bench.ask(scheme=scheme) for scheme in ("http", "https", "http", "https")]
    assert [answer.exchange.word for answer in asked] == ["MISS", "MISS", "HIT", "HIT"]
    await bench.ask(method="POST", scheme="https")
    assert [(await bench.ask(scheme=scheme)).exchange.word for scheme in ("http", "https")] == ["MISS", "MISS"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("profile", [RFC, SITE])
async def test_a_request_with_a_body_is_passed_on_and_its_answer_is_nobody_elses(profile: Profile, method: str) -> None:
    """The application may have answered by the body, which is in no key (a fat GET)."""
    bench = Bench(Application(), Options(profile=profile))
    fat = await bench.ask(method=method, content_length="4")
    assert (fat.exchange.word, fat.exchange.status) == ("BYPASS", b"anp; fwd=bypass; detail=body")
    assert (await bench.ask()).exchange.word == "MISS"
    assert (await bench.ask(method=method, transfer_encoding="chunked")).exchange.word == "BYPASS"
    assert (await bench.ask(content_length="0")).exchange.word == "HIT"


async def test_a_page_is_made_from_the_one_form_of_its_query() -> None:
    """The application sees what the key says, so that a stored page depends on nothing else; a bypass is left as is."""
    queries = {b"/": lambda query: None if b"x" in query else query.lower()}
    bench = Bench(Application(), Options(queries=queries))
    answers = [await bench.ask(path) for path in ("/?A", "/?a", "/?b", "/?x=A", "/other?a")]
    assert [answer.exchange.word for answer in answers] == ["MISS", "HIT", "MISS", "BYPASS", "BYPASS"]
    assert bench.app.queries == [b"a", b"b", b"x=A", b"a"]
    assert bench.cache.purge_path(b"/") == 2


async def test_age_counts_and_date_stays() -> None:
    """A stored page tells its age in seconds and keeps the date of its making."""
    bench = Bench(Application())
    first = await bench.ask()
    bench.now += 41.9
    second = await bench.ask()
    assert second.headers["age"] == "41"
    assert "age" not in first.headers
    assert second.headers["date"] == first.headers["date"]


async def test_a_page_expires_when_its_time_is_over() -> None:
    """At its last instant a page is fresh no more, and is made anew."""
    bench = Bench(Application())
    await bench.ask()
    bench.now += 300
    again = await bench.ask()
    assert (again.exchange.word, bench.app.renders) == ("EXPIRED", 2)
    assert again.exchange.status == b"anp; fwd=stale; fwd-status=200; stored; ttl=300"


async def test_the_cap_shortens_freshness() -> None:
    """No page stays fresh longer than the cap."""
    bench = Bench(Application(), Options(ttl_cap=10))
    await bench.ask()
    bench.now += 10
    assert (await bench.ask()).exchange.word == "EXPIRED"


async def test_every_cache_status_is_a_structured_field_with_one_member() -> None:
    """All forms of the status parse as a list whose member is the token anp."""
    bench = Bench(Application())
    answers = [
        await bench.ask(),
        await bench.ask(),
        await bench.ask("/form", method="POST"),
        await bench.ask(cookie="anp_session=x"),
    ]
    bench.now += 1000
    answers.append(await bench.ask())
    bench.app.headers = []
    answers.append(await bench.ask("/private"))
    bench.app.status = 500
    answers.append(await bench.ask("/broken"))
    off = Bench(Application(), Options(enabled=False))
    answers.append(await off.ask())
    parsed = [http_sf.parse(answer.exchange.status, tltype="list") for answer in answers]
    assert all(len(members) == 1 and str(members[0][0]) == "anp" for members in parsed)
    assert [
        {name: value if isinstance(value, bool | int) else str(value) for name, value in m[0][1].items()}
        for m in parsed
    ] == [
        {"fwd": "uri-miss", "fwd-status": 200, "stored": True, "ttl": 300},
        {"hit": True, "ttl": 300},
        {"fwd": "method"},
        {"fwd": "bypass", "detail": "session"},
        {"fwd": "stale", "fwd-status": 200, "stored": True, "ttl": 300},
        {"fwd": "bypass", "detail": "nostore"},
        {"fwd": "uri-miss", "fwd-status": 500},
        {"fwd": "bypass", "detail": "off"},
    ]


async def test_head_is_answered_from_the_stored_page() -> None:
    """A HEAD request gets the headers of the page, its length too, and no body; it may also fill the store."""
    bench = Bench(Application())
    head, get = await bench.ask(method="HEAD"), await bench.ask()
    assert (head.body, get.body, bench.app.renders) == (b"", BODY, 1)
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(BODY))


BYPASSED: list[tuple[Options, dict[str, str]]] = [
    (Options(), {"cookie": "anp_session=x"}),
    (Options(), {"authorization": "Bearer x"}),
    (Options(), {"path": "/?unknown=1"}),
    (Options(enabled=False), {}),
    (Options(profile=RFC, enabled=False), {}),
    (Options(profile=dataclasses.replace(RFC, sessions=(b"mine",))), {"cookie": "mine=x"}),
]


@pytest.mark.parametrize(("options", "request_of"), BYPASSED)
@pytest.mark.parametrize("own", [[], [(b"content-length", b"1100")], [(b"content-length", b"0"), (b"etag", b'"own"')]])
async def test_head_that_is_passed_by_has_the_fields_of_an_application_that_leaves_the_body_out(
    options: Options, request_of: dict[str, str], own: Headers
) -> None:
    """Neither the length nor the tag of nothing is made up; what the application says of the page stays."""
    bench = Bench(Application(headers=[*KEPT, *own], knows_head=True), options)
    head = await bench.ask(method="HEAD", accept_encoding="gzip", **request_of)
    assert "fwd=bypass" in head.exchange.status.decode()
    assert (head.status, head.body) == (200, b"")
    told = {name: value for name, value in head.headers.items() if name != "date"}
    assert told == {name.decode(): value.decode() for name, value in [*KEPT, *own]}
    assert head.headers["date"] == DATE.decode()


@pytest.mark.parametrize(("options", "request_of"), BYPASSED)
async def test_head_that_is_passed_by_has_the_fields_of_get_where_the_application_makes_the_body(
    options: Options, request_of: dict[str, str]
) -> None:
    """The same head, compressed or not, and no body."""
    bench = Bench(Application(), options)
    for coding in ("identity", "gzip"):
        head = await bench.ask(method="HEAD", accept_encoding=coding, **request_of)
        get = await bench.ask(accept_encoding=coding, **request_of)
        assert (head.headers, head.body) == (get.headers, b"")
    assert int(get.headers["content-length"]) == len(get.body) > 0


async def test_head_that_is_looked_up_is_asked_as_get() -> None:
    """An application that leaves the body out of HEAD is asked for all of the page, which is kept."""
    bench = Bench(Application(knows_head=True))
    head, get = await bench.ask(method="HEAD"), await bench.ask()
    assert (head.headers["content-length"], get.body, bench.app.renders) == (str(len(BODY)), BODY, 1)


async def test_gzip_form_is_the_page_and_has_its_own_tag() -> None:
    """Each coding has its own strong tag and length, and both say that the coding varies."""
    bench = Bench(Application())
    packed, plain = await bench.ask(accept_encoding="gzip"), await bench.ask()
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-length"] == str(len(packed.body))


async def test_compression_can_be_left_out() -> None:
    """Without compression there is one form, and nothing varies."""
    bench = Bench(Application(), Options(compression="off"))
    answer = await bench.ask(accept_encoding="gzip")
    assert answer.body == BODY
    assert "vary" not in answer.headers


async def test_compression_per_request_sends_the_same_bytes() -> None:
    """Compressing on every response gives what compressing once gives."""
    once, each = Bench(Application()), Bench(Application(), Options(compression="per_request"))
    await each.ask()
    assert (await each.ask(accept_encoding="gzip")).body == (await once.ask(accept_encoding="gzip")).body


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_a_known_tag_is_answered_with_304_from_the_store(coding: str) -> None:
    """If-None-Match with the tag, in a list, weak, or a star: no body, no length, no render, tag and date kept."""
    bench = Bench(Application())
    etag = (await bench.ask(accept_encoding=coding)).headers["etag"]
    for condition in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        answer = await bench.ask(accept_encoding=coding, if_none_match=condition)
        assert (answer.status, answer.body, answer.exchange.word) == (304, b"", "HIT")
        assert {"etag", "date", "vary", "age"} <= answer.headers.keys()
        assert "content-length" not in answer.headers
    assert bench.app.renders == 1


async def test_another_codings_tag_is_not_this_ones() -> None:
    """The tag of the gzip form does not match the plain form."""
    bench = Bench(Application())
    etag = (await bench.ask(accept_encoding="gzip")).headers["etag"]
    assert (await bench.ask(if_none_match=etag)).status == 200


async def test_the_date_counts_only_without_a_tag() -> None:
    """If-Modified-Since decides when there is no If-None-Match, and is ignored when there is one."""
    stamp = "Sun, 17 May 2026 21:03:50 GMT"
    bench = Bench(Application([*KEPT, (b"last-modified", stamp.encode())]))
    assert (await bench.ask(if_modified_since=stamp)).status == 304
    assert (await bench.ask(if_modified_since=stamp, if_none_match='"other"')).status == 200
    assert (await bench.ask(if_modified_since="Sun, 17 May 2026 21:03:49 GMT")).status == 200
    assert (await bench.ask(if_modified_since="not a date")).status == 200


async def test_a_condition_of_the_first_reader_does_not_spoil_the_page() -> None:
    """A cold conditional request fills the store with the whole page."""
    bench = Bench(Application())
    await bench.ask(if_none_match='"unknown"', range="bytes=0-1")
    assert (await bench.ask()).body == BODY


@pytest.mark.parametrize("count", [2, 50])
async def test_simultaneous_cold_readers_share_one_render(count: int) -> None:
    """One leads, the others wait and get the same page, and say that they were collapsed."""
    bench = Bench(Application(gate=asyncio.Event()))
    tasks = [asyncio.create_task(bench.ask()) for _ in range(count)]
    await _settle()
    bench.app.gate.set()  # type: ignore[union-attr]
    answers = await asyncio.gather(*tasks)
    assert bench.app.renders == 1
    assert {answer.body for answer in answers} == {BODY}
    assert [b"collapsed" in answer.exchange.status for answer in answers].count(True) == count - 1


async def test_without_coalescing_everybody_renders() -> None:
    """With coalescing off a stampede is a stampede."""
    bench = Bench(Application(gate=asyncio.Event()), Options(coalesce=False))
    tasks = [asyncio.create_task(bench.ask()) for _ in range(5)]
    await _settle()
    bench.app.gate.set()  # type: ignore[union-attr]
    await asyncio.gather(*tasks)
    assert bench.app.renders == 5


async def test_followers_of_a_failed_leader_get_the_page() -> None:
    """A failure is the leader's own; one of the others makes the next attempt, and they share what it gives."""
    bench = Bench(Application(gate=asyncio.Event(), fails=True))
    leader, *followers = [asyncio.create_task(bench.ask()) for _ in range(5)]
    await _settle()
    bench.app.gate.set()  # type: ignore[union-attr]
    with pytest.raises(RuntimeError):
        await leader
    bench.app.fails = False
    answers = await asyncio.gather(*followers)
    assert [answer.body for answer in answers] == [BODY] * 4
    assert [b"collapsed" in answer.exchange.status for answer in answers].count(True) == 3
    assert bench.app.renders == 2


async def _outage(bench: Bench, readers: int) -> list[Answer | BaseException]:
    """Readers who come while the application fails, all at once."""
    bench.app.gate = asyncio.Event()
    tasks = [asyncio.create_task(bench.ask()) for _ in range(readers)]
    await _settle()
    bench.app.gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("status", [500, 503, None])
async def test_in_an_outage_one_attempt_is_made_at_a_time(status: int | None) -> None:
    """Nobody renders beside another, whether the failure is a status or an exception, and however often it comes."""
    bench = Bench(Application(status=status or 200, fails=status is None))
    for _ in range(2):
        answers = await _outage(bench, 4)
        assert [getattr(answer, "status", None) for answer in answers] == [status] * 4
    assert (bench.app.renders, bench.app.at_once) == (8, (0, 1))
    bench.app.status, bench.app.fails = 200, False
    bench.app.renders = 0
    answers = await _outage(bench, 4)
    assert ([getattr(answer, "body", None) for answer in answers], bench.app.renders) == ([BODY] * 4, 1)


async def test_in_an_outage_one_attempt_answers_all_who_may_have_a_stale_page() -> None:
    """The stale page stands in for those who waited as for the one who tried."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 400
    bench.app.status = 503
    answers = await _outage(bench, 5)
    statuses = [answer.exchange.status for answer in answers if isinstance(answer, Answer)]
    assert sorted(statuses) == [
        *[b"anp; fwd=stale; collapsed; ttl=-100; detail=sie"] * 4,
        b"anp; fwd=stale; fwd-status=503; ttl=-100; detail=sie",
    ]
    assert (bench.app.renders, bench.cache.rescues) == (2, 5)


async def test_a_leader_who_was_given_up_is_a_failure() -> None:
    """A request that is cancelled says nothing of its page: others do not take it for one that is not for all."""
    bench = Bench(Application(gate=asyncio.Event()))
    leader = asyncio.create_task(bench.ask())
    await _settle()
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)
    answers = await _outage(bench, 3)
    assert ([getattr(answer, "body", None) for answer in answers], bench.app.renders) == ([BODY] * 3, 2)


async def test_patience_is_one_for_all_attempts() -> None:
    """Who has waited long enough for renders that failed does not begin to wait for another one."""
    flights = Flights(lambda: 0.0, patience=5.0)
    key = ("http", b"site.example", b"/", b"")
    flights.lead(key)
    assert await flights.follow(key, asyncio.get_running_loop().time() - 5.0) is None


async def test_unstorable_pages_form_no_convoy() -> None:
    """Once a page turned out private, requests for it are made side by side, until that is forgotten."""
    bench = Bench(Application(headers=[], gate=asyncio.Event()))
    bench.app.gate.set()  # type: ignore[union-attr]
    await bench.ask()
    bench.app.gate.clear()  # type: ignore[union-attr]
    tasks = [asyncio.create_task(bench.ask()) for _ in range(4)]
    await _settle()
    assert bench.app.renders == 1 + 4
    bench.app.gate.set()  # type: ignore[union-attr]
    await asyncio.gather(*tasks)


async def test_a_follower_does_not_wait_for_ever() -> None:
    """When the leader takes too long, a follower renders for itself."""
    bench = Bench(Application(gate=asyncio.Event()))
    bench.cache.flights._patience = 0.01
    leader = asyncio.create_task(bench.ask())
    await _settle()
    follower = asyncio.create_task(bench.ask())
    await _until(lambda: bench.app.renders == 2)
    bench.app.gate.set()  # type: ignore[union-attr]
    assert (await follower).body == (await leader).body == BODY


async def test_a_render_overtaken_by_a_purge_is_not_stored() -> None:
    """What was read before a purge never comes back after it."""
    bench = Bench(Application([*KEPT, (b"cache-groups", b'"post-1"')], gate=asyncio.Event()))
    render = asyncio.create_task(bench.ask())
    await _settle()
    bench.app.body = b"new"
    bench.cache.purge(["post-1"])
    bench.app.gate.set()  # type: ignore[union-attr]
    assert b"stored" not in (await render).exchange.status
    after = await bench.ask()
    assert (after.exchange.word, after.body) == ("MISS", b"new")


async def test_nobody_joins_a_render_from_before_a_purge() -> None:
    """A reader who comes after the purge gets what was written before it, though an older render is under way."""
    bench = Bench(Application([*KEPT, (b"cache-groups", b'"post-1"')], gate=asyncio.Event()))
    older = asyncio.create_task(bench.ask())
    await _settle()
    bench.app.body = b"new"
    bench.cache.purge(["post-1"])
    later = asyncio.create_task(bench.ask())
    await _settle()
    bench.app.gate.set()  # type: ignore[union-attr]
    assert (await older).body == BODY
    assert (await later).body == b"new"
    assert (await bench.ask()).body == b"new"


async def test_a_purge_of_something_else_refuses_nothing() -> None:
    """A render is stored although another page was purged meanwhile."""
    bench = Bench(Application([*KEPT, (b"cache-groups", b'"post-1"')], gate=asyncio.Event()))
    render = asyncio.create_task(bench.ask())
    await _settle()
    bench.cache.purge(["post-2"])
    bench.app.gate.set()  # type: ignore[union-attr]
    assert b"stored" in (await render).exchange.status


@pytest.mark.parametrize(
    "drop",
    [
        lambda cache: cache.purge(["post-1"]),
        lambda cache: cache.purge_path(b"/"),
        lambda cache: cache.purge_everything(),
    ],
)
async def test_a_page_is_purged_by_what_it_shows_by_path_and_with_all(drop: Callable[[PageCache], int]) -> None:
    """Each way of purging drops the page and counts it."""
    bench = Bench(Application([*KEPT, (b"cache-groups", b'"post-1"')]))
    await bench.ask()
    assert drop(bench.cache) == 1
    assert (await bench.ask()).exchange.word == "MISS"


async def test_a_failure_after_the_error_page_still_sends_the_page() -> None:
    """An application that answers 500 and then raises is answered for, and the error goes on."""

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"sorry"})
        raise RuntimeError("broken")

    bench = Bench(Application())
    bench.cache._app = failing
    with pytest.raises(RuntimeError):
        await bench.ask()
    assert len(bench.cache.store) == 0


async def _settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def _until(condition: Callable[[], bool]) -> None:
    async def poll() -> None:
        while not condition():
            await asyncio.sleep(0.001)

    await asyncio.wait_for(poll(), 10)


# -- stale pages ------------------------------------------------------------------------------------------------------

LENIENT: Headers = [
    (b"cdn-cache-control", b"max-age=300, stale-while-revalidate=60, stale-if-error=600"),
    (b"etag", b'"one"'),
]


async def test_a_stale_page_is_sent_at_once_while_a_new_one_is_made() -> None:
    """Nobody waits in the time of stale-while-revalidate; one refresh runs, and the next reader has the new page."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 307
    bench.app.body, bench.app.headers = b"new", [*LENIENT[:1], (b"etag", b'"two"')]
    bench.app.gate = asyncio.Event()
    stale = [await bench.ask() for _ in range(3)]
    assert {(answer.body, answer.exchange.word, answer.headers["age"]) for answer in stale} == {(BODY, "STALE", "307")}
    assert {answer.exchange.status for answer in stale} == {b"anp; hit; ttl=-7; detail=swr"}
    await _settle()
    assert bench.app.renders == 2
    bench.app.gate.set()
    await bench.cache.drain()
    new = await bench.ask()
    assert (new.body, new.exchange.word, bench.app.renders, bench.cache.refreshes) == (b"new", "HIT", 2, 1)


async def test_beyond_its_time_a_stale_page_is_waited_for() -> None:
    """After stale-while-revalidate a reader waits for the new page."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 360
    assert (await bench.ask()).exchange.word == "EXPIRED"


@pytest.mark.parametrize("status", [500, 502, 503, 504, None])
async def test_a_stale_page_stands_in_for_a_failure(status: int | None) -> None:
    """In the time of stale-if-error neither an error page nor an exception reaches a reader; after it both do."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 899
    bench.app.status, bench.app.fails = status or 200, status is None
    answer = await bench.ask()
    assert (answer.status, answer.body, answer.exchange.word, bench.cache.rescues) == (200, BODY, "STALE", 1)
    bench.now += 2
    if status is None:
        with pytest.raises(RuntimeError):
            await bench.ask()
    else:
        assert (await bench.ask()).status == status


async def test_a_page_purged_meanwhile_stands_in_for_nothing() -> None:
    """What was purged while it was being made anew is wrong, and worse than an error."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 400
    bench.app.gate, bench.app.status = asyncio.Event(), 503
    waiting = asyncio.create_task(bench.ask())
    await _settle()
    bench.cache.purge_path(b"/")
    bench.app.gate.set()
    assert (await waiting).status == 503


async def test_a_page_that_is_gone_is_no_failure() -> None:
    """A 404 is an answer: the stale page does not hide it."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 400
    bench.app.status = 404
    assert (await bench.ask()).status == 404


ENDINGS: dict[str, tuple[int, Headers]] = {
    "not found": (404, []),
    "gone": (410, []),
    "forbidden": (403, []),
    "no store": (200, [(b"cdn-cache-control", b"no-store")]),
    "private": (200, [(b"cdn-cache-control", b"max-age=300"), (b"cache-control", b"private")]),
    "nothing said": (200, []),
    "moved": (302, [(b"location", b"/elsewhere")]),
    "personal": (200, [*KEPT, (b"set-cookie", b"a=b")]),
    "unchanged, no store": (304, [(b"cdn-cache-control", b"no-store")]),
}
"""What a page may have become that the cache may not keep."""


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_refresh_that_finds_another_page_drops_the_old_one(ending: str) -> None:
    """What may not be kept takes the place of the stale page all the same: nobody is sent that any longer."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 307
    bench.app.status, bench.app.headers = ENDINGS[ending]
    assert (await bench.ask()).exchange.word == "STALE"
    await bench.cache.drain()
    assert len(bench.cache.store) == 0
    bench.app.status = bench.app.status if bench.app.status != 304 else 200
    after = await bench.ask()
    assert (after.status, after.exchange.word, bench.app.renders) == (bench.app.status, "BYPASS", 3)


@pytest.mark.parametrize("status", [400, 408, 429, 431, 500, 501, 503, 504, None, "cut"])
async def test_a_refresh_that_fails_leaves_the_old_page(status: int | str | None) -> None:
    """A failure, or fault found with the request, says nothing of the page."""
    bench = Bench(Application(LENIENT))
    await bench.ask()
    bench.now += 307
    bench.app.headers = [(b"content-length", b"9999")] if status == "cut" else []
    bench.app.status, bench.app.fails = status if isinstance(status, int) else 200, status is None
    for _ in range(2):
        answer = await bench.ask()
        assert (answer.body, answer.exchange.word) == (BODY, "STALE")
        await bench.cache.drain()
    assert bench.app.renders == 3


async def test_a_page_that_grew_beyond_the_store_drops_the_old_one() -> None:
    """The new page has no room; the old one is wrong."""
    bench = Bench(Application(LENIENT), Options(max_bytes=20_000))
    await bench.ask()
    bench.now += 307
    bench.app.body = b"x" * 30_000
    await bench.ask()
    await bench.cache.drain()
    assert ((await bench.ask()).body, len(bench.cache.store)) == (bench.app.body, 0)


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        ({}, "BYPASS"),
        ({"authorization": "Basic x"}, "HIT"),
        ({"cache_control": "no-cache, no-store"}, "HIT"),
    ],
)
async def test_an_answer_that_is_one_readers_leaves_the_page_of_all(wishes: dict[str, str], word: str) -> None:
    """What may not be kept for the sake of one request says nothing of the page that others have."""
    bench = Bench(Application([(b"cache-control", b"max-age=300"), (b"etag", b'"one"')]), Options(profile=RFC))
    await bench.ask()
    bench.app.headers = [(b"cache-control", b"no-store")]
    await bench.ask(**{"cache_control": "no-cache", **wishes})
    assert (await bench.ask()).exchange.word == word


@pytest.mark.parametrize("strict", [b"must-revalidate", b"proxy-revalidate", b"s-maxage=300", b"no-cache"])
async def test_strict_pages_are_never_sent_stale(strict: bytes) -> None:
    """Directives that forbid stale pages outweigh those that allow them."""
    allows = b"max-age=300, stale-while-revalidate=60, stale-if-error=600, "
    bench = Bench(Application([(b"cache-control", allows + strict), (b"etag", b'"one"')]), Options(profile=RFC))
    await bench.ask()
    bench.now += 310
    bench.app.status = 503
    assert (await bench.ask()).status == 503


async def test_an_unchanged_page_is_not_sent_again_by_the_application() -> None:
    """A stale page is asked for by its validators; a 304 makes it fresh, with the new fields, and keeps its body."""
    headers = [*KEPT, (b"etag", b'"one"'), (b"last-modified", b"Sat, 28 Nov 2026 10:00:00 GMT"), (b"x-old", b"1")]
    bench = Bench(Application(headers))
    first = await bench.ask(accept_encoding="gzip")
    bench.now += 400
    bench.app.status, bench.app.body = 304, b""
    bench.app.headers = [*KEPT, (b"etag", b'"one"'), (b"x-new", b"2")]
    answer = await bench.ask(accept_encoding="gzip")
    assert bench.app.asked[b"if-none-match"] == b'"one"'
    assert bench.app.asked[b"if-modified-since"] == b"Sat, 28 Nov 2026 10:00:00 GMT"
    assert (answer.status, answer.body, answer.exchange.word) == (200, first.body, "REVALIDATED")
    assert answer.exchange.status == b"anp; fwd=stale; fwd-status=304; stored; ttl=300"
    assert (answer.headers["x-old"], answer.headers["x-new"]) == ("1", "2")
    again = await bench.ask()
    assert (again.body, again.exchange.word, bench.app.renders) == (BODY, "HIT", 2)


@pytest.mark.parametrize("status", [200, 304])
async def test_a_page_that_varies_from_now_on_is_no_page_for_all(status: int) -> None:
    """A new Vary counts, also in a 304: the page as it was does not stay for readers of other kinds."""
    bench = Bench(Application([(b"cache-control", b"max-age=300"), (b"etag", b'"one"')]), Options(profile=RFC))
    await bench.ask()
    bench.app.status = status
    bench.app.headers = [*bench.app.headers, (b"vary", b"Accept-Language")]
    await bench.ask(cache_control="no-cache", accept_language="de")
    bench.app.status = 200
    words = [(await bench.ask(accept_language=language)).exchange.word for language in ("de", "en")]
    assert words == ["HIT", "MISS"]


async def test_a_304_keeps_that_a_page_has_a_form_for_each_coding() -> None:
    """The Vary of the application and the one for codings both stand, however often the page is made fresh."""
    headers = [*KEPT, (b"etag", b'"one"'), (b"vary", b"X-Own")]
    bench = Bench(Application(headers))
    await bench.ask()
    bench.app.status, bench.app.body = 304, b""
    for _ in range(2):
        bench.now += 400
        answer = await bench.ask(accept_encoding="gzip")
        assert answer.exchange.word == "REVALIDATED"
        assert (answer.every["vary"], answer.headers["content-encoding"]) == (["X-Own", "Accept-Encoding"], "gzip")


async def test_the_application_is_asked_by_its_own_validators_alone() -> None:
    """A tag that was made here is none that it knows; after a 304 it is asked as before."""
    stamp = b"Sat, 28 Nov 2026 10:00:00 GMT"
    bench = Bench(Application([*KEPT, (b"last-modified", stamp)]))
    await bench.ask()
    bench.app.status, bench.app.body = 304, b""
    for _ in range(2):
        bench.now += 400
        assert (await bench.ask()).exchange.word == "REVALIDATED"
        assert (bench.app.asked.get(b"if-none-match"), bench.app.asked[b"if-modified-since"]) == (None, stamp)


async def test_a_page_near_its_end_is_refreshed_early_by_chance() -> None:
    """The unluckier the coin and the dearer the page, the earlier; the reader who triggers it has a plain hit."""
    bench = Bench(Application())
    await bench.ask()
    (entry,) = bench.cache.store.get(("http", b"site.example", b"/", b""))
    bench.cache.store.put(("http", b"site.example", b"/", b""), dataclasses.replace(entry, effort=2.0), 0)
    bench.now += 297  # three seconds are left
    bench.coin = 0.5  # 2 s times ln 2
    assert (await bench.ask()).exchange.word == "HIT"
    await bench.cache.drain()
    assert bench.app.renders == 1
    bench.coin = 0.9  # 2 s times ln 10
    assert (await bench.ask()).exchange.status == b"anp; hit; ttl=3"
    await bench.cache.drain()
    assert (bench.app.renders, (await bench.ask()).exchange.status) == (2, b"anp; hit; ttl=300")


# -- variants, parts, changes -----------------------------------------------------------------------------------------


async def test_a_page_that_varies_is_kept_for_each_kind_of_reader() -> None:
    """Requests that differ in a named field have pages of their own; others share."""
    bench = Bench(Application([*KEPT, (b"vary", b"Accept-Language")]))
    bench.app.body = b"hello"
    await bench.ask(accept_language="en")
    bench.app.body = b"hallo"
    german = await bench.ask(accept_language="de")
    assert german.exchange.status == b"anp; fwd=vary-miss; fwd-status=200; stored; ttl=300"
    assert [(await bench.ask(accept_language=word)).body for word in ("en", "de", " en ", "EN")] == [
        b"hello",
        b"hallo",
        b"hello",
        b"hello",
    ]
    assert bench.app.renders == 2


async def test_only_what_is_known_to_mean_the_same_is_the_same_kind_of_reader() -> None:
    """Neither the order of languages nor the case of a field that the cache does not know is looked through."""
    bench = Bench(Application([*KEPT, (b"vary", b"Accept-Language, X-Own")]))
    asked = [("en, de", "a"), ("de, en", "a"), ("en, de", "A")]
    words = [(await bench.ask(accept_language=languages, x_own=own)).exchange.word for languages, own in asked]
    assert words == ["MISS"] * 3


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        ("bytes=0-4", 206, BODY[:5], f"bytes 0-4/{len(BODY)}"),
        ("bytes=5-", 206, BODY[5:], f"bytes 5-{len(BODY) - 1}/{len(BODY)}"),
        ("bytes=-3", 206, BODY[-3:], f"bytes {len(BODY) - 3}-{len(BODY) - 1}/{len(BODY)}"),
        (f"bytes=7-{10 * len(BODY)}", 206, BODY[7:], f"bytes 7-{len(BODY) - 1}/{len(BODY)}"),
        (f"bytes={len(BODY)}-", 416, b"", f"bytes */{len(BODY)}"),
        ("bytes=-0", 416, b"", f"bytes */{len(BODY)}"),
        ("bytes=5-2", 200, BODY, None),
        ("bytes=0-1,3-4", 200, BODY, None),
        ("lines=1-2", 200, BODY, None),
        ("bytes=-", 200, BODY, None),
        (f"bytes=0-{'9' * 30}", 200, BODY, None),
    ],
)
async def test_a_part_is_cut_from_the_stored_page(asked: str, status: int, part: bytes, told: str | None) -> None:
    """One range of bytes is a part, a range beyond the end an error; what is no range, or several, gets the whole."""
    bench = Bench(Application())
    cold = await bench.ask(range=asked)
    for answer in (cold, await bench.ask(range=asked)):
        assert (answer.status, answer.body, answer.headers.get("content-range")) == (status, part, told)
        assert answer.headers["content-length"] == str(len(part))
    assert bench.app.renders == 1
    assert (await bench.ask()).body == BODY


async def test_a_part_is_sent_only_of_the_page_that_was_meant() -> None:
    """If-Range by the strong tag or the exact date; anything else gets the whole page."""
    stamp = "Sun, 17 May 2026 21:03:50 GMT"
    bench = Bench(Application([*KEPT, (b"last-modified", stamp.encode())]))
    etag = (await bench.ask()).headers["etag"]
    meant = {etag: 206, f"W/{etag}": 200, '"other"': 200, stamp: 206, "Sun, 17 May 2026 21:03:51 GMT": 200, "": 206}
    for condition, status in meant.items():
        assert (await bench.ask(range="bytes=0-4", if_range=condition)).status == status, condition


@pytest.mark.parametrize(
    ("method", "status", "kept"),
    [
        ("POST", 200, False),
        ("POST", 303, False),
        ("PUT", 204, False),
        ("DELETE", 200, False),
        ("M-SEARCH", 200, False),
        ("POST", 400, True),
        ("POST", 500, True),
        ("OPTIONS", 200, True),
        ("TRACE", 200, True),
    ],
)
async def test_a_change_drops_the_page_at_its_address(method: str, status: int, *, kept: bool) -> None:
    """Every method that is not known to be safe, also an unknown one, unless it failed; other pages stay."""
    bench = Bench(Application())
    await bench.ask("/a")
    await bench.ask("/b")
    bench.app.status = status
    await bench.ask("/a", method=method)
    bench.app.status = 200
    assert [(await bench.ask(path)).exchange.word for path in ("/a", "/b")] == ["HIT" if kept else "MISS", "HIT"]


async def test_a_change_drops_the_groups_and_addresses_that_it_names() -> None:
    """Cache-Group-Invalidation, Location and Content-Location of a change count, as far as they are of this host."""
    bench = Bench(Application([*KEPT, (b"cache-groups", b'"list"')]), Options(profile=RFC))
    await bench.ask("/grouped")
    bench.app.headers = KEPT
    for path in ("/located", "/content", "/elsewhere"):
        await bench.ask(path)
    bench.app.headers = [
        (b"cache-group-invalidation", b'"list"'),
        (b"location", b"http://site.example/located"),
        (b"content-location", b"/content?x"),
    ]
    await bench.ask("/new", method="POST")
    bench.app.headers = [(b"location", b"http://other.example/elsewhere")]
    await bench.ask("/new", method="POST")
    bench.app.headers = KEPT
    words = [(await bench.ask(path)).exchange.word for path in ("/grouped", "/located", "/content", "/elsewhere")]
    assert words == ["MISS", "MISS", "MISS", "HIT"]


async def test_a_read_drops_no_groups() -> None:
    """Cache-Group-Invalidation counts on responses to changes alone."""
    bench = Bench(Application([*KEPT, (b"cache-groups", b'"list"')]))
    await bench.ask("/a")
    bench.app.headers = [(b"cache-group-invalidation", b'"list"')]
    await bench.ask("/b")
    assert (await bench.ask("/a")).exchange.word == "HIT"


async def test_a_page_that_broke_off_is_not_kept() -> None:
    """Fewer bytes than announced are no page."""
    bench = Bench(Application([*KEPT, (b"content-length", b"5000")]))
    await bench.ask()
    assert (await bench.ask()).exchange.word == "BYPASS"
    assert bench.app.renders == 2


# -- wishes of requests -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ("no-cache", "REVALIDATED"),
        ("max-age=5", "REVALIDATED"),
        ("max-age=20", "HIT"),
        ("min-fresh=291", "REVALIDATED"),
        ("min-fresh=290", "HIT"),
        ("no-store", "HIT"),
        ("only-if-cached", "HIT"),
    ],
)
async def test_a_shared_cache_obeys_its_requests_and_a_site_does_not(wish: str, word: str) -> None:
    """Directives of a request send it to the origin in the one profile, and never in the other."""
    for profile, expected in ((RFC, word), (SITE, "HIT")):
        bench = Bench(
            Application([(b"cdn-cache-control", b"max-age=300"), (b"etag", b'"one"')]), Options(profile=profile)
        )
        await bench.ask()
        bench.now += 10
        bench.app.status = 304
        assert (await bench.ask(cache_control=wish)).exchange.word == expected


async def test_a_stale_page_is_good_enough_for_who_says_so() -> None:
    """max-stale, with a bound and without; not of a page that has to be asked for."""
    for strict, expected in ((b"", ["STALE", "EXPIRED", "STALE"]), (b", must-revalidate", ["EXPIRED"] * 3)):
        words = []
        for wish in ("max-stale=11", "max-stale=9", "max-stale"):
            bench = Bench(Application([(b"cache-control", b"max-age=300" + strict)]), Options(profile=RFC))
            await bench.ask()
            bench.now += 310
            words.append((await bench.ask(cache_control=wish)).exchange.word)
        assert words == expected


@pytest.mark.parametrize("profile", [SITE, RFC])
async def test_only_if_cached_never_enters_the_application(profile: Profile) -> None:
    """What is not there is a 504, which says how to have it made."""
    bench = Bench(Application(), Options(profile=profile))
    answer = await bench.ask(cache_control="only-if-cached")
    assert (answer.status, bench.app.renders) == (504, 0)
    assert answer.body == NOT_KEPT.encode()
    assert answer.headers["cache-control"] == "no-store"


async def test_age_includes_what_the_page_was_old_when_it_came() -> None:
    """Age is counted from the origin: by its Date or by the Age of a cache before, whichever is more."""
    bench = Bench(
        Application([(b"cache-control", b"max-age=300"), (b"date", DATE), (b"age", b"40")]), Options(profile=RFC)
    )
    first = await bench.ask()
    bench.now += 5
    second = await bench.ask()
    assert (first.headers["age"], second.headers["age"], second.headers["date"]) == ("40", "45", DATE.decode())
    bench.app.headers = [(b"cache-control", b"max-age=300"), (b"date", b"Sun, 29 Nov 2026 09:58:00 GMT")]
    await bench.ask("/late")
    bench.now += 1
    assert (await bench.ask("/late")).headers["age"] == "126"
