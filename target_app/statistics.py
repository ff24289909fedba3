"""Counters since the start, for ``/anp/stats`` and ``/metrics``: what was answered, how, and what it cost."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import psutil

from target_app.accounting import Ledger

BOUNDS = (
    *(0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5),
    *(0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 1.0, 5.0),
)
"""Upper ends of the buckets that response times are counted in, seconds: from a hit's ten microseconds to a stall."""

K = TypeVar("K")
V = TypeVar("V")


class Tally:
    """How many responses there were of one kind, and how long they took.

    Attributes:
        buckets: How many took no longer than each of ``BOUNDS`` and longer than the one before; the last: longer.
        seconds: Their sum.
    """

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one response."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def copy(self) -> Tally:
        """Another one with the same figures."""
        copied = Tally()
        copied.buckets, copied.seconds = self.buckets.copy(), self.seconds
        return copied

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(self.buckets)


@dataclass(slots=True)
class Work:
    """What was done for the responses of one route: in how many pieces, and at what cost.

    Attributes:
        pieces: Responses, or refreshes.
        seconds: From beginning to end, where that is not told elsewhere.
        statements: Database statements.
        statement_seconds: In the database driver.
        rendering_seconds: In templates.
    """

    pieces: int = 0
    seconds: float = 0.0
    statements: int = 0
    statement_seconds: float = 0.0
    rendering_seconds: float = 0.0

    def add(self, ledger: Ledger, seconds: float = 0.0) -> None:
        """Count one piece."""
        self.pieces += 1
        self.seconds += seconds
        self.statements += ledger.statements
        self.statement_seconds += ledger.seconds
        self.rendering_seconds += ledger.rendering


class Table(dict[K, V], Generic[K, V]):
    """A dictionary that makes what is not there yet; ``get`` does not."""

    def __init__(self, make: Callable[[], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        made = self[key] = self._make()
        return made


@dataclass(slots=True)
class Statistics:
    """The counters.

    Attributes:
        tallies: Responses by (route, cache word, status).
        requests: What responses cost, by route; hits cost nothing and are left out.
        background: What refreshes beside the requests cost, by route.
        logins: Sign-ins accepted.
        refused_logins: Sign-ins refused.
        throttled_logins: Sign-ins not even tried, as too many had failed.
        delayed: Responses that were held back on purpose (``--set inject=…``).
        delayed_seconds: For how long, in all.
    """

    tallies: Table[tuple[str, str, int], Tally] = field(default_factory=lambda: Table(Tally))
    requests: Table[str, Work] = field(default_factory=lambda: Table(Work))
    background: Table[str, Work] = field(default_factory=lambda: Table(Work))
    logins: int = 0
    refused_logins: int = 0
    throttled_logins: int = 0
    delayed: int = 0
    delayed_seconds: float = 0.0

    @property
    def answers(self) -> Counter[tuple[str, str]]:
        """How many responses there were, by (route, cache word)."""
        counted: Counter[tuple[str, str]] = Counter()
        for (route, word, _), tally in self.tallies.items():
            counted[route, word] += tally.count
        return counted

    @property
    def statements(self) -> int:
        """Database statements of all requests."""
        return sum(work.statements for work in self.requests.values())

    def copy(self) -> Statistics:
        """The counters as they are now, which go no further."""
        copied = replace(self, tallies=Table(Tally), requests=Table(Work), background=Table(Work))
        copied.tallies.update({key: tally.copy() for key, tally in self.tallies.items()})
        copied.requests.update({route: replace(work) for route, work in self.requests.items()})
        copied.background.update({route: replace(work) for route, work in self.background.items()})
        return copied

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the processor seconds and memory (bytes) of this process."""
        answers = self.answers
        by_route: dict[str, dict[str, int]] = {}
        for (route, word), count in sorted(answers.items()):
            by_route.setdefault(route, {})[word] = count
        seconds = sum(work.statement_seconds for work in self.requests.values())
        return {
            "requests": {"total": sum(answers.values()), "by_route": by_route},
            "logins": {
                "accepted": self.logins,
                "refused": self.refused_logins,
                "throttled": self.throttled_logins,
            },
            "database": {"calls": self.statements, "seconds": round(seconds, 6)},
            "delayed": self.delayed,
            "delayed_seconds": round(self.delayed_seconds, 6),
            "process": {"cpu_seconds": time.process_time(), "rss_bytes": psutil.Process().memory_info().rss},
        }
