"""The traffic plan: which request is made when, by whom, of which page; fixed by numbers alone.

Time is cut into blocks. The number of requests of a block is one Poisson draw; what each request is (persona, page,
visitor) is drawn once; and every arm places the same requests at its own sorted random moments of the block, which is a
Poisson process given its count. So request *i* is the same in both arms, each arm sees Poisson arrivals at the stated
rate, and the order of the two copies is a coin. Personas with a clock of their own have one request in each stretch of
it, at a random moment of the stretch (of as much of it as lies in the block).

Draws come from Philox keyed by (seed, launch, block, purpose): any block can be made alone, by any process.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isinf

import numpy as np
import numpy.typing as npt

from locustfiles._errors import SwarmError
from locustfiles._pages import REDIRECT, Floats, Ints, Pages
from locustfiles._scenario import Persona, Scenario
from locustfiles._shape import Step, steps
from results.plan import SwarmPlan

BLOCK_S = 60.0
"""Longest block, seconds; a short one keeps a low rate's arms within a second or so of each other."""

BLOCK_REQUESTS = 4096
"""Requests a block aims at where the rate is high: making one must not hold up the arrivals before it."""

ONCE, RETURNS, AGAIN = 0, 1, 2
"""Whether a visitor asks for a page once, will come back for it, or has come back."""

_VISITORS = 2**31 - 1  # the record numbers them in 32 bits
_PACED = 100  # purposes of draws from here on are of personas with a clock of their own


@dataclass(frozen=True, slots=True)
class Block:
    """The requests of one stretch of time.

    Attributes:
        first: Plan-wide index of the first request.
        start: Seconds from the start of the plan.
        persona, url, member, visitor: Per request; ``member`` is -1 for who is not one. Two requests of one visitor
            and persona come from one browser.
        visit: Per request ``ONCE``, ``RETURNS`` or ``AGAIN``.
        times: Per arm, the scheduled moments in seconds from the start of the plan; none if closed.
    """

    first: int
    start: float
    persona: npt.NDArray[np.int8]
    url: npt.NDArray[np.int32]
    member: npt.NDArray[np.int32]
    visitor: Ints
    visit: npt.NDArray[np.int8]
    times: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.url)

    def of_worker(self, index: int, workers: int) -> Ints:
        """Positions in this block of the requests that worker ``index`` makes, in every arm.

        A visitor's requests all stay with one worker, because a session and a browser's cache belong to one visitor.
        """
        return np.flatnonzero(self.visitor % workers == index)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Columns of a part of a block."""

    persona: Ints
    url: Ints
    member: Ints
    visitor: Ints
    visit: Ints
    times: tuple[Floats, ...]


def _weights(values: npt.ArrayLike) -> Floats:
    """Cumulated weights, scaled to one."""
    sums = np.cumsum(np.asarray(values, dtype=np.float64))
    return np.asarray(sums / sums[-1])


def _draw(cumulated: Floats, uniform: Floats) -> Ints:
    return np.searchsorted(cumulated, uniform, side="right").clip(max=len(cumulated) - 1)


class Traffic:
    """All requests of a plan, block by block.

    Raises:
        SwarmError: The scenario logs members in and the plan has none, or the closed workload cannot carry it out.
    """

    def __init__(self, plan: SwarmPlan, scenario: Scenario, pages: Pages) -> None:
        if scenario.has_members and plan.members < 1:
            raise SwarmError(
                f"scenario {scenario.name!r} logs members in, but the plan has members 0; give --members N"
            )
        paced = [persona.name for persona in scenario.personas if persona.is_paced]
        if paced and plan.rate is None:
            raise SwarmError(
                f"scenario {scenario.name!r} has a persona with a clock of its own ({paced[0]}), which visitors in a "
                "loop do not have; give --rate R instead of --users"
            )
        self.plan = plan
        self.scenario = scenario
        self.pages = pages
        steps = [kind.name for kind in scenario.kinds if kind.name not in pages.sections]
        self.routes = (*pages.routes, REDIRECT, *steps)
        self.total_s = plan.warmup_s + plan.duration_s
        shares = scenario.shares(plan.member_share)
        self._drawn = [0.0 if p.is_paced else share for p, share in zip(scenario.personas, shares, strict=True)]
        self._paced = [
            (code, 1 / (share * plan.rate) if persona.every_s is None else self._stretch(persona))
            for code, (persona, share) in enumerate(zip(scenario.personas, shares, strict=True))
            if persona.is_paced and plan.rate is not None
        ]
        self._personas = _weights(self._drawn) if any(self._drawn) else None
        self._routes = [self._route_weights(persona) for persona in scenario.personas]
        self._popularity = {route: section.cumulated(plan.zipf) for route, section in pages.sections.items()}
        self._logs_in = np.array([p.logged_in or "login" in p.routes for p in scenario.personas])
        self._revisits = np.array([p.revisits for p in scenario.personas])

    @property
    def hash(self) -> str:
        """32 hex digits over the plan's parameters, the scenario and the arrays of the first block.

        All later blocks follow from the same numbers by the same rule, so the first one vouches for the generator.
        """
        digest = hashlib.blake2b(digest_size=16)
        digest.update(self.plan.traffic_key.encode())
        digest.update(repr(self.scenario.to_dict()).encode())
        block = next(self.blocks())
        for array in (block.persona, block.url, block.member, block.visitor, block.visit, *block.times):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def is_endless(self) -> bool:
        """Whether ``blocks`` never ends."""
        return self.plan.rate is None or isinf(self.total_s)

    def blocks(self) -> Iterator[Block]:
        """The blocks in order; see ``is_endless``, for visitors in a loop ask as fast as they are served."""
        first = 0
        for number, step in enumerate(self._stretches()):
            block = self._block(number, step, first)
            first += len(block)
            yield block

    def _stretch(self, persona: Persona) -> float:
        every = self.plan.event_s if self.plan.event_s is not None else persona.every_s
        assert every is not None
        return every

    def _stretches(self) -> Iterator[Step]:
        """The time of each block: the steps of the plan's shape, cut where they are long."""
        rate = self.plan.rate
        if rate is None:
            yield from (Step(number * BLOCK_S, (number + 1) * BLOCK_S, 1.0, 1.0) for number in itertools.count())
            return
        for step in steps(self.plan):
            length = min(BLOCK_S, max(1.0, BLOCK_REQUESTS / (rate * max(step.low, step.high))))
            if isinf(step.end):
                pieces: Iterator[int] = itertools.count()
            else:
                count = max(1, ceil((step.end - step.start) / length - 1e-9))  # however short: an event may be due
                pieces = iter(range(count))
            for piece in pieces:
                yield step.part(step.start + piece * length, min(step.end, step.start + (piece + 1) * length))

    def _generator(self, block: int, purpose: int) -> np.random.Generator:
        entropy = (self.plan.seed, self.plan.launch, block, purpose)
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))

    def _block(self, number: int, step: Step, first: int) -> Block:
        parts = [self._drawn_rows(number, step, first)] if self._personas is not None else []
        parts += [self._paced_rows(number, step, code, stretch) for code, stretch in self._paced]
        persona, url, member, visitor, visit = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("persona", "url", "member", "visitor", "visit")
        )
        arms = len(self.plan.arms) if self.plan.rate is not None else 0
        return Block(
            first,
            step.start,
            persona.astype(np.int8),
            url.astype(np.int32),
            member.astype(np.int32),
            np.where(member >= 0, member, visitor % _VISITORS),
            visit.astype(np.int8),
            tuple(np.concatenate([part.times[arm] for part in parts]) for arm in range(arms)),
        )

    def _drawn_rows(self, number: int, step: Step, first: int) -> _Rows:
        """Requests of the personas that share the plan's rate."""
        plan = self.plan
        assert self._personas is not None
        generator = self._generator(number, 0)
        if plan.rate is None:
            count = BLOCK_REQUESTS
        else:
            count = int(generator.poisson(plan.rate * sum(self._drawn) * step.mean * (step.end - step.start)))
        persona = _draw(self._personas, generator.random(count))
        which_member, which_route, which_page = (generator.random(count) for _ in range(3))
        member = np.where(self._logs_in[persona], (which_member * plan.members).astype(np.int64), -1)
        url = np.zeros(count, dtype=np.int64)
        for code in range(len(self._routes)):
            mine = persona == code
            url[mine] = self._pages(code, which_route[mine], which_page[mine])
        visitor = first + np.arange(count)
        source = self._earlier_visit(persona, generator.random(count), generator.random(count))
        times = tuple(
            np.sort(step.place(self._generator(number, 1 + arm).random(count)))
            for arm in range(len(plan.arms) if plan.rate is not None else 0)
        )
        visit = np.full(count, ONCE)
        again = source != np.arange(count)
        visit[source[again]] = RETURNS
        visit[again] = AGAIN
        return _Rows(persona, url[source], member, visitor[source], visit, times)

    def _earlier_visit(self, persona: Ints, whether: Floats, which: Floats) -> Ints:
        """For each request the one whose browser and page it has: an earlier one of its persona, or itself.

        Copying earlier draws leaves the popularity of pages as it is.
        """
        source = np.arange(len(persona))
        again = whether < self._revisits[persona]
        for code in np.flatnonzero(self._revisits > 0):
            mine = np.flatnonzero(persona == code)
            rank = np.arange(len(mine))
            back = again[mine] & (rank > 0)
            source[mine[back]] = mine[(which[mine[back]] * rank[back]).astype(np.int64)]
        while True:  # a second visit may itself have been repeated
            further = source[source]
            if (further == source).all():
                return source
            source = further

    def _paced_rows(self, number: int, step: Step, code: int, stretch: float) -> _Rows:
        """Requests of a persona with a clock of its own: one in each stretch that begins in this block."""
        plan = self.plan
        persona = self.scenario.personas[code]
        place = np.arange(ceil(step.start / stretch - 1e-9), ceil(step.end / stretch - 1e-9))
        begin = place * stretch
        count = len(place)
        generator = self._generator(number, _PACED + 10 * code)
        which_member, which_route, which_page = (generator.random(count) for _ in range(3))
        url = self._tour(place) if persona.tours else self._pages(code, which_route, which_page)
        member = (which_member * plan.members).astype(np.int64) if self._logs_in[code] else np.full(count, -1)
        room = np.minimum(stretch, step.end - begin)
        purpose = _PACED + 10 * code + 1
        times = tuple(
            begin + room * self._generator(number, purpose + arm).random(count) for arm in range(len(plan.arms))
        )
        # Whatever changes one page stays with one worker, so that the changes of a page are in order.
        visitor = url if persona.writes else place
        return _Rows(np.full(count, code), url, member, visitor, np.full(count, ONCE), times)

    def _tour(self, place: Ints) -> Ints:
        """The pages at these places of a tour; launches begin in different parts of the site."""
        tour = self.pages.tour
        start = int(self._generator(0, 99).integers(len(tour)))
        return tour[(start + place) % len(tour)]

    def _route_weights(self, persona: Persona) -> Floats:
        weights = np.zeros(len(self.pages.routes))
        for route, weight in persona.routes.items():
            # Home stands in for listings and tags that a small site lacks.
            weights[self.pages.routes.index(route) if route in self.pages.routes else 0] += weight
        return _weights(weights) if weights.any() else weights

    def _pages(self, persona: int, which_route: Floats, which_page: Floats) -> Ints:
        """Rows of the URL table for two uniform draws each."""
        pages = self.pages
        route = _draw(self._routes[persona], which_route)
        url = np.zeros(len(route), dtype=np.int64)
        for code in np.unique(route):
            name = pages.routes[code]
            mine = route == code
            url[mine] = pages.first(name) + _draw(self._popularity[name], which_page[mine])
        return url
