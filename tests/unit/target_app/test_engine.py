"""The page cache around a small application whose every render is counted and can be held up."""

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field

import http_sf
import pytest
from starlette.types import Receive, Scope, Send

from target_app.page_cache import EXCHANGE, Exchange, Options, PageCache
from target_app.page_cache.policy import Headers

pytestmark = pytest.mark.anyio
KEPT: Headers = [(b"cdn-cache-control", b"max-age=300"), (b"content-type", b"text/html")]
BODY = b"<p>page</p>" * 100


@dataclass
class Application:
    """Answers every request with the same headers, waits for ``gate`` if there is one, and counts."""

    headers: Headers = field(default_factory=lambda: list(KEPT))
    status: int = 200
    body: bytes = BODY
    gate: asyncio.Event | None = None
    renders: int = 0
    fails: bool = False
    queries: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, in two parts."""
        self.renders += 1
        self.queries.append(scope["query_string"])
        body = self.body
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise RuntimeError("the render failed")
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    exchange: Exchange


@dataclass
class Bench:
    """A cache around an application, with a clock that stands still until it is moved."""

    app: Application
    options: Options = field(default_factory=Options)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.cache = PageCache(self.app, self.options, clock=lambda: self.now)

    async def ask(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        """Send one request."""
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        exchange = Exchange()
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
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
        return Answer(start["status"], found, body["body"], exchange)


async def test_the_second_reader_gets_the_stored_page() -> None:
    """A hit gives the same bytes and does not enter the application."""
    bench = Bench(Application())
    first, second = await bench.ask(), await bench.ask()
    assert (first.exchange.word, second.exchange.word, bench.app.renders) == ("MISS", "HIT", 1)
    assert second.body == first.body == BODY


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
        await bench.ask(method="POST"),
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


async def test_followers_of_a_failed_leader_go_on_alone() -> None:
    """A failure is the leader's own; the others get the page."""
    bench = Bench(Application(gate=asyncio.Event(), fails=True))
    leader, *followers = [asyncio.create_task(bench.ask()) for _ in range(3)]
    await _settle()
    bench.app.gate.set()  # type: ignore[union-attr]
    with pytest.raises(RuntimeError):
        await leader
    bench.app.fails = False
    assert [answer.body for answer in await asyncio.gather(*followers)] == [BODY, BODY]


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
