"""The page cache beside another one: hishel's state machine of RFC 9111, which does no input or output of its own.

Both are shared caches before the same origin, at the same moment, by the same clock. They are asked the same, and where
they do not do the same, a choice below must say why, or it is a failure. Stale pages beyond what a request allows are
left out, as hishel knows none (RFC 5861), and so are parts.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from types import SimpleNamespace
from unittest import mock

import hishel
import pytest
from hishel._core import _spec
from hishel._utils import parse_date
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from starlette.types import Receive, Scope, Send

from target_app.page_cache import EXCHANGE, RFC, Exchange, Options, PageCache
from target_app.page_cache.fields import directives, http_seconds

pytestmark = pytest.mark.deep

START = 1_795_946_400
"""Unix seconds at which every comparison begins."""
ADDRESS = "http://site.example/"
Fields = Mapping[str, str]


def date(offset: int) -> str:
    """An HTTP date, so many seconds from the start."""
    return formatdate(START + offset, usegmt=True)


@dataclass(frozen=True)
class Page:
    """What the origin says.

    Attributes:
        edition: Its body and its validators.
        status: Of a whole answer.
        fields: Those that are the same at any time.
        dated: Seconds from the true time to its ``Date``; a string is sent as it is; None: there is none.
        expires: Seconds from the true time to its ``Expires``; a string is sent as it is; None: there is none.
        etag: ``strong``, ``weak`` or none.
        last_modified: Whether it is said; each edition has a moment of its own.
        renamed: Whether a 304 carries another tag than the edition has.
    """

    edition: int = 0
    status: int = 200
    fields: tuple[tuple[str, str], ...] = ()
    dated: int | str | None = 0
    expires: int | str | None = None
    etag: str | None = "strong"
    last_modified: bool = False
    renamed: bool = False

    def answer(self, asked: Fields, now: int) -> tuple[int, dict[str, str], str]:
        """Status, fields and body at a moment, counted from the start."""
        said = dict(self.fields)
        for name, value in (("date", self.dated), ("expires", self.expires)):
            if value is not None:
                said[name] = value if isinstance(value, str) else date(now + value)
        if self.etag is not None:
            said["etag"] = f'{"W/" if self.etag == "weak" else ""}"{self.edition}"'
        if self.last_modified:
            said["last-modified"] = date(self.edition - 1_000_000)
        known = asked.get("if-none-match", ""), asked.get("if-modified-since", "")
        if self.status == 200 and (said.get("etag") == known[0] if known[0] else said.get("last-modified") == known[1]):
            return 304, said | ({"etag": '"another"'} if self.renamed else {}), ""
        return self.status, said, f"edition {self.edition}"


@dataclass(frozen=True)
class Ask:
    """What a reader sends."""

    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def cache_control(self) -> Mapping[str, str | None]:
        """Its directives."""
        return directives(dict(self.fields).get("cache-control", "").encode())


@dataclass(frozen=True)
class Seen:
    """What one of the caches did.

    Attributes:
        reused: Whether it answered without asking the origin.
        conditions: What it asked the origin by, where it asked.
        stored: Whether it kept what it was told.
        answer: Status and body.
        age: ``Age`` of what it reused.
    """

    reused: bool
    conditions: tuple[str | None, str | None]
    stored: bool
    answer: tuple[int, str]
    age: int | None

    def differs(self, other: Seen) -> frozenset[str]:
        """Names of what another one did otherwise."""
        return frozenset(name for name in self.__dataclass_fields__ if getattr(self, name) != getattr(other, name))


@dataclass
class Origin:
    """The origin as one of the caches sees it."""

    page: Page = Page()
    now: int = 0
    told: list[tuple[Fields, dict[str, str], bool]] = field(default_factory=list)

    def ask(self, fields: Fields) -> tuple[int, dict[str, str], str]:
        """Answer, and note what was asked and said."""
        status, said, body = self.page.answer(fields, self.now)
        self.told.append((fields, said, status == 304))
        return status, said, body

    def conditions(self) -> tuple[str | None, str | None]:
        """Those of the last question."""
        asked = self.told[-1][0] if self.told else {}
        return asked.get("if-none-match"), asked.get("if-modified-since")


class Ours:
    """The page cache with the profile ``rfc``."""

    def __init__(self) -> None:
        self.origin = Origin()
        self.runner = asyncio.Runner()
        self.cache = PageCache(
            self._app,
            Options(profile=RFC, compression="off", early=0.0, ttl_cap=2**31),
            clock=lambda: float(self.origin.now),
            wall=lambda: float(START + self.origin.now),
        )

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, said, body = self.origin.ask({name.decode(): value.decode() for name, value in scope["headers"]})
        raw = [(name.encode(), value.encode()) for name, value in said.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body.encode()})

    def ask(self, asked: Ask) -> Seen:
        """Send one request."""
        self.origin.told.clear()
        exchange = Exchange()
        scope = {
            "type": "http",
            "method": asked.method,
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(b"host", b"site.example"), *((name.encode(), value.encode()) for name, value in asked.fields)],
            EXCHANGE: exchange,
        }
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        self.runner.run(self.cache(scope, None, send))  # type: ignore[arg-type]
        start, body = sent
        fields = {name.decode(): value.decode() for name, value in start["headers"]}  # type: ignore[attr-defined]
        reused = not self.origin.told
        return Seen(
            reused,
            (None, None) if reused else self.origin.conditions(),
            b"; stored" in exchange.status,
            (start["status"], body["body"].decode()),  # type: ignore[arg-type, attr-defined]
            int(fields["age"]) if reused and "age" in fields else None,
        )

    def forget(self) -> None:
        """Drop everything."""
        self.cache.purge_everything()


class Theirs:
    """hishel's state machine, and a list of what it wants kept.

    It keeps the answers to HEAD and to GET apart, while the page cache asks for the whole page in any case; so it is
    asked for that here as well.
    """

    OPTIONS = hishel.CacheOptions(shared=True, supported_methods=["GET", "HEAD"], allow_stale=False)

    def __init__(self) -> None:
        self.origin = Origin()
        self.entries: list[tuple[hishel.Entry, str]] = []
        self.foreign = False

    def ask(self, asked: Ask) -> Seen:
        """Send one request."""
        self.origin.told.clear()
        with self._clock():
            return self._ask(asked)

    def _clock(self) -> AbstractContextManager[object]:
        return mock.patch.object(_spec, "time", SimpleNamespace(time=lambda: float(START + self.origin.now)))

    def _ask(self, asked: Ask) -> Seen:
        request = hishel.Request("GET", ADDRESS, hishel.Headers(dict(asked.fields)))
        state: hishel.AnyState = hishel.IdleClient(self.OPTIONS)
        state = state.next(request, [entry for entry, _ in self.entries])
        stored, body, self.foreign = False, "", False
        replaced: list[uuid.UUID] = []
        while not isinstance(state, hishel.FromCache | hishel.StoreAndUse | hishel.CouldNotBeStored):
            if isinstance(state, hishel.CacheMiss | hishel.NeedRevalidation):
                if isinstance(state, hishel.NeedRevalidation):
                    fitting = [entry for entry in state.revalidating_entries if _fits(entry, request)]
                    replaced = [entry.id for entry in fitting]
                    self.foreign = state.revalidating_entries[0] not in fitting
                status, said, body = self.origin.ask(dict(state.request.headers))
                state = state.next(hishel.Response(status, hishel.Headers(said)))
            elif isinstance(state, hishel.InvalidateEntries):
                self._drop(state.entry_ids)
                state = state.next()
            elif isinstance(state, hishel.NeedToBeUpdated):
                fresh = {entry.id: entry for entry in state.updating_entries}
                self.entries = [(fresh.get(entry.id, entry), body) for entry, body in self.entries]
                stored = True
                state = state.next()
            else:
                raise TypeError(state)
        reused = not self.origin.told
        if isinstance(state, hishel.FromCache):
            status = state.entry.response.status_code
            body = next(body for entry, body in self.entries if entry.id == state.entry.id)
            age = state.entry.response.headers.get("age")
        else:
            status, age = state.response.status_code, None
            stored = isinstance(state, hishel.StoreAndUse)
            if stored:
                self._drop(replaced)
                self.entries.append((hishel.Entry(uuid.uuid4(), request, state.response), body))
        return Seen(
            reused,
            (None, None) if reused else self.origin.conditions(),
            stored,
            (status, "" if asked.method == "HEAD" else body),
            int(age) if reused and age is not None else None,
        )

    def would_ask(self, asked: Ask) -> bool:
        """Whether it would ask the origin again, if the same were asked without wishes."""
        fields = {name: value for name, value in asked.fields if name != "cache-control"}
        request = hishel.Request("GET", ADDRESS, hishel.Headers(fields))
        with self._clock():
            state = hishel.IdleClient(self.OPTIONS).next(request, [entry for entry, _ in self.entries])
        return not isinstance(state, hishel.FromCache)

    def forget(self) -> None:
        """Drop everything."""
        self.entries.clear()

    def _drop(self, ids: Iterable[uuid.UUID]) -> None:
        gone = set(ids)
        self.entries = [(entry, body) for entry, body in self.entries if entry.id not in gone]


def _fits(entry: hishel.Entry, request: hishel.Request) -> bool:
    return _spec.vary_headers_match(request, entry)


class Both:
    """The two caches, side by side, and what happened since they last knew nothing."""

    def __init__(self) -> None:
        self.now = 0
        self.page = Page()
        self.ours, self.theirs = Ours(), Theirs()
        self.asked: list[Ask] = []
        self.received: list[Received] = []
        self.unkept = False

    def ask(self, asked: Ask) -> Case | None:
        """Send one request to both; what differs is a case, and afterwards neither knows anything."""
        for cache in (self.ours, self.theirs):
            cache.origin.page, cache.origin.now = self.page, self.now
        held = bool(self.theirs.entries)
        self.asked.append(asked)
        ours, theirs = self.ours.ask(asked), self.theirs.ask(asked)
        told = self.ours.origin.told or self.theirs.origin.told
        if told:
            self.received.append(Received(told[-1][1], self.now, unchanged=told[-1][2]))
        if ours.differs(theirs):
            case = Case(
                tuple(self.asked),
                tuple(self.received),
                ours,
                theirs,
                unkept=self.unkept,
                would_ask=self.theirs.would_ask(asked),
                foreign=self.theirs.foreign,
            )
            self.forget()
            return case
        self.unkept = self.unkept or bool(held and told and not ours.stored)
        return None

    def forget(self) -> None:
        """Drop everything from both."""
        self.ours.forget()
        self.theirs.forget()
        self.asked, self.received, self.unkept = [], [], False

    def close(self) -> None:
        """End what runs."""
        self.ours.runner.close()


# -- choices ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Received:
    """What the origin said.

    Attributes:
        fields: Of its answer.
        at: When.
        unchanged: Whether it was a 304.
    """

    fields: Fields
    at: int
    unchanged: bool

    @property
    def cache_control(self) -> str:
        """As it came."""
        return self.fields.get("cache-control", "")

    @property
    def rules(self) -> Mapping[str, str | None]:
        """Its directives."""
        return directives(self.cache_control.encode())

    @property
    def date(self) -> int | None:
        """Seconds from the start to its date."""
        seconds = http_seconds(self.fields.get("date", "").encode())
        return None if seconds is None else seconds - START


@dataclass(frozen=True)
class Case:
    """One disagreement.

    Attributes:
        requests: All since neither cache knew anything; the last one is answered differently.
        received: What the origin said in that time, the newest last.
        ours: What the page cache did.
        theirs: What hishel did.
        unkept: Whether an earlier answer was kept by neither, though it came in the place of one that was.
        would_ask: Whether hishel would ask the origin for this page again at once.
        foreign: Whether hishel asked by the validators of a response that was chosen for another kind of request.
    """

    requests: tuple[Ask, ...]
    received: tuple[Received, ...]
    ours: Seen
    theirs: Seen
    unkept: bool
    would_ask: bool
    foreign: bool

    @property
    def wishes(self) -> Mapping[str, str | None]:
        """Directives of the request."""
        return self.requests[-1].cache_control

    @property
    def newest(self) -> Received:
        """The last answer of the origin."""
        return self.received[-1]

    def ever(self, test: Callable[[Received], bool]) -> bool:
        """Whether any answer is such."""
        return any(test(each) for each in self.received)

    @property
    def only_theirs_stored(self) -> bool:
        """Whether hishel kept what the page cache did not."""
        return self.theirs.stored and not self.ours.stored


EVERYTHING = frozenset(Seen.__dataclass_fields__)
STORED = frozenset({"stored"})
ASKED = frozenset({"conditions", "stored"})


@dataclass(frozen=True)
class Choice:
    """Why the two caches need not do the same.

    Attributes:
        clause: What decides; of RFC 9111, if nothing else is said.
        about: What they may do otherwise for it.
        applies: Whether it can be the reason of a disagreement.
    """

    clause: str
    about: frozenset[str]
    applies: Callable[[Case], bool]


def _repeats(value: str) -> bool:
    names = [part.partition("=")[0].strip() for part in value.split(",")]
    return max(names.count("max-age"), names.count("s-maxage")) > 1


def _varies_by_anything(each: Received) -> bool:
    return "*" in each.fields.get("vary", "")


def _is_odd(value: str) -> bool:
    return parse_date(value) is not None and http_seconds(value.encode()) is None


CHOICES = {
    # What hishel does not look at.
    "no-store of a request": Choice(
        "5.2.1.5", STORED, lambda case: "no-store" in case.wishes and case.only_theirs_stored
    ),
    "other wishes of a request": Choice(
        "5.2.1",
        EVERYTHING,
        lambda case: bool({"max-age", "min-fresh", "max-stale", "only-if-cached"} & case.wishes.keys()),
    ),
    "Age": Choice("4.2.3 and 5.1", EVERYTHING, lambda case: case.ever(lambda each: "age" in each.fields)),
    "a Date to come": Choice(
        "4.2.3", EVERYTHING, lambda case: case.ever(lambda each: each.date is not None and each.date > each.at)
    ),
    "no Date": Choice("RFC 9110, 6.6.1", EVERYTHING, lambda case: case.ever(lambda each: each.date is None)),
    "must-understand": Choice(
        "5.2.2.3", STORED, lambda case: case.ours.stored and {"must-understand", "no-store"} <= case.newest.rules.keys()
    ),
    "a 304 that may not be kept": Choice(
        "3, 3.5",
        STORED,
        lambda case: (
            case.newest.unchanged
            and case.only_theirs_stored
            and (
                bool({"no-store", "private"} & case.newest.rules.keys())
                or _varies_by_anything(case.newest)
                or "authorization" in dict(case.requests[-1].fields)
            )
        ),
    ),
    # What the page cache treats more strictly.
    "private with fields": Choice(
        "5.2.2.7", STORED, lambda case: case.only_theirs_stored and "private=" in case.newest.cache_control
    ),
    "no-cache with fields": Choice(
        "5.2.2.4", EVERYTHING, lambda case: case.ever(lambda each: "no-cache=" in each.cache_control)
    ),
    "a lifetime that is no number": Choice(
        "4.2.1",
        EVERYTHING,
        lambda case: case.ever(
            lambda each: any(not (each.rules.get(name) or "0").isdigit() for name in ("max-age", "s-maxage"))
        ),
    ),
    "a directive twice": Choice("4.2.1", EVERYTHING, lambda case: case.ever(lambda each: _repeats(each.cache_control))),
    "a date in no form of HTTP": Choice(
        "RFC 9110, 5.6.7", EVERYTHING, lambda case: case.ever(lambda each: _is_odd(each.fields.get("expires", "")))
    ),
    "a guess": Choice(
        "4.2.2",
        EVERYTHING,
        lambda case: case.ever(
            lambda each: (
                "expires" not in each.fields
                and not {"max-age", "s-maxage"} & each.rules.keys()
                and "last-modified" in each.fields
            )
        ),
    ),
    "nothing to ask by": Choice(
        "3",
        STORED,
        lambda case: (
            case.only_theirs_stored and case.would_ask and not {"etag", "last-modified"} & case.newest.fields.keys()
        ),
    ),
    # What comes of several answers at one address.
    "Vary: *": Choice("4.1", ASKED, lambda case: case.ever(_varies_by_anything)),
    "validators of another variant": Choice("4.3.1", ASKED, lambda case: case.foreign and not case.ours.reused),
    "one form of a field": Choice(
        "4.1",
        EVERYTHING,
        lambda case: (
            case.ever(lambda each: "vary" in each.fields)
            and any("EN" in dict(asked.fields).values() for asked in case.requests)
        ),
    ),
    "a 304 with another tag": Choice(
        "4.3.4",
        EVERYTHING,
        lambda case: case.ever(lambda each: each.fields.get("etag") == '"another"'),
    ),
    "a fresh page in the place of a failure": Choice(
        "4.3.3",
        frozenset({"stored", "answer"}),
        lambda case: (
            "no-cache" in case.wishes and not case.ours.stored and case.theirs.answer[0] in {500, 502, 503, 504}
        ),
    ),
    "an answer that was not kept": Choice("4.3.3", EVERYTHING, lambda case: case.unkept),
}
"""By name; each has an example below, and a line in docs/decisions/page-cache.md."""


def reasons(case: Case) -> list[str]:
    """Names of the choices that are enough for a disagreement; none where it is a failure."""
    found = [name for name, choice in CHOICES.items() if choice.applies(case)]
    covered = frozenset().union(*(CHOICES[name].about for name in found))
    return found if case.ours.differs(case.theirs) <= covered else []


# -- examples ---------------------------------------------------------------------------------------------------------


def said(cache_control: str = "max-age=60", **fields: str) -> tuple[tuple[str, str], ...]:
    """Fields of a page."""
    return (("cache-control", cache_control), *fields.items())


def ask(cache_control: str = "", **fields: str) -> Ask:
    """A request."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return Ask(fields=tuple(({"cache-control": cache_control} if cache_control else {} | named).items()))


Step = Page | tuple[int, Ask]

EXAMPLES: dict[str, list[Step]] = {
    "no-store of a request": [Page(fields=said()), (0, ask("no-store"))],
    "other wishes of a request": [Page(fields=said()), (0, ask()), (10, ask("max-age=5"))],
    "Age": [Page(fields=said(age="50")), (0, ask()), (10, ask())],
    "a Date to come": [Page(fields=said(), dated=30), (0, ask()), (10, ask())],
    "no Date": [Page(fields=said(), dated=None), (0, ask()), (60, ask())],
    "must-understand": [Page(fields=said("max-age=60, must-understand, no-store")), (0, ask())],
    "a 304 that may not be kept": [Page(fields=said()), (0, ask()), Page(fields=said("no-store")), (60, ask())],
    "private with fields": [Page(fields=said('max-age=60, private="x-own"')), (0, ask())],
    "no-cache with fields": [Page(fields=said('max-age=60, no-cache="x-own"')), (0, ask()), (0, ask())],
    "a lifetime that is no number": [Page(fields=said("max-age=1.5"), expires=60), (0, ask()), (0, ask())],
    "a directive twice": [Page(fields=said("max-age=60, max-age=5")), (0, ask()), (5, ask())],
    "a date in no form of HTTP": [Page(expires="Sun, 29 Nov 2026 10:00:00 +0000"), (-9, ask()), (0, ask())],
    "a guess": [Page(last_modified=True), (0, ask()), (86_400, ask())],
    "nothing to ask by": [Page(fields=said("max-age=0"), etag=None), (0, ask())],
    "Vary: *": [Page(fields=said(vary="*")), (0, ask())],
    "validators of another variant": [
        Page(fields=said(vary="accept-language")),
        (0, ask(accept_language="de")),
        (0, ask(accept_language="en")),
    ],
    "one form of a field": [
        Page(fields=said(vary="accept-language")),
        (0, ask(accept_language="EN")),
        (0, ask(accept_language="en")),
    ],
    "a 304 with another tag": [Page(fields=said(), renamed=True), (0, ask()), (60, ask())],
    "a fresh page in the place of a failure": [
        Page(fields=said(), status=503),
        (0, ask()),
        Page(1, fields=said(), status=503),
        (0, ask("no-cache")),
    ],
    "an answer that was not kept": [
        Page(fields=said()),
        (0, ask()),
        Page(1, fields=said("no-store")),
        (60, ask()),
        (0, ask()),
    ],
}


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_one(name: str) -> None:
    """The last request of its example is answered differently, and for that reason alone."""
    both = Both()
    cases = []
    for step in EXAMPLES[name]:
        if isinstance(step, Page):
            both.page = step
        else:
            both.now += step[0]
            cases.append(both.ask(step[1]))
    both.close()
    *before, last = cases
    assert before == [None] * len(before)
    assert last is not None
    assert reasons(last) == [name]


def test_head_has_the_page_of_get() -> None:
    """A HEAD is answered from what a GET brought, and the other way round (section 4); hishel keeps them apart."""
    for methods in (("GET", "HEAD"), ("HEAD", "GET")):
        both = Both()
        both.page = Page(fields=said())
        assert [both.ask(Ask(method)) for method in methods] == [None, None]
        assert both.ours.ask(Ask("HEAD")).reused
        both.close()
    entry = hishel.Entry(
        uuid.uuid4(), hishel.Request("GET", ADDRESS), hishel.Response(200, hishel.Headers(dict(said())))
    )
    state = hishel.IdleClient(Theirs.OPTIONS).next(hishel.Request("HEAD", ADDRESS), [entry])
    assert isinstance(state, hishel.CacheMiss)


# -- search -----------------------------------------------------------------------------------------------------------


LIFETIMES = [
    "max-age=5",
    "max-age=60",
    "s-maxage=5",
    "max-age=5, s-maxage=60",
    "max-age=60, s-maxage=5",
    "max-age=0",
    "",
]
RULES = ["public", "private", "no-store", "no-cache", "must-revalidate", "proxy-revalidate", "immutable"]
ODD_RULES = [
    "must-understand, no-store",
    'private="x-own"',
    'no-cache="x-own"',
    "max-age=1.5",
    "s-maxage=x",
    "max-age=5",
]
STATUSES = [203, 204, 301, 302, 403, 404, 410, 500, 503]

Change = Callable[[Page], Page]


def _with(name: str, value: str) -> Change:
    """A field more, or one more member of it."""

    def changed(page: Page) -> Page:
        fields = dict(page.fields)
        fields[name] = ", ".join(filter(None, [fields.get(name), value]))
        return replace(page, fields=tuple(fields.items()))

    return changed


def _but(**values: object) -> Change:
    return lambda page: replace(page, **values)  # type: ignore[arg-type]


CHANGES: list[Change] = [
    *(_with("cache-control", rule) for rule in RULES * 2 + ODD_RULES),
    *(_with("vary", names) for names in ["accept-language", "accept-language", "Accept-Language, X-Other", "*"]),
    *(_with("age", age) for age in ["0", "7", "70", "x", "0, 7"]),
    *(_but(status=status) for status in STATUSES),
    *(_but(dated=dated) for dated in [-3, 3, None, "x"]),
    *(_but(expires=expires) for expires in [5, 60, -1, "0", "Sun, 29 Nov 2026 11:00:00 +0000"]),
    *(_but(etag=etag) for etag in ["weak", None, None]),
    *(_but(last_modified=True) for _ in range(4)),
    _but(renamed=True),
]
"""What makes a page other than a plain one."""


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """What an origin may say."""
    page = Page(fields=(("cache-control", draw(st.sampled_from(LIFETIMES))), ("x-own", "a")))
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=3)):
        page = change(page)
    return page


WISHES = ["no-cache", "no-cache", "no-store", "max-age=5", "max-age=0", "min-fresh=3", "max-stale", "max-stale=5"]
PLAIN = [{}, {}, {"accept-language": "de"}, {"accept-language": "en"}]
REQUESTS = [
    *(Ask(method, tuple(fields.items())) for method in ("GET", "GET", "HEAD") for fields in PLAIN for _ in range(6)),
    *(Ask("GET", (("cache-control", wish), *fields.items())) for wish in WISHES for fields in PLAIN),
    *(Ask("GET", (("authorization", "Basic x"), *fields.items())) for _ in range(4) for fields in PLAIN),
    *(Ask("GET", (("cache-control", wish), ("authorization", "Basic x"))) for wish in WISHES),
    *(ask("only-if-cached"), ask(accept_language="EN"), ask("no-cache", accept_language="EN")),
]
"""What readers may send."""

SECONDS = [*[0] * 5, 1, 1, 4, 5, 6, 6, 10, 54, 55, 60, 90_000, 700_000]
READS = st.lists(st.tuples(st.sampled_from(SECONDS), st.sampled_from(REQUESTS)), min_size=2, max_size=6)
"""Seconds to wait, and what is asked then."""


class Readers(RuleBasedStateMachine):
    """Readers of one page, which changes from time to time."""

    def __init__(self) -> None:
        super().__init__()
        self.both = Both()

    @rule(page=pages(), purged=st.sampled_from([True, True, True, False]), reads=READS)
    def publish(self, page: Page, reads: list[tuple[int, Ask]], *, purged: bool) -> None:
        """Another edition, of which the caches are told or not, and its readers."""
        self.both.page = replace(page, edition=self.both.page.edition + 1)
        if purged:
            self.both.forget()
        self._read(reads)

    @rule(page=pages(), reads=READS)
    def restate(self, page: Page, reads: list[tuple[int, Ask]]) -> None:
        """The same edition, of which something else is said, and its readers."""
        same = {name: getattr(self.both.page, name) for name in ("edition", "status", "etag", "last_modified")}
        self.both.page = replace(page, **same)
        self._read(reads)

    def _read(self, reads: list[tuple[int, Ask]]) -> None:
        for seconds, asked in reads:
            self.both.now += seconds
            case = self.both.ask(asked)
            assert case is None or reasons(case), case

    def teardown(self) -> None:
        """End what runs."""
        self.both.close()


def test_what_they_do_otherwise_is_a_choice() -> None:
    """Whatever the origin says and the readers want: both caches do the same, or a choice says why not."""
    run_state_machine_as_test(
        Readers, settings=settings(max_examples=settings().max_examples // 3, stateful_step_count=8)
    )
