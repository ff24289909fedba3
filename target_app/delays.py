"""Known delays put into answers (``--set inject=…``), for finding out whether a harness sees what is there."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

from target_app.settings import Injection

_SPIN = 0.003
"""Seconds that are waited out on the processor rather than asleep."""

_CLASS_OF_WORD = {"HIT": "hit", "MISS": "miss", "EXPIRED": "miss", "BYPASS": "bypass"}


class Delays:
    """The injections of one site. Which responses are chosen follows from ``seed`` and their order."""

    def __init__(self, injections: Sequence[Injection], seed: int = 0) -> None:
        self._injections = tuple(injections)
        self._random = random.Random(seed)  # a coin, not a secret

    def __bool__(self) -> bool:
        return bool(self._injections)

    def owed(self, route: str, word: str) -> float:
        """Seconds that this response is to be delayed."""
        return sum(
            injection.delay
            for injection in self._injections
            if injection.route in {route, "any"}
            and injection.cache_class in {_CLASS_OF_WORD[word], "any"}
            and self._random.random() < injection.fraction
        )


async def wait_precisely(seconds: float) -> None:
    """Let this much time pass, to some ten microseconds.

    The event loop's timers are good to a millisecond or two, so the last stretch is spent spinning. That keeps the
    processor busy, which is what a delay of that length stands for: work on the page. The longer part of a long delay
    is slept, so that it falls on the chosen response and not on whoever is next in line.
    """
    deadline = time.perf_counter() + seconds
    if seconds > _SPIN:
        await asyncio.sleep(seconds - _SPIN)
    while time.perf_counter() < deadline:
        pass
