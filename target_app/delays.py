"""Known delays put into answers (``--set inject=…``, ``--set stall=…``), to find out whether a harness sees them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence

from target_app.settings import Injection, Stall

_SPIN = 0.003
"""Seconds that are waited out on the processor rather than asleep."""

_CLASS_OF_WORD = {
    "HIT": "hit",
    "STALE": "hit",
    "MISS": "miss",
    "EXPIRED": "miss",
    "REVALIDATED": "miss",
    "BYPASS": "bypass",
}


class Delays:
    """The injections of one site. Which responses are chosen follows from ``seed`` and their order."""

    def __init__(self, injections: Sequence[Injection], seed: int = 0) -> None:
        self._injections = tuple(injections)
        self._random = random.Random(seed)  # a coin, not a secret
        self._concerned: dict[tuple[str, str], tuple[Injection, ...]] = {}

    def owed(self, route: str, word: str) -> float:
        """Seconds that this response is to be delayed.

        A response that no injection concerns costs one look into a dictionary, on a site with injections and on one
        without: what was not to be delayed must not tell the two apart. On a slow machine, looking through the
        injections for every response had cost 8 microseconds.
        """
        concerned = self._concerned.get((route, word))
        if concerned is None:
            concerned = self._concerned[route, word] = tuple(
                injection
                for injection in self._injections
                if injection.route in {route, "any"} and injection.cache_class in {_CLASS_OF_WORD[word], "any"}
            )
        if not concerned:
            return 0.0
        return sum(injection.delay for injection in concerned if self._random.random() < injection.fraction)


class Stalls:
    """Moments at which the process holds still, whoever is waiting.

    A stall begins with the first request after its moment: before that nobody would notice it. It is asleep, not busy,
    so that whatever else runs on the processor is not held up with it. Moments that pass without a request, or during
    a stall, are let go.
    """

    def __init__(
        self,
        stall: Stall | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin to count now.

        Args:
            stall: None for none at all.
            clock: Seconds, monotonic.
            sleep: Blocks the event loop, which is the point.
        """
        self._stall = stall
        self._clock = clock
        self._sleep = sleep
        self._due = clock() + stall.every if stall is not None else 0.0

    def __bool__(self) -> bool:
        return self._stall is not None

    def hold(self) -> None:
        """Hold still if it is time."""
        stall = self._stall
        if stall is None or (now := self._clock()) < self._due:
            return
        self._due += stall.every * (1 + (now - self._due) // stall.every)
        self._sleep(stall.seconds)


def spin_until(deadline: float) -> bool:
    """Come back at a moment of ``time.perf_counter`` that is near; false, at once, where it is not."""
    if deadline - time.perf_counter() > _SPIN:
        return False
    while time.perf_counter() < deadline:
        pass
    return True


async def wait_until(deadline: float) -> None:
    """Come back at a moment of ``time.perf_counter``, late by some microseconds.

    The event loop's timers are good to a millisecond or two, so the last stretch is spent spinning. That keeps the
    processor busy, which is what a delay of that length stands for: work on the page. The longer part of a long delay
    is slept, so that it falls on the chosen response and not on whoever is next in line.
    """
    while not spin_until(deadline):
        await asyncio.sleep(deadline - time.perf_counter() - _SPIN)
