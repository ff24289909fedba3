"""The traffic plan: which request is made when, by whom, of which page; fixed by numbers alone.

Time is cut into blocks. The number of requests of a block is one Poisson draw; what each request is (persona, page,
member) is drawn once; and every arm places the same requests at its own sorted uniform moments of the block, which is a
Poisson process given its count. So request *i* is the same in both arms, each arm sees Poisson arrivals at the stated
rate, and the order of the two copies is a coin.

Draws come from Philox keyed by (seed, launch, block, purpose): any block can be made alone, by any process.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf
from typing import Protocol

import numpy as np
import numpy.typing as npt

from locustfiles._errors import SwarmError
from locustfiles._scenario import ROUTES, Scenario
from results.plan import SwarmPlan

BLOCK_S = 60.0
"""Longest block, seconds; a short one keeps a low rate's arms within a second or so of each other."""

BLOCK_REQUESTS = 4096
"""Requests a block aims at where the rate is high: making one must not hold up the arrivals before it."""

CARDS = 20
"""Articles on one listing page of the site."""

_LISTINGS = 50  # nobody turns more pages than this
_HOME, _ME = 0, 1

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Slug(Protocol):
    """Article id to slug."""

    def __call__(self, id: int, /) -> str:
        """The slug of one article."""


class Pages:
    """The URL table of a site: home, the member's page, listings, tags, then articles in order of popularity.

    Args:
        articles: Article ids, the most popular first.
        slug: The slug of an article id.
        tags: How many of the most read articles carry each tag.
    """

    def __init__(self, articles: list[int], slug: Slug, tags: dict[str, int]) -> None:
        self._slug = slug
        self._articles = articles
        self._listings = min(_LISTINGS, -(-len(articles) // CARDS)) - 1
        self._tags = sorted(tags)
        self.tag_weights = [tags[tag] for tag in self._tags]
        self.first_listing = 2
        self.first_tag = self.first_listing + self._listings
        self.first_article = self.first_tag + len(self._tags)
        self._paths: dict[int, str] = {}

    def __len__(self) -> int:
        return self.first_article + len(self._articles)

    @property
    def listings(self) -> int:
        """Listing pages from the second on; the first is home."""
        return self._listings

    def route(self, url: int) -> str:
        """The route name of a row of the table."""
        if url >= self.first_article:
            return "article"
        if url >= self.first_tag:
            return "tag"
        return "listing" if url >= self.first_listing else ("me" if url == _ME else "home")

    def article(self, url: int) -> int | None:
        """The article a row shows; None for any other page."""
        return self._articles[url - self.first_article] if url >= self.first_article else None

    def path(self, url: int) -> str:
        """The path of a row."""
        path = self._paths.get(url)
        if path is None:
            path = self._paths[url] = self._make_path(url)
        return path

    def _make_path(self, url: int) -> str:
        if url >= self.first_article:
            return f"/articles/{self._slug(self._articles[url - self.first_article])}/"
        if url >= self.first_tag:
            return f"/tags/{self._tags[url - self.first_tag]}/"
        if url >= self.first_listing:
            return f"/page/{url - self.first_listing + 2}/"
        return "/me" if url == _ME else "/"


@dataclass(frozen=True, slots=True)
class Block:
    """The requests of one stretch of time.

    Attributes:
        first: Plan-wide index of the first request.
        start: Seconds from the start of the plan.
        persona, url, member: Per request; ``member`` is -1 for anonymous readers.
        times: Per arm, the scheduled moments in seconds from the start of the plan, ascending; none if closed.
    """

    first: int
    start: float
    persona: npt.NDArray[np.int8]
    url: npt.NDArray[np.int32]
    member: npt.NDArray[np.int32]
    times: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.url)

    def of_worker(self, index: int, workers: int) -> Ints:
        """Positions in this block of the requests that worker ``index`` makes, in every arm.

        A member's requests all stay with one worker, because a session belongs to one visitor; others go round robin.
        """
        request = self.first + np.arange(len(self))
        owner = np.where(self.member >= 0, self.member, request) % workers
        return np.flatnonzero(owner == index)


def _weights(values: npt.ArrayLike) -> Floats:
    """Cumulated weights, scaled to one."""
    sums = np.cumsum(np.asarray(values, dtype=np.float64))
    return np.asarray(sums / sums[-1])


def _draw(cumulated: Floats, uniform: Floats) -> Ints:
    return np.searchsorted(cumulated, uniform, side="right").clip(max=len(cumulated) - 1)


class Traffic:
    """All requests of a plan, block by block.

    Raises:
        SwarmError: The scenario logs members in and the plan has none, or nothing could be asked for.
    """

    def __init__(self, plan: SwarmPlan, scenario: Scenario, pages: Pages) -> None:
        if scenario.has_members and plan.members < 1:
            raise SwarmError(
                f"scenario {scenario.name!r} logs members in, but the plan has members 0; give --members N"
            )
        self.plan = plan
        self.scenario = scenario
        self.pages = pages
        self.total_s = plan.warmup_s + plan.duration_s
        self._block_s = BLOCK_S if plan.rate is None else min(BLOCK_S, max(1.0, BLOCK_REQUESTS / plan.rate))
        self._personas = _weights(scenario.shares(plan.member_share))
        self._routes = [_weights([p.routes.get(route, 0.0) for route in ROUTES]) for p in scenario.personas]
        articles = len(pages) - pages.first_article
        self._articles = _weights(np.arange(1, articles + 1) ** -plan.zipf)
        self._listings = _weights(np.arange(1, pages.listings + 1) ** -2.0) if pages.listings else None
        self._tags = _weights(pages.tag_weights) if pages.tag_weights else None

    @property
    def hash(self) -> str:
        """32 hex digits over the plan's parameters, the scenario and the arrays of the first block.

        All later blocks follow from the same numbers by the same rule, so the first one vouches for the generator.
        """
        digest = hashlib.blake2b(digest_size=16)
        digest.update(self.plan.traffic_key.encode())
        digest.update(repr(self.scenario.to_dict()).encode())
        block = next(self.blocks())
        for array in (block.persona, block.url, block.member, *block.times):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def is_endless(self) -> bool:
        """Whether ``blocks`` never ends."""
        return self.plan.rate is None or isinf(self.total_s)

    def blocks(self) -> Iterator[Block]:
        """The blocks in order; see ``is_endless``, for visitors in a loop ask as fast as they are served."""
        first = 0
        for number in itertools.count():
            start = number * self._block_s
            if start >= self.total_s and self.plan.rate is not None:
                return
            block = self._block(number, start, min(self._block_s, self.total_s - start), first)
            first += len(block)
            yield block

    def _generator(self, block: int, purpose: int) -> np.random.Generator:
        entropy = (self.plan.seed, self.plan.launch, block, purpose)
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))

    def _block(self, number: int, start: float, length: float, first: int) -> Block:
        plan = self.plan
        generator = self._generator(number, 0)
        count = BLOCK_REQUESTS if plan.rate is None else int(generator.poisson(plan.rate * length))
        persona = _draw(self._personas, generator.random(count))
        member, which_route, which_page = generator.random(count), generator.random(count), generator.random(count)
        logged_in = np.array([p.logged_in for p in self.scenario.personas])[persona]
        members = np.where(logged_in, (member * plan.members).astype(np.int32), -1)
        route = np.zeros(count, dtype=np.int64)
        for index, cumulated in enumerate(self._routes):
            mine = persona == index
            route[mine] = _draw(cumulated, which_route[mine])
        times = tuple(
            np.sort(start + length * self._generator(number, 1 + arm).random(count)) for arm in range(len(plan.arms))
        )
        return Block(
            first,
            start,
            persona.astype(np.int8),
            self._pages(route, which_page),
            members.astype(np.int32),
            () if plan.rate is None else times,
        )

    def _pages(self, route: Ints, uniform: Floats) -> npt.NDArray[np.int32]:
        pages = self.pages
        url = np.zeros(len(route), dtype=np.int32)  # home, also in place of listings and tags that a small site lacks
        url[route == ROUTES.index("me")] = _ME
        for name, first, cumulated in (
            ("listing", pages.first_listing, self._listings),
            ("tag", pages.first_tag, self._tags),
            ("article", pages.first_article, self._articles),
        ):
            mine = route == ROUTES.index(name)
            if cumulated is not None:
                url[mine] = first + _draw(cumulated, uniform[mine])
        return url
