"""What an injected delay takes more than it should, measured in this process through the site's own code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from target_app.delays import Delays, wait_precisely
from target_app.settings import Injection

REPEATS: Final = 4000
_WARM_UP: Final = 500


@dataclass(frozen=True, slots=True)
class Offset:
    """Excess of a delay over what was asked for, milliseconds, by quantile."""

    asked_ms: float
    p01: float
    p50: float
    p95: float
    p99: float


def measure(asked_ms: float, *, core: int | None = None, repeats: int = REPEATS) -> Offset:
    """Owe and wait out a delay many times, as the front of the site does for a response.

    Args:
        asked_ms: The delay, milliseconds.
        core: The core to be on meanwhile; None for any.
        repeats: How often.
    """
    delays = Delays([Injection("article", "hit", 1.0, asked_ms / 1e3)])

    async def times() -> list[float]:
        spent = []
        for _ in range(_WARM_UP + repeats):
            begun = time.perf_counter()
            await wait_precisely(delays.owed("article", "HIT"))
            spent.append(time.perf_counter() - begun)
        return spent[_WARM_UP:]

    with _on(core):
        excess = np.array(asyncio.run(times())) * 1e3 - asked_ms
    return Offset(asked_ms, *(float(value) for value in np.quantile(excess, [0.01, 0.5, 0.95, 0.99])))


@contextlib.contextmanager
def _on(core: int | None) -> Iterator[None]:
    if core is None:
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)
