"""One worker's load: hands arrivals to visitors at their moment, makes the requests, records and checks them.

A *seat* is one locust user: a greenlet with a connection of its own as an anonymous visitor of one arm. An arrival
goes to the seat that became idle last, so that connections stay warm; when none is idle it waits, and the wait counts
in its response time. Members have a visitor of their own, whichever seat makes the request, so that a session is never
shared.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gevent
import numpy as np
from gevent import get_hub, getcurrent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool

from locustfiles._client import Client, Origin, Reply
from locustfiles._clock import alarm
from locustfiles._errors import LoginError
from locustfiles._health import Meter
from locustfiles._oracle import ANONYMOUS, Finding, Oracle
from locustfiles._plan import Traffic
from locustfiles._reading import cache_code, server_timing
from locustfiles._recorder import Rows
from locustfiles._scenario import ROUTES
from locustfiles._site import log_in
from results.columns import CACHE_CLASSES, CHECKS, ERROR_CLASSES

THINK_S = 1.0
"""Mean of the exponential time a visitor of the closed workload reads before the next request."""

DRAIN_S = 10.0
"""How long requests under way may take to end after the last arrival; what is left then is recorded as abandoned."""

DEAD_S = 3.0
"""An arm of which every request failed for this long ends the run."""

_DEAD_REQUESTS = 3  # and at least so many of them
_LOGINS_AT_ONCE = 4
_LEARNT = 20_000  # articles whose marks are computed before the start; rarer ones are when they are met
_FORESEEN = 200_000  # requests looked through for them
_EXAMPLES = 5

_monotonic = time.monotonic
_NONE, _STATUS, _ABANDONED = (ERROR_CLASSES.index(name) for name in ("none", "status", "abandoned"))
_ERROR = {name: code for code, name in enumerate(ERROR_CLASSES)}
_CHECK = {name: code for code, name in enumerate(CHECKS)}
_OK, _UNCHECKED = _CHECK["ok"], _CHECK["unchecked"]

Work = tuple[float, int, int, int, int, int]
"""An arrival: scheduled (s from the start of the plan), arm, request, persona, url, member (-1 for a reader)."""


@dataclass(slots=True, eq=False)
class Visitor:
    """Somebody with cookies and a connection: a seat's own reader, or a member."""

    client: Client
    name: str
    number: int
    turn: BoundedSemaphore | None = None  # members only: one request at a time


@dataclass(slots=True, eq=False)
class Seat:
    """A greenlet that makes requests of one arm."""

    reader: Visitor
    greenlet: Any = None
    busy: Visitor | None = None


@dataclass(slots=True, eq=False)
class Side:
    """One arm as this worker drives it."""

    name: str
    origin: Origin
    idle: list[Seat] = field(default_factory=list)
    backlog: deque[tuple[Work, float]] = field(default_factory=deque)
    members: dict[int, Visitor] = field(default_factory=dict)
    failures: int = 0  # in a row
    failing_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Hooks:
    """How the engine speaks to the process around it.

    Attributes:
        request: Called for every measured request: name, response time in ms, bytes, what failed (or None), context.
        ship: Called about once a second with rows, seconds and examples.
        dead: Called once when an arm stopped answering, with the reason.
    """

    request: Callable[[str, float, int, str | None, dict[str, str]], None]
    ship: Callable[[dict[str, Any]], None]
    dead: Callable[[str], None]


class Engine:
    """The load of one worker, from the log-ins to the last row."""

    def __init__(self, traffic: Traffic, oracle: Oracle, index: int, workers: int, hooks: Hooks) -> None:
        plan = traffic.plan
        self._traffic = traffic
        self._oracle = oracle
        self._index = index
        self._workers = workers
        self._hooks = hooks
        self._sides = [Side(arm.name, Origin(arm.url)) for arm in plan.arms]
        self._seats: list[Seat] = []
        self._rows = Rows()
        self._examples: list[dict[str, Any]] = []
        self._lags: list[float] = []
        self._offered = self._sent = self._completed = self._errors = 0
        self._expected: dict[tuple[int, str], str] = {}
        self._pages: dict[int, tuple[str, str, int]] = {}  # path, route and its code
        self._origin = 0.0
        self._warmup_s = plan.warmup_s
        self._started = Event()
        self._issued = Event()  # the last arrival was handed out, or the run was stopped
        self._aborted = False
        self._dead = False
        self._alarm = alarm(self._release)
        self._arrivals = self._merged() if plan.rate is not None else iter(())
        self._due: Work | None = None
        self._sequences = [self._sequence() for _ in self._sides]
        self._names = [
            [route if len(self._sides) == 1 else f"{side.name} {route}" for route in ROUTES] for side in self._sides
        ]

    # -- before the start ----------------------------------------------------------------------------------------

    def prepare(self, seed: int) -> dict[str, float]:
        """Compute the marks of the pages to come and log this worker's members in on every arm.

        Args:
            seed: The corpus's seed, which also makes the members.

        Returns:
            ``logins`` and the ``seconds`` they took.

        Raises:
            LoginError: A member did not get in; the others are let go.
        """
        pages = self._traffic.pages
        learnt: set[int] = set()
        for block in self._traffic.blocks():
            learnt.update(block.url[block.of_worker(self._index, self._workers)].tolist())
            if len(learnt) >= _LEARNT or block.first + len(block) >= _FORESEEN:
                break
        for url in sorted(learnt):
            if (article := pages.article(url)) is not None:
                self._oracle.learn(article)
                gevent.sleep(0)
            self._page(url)
        if not self._traffic.scenario.has_members:
            return {"logins": 0, "seconds": 0.0}
        began = _monotonic()
        jobs = [
            (side, member)
            for side in self._sides
            for member in range(self._index, self._traffic.plan.members, self._workers)
        ]
        failures: list[LoginError] = []

        def enter(job: tuple[Side, int]) -> None:
            side, member = job
            if failures:
                return
            client = Client(side.origin)
            try:
                name = log_in(client, member, seed)
            except LoginError as error:
                failures.append(error)
                return
            side.members[member] = Visitor(client, name, member, BoundedSemaphore(1))

        pool = Pool(_LOGINS_AT_ONCE)
        pool.map(enter, jobs)
        if failures:
            raise failures[0]
        return {"logins": len(jobs), "seconds": _monotonic() - began}

    # -- the run -------------------------------------------------------------------------------------------------

    def run(self, origin: float) -> int:
        """Make all requests and ship all rows; returns the number of rows.

        Args:
            origin: The moment of ``time.monotonic`` that is zero of the plan.
        """
        self._origin = origin
        np.percentile([0.0], 99)  # its first call imports
        meter = Meter()
        reporter = gevent.spawn(self._report_every_second, meter)
        try:
            self._started.set()
            if self._traffic.plan.rate is None:
                self._issued.wait(max(0.0, origin + self._traffic.total_s - _monotonic()))
                self._issued.set()
            else:
                self._due = next(self._arrivals, None)
                self._alarm.set(origin)
                self._issued.wait()
            self._drain()
        finally:
            reporter.kill()
            self._alarm.close()
            self._ship(meter)
            meter.close()
        return self._rows.shipped

    def stop(self) -> None:
        """Hand out no more arrivals; what is under way may end."""
        self._due = None
        self._issued.set()

    def close(self) -> None:
        """Close every connection."""
        for side in self._sides:
            for visitor in side.members.values():
                visitor.client.close()
        for seat in self._seats:
            seat.reader.client.close()

    def occupy(self) -> None:
        """Take a seat: make requests until the greenlet is killed. Every second seat is of the second arm."""
        number = len(self._seats)
        arm = number % len(self._sides)
        side = self._sides[arm]
        seat = Seat(Visitor(Client(side.origin), ANONYMOUS, number), getcurrent())
        self._seats.append(seat)
        self._started.wait()
        if self._traffic.plan.rate is None:
            self._visit_in_a_loop(arm, side, seat)
        while True:
            work, released = self._next(side, seat)
            self._serve(side, seat, work, released)

    # -- arrivals ------------------------------------------------------------------------------------------------

    def _merged(self) -> Iterator[Work]:
        """This worker's arrivals of all arms in order of time."""
        for block in self._traffic.blocks():
            mine = block.of_worker(self._index, self._workers)
            moment = np.concatenate([times[mine] for times in block.times])
            order = np.argsort(moment, kind="stable")
            arm, position = np.divmod(order, max(1, len(mine)))
            position = mine[position]
            yield from zip(
                moment[order].tolist(),
                arm.tolist(),
                (block.first + position).tolist(),
                block.persona[position].tolist(),
                block.url[position].tolist(),
                block.member[position].tolist(),
                strict=True,
            )

    def _sequence(self) -> Iterator[tuple[int, int, int, int]]:
        """This worker's requests in the order of the plan, for the closed workload."""
        for block in self._traffic.blocks():
            mine = block.of_worker(self._index, self._workers)
            columns = (block.first + mine, block.persona[mine], block.url[mine], block.member[mine])
            yield from zip(*(column.tolist() for column in columns), strict=True)

    def _release(self) -> None:
        """Hand out every arrival that is due, then set the alarm for the next. Runs in the hub."""
        origin = self._origin
        while (work := self._due) is not None:
            now = _monotonic() - origin
            if work[0] > now:
                self._alarm.set(origin + work[0])
                return
            self._due = next(self._arrivals, None)
            self._offered += 1
            self._lags.append(now - work[0])
            side = self._sides[work[1]]
            if side.idle:
                side.idle.pop().greenlet.switch((work, now))
            else:
                side.backlog.append((work, now))
        self._issued.set()

    def _next(self, side: Side, seat: Seat) -> tuple[Work, float]:
        if side.backlog:
            return side.backlog.popleft()
        side.idle.append(seat)
        try:
            found: tuple[Work, float] = get_hub().switch()
        except BaseException:
            if seat in side.idle:
                side.idle.remove(seat)
            raise
        return found

    def _visit_in_a_loop(self, arm: int, side: Side, seat: Seat) -> None:
        key = (self._traffic.plan.seed, self._traffic.plan.launch, self._index, seat.reader.number)
        think = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
        sequence = self._sequences[arm]
        gevent.sleep(max(0.0, self._origin - _monotonic()))
        while True:
            gevent.sleep(think.exponential(THINK_S))
            if self._issued.is_set():
                break
            request, persona, url, member = next(sequence)
            now = _monotonic() - self._origin
            self._offered += 1
            self._serve(side, seat, (now, arm, request, persona, url, member), now)
        Event().wait()  # until locust ends this user

    # -- one request ---------------------------------------------------------------------------------------------

    def _serve(self, side: Side, seat: Seat, work: Work, released: float) -> None:
        visitor = seat.reader if work[5] < 0 else side.members[work[5]]
        reply = Reply()
        seat.busy = visitor
        try:
            if visitor.turn is None:
                reply = self._request(visitor, work)
            else:
                with visitor.turn:
                    reply = self._request(visitor, work)
        except gevent.GreenletExit:  # locust took this user away in the middle of a request
            reply.error = "abandoned"
            self._record(side, visitor, work, released, reply)
            raise
        finally:
            seat.busy = None
        self._record(side, visitor, work, released, reply)

    def _request(self, visitor: Visitor, work: Work) -> Reply:
        if self._aborted:
            return Reply(error="abandoned")
        self._sent += 1
        return visitor.client.get(self._page(work[4])[0])

    def _page(self, url: int) -> tuple[str, str, int]:
        page = self._pages.get(url)
        if page is None:
            pages = self._traffic.pages
            route = pages.route(url)
            page = self._pages[url] = (pages.path(url), route, ROUTES.index(route))
        return page

    def _record(self, side: Side, visitor: Visitor, work: Work, released: float, reply: Reply) -> None:
        scheduled, arm, request, persona, url, _ = work
        origin = self._origin
        _, route_name, route = self._page(url)
        error = _ERROR[reply.error]
        cache = cache_code(reply.headers)
        finding: Finding | None = None
        check = _UNCHECKED
        if error == _NONE:
            if reply.status != 200:
                error = _STATUS
            else:
                finding = self._check(visitor.name, url, route_name, cache, reply)
                check = _OK if finding is None else _CHECK[finding.check]
        server_ms, db_ms, db_calls = server_timing(reply.headers, cache)
        end = (reply.end if reply.end == reply.end else _monotonic()) - origin
        measured = scheduled >= self._warmup_s
        self._rows.add(
            request,
            arm,
            measured,
            persona,
            route,
            cache,
            error,
            check,
            reply.new_connection,
            reply.status,
            url,
            visitor.number,
            db_calls,
            scheduled,
            released,
            reply.sent - origin,
            reply.first_byte - origin,
            end,
            len(reply.body),
            server_ms,
            db_ms,
        )
        self._completed += 1
        failure = None
        if error != _NONE:
            failure = f"status {reply.status}" if error == _STATUS else reply.error
            self._errors += 1
            self._note_failure(side, error, failure)
        else:
            side.failures = 0
            if finding is not None and finding.check != "unchecked":
                failure = f"{finding.check}: expected {finding.expected}, got {finding.got}"
                self._keep_example(side, url, visitor, finding)
        if measured:
            context = {"arm": side.name, "cache": CACHE_CLASSES[cache]}
            self._hooks.request(self._names[arm][route], (end - scheduled) * 1e3, len(reply.body), failure, context)

    def _check(self, viewer: str, url: int, route: str, cache: int, reply: Reply) -> Finding | None:
        key = (url, viewer)
        expected = self._expected.get(key)
        if expected is None:
            expected = self._oracle.expect(route, viewer, self._traffic.pages.article(url))
            self._expected[key] = expected
        coding = reply.headers.get(b"content-encoding", b"")
        return self._oracle.check(
            expected, reply.body, coding, cache=CACHE_CLASSES[cache], sets_cookie=bool(reply.set_cookies)
        )

    def _keep_example(self, side: Side, url: int, visitor: Visitor, finding: Finding) -> None:
        if sum(example["check"] == finding.check for example in self._examples) < _EXAMPLES:
            self._examples.append(
                {
                    "check": finding.check,
                    "arm": side.name,
                    "path": self._page(url)[0],
                    "viewer": visitor.name,
                    "expected": finding.expected,
                    "got": finding.got,
                }
            )

    def _note_failure(self, side: Side, error: int, failure: str) -> None:
        if error == _ABANDONED:
            return
        now = _monotonic()
        if side.failures == 0:
            side.failing_since = now
        side.failures += 1
        if not self._dead and side.failures >= _DEAD_REQUESTS and now - side.failing_since >= DEAD_S:
            self._dead = True
            self._hooks.dead(
                f"every request to arm {side.name} ({side.origin.url}) failed for {DEAD_S:g} s, the last by: {failure}"
            )

    # -- the end -------------------------------------------------------------------------------------------------

    @property
    def _waiting(self) -> int:
        return sum(len(side.backlog) for side in self._sides) + sum(seat.busy is not None for seat in self._seats)

    def _drain(self) -> None:
        until = _monotonic() + DRAIN_S
        while self._waiting and _monotonic() < until and not self._dead:
            gevent.sleep(0.01)
        self._aborted = True
        for side in self._sides:
            nobody = Visitor(Client(side.origin), ANONYMOUS, -1)
            while side.backlog:
                work, released = side.backlog.popleft()
                self._record(side, nobody, work, released, Reply(error="abandoned"))
        for seat in self._seats:
            if seat.busy is not None:
                seat.busy.client.abandon()
        gevent.sleep(0)
        while self._waiting:  # members' turns come round one by one
            gevent.sleep(0.001)

    def _report_every_second(self, meter: Meter) -> None:
        gevent.sleep(max(0.0, self._origin - _monotonic()))
        meter.sample()
        second = 0
        while True:
            second += 1
            gevent.sleep(max(0.0, self._origin + second - _monotonic()))
            self._ship(meter)

    def _ship(self, meter: Meter) -> None:
        health = meter.sample()
        lags = self._lags
        row = {
            "second": _monotonic() - self._origin,
            "offered": self._offered,
            "sent": self._sent,
            "completed": self._completed,
            "errors": self._errors,
            "in_flight": self._waiting,
            "lag_p99_ms": float(np.percentile(lags, 99)) * 1e3 if lags else 0.0,
            **health,
        }
        shipment = {**self._rows.ship(), "seconds": [row], "examples": self._examples}
        self._offered = self._sent = self._completed = self._errors = 0
        self._lags, self._examples = [], []
        self._hooks.ship(shipment)
