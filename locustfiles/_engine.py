"""One worker's load: hands arrivals to visitors at their moment, makes the requests, records and checks them.

A *seat* is one locust user: a greenlet with a connection of its own as an anonymous visitor of one arm. An arrival
goes to the seat that became idle last, so that connections stay warm; when none is idle it waits, and the wait counts
in its response time. Members have a visitor of their own, whichever seat makes the request, so that a session is never
shared.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gevent
import numpy as np
from gevent import get_hub, getcurrent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool

from locustfiles._client import Client
from locustfiles._clock import alarm
from locustfiles._errands import Errands, Side, Visitor
from locustfiles._errors import LoginError
from locustfiles._health import Meter
from locustfiles._journal import Hooks, Journal, Work
from locustfiles._oracle import ANONYMOUS
from locustfiles._plan import Traffic
from locustfiles._site import log_in, reach
from locustfiles._target import Target

THINK_S = 1.0
"""Mean of the exponential time a visitor of the closed workload reads before the next request."""

DRAIN_S = 10.0
"""How long requests under way may take to end after the last arrival; what is left then is recorded as abandoned."""

_AT_ONCE = 64  # arrivals handed out before the hub gets to see replies
_PAUSES = 64  # drawn at a time: a single draw costs a tenth of a request
_LOGINS_AT_ONCE = 4
_TIMED_LOGINS = 12
_LEARNT = 20_000  # articles whose marks are computed before the start; rarer ones are when they are met
_FORESEEN = 200_000  # requests looked through for them

_monotonic = time.monotonic


@dataclass(slots=True, eq=False)
class Seat:
    """A greenlet that makes requests of one arm."""

    reader: Visitor
    greenlet: Any = None
    busy: Visitor | None = None


@dataclass(slots=True, eq=False)
class Queue:
    """The seats of one arm, and the arrivals that found none free."""

    idle: list[Seat] = field(default_factory=list)
    backlog: deque[tuple[Work, float]] = field(default_factory=deque)


class Engine:
    """The load of one worker, from the log-ins to the last row.

    Args:
        traffic: What is asked for.
        target: Of what.
        index, workers: This worker's place among all.
        hooks: How it speaks to the process around it.
    """

    def __init__(
        self,
        traffic: Traffic,
        target: Target,
        index: int,
        workers: int,
        hooks: Hooks,
    ) -> None:
        plan = traffic.plan
        self._traffic = traffic
        self._skills = skills = target.skills
        self._index = index
        self._workers = workers
        self._sides = [
            Side(arm.name, reach(arm, plan), judge) for arm, judge in zip(plan.arms, target.judges, strict=True)
        ]
        self._queues = [Queue() for _ in self._sides]
        urls = [(side.name, side.origin.url) for side in self._sides]
        self._journal = Journal(urls, traffic.routes, plan.warmup_s, hooks)
        self._errands = Errands(traffic, self._sides, self._journal, skills.accounts, skills.editing, skills.purging)
        self._seats: list[Seat] = []
        self._started = Event()
        self._over = Event()  # nothing is under way any more
        self._issued = Event()  # the last arrival was handed out, or the run was stopped
        self._aborted = False
        self._alarm = alarm(self._release)
        self._arrivals = self._merged() if plan.rate is not None else iter(())
        self._due: Work | None = None
        self._sequences = [self._sequence() for _ in self._sides]

    # -- before the start ----------------------------------------------------------------------------------------

    def prepare(self) -> list[float]:
        """Compute the marks of the pages to come and log this worker's members in on every arm.

        Returns:
            Milliseconds that the first log-ins took, each made by itself.

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
            path, route, _ = self._errands.page(url)
            for side in self._sides:
                side.judge.expect(route, ANONYMOUS, pages.article(url), path)
            gevent.sleep(0)
        accounts = self._skills.accounts
        if not self._traffic.scenario.has_sessions:
            return []
        assert accounts is not None
        jobs = [
            (side, member)
            for side in self._sides
            for member in range(self._index, self._traffic.plan.members, self._workers)
        ]
        failures: list[LoginError] = []

        def enter(job: tuple[Side, int]) -> float:
            side, member = job
            if failures:
                return 0.0
            client = Client(side.origin)
            try:
                spent = log_in(accounts, client, member)
            except LoginError as error:
                failures.append(error)
                return 0.0
            side.members[member] = Visitor(client, accounts.name(member), BoundedSemaphore(1), client.fields)
            return spent

        spent = [enter(job) for job in jobs[:_TIMED_LOGINS]]  # one by one, for what a log-in costs by itself
        Pool(_LOGINS_AT_ONCE).map(enter, jobs[_TIMED_LOGINS:])
        if failures:
            raise failures[0]
        return spent

    def edited(self, arm: int, article: int, revision: int) -> None:
        """Another worker's editor finished an edit. From now on, as from then: that is later, so it accuses nobody."""
        self._sides[arm].edited(article, revision, _monotonic() - self._journal.origin)

    # -- the run -------------------------------------------------------------------------------------------------

    def run(self, origin: float) -> int:
        """Make all requests and ship all rows; returns the number of rows.

        Args:
            origin: The moment of ``time.monotonic`` that is zero of the plan.
        """
        self._journal.origin = origin
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
            self._over.set()
            reporter.join()  # not killed: rows may be on their way into the record
            self._alarm.close()
            self._journal.ship(meter, self._waiting, last=True)
            meter.close()
        return self._journal.rows

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
        seat = Seat(Visitor(Client(side.origin), ANONYMOUS), getcurrent())
        self._seats.append(seat)
        self._started.wait()
        if self._traffic.plan.rate is None:
            self._visit_in_a_loop(arm, side, seat, number)
        queue = self._queues[arm]
        while True:
            work, released = self._next(queue, seat)
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
                block.visitor[position].tolist(),
                block.visit[position].tolist(),
                strict=True,
            )

    def _sequence(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        """This worker's requests in the order of the plan, for the closed workload."""
        for block in self._traffic.blocks():
            mine = block.of_worker(self._index, self._workers)
            parts = (block.persona, block.url, block.member, block.visitor, block.visit)
            columns = (block.first + mine, *(part[mine] for part in parts))
            yield from zip(*(column.tolist() for column in columns), strict=True)

    def _release(self) -> None:
        """Hand out every arrival that is due, then set the alarm for the next. Runs in the hub."""
        journal = self._journal
        origin = journal.origin
        for _ in range(_AT_ONCE):
            work = self._due
            if work is None:
                self._issued.set()
                return
            now = _monotonic() - origin
            if work[0] > now:
                self._alarm.set(origin + work[0])
                return
            self._due = next(self._arrivals, None)
            journal.offered += 1
            journal.lags.append(now - work[0])
            queue = self._queues[work[1]]
            if queue.idle:
                queue.idle.pop().greenlet.switch((work, now))
            else:
                queue.backlog.append((work, now))
        self._alarm.set(_monotonic())  # far behind: let replies in before going on

    def _next(self, queue: Queue, seat: Seat) -> tuple[Work, float]:
        if queue.backlog:
            return queue.backlog.popleft()
        queue.idle.append(seat)
        try:
            found: tuple[Work, float] = get_hub().switch()
        except BaseException:
            if seat in queue.idle:
                queue.idle.remove(seat)
            raise
        # As near to the request as can be: what a free visitor loses between the schedule and the first byte sent.
        self._journal.start_lags.append(_monotonic() - self._journal.origin - found[0][0])
        return found

    def _visit_in_a_loop(self, arm: int, side: Side, seat: Seat, number: int) -> None:
        sequence = self._sequences[arm]
        gevent.sleep(max(0.0, self._journal.origin - _monotonic()))
        for pause in self._pauses(number):
            if pause:
                gevent.sleep(pause)
            if self._issued.is_set():
                break
            now = _monotonic() - self._journal.origin
            self._journal.offered += 1
            self._serve(side, seat, (now, arm, *next(sequence)), now)
        Event().wait()  # until locust ends this user

    def _pauses(self, number: int) -> Iterator[float]:
        """How long visitor ``number`` reads each time."""
        key = (self._traffic.plan.seed, self._traffic.plan.launch, self._index, number)
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
        while True:
            yield from generator.exponential(THINK_S, _PAUSES).tolist()

    # -- one arrival ---------------------------------------------------------------------------------------------

    def _serve(self, side: Side, seat: Seat, work: Work, released: float) -> None:
        visitor = seat.reader if work[5] < 0 else side.members.get(work[5], seat.reader)
        seat.busy = visitor
        try:
            if visitor.turn is None:
                self._carry_out(side, visitor, work, released)
            else:
                with visitor.turn:
                    self._carry_out(side, visitor, work, released)
        finally:
            seat.busy = None

    def _carry_out(self, side: Side, visitor: Visitor, work: Work, released: float) -> None:
        if self._aborted:
            self._errands.abandon(work, released)
        else:
            self._errands.do(side, visitor, work, released)

    # -- the end -------------------------------------------------------------------------------------------------

    @property
    def _waiting(self) -> int:
        return sum(len(queue.backlog) for queue in self._queues) + sum(seat.busy is not None for seat in self._seats)

    def _drain(self) -> None:
        until = _monotonic() + DRAIN_S
        while self._waiting and _monotonic() < until and not self._journal.is_dead:
            gevent.sleep(0.01)
        self._aborted = True
        for queue in self._queues:
            while queue.backlog:
                self._errands.abandon(*queue.backlog.popleft())
        for seat in self._seats:
            if seat.busy is not None:
                seat.busy.client.abandon()
        gevent.sleep(0)
        while self._waiting:  # members' turns come round one by one
            gevent.sleep(0.001)

    def _report_every_second(self, meter: Meter) -> None:
        origin = self._journal.origin
        if self._over.wait(max(0.0, origin - _monotonic())):
            return
        meter.sample()
        second = 0
        while True:
            second += 1
            if self._over.wait(max(0.0, origin + second - _monotonic())):
                return
            self._journal.ship(meter, self._waiting)
